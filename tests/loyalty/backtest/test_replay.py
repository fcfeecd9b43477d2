"""What a draft would have given for past orders: with today's rules, exactly what the ledger holds for them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, everything_kept, line, refund, tries, undone
from widget_server import clock, editions
from widget_server.ledger import Transaction
from widget_server.loyalty.backtest import drafts, replay
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.backtest.replay import Progress
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import awards
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs


def run(world: World, draft: Draft | None = None, months: int = 3, most: int = 1000) -> Progress:
    """The whole replay, in slices of `most` orders."""
    today, so_far = drafts.present(world.shop), Progress()
    while not so_far.done:
        start = replay.start_of(world.shop, months)
        so_far = replay.replay(world.shop, today, draft or today, start, so_far, most=most)
    return so_far


def changed(world: World, rule: EarningRule, **columns: Any) -> Draft:
    """Today's program with other columns of one rule."""
    edited = EarningRule(**{**rule.__data__, **columns})
    now = drafts.present(world.shop)
    return replace(now, rules=[edited if one.id == rule.id else one for one in now.rules])


def in_ledger(world: World) -> int:
    """What the ledger booked for orders, net of what it took back."""
    rows = Transaction.of(world.shop).where(Transaction.kind == "earn", Transaction.order_id.is_null(False))
    return sum(row.amount for row in rows)


# Any shop: orders of members and guests, refunds, cancellations, several rules

MONEY = st.integers(1, 9999).map(lambda cents: f"{cents / 100:.2f}")
LINES = st.lists(st.tuples(MONEY, st.sampled_from(["p1", "p2", "p3"])), min_size=1, max_size=3)
ORDER = st.fixed_dictionaries(
    {
        "who": st.integers(0, 3),
        "lines": LINES,
        "status": st.sampled_from(["placed", "paid", "paid", "paid", "fulfilled"]),
        "then": st.sampled_from(["", "", "placed", "cancelled", "refund", "fulfilled"]),
        "currency": st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
    }
)
TERMS = st.sampled_from(
    [
        Terms(),
        Terms(guests=False),
        Terms(minimum_subtotal=Decimal(30)),
        Terms(include_products=("p1",)),
        Terms(exclude_products=("p2",)),
        Terms(product_multipliers={"p3": "2.5"}),
        Terms(ends_at=NOON + timedelta(days=6)),
    ]
)
RULE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["order", "order", "first_order"]),
        "figures": st.sampled_from([{"rate_points": 3, "rate_per": Decimal(2)}, {"points": 40}]),
        "terms": TERMS,
    }
)
SETTINGS = st.fixed_dictionaries(
    {
        "rounding": st.sampled_from(["floor", "unit", "nearest"]),
        "earn_at": st.sampled_from(["placed", "paid", "fulfilled"]),
        "wait_days": st.sampled_from([0, 0, 3]),
        "after_fallback": st.sampled_from(["keep", "wait"]),
    }
)


@pytest.fixture(autouse=True)
def still(world: World) -> Iterator[None]:
    """At a noon of which each story knows."""
    with clock.at(NOON):
        yield


def people_of(world: World) -> list[Shopper]:
    """Two members and two guests."""
    return [
        world.member(),
        world.member("ben@example.com"),
        world.visitor("cem@example.com"),
        world.visitor("dora@example.com"),
    ]


def live(world: World, people: list[Shopper], told: list[dict[str, Any]], step: timedelta) -> None:
    """The orders arrive, one after the other; what happens to each of them then happens soon."""
    for number, one in enumerate(told):
        placed = NOON + step * number
        facts: dict[str, Any] = {"id": f"o{number}", "placed_at": placed, "currency": one["currency"]}
        facts["lines"] = tuple(
            line(goods, id=str(at), product=product) for at, (goods, product) in enumerate(one["lines"])
        )
        with clock.at(placed):
            people[one["who"]].orders(status=one["status"], modified_at=placed, **facts)
        after = placed + timedelta(minutes=5)
        with clock.at(after):
            if one["then"] == "refund":
                back = (refund(one["lines"][0][0], lines={"0": one["lines"][0][0]}, created_at=after),)
                people[one["who"]].orders(status=one["status"], modified_at=after, refunds=back, **facts)
            elif one["then"]:
                people[one["who"]].orders(status=one["then"], modified_at=after, **facts)


