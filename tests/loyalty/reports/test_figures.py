"""The owner's figures, for any dates, and the rows behind each (acceptance 53)."""

from contextlib import ExitStack
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import Shopper, World, day, line, refund, tries
from widget_server import clock, ledger, money
from widget_server.errors import BadRequest
from widget_server.ledger import Transaction
from widget_server.loyalty import reports
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import customers, merging
from widget_server.loyalty.points import adjustments, tiers
from widget_server.loyalty.rewards import coupons
from widget_server.totals import DayTotal

POINTS = ("earned", "redeemed", "adjusted", "expired", "unredeemed")


def figures(world: World, first: date | None = None, last: date | None = None) -> dict[str, Any]:
    totals = reports.totals(world.shop, first, last)
    return {name: getattr(totals, name) for name in totals.__dataclass_fields__}


def paid(rows: Any) -> Decimal:
    return sum((money.of_coins(row.paid, "EUR") for row in rows), Decimal(0))


def by_rows(world: World, first: date | None = None, last: date | None = None) -> dict[str, Any]:
    """The same figures, added up from the rows that each opens."""
    rows = partial(reports.rows_of, world.shop, first=first, last=last)
    sums: dict[str, Any] = {name: sum(row.amount for row in rows(name)) for name in ("earned", "adjusted")}
    sums |= {name: -sum(row.amount for row in rows(name)) for name in ("redeemed", "expired")}
    return {
        **sums,
        "unredeemed": sum(row.balance_after for row in rows("unredeemed")),
        "pending": sum(row.points for row in rows("pending")),
        "members": len(rows("members")),
        "joined": len(rows("joined")),
        "referral_revenue": paid(rows("referral_revenue")),
        "coupon_orders": len(rows("coupon_orders")),
        "coupon_revenue": paid(rows("coupon_orders")),
    }


def told(world: World, first: date | None = None, last: date | None = None) -> dict[str, Any]:
    """The figures that open rows; they must be what their rows add up to."""
    found = {name: value for name, value in figures(world, first, last).items() if name in by_rows(world, first, last)}
    assert found == by_rows(world, first, last)
    return found


@pytest.fixture
def ann(world: World) -> Shopper:
    """Three days in March: she buys, redeems, gets something by hand; a guest buys; points expire."""
    world.order_rule(10)
    world.settings(point_value=Decimal("0.05"), earn_at="fulfilled")
    with clock.at(day("03-01")):
        ann = world.member()
        ann.orders("30.00", id="o1", status="fulfilled")
        world.guest_orders("guest@example.com", "10.00", status="fulfilled")
    with clock.at(day("03-02")):
        ann.is_given(50)
        coupon = ann.redeems(world.reward(cost=100))
        other = ann.redeems(world.reward(cost=20))
        orders.receive_refund(world.shop, "generic", "o1", refund("10.00"))
    with clock.at(day("03-03")):
        coupons.return_for_points(world.shop, ann.customer, other.id, key="r", source="widget")
        adjustments.adjust(world.shop, ann.account.id, source="staff", key="a", by=-5)
        ledger.post(world.shop.id, ann.account.id, "expire", -7, source="job", key="e", cause=ledger.Cause("expired"))
        ann.orders("4.00", id="o2", status="paid")
    assert coupon.cost_points == 100
    return ann


def test_each_figure_is_what_its_rows_add_up_to(world: World, ann: Shopper) -> None:
    assert told(world) == {
        "earned": 350,
        "redeemed": 100,
        "adjusted": -5,
        "expired": 7,
        "unredeemed": 238,
        "pending": 40,
        "members": 1,
        "joined": 1,
        "referral_revenue": 0,
        "coupon_orders": 0,
        "coupon_revenue": 0,
    }
    assert figures(world)["liability"] == Decimal("11.90")
    assert figures(world)["redemption_rate"] == Decimal("0.2857")


def test_for_any_dates(world: World, ann: Shopper) -> None:
    second = told(world, date(2026, 3, 2), date(2026, 3, 2))
    assert {name: second[name] for name in POINTS} == {
        "earned": -50,  # 50 given, 100 taken back
        "redeemed": 120,
        "adjusted": 0,
        "expired": 0,
        "unredeemed": 230,
    }
    assert (second["members"], second["joined"]) == (1, 0)
    assert figures(world, date(2026, 3, 2), date(2026, 3, 2))["redemption_rate"] is None
    assert told(world, last=date(2026, 2, 28)) == dict.fromkeys(by_rows(world), 0) | {"pending": 40}
    assert told(world, first=date(2026, 3, 3))["redeemed"] == -20
    with pytest.raises(BadRequest) as refusal:
        reports.totals(world.shop, date(2026, 3, 2), date(2026, 3, 1))
    assert refusal.value.field == "last"
    with pytest.raises(BadRequest):
        reports.rows_of(world.shop, "sold")


def test_days_are_those_of_the_shop(world: World) -> None:
    ann = world.member()
    with clock.at(datetime.fromisoformat("2026-03-10T22:59:59.999Z")):  # still the 10th in Berlin
        ann.is_given(1)
    with clock.at(datetime.fromisoformat("2026-03-10T23:00:00Z")):
        ann.is_given(2)
    assert [told(world, date(2026, 3, one), date(2026, 3, one))["earned"] for one in (10, 11)] == [1, 2]


def test_another_shop_s_points_are_not_in_it(world: World, ann: Shopper) -> None:
    before = told(world)
    other = World.create()
    other.member().is_given(1000)
    assert told(world) == before
    assert (told(other)["earned"], told(other)["members"]) == (1000, 1)
    assert figures(other)["liability"] is None  # a point has no value there


