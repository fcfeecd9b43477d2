"""The list of orders that staff read: what each gave, and why one gave nothing (acceptance 16, 19, 48, 57)."""

from datetime import date, timedelta

import pytest

from tests.make import NOON, World, day, refund
from widget_server import clock
from widget_server.loyalty.earning import order_list
from widget_server.loyalty.earning.order_list import Listed, Wanted
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs


def listed(world: World, id: str) -> Listed:
    (found,) = order_list.page(world.shop, Wanted(number=id)).rows
    return found


def test_what_an_order_gave_and_what_of_it_waits(world: World) -> None:
    world.order_rule()
    ann = world.member()
    ann.orders("20.00", id="o1")
    world.settings(wait_days=14)
    ann.orders("5.00", id="o2")
    assert [(row.order.number, row.points, row.waiting, row.why_nothing) for row in (listed(world, "o1"),)] == [
        ("#o1", 200, 0, None)
    ]
    waits = listed(world, "#o2")
    assert (waits.points, waits.waiting, waits.customer and waits.customer.id) == (50, 50, ann.id)


def test_each_reason_for_nothing(world: World) -> None:
    ann, bob, guest = world.member(), world.member("bob@example.com"), world.visitor()
    ann.orders(id="early")  # there is no rule yet
    world.order_rule()
    customers.update(bob.customer, excluded=True)
    bob.orders(id="excluded")
    world.order(None, id="nameless")
    ann.orders(id="dollars", currency="USD")
    ann.orders(id="gone", status="cancelled")
    ann.orders(id="back", refunds=(refund("20.00"),))
    ann.orders("0.00", id="free")
    world.settings(guests_earn=False)
    guest.orders(id="guests")
    programs.pause(world.shop.id)
    ann.orders(id="paused")
    programs.activate(world.shop.id)
    world.settings(orders_from=date(2026, 3, 10))
    ann.orders(id="before", placed_at=day("03-09"))
    assert {row.order.external_id: row.why_nothing for row in order_list.page(world.shop, Wanted()).rows} == {
        "early": "no_rule",
        "excluded": "customer_excluded",
        "nameless": "no_customer",
        "dollars": "other_currency",
        "gone": "cancelled",
        "back": "refunded",
        "free": "nothing_eligible",
        "guests": "only_members_earn",
        "paused": "program_not_active",
        "before": "before_program",
    }
    assert listed(world, "before").order.ineligible_reason == "before_program"
    (dollars,) = order_list.page(world.shop, Wanted(reason="other_currency")).rows
    assert dollars.order.number == "#dollars"


@pytest.mark.parametrize("typed", ["1001", "#1001", " 1001 "])
def test_a_number_is_found_with_and_without_its_sign(world: World, typed: str) -> None:
    ann = world.member()
    for id in ("1001", "10011", "11001"):
        ann.orders(id=id)
    assert [row.order.number for row in order_list.page(world.shop, Wanted(number=typed)).rows] == ["#1001"]


def test_by_status_customer_and_days_in_pages(world: World) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    for number in range(5):
        ann.orders(id=f"a{number}", placed_at=NOON + timedelta(days=number))
    bob.orders(id="b", status="placed", placed_at=NOON)
    first = order_list.page(world.shop, Wanted(customer_id=ann.id), limit=3)
    second = order_list.page(world.shop, Wanted(customer_id=ann.id), after=first.next, limit=3)
    assert [row.order.external_id for row in (*first.rows, *second.rows)] == ["a4", "a3", "a2", "a1", "a0"]
    assert second.next is None
    assert [row.order.external_id for row in order_list.page(world.shop, Wanted(status="placed")).rows] == ["b"]
    days = Wanted(placed_from=NOON + timedelta(days=1), placed_before=NOON + timedelta(days=3))
    assert [row.order.external_id for row in order_list.page(world.shop, days).rows] == ["a2", "a1"]
    with clock.at(NOON):
        assert order_list.page(World.create().shop, Wanted()).rows == []