@tries(40)
@example(  # a guest's first order is worth no points, is paid and cancelled: the next one is the first
    made=[{"kind": "first_order", "figures": {"rate_points": 3, "rate_per": Decimal(2)}, "terms": Terms()}],
    settings={"rounding": "floor", "earn_at": "placed", "wait_days": 0, "after_fallback": "keep"},
    told=[
        {"who": 3, "lines": [("0.01", "p1")], "status": "paid", "then": "cancelled", "currency": "EUR"},
        {"who": 3, "lines": [("0.67", "p1")], "status": "paid", "then": "", "currency": "EUR"},
    ],
    most=1,
)
@given(st.lists(RULE, min_size=1, max_size=3), SETTINGS, st.lists(ORDER, max_size=8), st.integers(1, 5))
def test_todays_program_gives_again_what_it_gave(
    world: World, made: list[dict[str, Any]], settings: dict[str, Any], told: list[dict[str, Any]], most: int
) -> None:
    with undone():
        world.settings(**settings)
        for rule in made:
            world.rule(rule["kind"], terms=rule["terms"], **rule["figures"])
        live(world, people_of(world), told, timedelta(days=1))
        with clock.at(NOON + timedelta(days=30)):
            while awards.mature_due():
                pass
            found = run(world, most=most)
        held = list(Award.of(world.shop).where(Award.points > 0))
        waiting = sum(award.points for award in held if award.status == "waiting")
        assert found.today == found.draft
        assert (found.today.points, found.today.pending) == (sum(award.points for award in held), waiting)
        assert found.today.points - found.today.pending == in_ledger(world)
        assert found.booked == found.today.points
        assert found.orders + found.left_out == len(told)


@tries(15)
@given(st.lists(st.tuples(st.integers(0, 1), MONEY), max_size=10), st.integers(1, 4))
def test_tiers_that_orders_reach_multiply_the_next_ones(world: World, told: list[tuple[int, str]], weeks: int) -> None:
    with undone():
        world.order_rule(10)
        world.tier("Silver", 100, "1.5")
        gold = world.tier("Gold", 900, "2")
        world.rule("order", points=7, terms=Terms(tier_ids=(gold.id,)))
        world.rule("review", points=60)
        people, bought = people_of(world)[:2], {who for who, _ in told}
        for number, (who, goods) in enumerate(told):
            with clock.at(NOON + timedelta(days=number * weeks)):
                people[who].orders(goods, id=f"o{number}")
            with clock.at(NOON + timedelta(days=number * weeks, hours=1)):
                people[who].does("review")
        with clock.at(NOON + timedelta(days=50)):
            found = run(world)
            standing = [person.account.tier_id or "" if who in bought else "" for who, person in enumerate(people)]
        assert found.today.points == in_ledger(world)
        mix = [standing[who] for who in bought]
        assert found.today.tiers == {tier_id: mix.count(tier_id) for tier_id in mix}


# A draft beside today


def test_a_doubled_rate_gives_twice_the_points(world: World) -> None:
    rule = world.order_rule(10)
    ann, guest = world.member(), world.visitor()
    ann.orders("20.00")
    ann.orders("10.05")
    guest.orders("5.00")
    found = run(world, changed(world, rule, rate_points=20))
    assert (found.today.points, found.draft.points) == (200 + 100 + 50, 400 + 201 + 100)
    assert (found.today.customers, found.orders, found.sales) == (2, 3, Decimal("35.05"))


def test_a_cap_of_the_draft_counts_over_the_replayed_orders(world: World) -> None:
    rule = world.order_rule(10)
    ann = world.member()
    for number in range(3):
        ann.orders("20.00", id=f"o{number}")
    found = run(world, changed(world, rule, settings=Terms(points_per_day=250).as_json()))
    assert (found.today.points, found.draft.points) == (600, 250)


def test_only_the_orders_of_the_span_count(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="old", placed_at=NOON - timedelta(days=40))
    ann.orders("10.00", id="new", placed_at=NOON - timedelta(days=20))
    assert run(world, months=1).today.points == 100
    assert run(world, months=2).today.points == 300


def test_what_cannot_count_is_left_out_and_counted(world: World) -> None:
    world.order_rule(10)
    world.order(None, id="nobody")
    world.visitor().orders("20.00", currency="USD")
    eve = world.member("eve@example.com")
    eve.orders("20.00")
    customers.Customer.change(world.shop, {customers.Customer.excluded: True}, customers.Customer.id == eve.id)
    found = run(world)
    assert (found.orders, found.left_out, found.today.points, found.booked) == (0, 3, 0, 200)


def test_a_draft_may_count_orders_from_an_earlier_day(world: World) -> None:
    world.settings(orders_from=clock.local_date(NOON - timedelta(days=10), "Europe/Berlin"))
    world.order_rule(10)
    world.member().orders("20.00", placed_at=NOON - timedelta(days=20))
    program = editions.changeable(programs.of(world.shop.id))
    earlier = replace(program.rules, orders_from=clock.local_date(NOON - timedelta(days=60), "Europe/Berlin"))
    program.settings = earlier.as_json()
    found = run(world, replace(drafts.present(world.shop), program=program))
    assert (found.today.points, found.draft.points) == (0, 200)


def test_a_backtest_writes_nothing_and_goes_on_where_it_stopped(world: World) -> None:
    rule = world.order_rule(10)
    for number in range(3):
        world.visitor(f"guest{number}@example.com").orders("20.00")
    before, draft = everything_kept(), changed(world, rule, rate_points=20)
    first = replay.replay(
        world.shop, drafts.present(world.shop), draft, replay.start_of(world.shop, 3), Progress(), most=1
    )
    assert (first.orders, first.done) == (3, False)  # a slice of customers is never cut
    assert Progress.from_json(first.as_json()) == first
    assert run(world, draft, most=1) == run(world, draft, most=1000)
    assert everything_kept() == before