def test_what_friends_paid_is_referral_revenue(world: World) -> None:
    world.refer()
    ann = world.member()
    with clock.at(day("03-01")):
        bob = world.member("bob@example.com", code=ann.customer.referral_code)
        bob.orders("40.00", id="o1", shipping="5.00")
        bob.orders("9.00", id="o2", status="placed")
        bob.orders("9.00", id="o3", status="cancelled")
        ann.orders("100.00", id="o4")  # nobody brought her
    with clock.at(day("03-05")):
        bob.orders("20.00", id="o5", lines=(line("20.00"),))
    orders.receive_refund(world.shop, "generic", "o1", refund("15.00"))
    assert told(world)["referral_revenue"] == Decimal("50.00")
    assert told(world, date(2026, 3, 2))["referral_revenue"] == Decimal("20.00")


def test_members_are_those_of_the_day(world: World) -> None:
    with clock.at(day("03-01")):
        ann, bob, old = (world.member(f"{name}@example.com") for name in ("ann", "bob", "old"))
        world.visitor()
    with clock.at(day("03-05")):
        customers.leave(bob.customer)
        merging.merge(world.shop, old.id, ann.id)
    with clock.at(day("03-09")):
        world.member("cid@example.com")
        counts = [told(world, date(2026, 3, first), date(2026, 3, first)) for first in (1, 4, 6, 9)]
        assert [(one["members"], one["joined"]) for one in counts] == [(2, 2), (2, 0), (1, 0), (2, 1)]
        assert told(world)["members"] == 2


# Totals, not the ledger, are read


def test_a_report_reads_totals_and_not_the_ledger(world: World, ann: Shopper) -> None:
    before = reports.totals(world.shop).earned
    DayTotal.change(world.shop, {DayTotal.amount: DayTotal.amount + 1}, DayTotal.name == "earned", DayTotal.day == "")
    assert reports.totals(world.shop).earned == before + 1
    assert [world.shop.id in sentence and "earned" in sentence for sentence in reports.audit_days()] == [True]
    DayTotal.change(world.shop, {DayTotal.amount: DayTotal.amount - 1}, DayTotal.name == "earned", DayTotal.day == "")
    assert list(reports.audit_days()) == []


MOVES = st.lists(
    st.tuples(
        st.integers(0, 9),  # days later
        st.sampled_from(["earn", "redeem", "refund", "adjust", "expire"]),
        st.integers(1, 500),
    ),
    max_size=25,
)


def test_the_figures_of_any_days_are_those_of_the_ledger(world: World) -> None:
    @tries(25)
    @given(moves=MOVES, first=st.integers(-3, 60), days=st.integers(0, 60))
    def run(moves: list[tuple[int, str, int]], first: int, days: int) -> None:
        now = day("03-25")  # the night in which the clock changes is not far
        with ExitStack() as stack:
            stack.enter_context(clock.at(now))
            world = World.create()
            account = ledger.open_account(world.shop.id, world.member().id)
            for number, (later, kind, amount) in enumerate(moves):
                now += timedelta(days=later, hours=7)
                stack.enter_context(clock.at(now))
                signed = -amount if kind in ("redeem", "expire") else amount
                facts = {"source": "t", "key": f"k{number}", "cause": ledger.Cause("t"), "may_go_below_zero": True}
                ledger.post(world.shop.id, account.id, kind, signed, **facts)
            begin = date(2026, 3, 25) + timedelta(days=first)
            end = begin + timedelta(days=days)
            expected = dict.fromkeys(("earned", "redeemed", "adjusted", "expired"), 0)
            for row in Transaction.of(world.shop):
                if begin <= clock.local_date(row.created_at, world.shop.timezone) <= end:
                    counter, direction = ledger.COUNTER_OF[row.kind]
                    expected[counter] += direction * row.amount
            found = told(world, begin, end)
            assert {name: found[name] for name in expected} == expected
            assert list(reports.audit_days()) == []

    run()


# The counters of all accounts (wix-api §1b)


def test_program_totals_are_the_accounts_counters(world: World, ann: Shopper) -> None:
    totals = reports.program_totals(world.shop)
    names = ("balance", "earned", "redeemed", "adjusted", "expired")
    assert {name: getattr(totals, name) for name in names} == {
        "balance": 238,
        "earned": 350,
        "redeemed": 100,
        "adjusted": -5,
        "expired": 7,
    }
    assert totals.tiers == ((None, 2),)
    assert reports.program_totals(World.create().shop).tiers == ((None, 0),)


def test_each_person_is_in_one_tier(world: World) -> None:
    silver, gold = world.tier("Silver", 100), world.tier("Gold", 500)
    for name, amount in (("ann", 600), ("bob", 100), ("cid", 99), ("old", 700)):
        world.member(f"{name}@example.com").is_given(amount)
    world.visitor()  # who has no account is in none
    assert reports.program_totals(world.shop).tiers == ((None, 1), (silver.id, 1), (gold.id, 2))
    ann, old = (customers.by_verified_email(world.shop.id, f"{name}@example.com") for name in ("ann", "old"))
    merging.merge(world.shop, old.id, ann.id)
    assert reports.program_totals(world.shop).tiers == ((None, 1), (silver.id, 1), (gold.id, 1))
    tiers.TierProgram.change(world.shop, {tiers.TierProgram.active: 0})
    assert reports.program_totals(world.shop).tiers == ((None, 3),)
