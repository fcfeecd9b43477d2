"""Shop connection: the code for the plugin, what is well and what is not, and the import of past orders."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.dashboard.conftest import Desk
from tests.make import World
from tests.stores.test_linking import link, unpacked
from tests.stores.woo_shop import Hook, WooShop
from widget_server import clock, config, db, jobs
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

CODE = re.compile(r'<code id="code">([^<]+)</code>')


@pytest.fixture
def store() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def woo(world: World) -> World:
    """The world's shop is one of WooCommerce, on this machine."""
    Shop.update(platform="woocommerce").execute()
    config.use(replace(config.current(), allow_private_webhooks=True))
    world.shop = shops.by_id(world.shop.id)
    return world


def connect(woo: World, store: WooShop) -> None:
    shops.connect(woo.shop, store.url, store.keys)


def texts(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_a_code_is_shown_once_and_connects(desk: Desk, woo: World, store: WooShop) -> None:
    assert "Make a code" in desk.get("/shop-connection").text
    shown = desk.post("/shop-connection/code").text
    found = CODE.search(shown)
    assert found is not None and found[1] not in desk.get("/shop-connection").text
    assert link(desk.client, store, woo, unpacked(found[1])["t"]).status_code == 200
    db.connect()
    assert "Connected" in desk.get("/shop-connection").text
    db.connect()
    made = AuditEntry.need(woo.shop, AuditEntry.noun == "connection_code", AuditEntry.verb == "create")
    assert made.actor_name == "Olga Owner"


def test_a_check_says_what_is_well_and_what_is_not(desk: Desk, woo: World, store: WooShop) -> None:
    page = texts(desk.post("/shop-connection/check").text)
    assert "Wrong The shop is not connected" in page and "Wrong The script tag was never seen" in page
    connect(woo, store)
    page = texts(desk.post("/shop-connection/check").text)
    assert "These webhooks are missing in the shop: order.created" in page
    assert "Well A test code was made at the checkout of the shop, and deleted again." in page
    assert not store.codes
    assert "made: 7" in desk.client.get(desk.post("/shop-connection/webhooks").headers["Location"]).text
    store.hooks[0].status = "disabled"
    page = texts(desk.post("/shop-connection/check").text)
    assert "switched off in the shop: order.created. Repair" in page
    assert (
        "repaired: 1, in order: 6" in desk.client.get(desk.post("/shop-connection/webhooks").headers["Location"]).text
    )
    Shop.update(widget_seen_at=clock.now(), widget_seen_on="https://shop.example").execute()
    Shop.update(token_accepted_at=clock.now(), last_news_at=clock.now()).execute()
    page = texts(desk.post("/shop-connection/check").text)
    assert "Wrong" not in page and "on https://shop.example." in page


def test_the_server_does_not_call_its_own_network_for_staff(desk: Desk, woo: World, store: WooShop) -> None:
    connect(woo, store)
    config.use(replace(config.current(), allow_private_webhooks=False))
    for path in ("check", "webhooks"):
        assert desk.post(f"/shop-connection/{path}").status_code == 400
    assert desk.post("/shop-connection/import/start", do="try", since="").status_code == 422
    assert not store.calls


def test_past_orders_are_counted_and_then_imported(desk: Desk, woo: World, store: WooShop) -> None:
    woo.order_rule(10)
    woo.settings(orders_from=date(2026, 1, 1))
    connect(woo, store)
    past = (clock.now() - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%S")
    woo.settings(orders_from=(clock.now() - timedelta(days=30)).date())
    for _ in range(3):
        store.sells(date_created_gmt=past)
    page = desk.get("/shop-connection").text
    assert 'value="try"' in page and 'value="import"' not in page
    assert desk.post("/shop-connection/import/start", do="try", since="").status_code == 303
    assert 'data-hx-get="/dashboard/shop-connection/import"' in desk.get("/shop-connection").text
    db.connect()
    jobs.run_all()
    page = desk.get("/shop-connection").text
    assert "Points they would give" in page and "1,950" in page and 'value="import"' in page
    db.connect()
    assert not Order.of(woo.shop).exists()
    assert desk.post("/shop-connection/import/start", do="import", since="").status_code == 303
    db.connect()
    jobs.run_all()
    part = desk.client.get("/dashboard/shop-connection/import", headers={"HX-Request": "true"}).text
    assert "Points they gave" in part and "1,950" in part and "<html" not in part
    assert desk.get("/shop-connection/import").status_code == 303
    db.connect()
    assert Order.of(woo.shop).count() == 3


def test_an_import_that_cannot_be_says_why(desk: Desk, woo: World, store: WooShop) -> None:
    connect(woo, store)
    assert desk.post("/shop-connection/import/start", do="try", since="yesterday").status_code == 422
    store.mood = "shut"
    assert desk.post("/shop-connection/import/start", do="import", since="2026-01-01").status_code == 303
    db.connect()
    jobs.run_all()
    page = desk.get("/shop-connection").text
    assert "Stopped" in page and "answered 401" in page and "Press the same button again" in page


def test_disconnecting_deletes_the_webhooks(desk: Desk, woo: World, store: WooShop) -> None:
    sent = {"api_url": store.url, "key": "ck_test", "secret": "cs_test"}
    assert desk.post("/settings/connection", **sent).status_code == 303
    assert len(store.hooks) == 7
    store.hooks.append(Hook(1, "order.updated", "https://mails.example/", "hush"))
    assert desk.post("/settings/connection/end").status_code == 303
    assert [one.id for one in store.hooks] == [1]


def test_keys_that_may_only_read_are_refused_in_words(desk: Desk, woo: World, store: WooShop) -> None:
    store.rights = "read"
    sent = {"api_url": store.url, "key": "ck_test", "secret": "cs_test"}
    refused = desk.post("/settings/connection", **sent)
    assert refused.status_code == 422 and "choose Read/Write" in refused.text
    db.connect()
    assert not shops.by_id(woo.shop.id).is_connected


def test_a_shop_of_another_kind_has_no_code_and_no_import(desk: Desk) -> None:
    page = desk.get("/shop-connection").text
    assert "Make a code" not in page and 'value="try"' not in page and "Check now" in page
    assert desk.post("/shop-connection/code").status_code == 400
    assert desk.post("/shop-connection/webhooks").status_code == 400
