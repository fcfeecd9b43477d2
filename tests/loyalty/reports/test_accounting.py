"""The daily accounting of points adds up: by the ledger itself, over any lives, nights of changed clocks and merges."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import fn

from tests.make import Shopper, World, day, refund, refused, tries
from widget_server import clock, ledger
from widget_server.errors import BadRequest, Refusal
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import reports
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import merging
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.reports import AccountingDay
from widget_server.loyalty.rewards import coupons

SIGNED = ("earned", "reversed", "redeemed", "returned", "expired", "adjusted")


def parts(row: AccountingDay) -> dict[str, int]:
    return {name: getattr(row, name) for name in SIGNED if getattr(row, name)}


def test_a_week_of_one_shop(world: World) -> None:
    world.order_rule(10)
    with clock.at(day("03-01")):
        ann = world.member()
        ann.orders("30.00", id="o1")
    with clock.at(day("03-02")):
        coupon = ann.redeems(world.reward(cost=120))
        orders.receive_refund(world.shop, "generic", "o1", refund("10.00"))
    with clock.at(day("03-04")):
        coupons.return_for_points(world.shop, ann.customer, coupon.id, key="r", source="widget")
        adjustments.adjust(world.shop, ann.account.id, source="staff", key="a", by=-5)
        ledger.post(world.shop.id, ann.account.id, "expire", -7, source="job", key="e", cause=ledger.Cause("expired"))
    with clock.at(day("03-05")):
        rows = reports.accounting(world.shop, date(2026, 3, 1))
    assert [(row.day.day, row.opening, parts(row), row.closing) for row in rows] == [
        (1, 0, {"earned": 300}, 300),
        (2, 300, {"reversed": -100, "redeemed": -120}, 80),
        (3, 80, {}, 80),
        (4, 80, {"returned": 120, "expired": -7, "adjusted": -5}, 188),
        (5, 188, {}, 188),
    ]


def test_what_was_spent_is_repaid_by_what_is_earned_later(world: World) -> None:
    with clock.at(day("03-01")):
        ann = world.member()
        ann.is_given(100)
        first = ledger.history(world.shop.id, ann.account.id)[0]
        ann.redeems(world.reward(cost=80))
    with clock.at(day("03-02")):
        facts = {"source": "staff", "key": "c", "cause": ledger.Cause("t"), "reverses_id": first.id}
        ledger.claw_back(world.shop.id, ann.account.id, 100, **facts)
    with clock.at(day("03-03")):
        ann.is_given(200)
        rows = reports.accounting(world.shop, date(2026, 3, 2))
    assert [(parts(row), row.closing) for row in rows] == [
        ({"reversed": -20}, 0),
        ({"earned": 200, "reversed": -80}, 120),
    ]


def test_which_days_are_listed(world: World) -> None:
    with clock.at(day("03-01")):
        shop = World.create().shop
    with clock.at(day("03-10")):
        days = [(row.day.month, row.day.day) for row in reports.accounting(shop)]
        assert days == [(3, number) for number in range(1, 11)]
        assert len(reports.accounting(shop, date(2026, 2, 1))) == 38  # a chart of a short span has its whole width
        assert len(reports.accounting(shop, date(1, 1, 1), date(9999, 12, 31))) == 10
        assert reports.accounting(shop, date(2026, 3, 11), date(2026, 3, 12)) == []
        assert reports.accounting(shop, None, date(2026, 2, 1)) == []
        with pytest.raises(BadRequest) as refusal:
            reports.accounting(shop, date(2026, 3, 2), date(2026, 3, 1))
        assert refusal.value.field == "last"


def test_each_part_opens_its_rows(world: World) -> None:
    test_a_week_of_one_shop(world)
    with clock.at(day("03-05")):
        for row in reports.accounting(world.shop, date(2026, 3, 1)):
            behind = {
                part: sum(one.amount for one in reports.rows_of(world.shop, f"booked_{part}", row.day, row.day))
                for part in SIGNED
            }
            assert behind == {part: getattr(row, part) for part in SIGNED}
    assert refused(lambda: reports.rows_of(world.shop, "booked_sold"), BadRequest).field == "figure"


# Any lives


@dataclass
class Life:
    """People of one shop over half a year in which the clocks change twice; `now` only moves forward."""

    world: World
    now: datetime
    people: list[Shopper] = field(default_factory=list)
    coupons: list[tuple[Shopper, str]] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    def act(self, name: str, who: int, points: int) -> None:
        with suppress(Refusal):
            self.ACTS[name](self, who, points)

    def joins(self, who: int, points: int) -> None:
        self.people.append(self.world.member(f"p{len(self.people)}@example.com"))

    def buys(self, who: int, points: int) -> None:
        self.orders.append(f"o{len(self.orders)}")
        self._one(who).orders(f"{points}.00", id=self.orders[-1])

    def refunds(self, who: int, points: int) -> None:
        if self.orders:
            number = f"{len(self.orders)}-{self.now.isoformat()}"
            order = self.orders[who % len(self.orders)]
            orders.receive_refund(self.world.shop, "generic", order, refund(f"{points}.00", id=number))

    def redeems(self, who: int, points: int) -> None:
        one = self._one(who)
        self.coupons.append((one, one.redeems(self.world.reward(cost=points)).id))

    def returns(self, who: int, points: int) -> None:
        if self.coupons:
            one, coupon_id = self.coupons.pop(who % len(self.coupons))
            key = f"return-{coupon_id}"
            coupons.return_for_points(self.world.shop, one.customer, coupon_id, key=key, source="widget")

    def expires(self, who: int, points: int) -> None:
        account = ledger.open_account(self.world.shop.id, self._one(who).id)
        facts = {"source": "job", "key": self.now.isoformat(), "cause": ledger.Cause("expired")}
        ledger.post(self.world.shop.id, account.id, "expire", -min(points, account.balance) or -1, **facts)

    def is_adjusted(self, who: int, points: int) -> None:
        account = ledger.open_account(self.world.shop.id, self._one(who).id)
        by = points if who % 2 else -points
        adjustments.adjust(self.world.shop, account.id, source="staff", key=self.now.isoformat(), by=by)

    def is_reversed(self, who: int, points: int) -> None:
        adjusted = Transaction.of(self.world.shop).where(Transaction.kind == "adjust")
        rows = list(adjusted.order_by(Transaction.created_at, Transaction.id))
        if rows:
            row, key = rows[who % len(rows)], f"undo-{self.now.isoformat()}"
            ledger.reverse(self.world.shop.id, row, source="staff", key=key, cause=ledger.Cause("undone"))

    def merges(self, who: int, points: int) -> None:
        if len(self.people) > 1:
            merged = self.people.pop(who % len(self.people))
            merging.merge(self.world.shop, merged.id, self._one(points).id)

    def _one(self, who: int) -> Shopper:
        return self.people[who % len(self.people)]

    ACTS: dict[str, Callable[["Life", int, int], None]] = field(
        init=False,
        default_factory=lambda: {
            name: getattr(Life, name)
            for name in (
                *("joins", "buys", "refunds", "redeems", "returns", "expires"),
                *("is_adjusted", "is_reversed", "merges"),
            )
        },
    )


NAMES = ("joins", "buys", "buys", "refunds", "redeems", "returns", "expires", "is_adjusted", "is_reversed", "merges")
STEPS = st.lists(
    st.tuples(
        st.integers(0, 90),  # hours later
        st.sampled_from(NAMES),
        st.integers(0, 9),
        st.integers(1, 60),
    ),
    min_size=5,
    max_size=25,
)


def by_the_ledger(world: World) -> dict[date, dict[str, int]]:
    """Each booking of the ledger under its local day; a merge's pairs move nothing."""
    found: dict[date, dict[str, int]] = {}
    for row in Transaction.of(world.shop):
        name = {"redeem": "redeemed", "refund": "returned", "expire": "expired", "adjust": "adjusted"}.get(row.kind)
        name = name or ("earned" if row.amount > 0 else "reversed")
        if row.source != ledger.MERGE:
            sums = found.setdefault(clock.local_date(row.created_at, world.shop.timezone), dict.fromkeys(SIGNED, 0))
            sums[name] += row.amount
    return found


