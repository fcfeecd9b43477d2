"""What each order of a customer gave, what waits, and why nothing."""

from datetime import timedelta

from tests.counter import Counter
from tests.make import NOON, Shopper, World, refund
from widget_server import clock, ledger
from widget_server.loyalty.earning import orders
from widget_server.loyalty.history import order_results
from widget_server.loyalty.history.order_results import OrderResult


def results(shopper: Shopper, limit: int = 10) -> list[OrderResult]:
    shop = shopper.world.shop
    return order_results.newest(shop, shopper.customer, ledger.account_of(shop.id, shopper.id), limit=limit)


def test_each_order_stands_with_what_it_gave_newest_first(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    with clock.at(NOON):
        ann.orders("20.00", id="o1", placed_at=NOON)
        ann.orders("20.00", id="o2", placed_at=NOON + timedelta(hours=1), currency="USD")
        world.settings(wait_days=14)
        ann.orders("30.00", id="o3", placed_at=NOON + timedelta(hours=2))
        found = results(ann)
    assert [(one.order.external_id, one.gave, one.waiting) for one in found] == [
        ("o3", 0, 300), ("o2", 0, 0), ("o1", 200, 0),
    ]  # fmt: skip
    assert [one.missed.reason if one.missed else None for one in found] == [None, "other_currency", None]


def test_an_order_that_was_refunded_gave_nothing_in_the_end(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1")
    orders.receive_refund(world.shop, "generic", "o1", refund("20.00"))
    (found,) = results(ann)
    assert (found.gave, found.missed and found.missed.reason) == (0, "refunded")


def test_more_orders_take_no_more_queries(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    for _ in range(6):
        ann.orders("20.00")
    ann.orders("20.00", status="cancelled")
    counts = []
    results(ann, 2)  # from now on the rows of the program are kept
    for limit in (2, 7):
        with Counter() as counter:
            assert len(results(ann, limit)) == limit
        counts.append(len(counter.statements))
    assert counts[0] == counts[1] <= 6
