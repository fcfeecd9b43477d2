"""How WooCommerce's lists are asked for, and what of an answer is believed (contracts §13)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.make import NOON
from tests.stores.test_calls import returns, server
from tests.stores.woo_shop import WooShop
from widget_server import clock
from widget_server.stores.calls import Api, NotReached, Refused
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce import rights


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


def api(shop: WooShop) -> Api:
    return Api(shop.url, shop.keys)


def changed_since(shop: WooShop, seconds: int) -> list[int]:
    since = NOON + timedelta(seconds=seconds, microseconds=7)
    return [row["id"] for row in woocommerce_api.orders_changed(api(shop), "any", since=since, page=1).rows]


def test_changes_are_asked_for_by_gmt_and_to_the_second(shop: WooShop) -> None:
    """The site's own clock is an hour ahead."""
    with clock.at(NOON):
        order = shop.sells()
    assert [changed_since(shop, seconds) for seconds in (-3600, -1, 0, 1)] == [[order]] * 3 + [[]]


def test_a_time_with_a_zone_would_be_read_as_another(shop: WooShop) -> None:
    with clock.at(NOON):
        shop.sells()
    asked = {"dates_are_gmt": "true", "modified_after": "2026-03-10T11:30:00"}
    for zone, found in (("", 1), ("Z", 0), ("+00:00", 0)):
        status, rows = shop.answer("GET", ["orders"], {**asked, "modified_after": asked["modified_after"] + zone}, None)
        assert (status, len(rows)) == (200, found)


def test_the_shops_own_clock_is_told(shop: WooShop) -> None:
    with clock.at(NOON):
        page = woocommerce_api.orders_changed(api(shop), "trash", since=NOON, page=1)
    assert (page.rows, page.is_last, page.served_at) == ([], True, NOON)


def test_an_order_is_there_in_the_trash_or_gone(shop: WooShop) -> None:
    living, trashed, gone = shop.sells(), shop.sells(), shop.sells()
    shop.trashes(trashed)
    shop.deletes_for_good(gone)
    assert woocommerce_api.orders_there(api(shop), [str(one) for one in (living, trashed, gone)]) == {str(living)}
    found = woocommerce_api.order(api(shop), str(trashed))
    assert found is not None and found["status"] == "trash"
    assert woocommerce_api.order(api(shop), str(gone)) is None
    shop.mood = "shut"
    with pytest.raises(Refused, match="401"):
        woocommerce_api.order(api(shop), str(gone))


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("[]", ""),
        ("[]", "X-WP-TotalPages: many\r\n"),
        ("{}", "X-WP-TotalPages: 1\r\n"),
        ("[1]", "X-WP-TotalPages: 1\r\n"),
    ],
    ids=["no count of pages", "no number", "no list", "no list of objects"],
)
def test_what_is_no_list_of_orders_tells_nothing(body: str, head: str) -> None:
    with server(returns("200 OK", body, head)) as (url, _), pytest.raises(NotReached):
        woocommerce_api.orders_changed(Api(url.rstrip("/"), WooShop.keys), "any", since=NOON, page=1)


@pytest.mark.parametrize("date", ["", "Date: yesterday\r\n"])
def test_without_its_clock_ours_counts(date: str) -> None:
    with server(returns("200 OK", "[]", f"X-WP-TotalPages: 1\r\n{date}")) as (url, _), clock.at(NOON):
        page = woocommerce_api.orders_changed(Api(url.rstrip("/"), WooShop.keys), "any", since=NOON, page=1)
    assert page.served_at == NOON


@pytest.mark.parametrize("value", ["yes", None, 7])
def test_a_setting_is_text(shop: WooShop, value: Any) -> None:
    shop.settings["woocommerce_calc_taxes"] = value
    told = woocommerce_api.setting(api(shop), "general", "woocommerce_calc_taxes")
    assert told == ("" if value is None else str(value))


def test_keys_that_may_only_read_are_told_apart_from_wrong_ones(shop: WooShop) -> None:
    shop.subscribes("https://here.example/", "hush", "order.updated")
    for may, mood, only_read in (("read", "well", True), ("read_write", "shut", False)):
        shop.rights, shop.mood = may, mood
        with pytest.raises(Refused) as no:
            woocommerce_api.switch_on(api(shop), shop.hooks[0].id)
        assert rights.may_only_read(no.value) == only_read
