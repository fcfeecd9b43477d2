"""Shopify demands that a shop's data is deleted, two days after the app was uninstalled (contracts §33)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from tests.dashboard.conftest import hire
from tests.make import NOON, Shopper, World
from tests.stores import bodies
from tests.stores.shopify_shop import ShopifyShop
from widget_server import jobs
from widget_server.delivery import mail
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people import customers, sign_in, store_data
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import connecting, inbox
from widget_server.stores.shopify import redaction

BASE = "https://loyalty.example"
ANN, BOB = 7000000000000000001, 7000000000000000002


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with ShopifyShop() as running:
        yield running
    assert running.violations == []


@pytest.fixture
def world(database: str, shop: ShopifyShop) -> Iterator[World]:
    """A connected shop that gives points."""
    with shop.connected(BASE) as made:
        yield made


def demands(shop: ShopifyShop, client: FlaskClient, world: World, **changes: Any) -> int:
    """Shopify sends `shop/redact`; the status that it gets."""
    body = json.dumps({"shop_id": 954889, "shop_domain": urlsplit(shop.url).netloc, **changes}).encode()
    digest = hmac.new(shop.secret.encode(), body, hashlib.sha256).digest()
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}
    return client.post(f"/stores/shopify/{world.shop.id}/shop/redact", data=body, headers=headers).status_code


def runs() -> None:
    """The look that is due, and the steps after it."""
    while jobs.run_next(Job.name == JobName.FORGET_STORE):
        pass


def shop_of(world: World) -> Shop:
    return shops.by_id(world.shop.id)


def noted(world: World) -> list[tuple[str, Any]]:
    rows = AuditEntry.of(world.shop).where(AuditEntry.noun == redaction.NOUN).order_by(AuditEntry.created_at)
    return [(row.verb, row.after) for row in rows]


def fill(world: World) -> tuple[Shopper, Customer, Customer]:
    """Ann is a member with points and a coupon, Bob only bought, and Cleo came without Shopify."""
    inbox.deliver(
        world.shop, "shopify", "orders/create", bodies.encoded(bodies.shopify_order(refunds=[], note="engrave: Ann"))
    )
    ann = customers.by_external_id(world.shop.id, str(ANN))
    assert ann is not None
    customers.join(ann)
    member = Shopper(world, ann.id, "")
    member.is_given(500)
    member.redeems(world.reward(cost=100))
    jobs.run_all()
    bob_order = bodies.shopify_order(
        id=6000000000000000009, refunds=[], customer={"id": BOB, "email": "bob@example.com", "first_name": "Bob"}
    )
    inbox.deliver(world.shop, "shopify", "orders/create", bodies.encoded({**bob_order, "email": "bob@example.com"}))
    bob = customers.by_external_id(world.shop.id, str(BOB))
    assert bob is not None
    inbox.deliver(world.shop, "shopify", "orders/create", b'{"id": 1, "email": "parked@example.com"}')
    return member, bob, world.visitor("cleo@example.com").customer


def test_keys_go_first_and_then_what_only_shopify_knew(
    world: World, shop: ShopifyShop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_data, "PEOPLE", 1)  # each person is a step of its own
    monkeypatch.setattr(store_data, "ORDERS", 1)
    hire(world, email="olga@shop.example")
    member, bob, cleo = fill(world)
    balance, paid = member.balance, [order.paid for order in Order.of(world.shop)]
    shop.is_uninstalled()
    assert demands(shop, client, world) == 200
    assert shop_of(world).is_connected  # nothing before the look
    runs()
    assert (shop_of(world).is_connected, shop_of(world).api_keys, feeds.of(world.shop)) == (False, {}, None)
    ann, gone, kept = (customers.by_id(world.shop.id, one.id) for one in (member, bob, cleo))
    assert (gone.erased_at is not None, gone.name, gone.email, gone.external_id) == (True, None, None, None)
    assert (ann.is_member, ann.email, ann.name) == (True, "ann@example.com", "Ann Lee")
    assert (ann.external_id, ann.phone, ann.accepts_marketing) == (None, None, False)
    assert not {"external_id", "phone"} & ann.former.keys()
    assert (kept.email, kept.erased_at) == ("cleo@example.com", None)
    assert (member.balance, Coupon.need(world.shop).status) == (balance, "active")
    for order in Order.of(world.shop):
        assert (order.billing_email, order.address_digests) == (None, [])
        assert {line.name for line in order.merged.lines} == {""}
    assert [order.paid for order in Order.of(world.shop)] == paid
    assert Parked.of(world.shop).count() == 0
    assert sorted(noted(world)) == [("erase", {"erased": 1, "kept": 1}), ("receive", None)]
    letters = [mail.opened(job.payload) for job in Job.select().where(Job.name == JobName.SEND_MAIL)]
    assert [one["to"] for one in letters if one["template"] == redaction.LETTER] == ["olga@shop.example"]
    for text in ("bob@example.com", str(BOB), str(ANN), "parked@example.com"):
        assert not any(text in str(row.__data__) for table in (Customer, Order, Parked) for row in table.of(world.shop))


def test_while_the_app_has_access_nothing_is_deleted(world: World, shop: ShopifyShop, client: FlaskClient) -> None:
    """It was installed again, or somebody repeats a message of the past."""
    member, bob, _ = fill(world)
    for _ in range(2):
        assert demands(shop, client, world) == 200
    runs()
    assert shop_of(world).is_connected
    assert customers.by_id(world.shop.id, bob.id).email == "bob@example.com"
    assert member.customer.external_id == str(ANN)
    assert {verb for verb, _ in noted(world)} == {"receive", "keep"}
    shop.scopes = ()  # a right is missing: it is installed all the same
    demands(shop, client, world)
    runs()
    assert shop_of(world).is_connected


def test_a_shop_that_cannot_be_reached_is_looked_at_for_two_days(
    world: World, shop: ShopifyShop, client: FlaskClient
) -> None:
    fill(world)
    shop.mood = "breaks"
    demands(shop, client, world)
    runs()
    assert shop_of(world).is_connected
    (job,) = Job.select().where(Job.name == JobName.FORGET_STORE)
    assert (job.payload["looks"], job.run_at) == (1, NOON + timedelta(hours=1))
    redaction.run({**job.payload, "looks": redaction.LOOKS_MAX - 1})
    assert not shop_of(world).is_connected


def test_connected_again_meanwhile_it_stops(
    world: World, shop: ShopifyShop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, bob, _ = fill(world)
    shop.is_uninstalled()
    demands(shop, client, world)
    assert jobs.run_next(Job.name == JobName.FORGET_STORE)
    assert not shop_of(world).is_connected
    shop.is_installed = True
    connecting.connect(shop_of(world), shop.url, shop.keys)
    runs()
    assert customers.by_id(world.shop.id, bob.id).email == "bob@example.com"
    assert member.customer.external_id == str(ANN)


@pytest.mark.parametrize(
    "changes",
    [{"shop_domain": "other.myshopify.com"}, {"customer": {"id": ANN}}, {"shop_domain": None}],
    ids=["of another shop", "a body of another privacy topic", "without a shop"],
)
def test_what_is_not_this_demand_waits_for_the_owner(
    world: World, shop: ShopifyShop, client: FlaskClient, changes: dict[str, Any]
) -> None:
    shop.is_uninstalled()
    assert demands(shop, client, world, **changes) == 200
    runs()
    assert (shop_of(world).is_connected, Parked.of(world.shop).count(), noted(world)) == (True, 1, [])


def test_unsigned_it_is_refused(world: World, shop: ShopifyShop, client: FlaskClient) -> None:
    shop.is_uninstalled()
    shop.secret = "not the secret of the app"
    assert demands(shop, client, world) == 401
    runs()
    assert (shop_of(world).is_connected, noted(world)) == (True, [])


def test_a_member_signs_in_by_email_afterwards(world: World, shop: ShopifyShop, client: FlaskClient) -> None:
    member, _, _ = fill(world)
    token = world.token(sub=str(ANN), email="ann@example.com", email_verified=True)
    assert sign_in.with_identity(world.shop, token).customer.id == member.id
    shop.is_uninstalled()
    demands(shop, client, world)
    runs()
    assert customers.by_verified_email(world.shop.id, "ann@example.com") == member.customer
