"""What a refund was for: WooCommerce's webhook tells one amount, its API the parts (acceptance 57, contracts §13)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.make import NOON, World
from tests.stores import bodies
from tests.stores.test_reconcile import feed, looks, points
from tests.stores.woo_shop import WooShop
from widget_server import clock, job_queue, jobs
from widget_server.job_queue import Job
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.program import shops
from widget_server.stores import inbox
from widget_server.stores.messages import RefundSeen
from widget_server.stores.woocommerce import refunds as woocommerce_refunds

SHIPPING, MUGS, BOWL = 9, 1, 2


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def world(database: str, shop: WooShop) -> Iterator[World]:
    """A connected shop that gives 10 points for each 1.00 of goods."""
    made = World.create(platform="woocommerce")
    made.order_rule(10)
    shops.connect(made.shop, shop.url, shop.keys)
    yield made
    made.books_must_balance()


def sells(shop: WooShop) -> int:
    """Mugs for 35.00 with 7 % tax, a bowl for 30.00 with 19 %, shipping 6.00 with 19 %: 80.29 in all."""
    mugs, bowl = bodies.woo_order()["line_items"]
    mugs["total_tax"], bowl["total_tax"] = "2.45", "5.70"
    return shop.sells(line_items=[mugs, bowl], shipping_tax="1.14", total_tax="9.29", cart_tax="8.15", total="80.29")


def tells(world: World, shop: WooShop, number: int) -> None:
    """The webhook of the order's state arrives."""
    shop.outbox.clear()
    body = bodies.encoded(shop._body(shop.orders[number]))
    assert inbox.deliver(world.shop, "woocommerce", "order.updated", body).status == "booked"


@pytest.mark.parametrize(
    ("amount", "parts", "left"),
    [
        ("7.14", {"shipping": {SHIPPING: ("6.00", "1.14")}}, 650),
        ("3.57", {"shipping": {SHIPPING: ("3.00", "0.57")}}, 650),
        ("35.70", {"lines": {BOWL: ("30.00", "5.70")}}, 350),
        ("37.45", {"lines": {MUGS: ("35.00", "2.45")}}, 300),
        ("18.73", {"lines": {MUGS: ("17.50", "1.23")}}, 475),
        ("42.84", {"lines": {BOWL: ("30.00", "5.70")}, "shipping": {SHIPPING: ("6.00", "1.14")}}, 350),
        (
            "80.29",
            {"lines": {MUGS: ("35.00", "2.45"), BOWL: ("30.00", "5.70")}, "shipping": {SHIPPING: ("6.00", "1.14")}},
            0,
        ),
    ],
    ids=[
        "shipping only",
        "half of the shipping",
        "the bowl",
        "the mugs",
        "one mug",
        "the bowl and shipping",
        "everything",
    ],
)
def test_known_parts_give_exact_points(
    world: World, shop: WooShop, amount: str, parts: dict[str, Any], left: int
) -> None:
    order = sells(shop)
    tells(world, shop, order)
    assert points(world) == 650
    shop.gives_back(order, amount, **parts)
    tells(world, shop, order)
    jobs.run_all()
    assert points(world) == left
    for minutes in (1, 2):  # told again by a newer state that knows the amount alone
        with clock.at(clock.now().replace(minute=minutes)):
            shop.changes(order, customer_note=f"{minutes}")
            tells(world, shop, order)
            jobs.run_all()
            assert points(world) == left


def test_two_refunds_of_one_order_are_told_apart(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "7.14", shipping={SHIPPING: ("6.00", "1.14")})
    shop.gives_back(order, "18.73", lines={MUGS: ("17.50", "1.23")})
    tells(world, shop, order)
    jobs.run_all()
    assert points(world) == 475
    assert [refund.parts_known for refund in Order.need(world.shop).merged.given_back] == [True, True]


