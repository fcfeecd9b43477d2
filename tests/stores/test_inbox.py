"""Orders in: whatever came twice, late or shuffled, the same final state gives the same points."""

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests.make import World
from tests.stores import bodies, histories
from widget_server import clock, config, journal, ledger
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people import customers, privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import shops
from widget_server.stores import inbox

PAYLOADS = Path(__file__).parents[1] / "payloads"
ROUNDS = 200 if os.environ.get("PROOFS") else 20
PAYLOAD_ROUNDS = 200 if os.environ.get("PROOFS") else 5  # of every body ten times
NOW = datetime(2026, 11, 21, 22, tzinfo=UTC)

History = Callable[[str, datetime], list[histories.Step]]
HISTORIES: dict[str, History] = {
    "generic": histories.generic,
    "shopify": histories.shopify,
    "woocommerce": histories.woocommerce,
}


def _shop(world: World, platform: str) -> shops.Shop:
    secret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="
    shops.Shop.update(platform=platform).where(shops.Shop.id == world.shop.id).execute()
    newest = shops.ShopSecret.update(secret_sealed=config.seal(secret)).where(shops.ShopSecret.kind == "webhook")
    newest.where(shops.ShopSecret.shop_id == world.shop.id).execute()
    return shops.by_id(world.shop.id)


def _points(shop: shops.Shop) -> int:
    return sum(row.balance for row in ledger.Account.of(shop))


def _books(shop: shops.Shop) -> list[tuple[Any, ...]]:
    """Every account's figures, and how many orders and customers there are: what must not depend on luck."""
    accounts = [
        (row.balance, row.earned, row.pending, row.debt, Customer.need(shop, Customer.id == row.customer_id).email)
        for row in ledger.Account.of(shop)
    ]
    people = sorted((one.external_id or "", one.email or "") for one in Customer.of(shop))
    states = sorted((one.external_id, one.status, str(sorted(one.state.items()))) for one in Order.of(shop))
    odd = Parked.of(shop).where(Parked.waits_for.is_null()).count()  # a refund waits only when it came first
    return [*sorted(accounts), *people, *states, odd]


@pytest.mark.parametrize("platform", HISTORIES)
def test_a_history_gives_the_points_of_its_table_after_each_body(world: World, platform: str) -> None:
    # acceptance 23, 57
    shop = _shop(world, platform)
    world.order_rule(10)
    for step in HISTORIES[platform](shop.webhook_secret, NOW):
        inbox.deliver(shop, platform, step.topic, step.body)
        assert _points(shop) == step.points, step.topic


@pytest.mark.parametrize("platform", HISTORIES)
def test_a_history_shuffled_and_repeated_ends_at_the_same_points(world: World, platform: str) -> None:
    # acceptance 23
    shop = _shop(world, platform)
    world.order_rule(10)
    steps = HISTORIES[platform](shop.webhook_secret, NOW)
    assert len(steps) >= 6
    chance = random.Random(23)
    for _ in range(ROUNDS):
        deliveries = steps + chance.choices(steps, k=len(steps))
        chance.shuffle(deliveries)
        for step in deliveries:
            inbox.deliver(shop, platform, step.topic, step.body)
        assert _points(shop) == histories.FINAL_POINTS, [step.topic for step in deliveries]
        world.books_must_balance()
        _forget(shop)


def _forget(shop: shops.Shop) -> None:
    """A fresh start inside one test: everything of the shop's customers goes."""
    with journal.rewriting():
        for table in (ledger.Debt, ledger.Transaction, Award, Order, Parked, ledger.Account, Customer):
            table.remove(shop)


def _recorded() -> list[tuple[str, str, bytes]]:
    """Every body that WooCommerce and a django-oscar plugin really sent: platform, topic, body."""
    found = []
    for path in sorted((PAYLOADS / "woocommerce").glob("*.json")):
        topic = path.stem.split("-", 1)[1]
        if topic != "none":
            found.append(("woocommerce", topic, path.read_bytes()))
    topics = {"order": "order", "customer": "customer"}
    for path in sorted((PAYLOADS / "django-oscar").glob("*.json")):
        kind = path.stem.split("-", 1)[1].split(".")[0]
        found.append(("generic", topics[kind], path.read_bytes()))
    for topic in ("orders/create", "orders/paid", "refunds/create", "customers/create", "customers/data_request"):
        found.append(("shopify", topic, bodies.encoded(bodies.shopify_body(topic))))
    return found


