"""A captured body: whoever has one signed body may not make it say something else, nor at another platform's door."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.cases.shop import CaseShop
from tests.stores import bodies
from widget_server import clock, config, data_keys, secret_rotation
from widget_server.loyalty.earning import deliveries
from widget_server.loyalty.earning.deliveries import Delivery
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people.customers import Customer
from widget_server.stores import inbox
from widget_server.stores.fields import Fields
from widget_server.stores.platforms import PLATFORMS

ShopOn = Callable[..., CaseShop]


def test_each_shop_has_the_doors_of_its_own_platform(shop_on: ShopOn) -> None:
    for platform in PLATFORMS:
        shop = shop_on(platform)
        for other, adapter in PLATFORMS.items():
            for topic in adapter.TOPICS:
                path = f"/stores/{other}/{shop.shop.id}/{topic}"
                is_open = other == platform or topic == "action"
                assert (shop.client.post(path, data=b"{}").status_code == 401) is is_open, path


def test_a_body_of_woocommerce_erases_nobody_at_the_door_of_shopify(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    shop.tells("customer.created", {"id": 5, "email": "ann@example.com"})
    shop.platform = "shopify"
    with pytest.raises(AssertionError, match="no such topic"):
        shop.tells("customers/redact", {"customer": {"id": 5, "email": "ann@example.com"}})
    assert Customer.of(shop.shop).where(Customer.erased_at.is_null(False)).count() == 0


def whole_order(platform: str) -> Any:
    return bodies.shopify_order() if platform == "shopify" else bodies.woo_order()


def replays() -> list[tuple[str, str, str]]:
    """Each topic that ends something, with each that tells how something is."""
    return [
        (platform, news, ending)
        for platform, adapter in PLATFORMS.items()
        for ending in sorted(adapter.ENDINGS - {"shop/redact"})
        for news in adapter.TOPICS
        if news.startswith("order") and news not in adapter.ENDINGS and not news.endswith("edited")
    ]


@pytest.mark.parametrize("days", [0, 400])
@pytest.mark.parametrize(("platform", "news", "ending"), replays())
def test_an_order_never_ends_anything(
    shop_on: ShopOn,
    platform: str,
    news: str,
    ending: str,
    days: int,
) -> None:
    shop, body = shop_on(platform, currency="EUR"), whole_order(platform)
    assert shop.tells(news, body)["status"] == "booked"
    before = shop.balances()
    with clock.at(clock.now() + timedelta(days=days)):
        deliveries.forget_old()
        assert shop.tells(ending, body)["status"] == "parked"
    assert shop.balances() == before
    (order,) = Order.of(shop.shop)
    assert order.status != "cancelled"
    assert Customer.of(shop.shop).where(Customer.erased_at.is_null(False)).count() == 0
    assert Parked.of(shop.shop).count() == 1  # the owner sees it


def test_a_new_secret_of_the_server_forgets_no_body(shop_on: ShopOn) -> None:
    shop, body = shop_on("woocommerce", currency="EUR"), whole_order("woocommerce")
    shop.tells("order.created", body)
    old = config.current()
    config.use(replace(old, secret_key=f"new-{old.secret_key}", old_secret_keys=(old.secret_key,)), data_keys.stored)
    secret_rotation.rotate()
    config.use(replace(config.current(), old_secret_keys=()), data_keys.stored)
    assert shop.tells("order.deleted", body)["status"] == "parked"


def test_what_said_that_an_order_is_gone_does_not_say_so_of_a_customer(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    shop.tells("customer.created", {"id": 41, "email": "ann@example.com"})
    shop.tells("order.deleted", {"id": 41})
    assert shop.tells("customer.deleted", {"id": 41}) == {
        "status": "parked",
        "reason": "this body came before, as order.deleted",
    }
    ann = shop.customer("ann@example.com")
    assert ann is not None and ann.external_id == "41"
    assert shop.tells("order.deleted", {"id": 41})["status"] == "parked"  # twice is no replay: it waits for its order
    with clock.at(clock.now() + deliveries.REMEMBERED + timedelta(minutes=1)):
        deliveries.forget_old()
        assert shop.tells("customer.deleted", {"id": 41})["status"] == "booked"


def test_without_the_guards_the_order_ends_something(
    shop_on: ShopOn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "_need_first_meaning", lambda *_: None)
    shop = shop_on("woocommerce")
    shop.tells("customer.created", {"id": 41, "email": "ann@example.com"})
    shop.tells("order.deleted", {"id": 41})
    assert shop.tells("customer.deleted", {"id": 41})["status"] == "booked"
    monkeypatch.setattr(Fields, "must_lack", lambda *_: None)
    with pytest.raises(AssertionError):
        test_an_order_never_ends_anything(shop_on, "shopify", "orders/create", "customers/redact", 400)


def test_digests_are_kept_for_some_days_and_no_body(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce", currency="EUR")
    body = whole_order("woocommerce")
    for topic in ("order.created", "order.updated", "order.updated"):
        assert shop.tells(topic, body)["status"] == "booked"
    (row,) = Delivery.of(shop.shop)
    assert row.topic == "news" and len(row.digest) == 64
    assert json.dumps(body)[:20] not in str(vars(row))
    with clock.at(row.created_at + deliveries.REMEMBERED + timedelta(minutes=1)):
        deliveries.forget_old()
    assert Delivery.of(shop.shop).count() == 0
