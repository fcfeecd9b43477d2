"""A Shopify shop connected by client id and secret: tokens of a day, its webhooks, revoked access (contracts §31)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import NOON, World
from tests.stores import bodies
from tests.stores.shopify_shop import LIFE, ShopifyShop
from widget_server import clock, config, jobs
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.earning.feeds import Feed
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.stores import connecting, reconcile
from widget_server.stores.calls import NotReached, Refused, api_of
from widget_server.stores.shopify import api as shopify_api
from widget_server.stores.shopify import codes, subscriptions

BASE = "https://loyalty.example"
ANN = 7000000000000000001


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with ShopifyShop() as running:
        yield running
    assert running.violations == []


@pytest.fixture
def world(database: str, shop: ShopifyShop) -> Iterator[World]:
    """A connected shop that gives 10 points for each 1.00 of goods."""
    with shop.connected(BASE) as made:
        yield made


def feed(world: World) -> Feed:
    found = feeds.of(world.shop)
    assert found is not None
    return found


def ours(world: World, topic: str) -> str:
    return f"{BASE}/stores/shopify/{world.shop.id}/{topic}"


def sender(client: FlaskClient) -> Callable[[str, bytes, dict[str, str]], int]:
    """The way of a webhook to our server."""

    def send(url: str, body: bytes, headers: dict[str, str]) -> int:
        return client.post(url.removeprefix(BASE), data=body, headers=headers).status_code

    return send


def later(shop: ShopifyShop, hours: float) -> Any:
    """Both clocks, moved on."""
    shop.now = NOON + timedelta(hours=hours)
    return clock.at(shop.now)


# -- tokens ---------------------------------------------------------------------------------------


def test_one_token_is_used_until_an_hour_before_its_end_and_then_renewed(world: World, shop: ShopifyShop) -> None:
    api = api_of(world.shop)
    used = shop.grants  # connecting checks the keys before anything is stored, and gets a token of its own for it
    for _ in range(3):
        codes.check(api)
    assert (used, shop.grants) == (2, 2)
    with later(shop, 22.9):
        codes.check(api)
        assert shop.grants == 2
    with later(shop, 23.1):
        codes.check(api)
        codes.check(api)
        assert shop.grants == 3
        ends_at = feed(world).token_ends_at
        assert ends_at == shop.now + LIFE


def test_a_token_is_stored_sealed_and_nothing_says_a_secret(world: World, shop: ShopifyShop) -> None:
    (token,) = [one for one in shop.tokens if config.unseal(feed(world).token_sealed or "") == one]
    assert token not in (feed(world).token_sealed or "")
    row = str(shops.Shop.select().dicts().get()) + str(Feed.everywhere().dicts().get())
    assert not [secret for secret in (token, *shop.keys.values()) if secret in row]
    paths = [entry["path"] for entry in shop.log]
    assert not [path for path in paths if "?" in path or "shp" in path]


def test_a_token_that_ended_early_is_renewed_once(world: World, shop: ShopifyShop) -> None:
    shop.tokens.clear()
    codes.check(api_of(world.shop))
    assert shop.grants == 3
    shop.mood = "shut"  # refuses every token
    with pytest.raises(Refused, match="answered 401"):
        codes.check(api_of(world.shop))
    assert shop.grants == 4


def test_a_permanent_token_of_a_former_app_is_never_renewed(database: str) -> None:
    with ShopifyShop() as shop:
        shop.tokens["shpat_former"] = NOON + timedelta(days=9999)
        world = World.create(platform="shopify")
        connecting.connect(world.shop, shop.url, {"token": "shpat_former"})
        assert (shop.grants, feeds.of(world.shop), shop.subscriptions) == (0, None, [])
        shop.tokens.clear()
        with pytest.raises(Refused, match="answered 401"):
            codes.check(api_of(world.shop))
        assert shop.grants == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"is_installed": False}, "not installed in this shop"),
        ({"is_of_the_organization": False}, "belongs to another organization"),
        ({"secret": "shpss_another-secret-1"}, "client secret is not valid"),
    ],
)
def test_keys_without_access_are_not_stored_and_the_reason_is_in_words(
    database: str, change: dict[str, Any], words: str
) -> None:
    world = World.create(platform="shopify")
    with ShopifyShop(**change) as shop:
        with pytest.raises(Refused, match=words) as no:
            connecting.connect(world.shop, shop.url, shop.keys)
        assert "shpss" not in str(no.value) and not shops.by_id(world.shop.id).is_connected


def test_an_id_that_no_app_has_is_named(database: str) -> None:
    world = World.create(platform="shopify")
    with ShopifyShop() as shop, pytest.raises(Refused, match="no app with this client id"):
        connecting.connect(world.shop, shop.url, {**shop.keys, "client_id": "other"})


def test_throttled_the_job_tries_again_and_succeeds(world: World, shop: ShopifyShop) -> None:
    shop.throttled = 1
    with pytest.raises(NotReached, match="THROTTLED"):
        shopify_api.ask(api_of(world.shop), codes.CHECK)
    assert shopify_api.ask(api_of(world.shop), codes.CHECK)["currentAppInstallation"]["accessScopes"]


# -- webhooks -------------------------------------------------------------------------------------


def test_connecting_creates_each_webhook_once_and_again_changes_nothing(world: World, shop: ShopifyShop) -> None:
    made = {(one["topic"], one["uri"]) for one in shop.subscriptions}
    assert made == {(subscriptions.topic_name(topic), ours(world, topic)) for topic in subscriptions.TOPICS}
    assert (feed(world).status, str(feed(world).detail)[:17]) == ("ok", "Webhooks created:")
    before = list(shop.subscriptions)
    connecting.connect(world.shop, shop.url, shop.keys)
    connecting.check(world.shop)
    assert shop.subscriptions == before
    assert (feed(world).status, feed(world).detail) == ("ok", None)


def test_a_look_repairs_what_the_owner_broke_and_leaves_what_is_not_ours(world: World, shop: ShopifyShop) -> None:
    other = shop.subscribes("ORDERS_CREATE", "https://erp.example/orders")
    by_topic = {one["topic"]: one for one in shop.subscriptions if one is not other}
    shop.subscriptions.remove(by_topic["ORDERS_PAID"])
    by_topic["ORDERS_UPDATED"]["includeFields"] = ["id"]
    shop.subscribes("REFUNDS_CREATE", ours(world, "refunds/create"), format="XML")
    shop.subscribes("CARTS_CREATE", ours(world, "carts/create"))
    shop.page_size = 5  # the list has pages
    with later(shop, 1):
        reconcile.promise_due()
        jobs.run_all()
    now = sorted((one["topic"], one["uri"], one["format"], str(one["includeFields"])) for one in shop.subscriptions)
    wanted = [(subscriptions.topic_name(one), ours(world, one), "JSON", "[]") for one in subscriptions.TOPICS]
    assert now == sorted([*wanted, ("ORDERS_CREATE", other["uri"], "JSON", "[]")])
    assert feed(world).detail == (
        "Webhooks created: orders/paid, orders/updated. "
        "Webhooks deleted, which were double or incomplete: orders/updated, refunds/create, carts/create."
    )


def test_without_protected_customer_data_the_feed_names_what_is_refused(database: str) -> None:
    config.use(replace(config.current(), base_url=BASE))
    world = World.create(platform="shopify")
    with ShopifyShop(is_approved=False) as shop:
        shop.now = clock.now()
        connecting.connect(world.shop, shop.url, shop.keys)
        assert [one["topic"] for one in shop.subscriptions] == ["APP_UNINSTALLED"]
        assert feed(world).status == "switched_off"
        assert "orders/create (This app is not approved" in str(feed(world).detail)
        shop.is_approved = True
        connecting.check(shops.by_id(world.shop.id))
        assert feed(world).status == "ok" and len(shop.subscriptions) == len(subscriptions.TOPICS)


def test_what_the_shop_tells_is_signed_with_the_client_secret(
    world: World, shop: ShopifyShop, client: FlaskClient
) -> None:
    send = sender(client)
    order = bodies.encoded(bodies.shopify_order())
    assert shop.delivers(send, "orders/create", order) == [200]
    assert Order.of(world.shop).count() == 1
    shop.secret = "shpss_somebody-elses-1"
    assert shop.delivers(send, "orders/paid", order) == [401]


def test_a_newsletter_that_is_switched_is_known_and_nothing_else_changes(
    world: World, shop: ShopifyShop, client: FlaskClient
) -> None:
    send = sender(client)
    topic = "customers_email_marketing_consent/update"
    shop.delivers(send, "customers/create", bodies.encoded(bodies.shopify_customer()))
    before = Customer.one(world.shop)
    for state in ("unsubscribed", "subscribed"):
        told = {**bodies.shopify_body(topic), "email_marketing_consent": {"state": state}}
        assert shop.delivers(send, topic, bodies.encoded(told)) == [200]
        after = Customer.one(world.shop)
        assert before is not None and after is not None
        assert after.accepts_marketing is (state == "subscribed")
        assert (after.name, after.email, after.external_id) == (before.name, before.email, str(ANN))


# -- revoked and uninstalled ----------------------------------------------------------------------


def test_revoked_access_is_said_in_words_and_points_come_back(world: World, shop: ShopifyShop) -> None:
    ann = world.member()
    ann.is_given(500)
    shop.secret = "shpss_the-owner-changed-1"
    shop.tokens.clear()
    coupon = ann.redeems(world.reward(cost=500))
    jobs.run_all()
    refused = type(coupon).need(world.shop, type(coupon).id == coupon.id)
    assert (refused.status, ann.balance) == ("failed", 500)
    with later(shop, 1):
        reconcile.promise_due()
        jobs.run_all()
    assert feed(world).status == "unreachable"
    assert "client secret is not valid: copy it again" in str(feed(world).detail)
    assert "shpss" not in str(feed(world).detail)
    assert not Job.select().where(Job.name == JobName.RECONCILE).exists()


def test_uninstalled_and_installed_again(world: World, shop: ShopifyShop, client: FlaskClient) -> None:
    gone = bodies.encoded(bodies.shopify_body("app/uninstalled"))
    assert shop.delivers(sender(client), "app/uninstalled", gone) == [200]
    shop.is_uninstalled()
    assert (feed(world).status, feed(world).token_sealed) == ("unreachable", None)
    assert "uninstalled in Shopify" in str(feed(world).detail)
    with later(shop, 1):
        reconcile.promise_due()
        jobs.run_all()
    assert feed(world).status == "unreachable" and "not installed in this shop" in str(feed(world).detail)
    shop.is_installed = True
    with later(shop, 2):
        reconcile.promise_due()
        jobs.run_all()
    assert feed(world).status == "ok" and len(shop.subscriptions) == len(subscriptions.TOPICS)


def test_an_order_or_a_customer_at_the_address_of_an_uninstallation_is_parked(
    world: World, shop: ShopifyShop, client: FlaskClient
) -> None:
    for body in (bodies.shopify_order(), {"id": 1}):
        assert shop.delivers(sender(client), "app/uninstalled", json.dumps(body).encode()) == [200]
    assert Parked.of(world.shop).count() == 2
    assert (feed(world).status, feed(world).token_sealed is None) == ("ok", False)


def test_a_permanent_token_in_place_of_client_id_and_secret_ends_the_feed(world: World, shop: ShopifyShop) -> None:
    shop.tokens["shpat_former"] = NOON + timedelta(days=9999)
    connecting.connect(world.shop, shop.url, {"token": "shpat_former"})
    assert feeds.of(world.shop) is None