@pytest.mark.timeout(900)
def test_every_payload_ten_times_in_random_orders_leaves_the_same_ledger(world: World) -> None:
    # acceptance 23; the bodies in tests/payloads were recorded from real shops
    shop = world.shop
    world.order_rule(10)
    deliveries = _recorded() * 10
    chance = random.Random(10)
    outcomes = set()
    for _ in range(PAYLOAD_ROUNDS):
        chance.shuffle(deliveries)
        for platform, topic, body in deliveries:
            inbox.deliver(shop, platform, topic, body)
        world.books_must_balance()
        outcomes.add(str(_books(shop)))
        _forget(shop)
    assert len(outcomes) == 1, "\n".join(outcomes)


def test_what_is_odd_is_parked_once_with_its_reason(world: World) -> None:
    body = b'{"code":"rest_no_route","message":"No route was found"}'
    for _ in range(3):
        outcome = inbox.deliver(world.shop, "woocommerce", "order.updated", body)
        assert outcome.status == "parked"
    rows = list(Parked.of(world.shop))
    assert [row.reason for row in rows] == ["WooCommerce sent an error instead: rest_no_route"]
    outcome = inbox.deliver(world.shop, "generic", "order", b'{"id":"1","status":"paid","currency":"EUR"}')
    assert outcome.reason == "placed_at: Missing data for required field."


def test_a_refund_that_came_first_waits_for_its_order(world: World) -> None:
    world.order_rule(10)
    refund = bodies.shopify_body("refunds/create")
    order = bodies.shopify_order(id=refund["order_id"], refunds=[])
    first = inbox.deliver(world.shop, "shopify", "refunds/create", bodies.encoded(refund))
    assert first.reason == "its order is not known yet"
    inbox.deliver(world.shop, "shopify", "orders/create", bodies.encoded(order))
    told = Order.need(world.shop).merged
    assert [one.id for one in told.refunds] == [str(refund["id"])]
    assert {row.status for row in Parked.of(world.shop)} == {"booked"}


KEPT, GONE = 7000000000000000001, 7000000000000000002


def _shopify(shop: shops.Shop, topic: str, body: Any) -> inbox.Outcome:
    return inbox.deliver(shop, "shopify", topic, bodies.encoded(body))


@pytest.mark.parametrize("kept_is_known", [True, False])
def test_customers_that_shopify_merged_are_one(world: World, kept_is_known: bool) -> None:
    world.order_rule(10)
    other = {**bodies.shopify_order()["customer"], "id": GONE, "email": "ann.lee@example.com"}
    _shopify(world.shop, "orders/paid", bodies.shopify_order(id=2, customer=other, email=other["email"]))
    if kept_is_known:
        _shopify(world.shop, "orders/paid", bodies.shopify_order(id=1))
    assert _shopify(world.shop, "customers/merge", bodies.shopify_merge(KEPT, GONE)).status == "booked"
    _shopify(world.shop, "orders/paid", bodies.shopify_order(id=3, customer=other, email=other["email"]))
    ann = customers.by_external_id(world.shop.id, str(KEPT))
    assert ann is not None and ann == customers.by_external_id(world.shop.id, str(GONE))
    account = ledger.account_of(world.shop.id, ann.id)
    assert account is not None and account.balance == (1950 if kept_is_known else 1300)
    assert _shopify(world.shop, "customers/merge", bodies.shopify_merge(KEPT, GONE)).status == "booked"
    world.books_must_balance()


def test_a_merge_that_is_not_done_or_of_nobody_changes_nothing(world: World) -> None:
    _shopify(world.shop, "customers/create", bodies.shopify_customer())
    assert _shopify(world.shop, "customers/merge", bodies.shopify_merge(KEPT, GONE)).status == "ignored"
    failed = bodies.shopify_merge(GONE, KEPT, status="failed")
    assert _shopify(world.shop, "customers/merge", failed).status == "ignored"
    assert [one.external_id for one in Customer.of(world.shop)] == [str(KEPT)]


