"""The shop's settings: name, addresses, script tag, the connection to its own API, and what is kept."""

from dataclasses import replace

import pytest

from tests.dashboard.conftest import Desk
from tests.make import World
from tests.stores.shopify_shop import ShopifyShop
from widget_server import config, db
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import codes, connecting
from widget_server.stores.calls import Api, NotReached, Refused

SECOND = "https://second.example"


def acts(world: World, noun: str) -> list[tuple[str, str]]:
    """What staff did to things of this noun, oldest first: the verb, and who."""
    db.connect()
    rows = AuditEntry.of(world.shop).where(AuditEntry.noun == noun, AuditEntry.actor == "staff")
    return [(row.verb, row.actor_name) for row in rows.order_by(AuditEntry.created_at)]


@pytest.fixture
def shopify(world: World) -> World:
    Shop.update(platform="shopify").execute()
    config.use(replace(config.current(), allow_private_webhooks=True))  # the shop of these stories is this machine
    return world


def test_the_name_and_the_language_change_and_the_rest_says_why_not(desk: Desk, world: World) -> None:
    page = desk.get("/settings").text
    assert "EUR" in page and "stored in it" in page and "Europe/Berlin" in page
    assert desk.post("/settings", name=" Fern ", locale="de-AT").status_code == 303
    shop = shops.by_id(world.shop.id)
    assert (shop.name, shop.locale, shop.currency) == ("Fern", "de-AT", "EUR")
    assert acts(world, "shop") == [("update", "Olga Owner")]


@pytest.mark.parametrize(("name", "locale"), [("", "en"), ("x" * 101, "en"), ("Fern", "german")])
def test_a_name_or_language_that_cannot_be_changes_nothing(desk: Desk, world: World, name: str, locale: str) -> None:
    assert desk.post("/settings", name=name, locale=locale).status_code == 422
    assert shops.by_id(world.shop.id).name == world.shop.name


def test_an_address_is_added_and_removed_and_the_last_one_stays(desk: Desk, world: World) -> None:
    first = world.shop.origins[0]
    assert "no path" not in desk.post("/settings/origins/add", origin="https://second.example/shop?x").text
    assert desk.post("/settings/origins/add", origin="https://second.example/shop?x").status_code == 422
    assert desk.post("/settings/origins/add", origin=SECOND).status_code == 303
    assert SECOND in desk.get("/settings").text
    assert desk.post("/settings/origins/remove", origin=first).status_code == 303
    refused = desk.post("/settings/origins/remove", origin=SECOND)
    assert refused.status_code == 422 and "only address" in refused.text
    assert world.shop.origins == [SECOND]
    assert acts(world, "origin") == [("create", "Olga Owner"), ("delete", "Olga Owner")]


def test_the_script_tag_has_the_embed_key(desk: Desk, world: World) -> None:
    assert f"widget.js?shop={world.shop.embed_key}" in desk.get("/settings").text


def test_a_generic_shop_has_nothing_to_connect(desk: Desk) -> None:
    assert "calls this server itself" in desk.get("/settings").text
    assert desk.get("/settings/connection").status_code == 303
    assert desk.post("/settings/connection/check").status_code == 400


def test_keys_are_checked_stored_and_never_shown(desk: Desk, shopify: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Api] = []
    monkeypatch.setattr(codes, "check", lambda platform, api: seen.append(api))
    sent = {"api_url": "http://127.0.0.1:9/", "token": "shpat_very-secret"}
    assert desk.post("/settings/connection", **sent).status_code == 303
    assert seen[0].keys == {"token": "shpat_very-secret"}
    page = desk.get("/settings").text
    assert "Connected" in page and "shpat_very-secret" not in page + desk.get("/settings/connection").text
    assert "accepts the keys" in desk.client.get(desk.post("/settings/connection/check").headers["Location"]).text
    assert desk.post("/settings/connection/end").status_code == 303
    assert not shops.by_id(shopify.shop.id).is_connected
    assert acts(shopify, "shop") == [("update", "Olga Owner"), ("update", "Olga Owner")]
    assert "shpat" not in str([vars(row) for row in AuditEntry.select()])


def test_an_app_of_shopify_is_connected_by_client_id_and_secret(desk: Desk, shopify: World) -> None:
    with ShopifyShop() as shop:
        for typed in ({}, {"client_id": shop.keys["client_id"]}, {"client_secret": shop.keys["client_secret"]}):
            refused = desk.post("/settings/connection", api_url=shop.url, **typed)
            assert refused.status_code == 422 and "It is empty" in refused.text and "shpss" not in refused.text
        assert desk.post("/settings/connection", api_url=shop.url, **shop.keys).status_code == 303
        page = desk.get("/settings").text
        assert "Connected" in page and "Shopify refuses these webhooks" in page  # this server has no https here
        assert desk.post("/settings/connection/check").status_code == 303
    assert shops.by_id(shopify.shop.id).api_keys == shop.keys


@pytest.mark.parametrize("failure", [Refused("answered 401"), NotReached("cannot be reached")])
def test_keys_that_the_shop_refuses_are_not_stored(
    desk: Desk, shopify: World, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(platform: str, api: Api) -> None:
        raise failure

    monkeypatch.setattr(codes, "check", fail)
    refused = desk.post("/settings/connection", api_url="http://127.0.0.1:9", token="shpat_very-secret")
    assert refused.status_code == 422 and str(failure) in refused.text and "shpat_very" not in refused.text
    assert not shops.by_id(shopify.shop.id).is_connected


def test_the_server_does_not_call_its_own_network_for_staff(desk: Desk, shopify: World) -> None:
    config.use(replace(config.current(), allow_private_webhooks=False))
    for address in ("http://127.0.0.1:8000", "https://10.0.0.7", "https://localhost"):
        refused = desk.post("/settings/connection", api_url=address, token="shpat_very-secret")
        assert refused.status_code == 422 and "private" in refused.text, address
    with pytest.raises(NotReached):
        connecting.need_public("https://no-such-host.invalid")


def test_what_is_kept_follows_the_settings_of_the_server(desk: Desk) -> None:
    assert "730 days" in desk.get("/settings/retention").text
    config.use(replace(config.current(), audit_days=90))
    page = desk.get("/settings/retention").text
    assert "730 days" not in page and page.count("90 days") >= 2