def test_goods_that_earn_nothing_are_given_back_for_nothing(database: str, shop: WooShop) -> None:
    world = World.create(platform="woocommerce")
    world.order_rule(10, terms=Terms(exclude_products=("11",)))
    shops.connect(world.shop, shop.url, shop.keys)
    order = sells(shop)
    shop.gives_back(order, "35.70", lines={BOWL: ("30.00", "5.70")})
    tells(world, shop, order)
    jobs.run_all()
    assert points(world) == 350  # the mugs, all of them


def test_an_amount_without_parts_stays_a_guess(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "7.32")
    tells(world, shop, order)
    guessed = points(world)
    jobs.run_all()
    assert points(world) == guessed < 650
    assert not Job.everywhere().exists()


def test_a_shop_that_is_away_is_asked_again(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "3.57", shipping={SHIPPING: ("3.00", "0.57")})
    tells(world, shop, order)
    shop.mood = "breaks"
    jobs.run_all()
    assert points(world) < 650
    shop.mood = "well"
    with clock.at(clock.now().replace(hour=14)):
        jobs.run_all()
    assert points(world) == 650


def test_the_shop_is_asked_once_for_news_that_come_thrice(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "7.14", shipping={SHIPPING: ("6.00", "1.14")})
    for _ in range(3):
        tells(world, shop, order)
    jobs.run_all()
    tells(world, shop, order)
    assert jobs.run_all() == 0
    assert [path for path, _ in shop.calls if path.endswith("/refunds")] == [f"GET orders/{order}/refunds"]


def test_what_a_look_finds_has_its_parts_too(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "35.70", lines={BOWL: ("30.00", "5.70")})
    looks()
    assert (points(world), feed(world).status) == (350, "ok")


def test_without_keys_nobody_is_asked(world: World, shop: WooShop) -> None:
    order = sells(shop)
    shop.gives_back(order, "7.14", shipping={SHIPPING: ("6.00", "1.14")})
    tells(world, shop, order)
    shops.disconnect(world.shop)
    jobs.run_all()
    tells(world, shop, order)
    assert not Job.everywhere().exists() and shop.calls == []


def row(**facts: Any) -> dict[str, Any]:
    known = {"id": 42, "amount": "10.00", "date_created_gmt": "2026-03-10T12:00:00"}
    return {**known, "line_items": [], "shipping_lines": [], "fee_lines": [], **facts}


def part(total: str, tax: str = "0.00", item: Any = "1") -> dict[str, Any]:
    meta = [{"id": 1, "key": "_refunded_item_id", "value": item}]
    return {"id": 77, "quantity": -1, "total": total, "total_tax": tax, "meta_data": meta}


def test_a_refund_in_the_contracts_words() -> None:
    fee, lines, shipping = part("-1.00", "-0.20"), [part("-5.00", "-1.00", 3)], [part("-2.00", "-0.40")]
    seen = woocommerce_refunds.refund_seen("41", row(line_items=lines, shipping_lines=shipping, fee_lines=[fee]))
    assert seen == RefundSeen(
        "41",
        {
            "id": "42",
            "amount": "10.00",
            "shipping": "3.00",
            "tax": "1.60",
            "lines": [{"line_id": "3", "quantity": 1, "amount": "5.00"}],
            "created_at": "2026-03-10T12:00:00Z",
            "parts_known": True,
        },
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"line_items": [part("0.00")]},
        {"line_items": [part("-30.00", "-3.00")]},
        {"line_items": [part("-9.00")], "fee_lines": [part("-4.00"), part("3.00")]},
    ],
    ids=["an amount alone", "a line of nothing", "more than was given back", "a discount taken back"],
)
def test_what_the_parts_do_not_explain_is_no_known_part(facts: dict[str, Any]) -> None:
    assert woocommerce_refunds.refund_seen("41", row(**facts)) is None


def test_a_cent_of_rounding_is_none(world: World) -> None:
    seen = woocommerce_refunds.refund_seen("41", row(amount="9.99", line_items=[part("-8.40", "-1.60")]))
    assert seen is not None and Decimal(seen.refund["amount"]) == Decimal("9.99")
    assert job_queue.claim() is None