def test_a_customer_that_shopify_deleted_signs_in_by_it_no_more(world: World) -> None:
    world.order_rule(10)
    _shopify(world.shop, "orders/paid", bodies.shopify_order())
    assert _shopify(world.shop, "customers/delete", bodies.shopify_body("customers/delete")).status == "booked"
    ann = Customer.need(world.shop)
    assert (ann.external_id, ann.email) == (None, "ann@example.com")
    assert _points(world.shop) == 650


def test_a_customer_s_news_on_shopify_says_nothing_of_a_newsletter_it_does_not_name(world: World) -> None:
    _shopify(world.shop, "customers/create", bodies.shopify_customer())
    assert Customer.need(world.shop).accepts_marketing is True
    update = bodies.shopify_customer(email_marketing_consent=None, first_name="Anne")
    _shopify(world.shop, "customers/update", update)
    assert (Customer.need(world.shop).name, Customer.need(world.shop).accepts_marketing) == ("Anne Lee", True)


def test_an_order_that_shopify_deleted_is_cancelled_and_an_edit_alone_says_nothing(world: World) -> None:
    world.order_rule(10)
    _shopify(world.shop, "orders/paid", bodies.shopify_order())
    edited = _shopify(world.shop, "orders/edited", bodies.shopify_body("orders/edited"))
    assert (edited.status, _points(world.shop)) == ("ignored", 650)
    assert _shopify(world.shop, "orders/delete", {"id": bodies.shopify_order()["id"]}).status == "booked"
    assert _points(world.shop) == 0


def test_a_point_of_sale_order_is_an_order(world: World) -> None:
    world.order_rule(10)
    inbox.deliver(world.shop, "shopify", "orders/paid", bodies.encoded(bodies.shopify_order(source_name="pos")))
    assert Order.need(world.shop).merged.source == "pos"
    assert _points(world.shop) > 0


def test_a_guest_order_waits_for_the_verified_owner_of_its_address(world: World) -> None:
    # acceptance 15
    world.order_rule(10)
    inbox.deliver(
        world.shop, "woocommerce", "order.updated", (PAYLOADS / "woocommerce/011-order.updated.json").read_bytes()
    )
    shops.Shop.update(currency="USD").where(shops.Shop.id == world.shop.id).execute()
    usd = World(shops.by_id(world.shop.id))
    usd.shop.currency = "USD"
    inbox.deliver(
        usd.shop,
        "woocommerce",
        "order.updated",
        (PAYLOADS / "woocommerce/011-order.updated.json").read_bytes().replace(b'"id":12,', b'"id":13,', 1),
    )
    assert _points(usd.shop) == 348
    ann = usd.member("Ann1795296921@Example.com")
    assert ann.balance == 348


class Door:
    """A shop's server at our door, signing what it sends."""

    def __init__(self, client: FlaskClient, shop: shops.Shop) -> None:
        self.client, self.secret = client, shop.webhook_secret

    def sends(self, path: str, body: bytes, **headers: str) -> Any:
        return self.client.post(f"/stores/{path}", data=body, headers=headers, content_type="application/json")

    def signs(self, path: str, body: bytes, at: datetime | None = None) -> Any:
        moment = at or clock.now()
        signature = Webhook(self.secret).sign("msg_1", moment, body.decode())
        return self.sends(
            path,
            body,
            **{
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(moment.timestamp())),
                "webhook-signature": signature,
            },
        )


ORDER = (
    b'{"id":"7","status":"paid","currency":"EUR","placed_at":"2026-03-01T10:00:00Z","total":"20.00",'
    b'"customer":{"email":"ann@example.com"},"lines":[{"id":"1","subtotal":"20.00"}]}'
)