@pytest.mark.parametrize("begin", ["2026-03-25", "2026-10-21"])  # a night of 23 hours, and one of 25, are near
def test_it_adds_up_whatever_happened(world: World, begin: str) -> None:
    @tries(20)
    @given(steps=STEPS)
    def run(steps: list[tuple[int, str, int, int]]) -> None:
        with ExitStack() as stack:
            life = Life(World.create(timezone="Europe/Berlin"), day(begin))
            stack.enter_context(clock.at(life.now))
            life.world.order_rule(10)
            life.joins(0, 0)
            for hours, name, who, points in steps:
                life.now += timedelta(hours=hours, minutes=7)
                stack.enter_context(clock.at(life.now))
                life.act(name, who, points)
            shop, expected = life.world.shop, by_the_ledger(life.world)
            rows = reports.accounting(shop, date.fromisoformat(begin))
            assert [row.day for row in rows][-1] == clock.local_date(life.now, shop.timezone)
            assert {row.day: {name: getattr(row, name) for name in SIGNED} for row in rows if parts(row)} == {
                one: sums for one, sums in expected.items() if any(sums.values())
            }
            assert [row.opening for row in rows] == [0, *(row.closing for row in rows[:-1])]
            assert rows[-1].closing == Account.of(shop, fn.COALESCE(fn.SUM(Account.balance), 0)).scalar()
            middle = rows[len(rows) // 2].day
            assert reports.accounting(shop, middle) == rows[len(rows) // 2 :]

    run()
