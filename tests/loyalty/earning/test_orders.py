"""Orders are what the platform last told us of them, however often and in whatever order it told it."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.make import NOON, World, at_once, line, refund, state
from widget_server import clock, db, events, reactions
from widget_server.events import Event, OrderChanged
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.program import programs

ANN = Person(external_id="c-1", email="ann@example.com", email_verified=True)
BOB = Person(external_id="c-2", email="bob@example.com", email_verified=True)


@pytest.fixture
def heard() -> list[Event]:
    """What happened to orders."""
    told: list[Event] = []

    def hear(event: Event) -> None:
        reactions.react(event)
        if isinstance(event, OrderChanged):
            told.append(event)

    events.wire(hear)
    return told


def test_an_order_keeps_what_it_was_told(world: World, heard: list[Event]) -> None:
    order = world.order(ANN, id="1001", number="#1001", lines=(line("19.80"),), shipping="5.00")
    assert orders.find(world.shop, "generic", "1001") == order
    assert (order.number, order.status, order.merged.total) == ("#1001", "paid", Decimal("24.80"))
    assert order.merged == Order.need(world.shop).merged
    assert orders.find(world.shop, "shopify", "1001") is None
    assert len(heard) == 1


def test_the_same_news_again_changes_nothing(world: World, heard: list[Event]) -> None:  # acceptance 23
    with clock.at(NOON):
        world.order(ANN, refunds=(refund("1.00", id="b"), refund("2.00", id="a")))
    told = state(placed_at=NOON, modified_at=NOON, refunds=(refund("1.00", id="b"), refund("2.00", id="a")))
    orders.receive(world.shop, "generic", told, ANN)
    assert len(heard) == 1
    assert Order.need(world.shop).updated_at == NOON


def test_platforms_and_shops_keep_their_orders_apart(world: World) -> None:
    other = World.create()
    world.order(ANN, id="7")
    world.order(ANN, id="7", platform="shopify", lines=(line("5.00"),))
    other.order(ANN, id="7", lines=(line("6.00"),))
    assert Order.of(world.shop).count() == 2
    assert Order.need(other.shop).merged.total == 6


def test_an_order_of_a_draft_or_paused_program_never_gives(world: World) -> None:  # acceptance 16
    world.order_rule(10)
    ann = world.member()
    programs.pause(world.shop.id)
    order = ann.orders("20.00", id="early")
    assert order.ineligible_reason == "program_not_active"
    programs.activate(world.shop.id)
    ann.orders("20.00", id="early", status="fulfilled", modified_at=clock.now() + timedelta(minutes=1))
    assert ann.balance == 0
    draft = World.create(active=False)
    assert draft.order(ANN).ineligible_reason == "program_not_active"


def test_an_order_in_another_currency_never_gives(world: World) -> None:
    world.order_rule(10)
    order = world.member().orders(currency="USD")
    assert order.ineligible_reason == "other_currency"
    assert not db.database.execute_sql("SELECT 1 FROM award").fetchall()


def test_a_refund_told_by_itself(world: World) -> None:  # acceptance 57
    world.order_rule(10)
    ann = world.member()
    assert orders.receive_refund(world.shop, "generic", "o9", refund("5.00")) is None
    ann.orders("20.00", id="o9")
    for _ in range(2):
        assert orders.receive_refund(world.shop, "generic", "o9", replace(refund("5.00"), created_at=clock.now()))
    assert ann.balance == 150


def test_what_waits_for_an_order_is_parked_once_and_found(world: World) -> None:  # contracts §4
    for body in (b'{"refund":1}', b'{"refund":1}', b'{"refund":2}'):
        orders.park(world.shop, "generic", "refund", body, reason="order unknown", waits_for="o9")
    orders.park(World.create().shop, "generic", "refund", b'{"refund":1}', reason="order unknown", waits_for="o9")
    first, second = orders.parked_for(world.shop, "generic", "o9")
    assert [first.body, second.body] == ['{"refund":1}', '{"refund":2}']
    orders.unpark(first)
    assert [row.id for row in orders.parked_for(world.shop, "generic", "o9")] == [second.id]
    assert Parked.one(world.shop, Parked.id == first.id).status == "booked"


def test_a_deleted_order_counts_as_cancelled(world: World) -> None:
    """With a refund too, and when the last news of it comes again afterwards; a newer one brings it back."""
    world.order_rule(10)
    ann = world.member()
    assert orders.receive_deletion(world.shop, "generic", "o9") is None
    bought = {"id": "o9", "modified_at": clock.now(), "refunds": (refund("5.00"),)}
    ann.orders("20.00", **bought)
    assert ann.balance == 150
    for _ in range(2):
        orders.receive_deletion(world.shop, "generic", "o9")
        assert ann.balance == 0
    ann.orders("20.00", **bought)
    assert ann.balance == 0
    ann.orders("20.00", **{**bought, "modified_at": clock.now() + timedelta(minutes=1)})
    assert ann.balance == 150


def test_an_order_belongs_to_whom_its_newest_state_names(world: World) -> None:
    with clock.at(NOON + timedelta(minutes=5)):
        mine = world.order(ANN, id="7")
    with clock.at(NOON):
        world.order(BOB, id="7")
    assert Order.need(world.shop).customer_id == mine.customer_id
    with clock.at(NOON + timedelta(minutes=9)):
        world.order(None, id="7")
        assert Order.need(world.shop).customer_id == mine.customer_id
        world.order(BOB, id="7")
    assert Order.need(world.shop).customer_id != mine.customer_id


def test_the_addresses_a_customer_uses(world: World) -> None:
    with clock.at(NOON):
        ann = world.vouched("c-1", "Ann@example.com", verified=True)
        for number, email in enumerate(("office@example.com", "ANN@example.com", "Office@example.com", None)):
            placed = NOON + timedelta(minutes=number)
            world.order(Person(external_id="c-1", email=email), id=f"o{number}", placed_at=placed)
        world.order(BOB)
    assert orders.known_emails(world.shop, ann.customer) == ["Ann@example.com", "office@example.com"]


def test_the_first_activation_is_when_the_shop_began(world: World) -> None:
    with clock.at(NOON):
        shop = World.create(orders_from=None)
        shop.order_rule(10)
        ann = shop.member()
        programs.pause(shop.shop.id)
    with clock.at(NOON + timedelta(days=20)):
        programs.activate(shop.shop.id)  # again: the beginning stays
        midnight = clock.start_of(NOON.date(), shop.shop.timezone)
        early = ann.orders("10.00", placed_at=midnight - timedelta(seconds=1))
        ann.orders("10.00", placed_at=midnight)
    assert (early.ineligible_reason, ann.balance) == (orders.BEFORE_PROGRAM, 100)
    shop.books_must_balance()


def test_news_of_one_order_in_parallel_and_shuffled(world: World) -> None:  # acceptance 23
    world.order_rule(10)
    ann = world.member()
    order = random.Random(5)
    news = [
        state(id="o1", status="placed", modified_at=NOON),
        state(id="o1", status="paid", modified_at=NOON + timedelta(minutes=1)),
        state(id="o1", status="fulfilled", modified_at=NOON + timedelta(minutes=2)),
        state(id="o1", status="fulfilled", modified_at=NOON + timedelta(minutes=2), refunds=(refund("5.00"),)),
    ]
    person = ann.person
    deliveries = order.sample(news * 2, 8)
    results = at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in deliveries])
    assert len(set(results)) == 1
    assert ann.balance == 150
    kept = Order.need(world.shop)
    assert (kept.status, len(kept.merged.refunds)) == ("fulfilled", 1)