def test_a_signed_order_is_booked_and_a_forged_one_leaves_nothing(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    door = Door(client, world.shop)
    path = f"generic/{world.shop.id}/order"
    assert door.sends(path, ORDER).status_code == 401
    assert door.signs(path, ORDER, at=clock.now() - timedelta(minutes=20)).status_code == 401
    assert door.signs(path, ORDER.replace(b"20.00", b"99.00")[:-1], at=clock.now()).json["status"] == "parked"
    Parked.remove(world.shop)
    forged = Door(client, world.create(name="Another").shop)
    assert forged.signs(path, ORDER).status_code == 401
    assert Order.of(world.shop).count() == 0 and Parked.of(world.shop).count() == 0
    answer = door.signs(path, ORDER)
    assert (answer.status_code, answer.json) == (200, {"status": "booked", "reason": None})
    assert _points(world.shop) == 200


def test_unknown_shops_and_topics_are_404_and_the_ping_of_woocommerce_is_answered(
    world: World, client: FlaskClient
) -> None:
    door = Door(client, world.shop)
    assert door.signs(f"generic/{world.shop.id}/payment", b"{}").status_code == 404
    assert door.signs("generic/nobody/order", b"{}").status_code == 404
    ping = client.post(
        f"/stores/woocommerce/{World.create(platform='woocommerce').shop.id}/order.updated",
        data=b"webhook_id=1",
        content_type="application/x-www-form-urlencoded",
    )
    assert ping.status_code == 200
    assert Parked.of(world.shop).count() == 0


def test_a_shop_checks_uses_and_releases_a_code(world: World, client: FlaskClient) -> None:
    # acceptance 37, 38; contracts §4
    world.rule("join", points=1000)
    reward = world.reward(cost=500, minimum_subtotal=20)
    ann = world.member()
    code = ann.redeems(reward).code
    door, path = Door(client, world.shop), f"generic/{world.shop.id}/coupons"

    def says(verb: str, **facts: Any) -> Any:
        return door.signs(f"{path}/{verb}", json.dumps({"code": code, **facts}).encode())

    assert door.sends(f"{path}/check", b"{}").status_code == 401
    good = says("check", currency="EUR", subtotal="25.00", customer={"email": "ann@example.com"}).json
    assert good["valid"] and good["discount"] == {
        "type": "amount",
        "amount": "5.00",
        "percent": None,
        "product_id": None,
    }
    assert says("check", currency="EUR", subtotal="10.00").json["reason"] == "below_minimum"
    assert says("check", subtotal="25.00", customer={"email": "bob@example.com"}).json["reason"] == "not_yours"
    assert says("use", order_id="9").json["status"] == "used"
    assert says("use", order_id="9").status_code == 200
    assert says("use", order_id="10").status_code == 409
    assert says("release", order_id="10").json["status"] == "used"
    assert says("release", order_id="9").json["status"] == "active"
    assert says("check").json["valid"] is False  # no subtotal: below the minimum
    assert door.signs(f"{path}/use", b'{"code":"X"}').json["error"]["field"] == "order_id"


@pytest.mark.parametrize("platform", HISTORIES)
@pytest.mark.parametrize("text", ["\x00", "\ud800"])
def test_text_that_no_database_keeps_is_parked_and_never_fails(world: World, platform: str, text: str) -> None:
    topics = {"generic": "order", "shopify": "orders/create", "woocommerce": "order.created"}
    orders = {"generic": json.loads(ORDER), "shopify": bodies.shopify_order(), "woocommerce": bodies.woo_order()}
    for name in ("id", "number", "currency", "email", "note"):
        body = json.dumps({**orders[platform], name: f"a{text}b"}).encode()
        assert inbox.deliver(world.shop, platform, topics[platform], body).status in ("parked", "booked")


def test_an_old_order_told_again_does_not_bring_back_who_was_erased(world: World) -> None:
    # acceptance 58
    world.order_rule(10)
    inbox.deliver(world.shop, "generic", "order", ORDER)
    ann = Customer.need(world.shop)
    privacy.erase(world.shop, ann)
    inbox.deliver(world.shop, "generic", "order", ORDER.replace(b'"paid"', b'"fulfilled"'))
    assert Customer.of(world.shop).count() == 1
    assert Customer.need(world.shop).email is None
