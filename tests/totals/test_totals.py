"""Totals are the sums of their rows at any moment, whatever happens in a shop, and so are the figures of reports."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loyalty.imports import importing
from tests.make import World, day, proof, refund
from widget_server import clock, db, jobs, totals
from widget_server.errors import Refusal
from widget_server.ledger import Account
from widget_server.loyalty import reports
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import customer_edits, customers, merging, privacy
from widget_server.loyalty.points import adjustments, batches, expiry, tier_rechecks
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import decisions
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.totals import DayTotal, QuarterTotal

ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/New_York")


def lived(world: World, steps: list[tuple[int, int]]) -> None:
    """A life of the shop: each step is what happens, a quarter of a day later, to somebody."""
    world.order_rule()
    world.refer()
    world.tier("Silver", 100)
    reward, people = world.reward(cost=30), [world.member("p0@example.com")]
    shop, now = world.shop, day("03-25")
    for number, (act, seed) in enumerate(steps):
        chance, now = random.Random(seed), now + timedelta(hours=7, minutes=20)
        one, other = chance.choice(people), chance.choice(people)
        owned = list(Coupon.of(shop).order_by(Coupon.code))
        friends = list(Referral.of(shop).order_by(Referral.created_at, Referral.id))
        with clock.at(now), suppress(Refusal):
            ACTS[act % len(ACTS)](world, people, one, other, owned, friends, reward, chance, number)


def _joins(world: World, people: list[Any], one: Any, other: Any, *rest: Any) -> None:
    code = one.customer.referral_code if len(people) % 2 else None
    people.append(world.member(f"p{len(people)}@example.com", code=code))


def _buys(
    world: World, people: Any, one: Any, other: Any, owned: Any, f: Any, r: Any, chance: Any, number: int
) -> None:
    codes = tuple({one.code for one in chance.sample(owned, min(2, len(owned))) if one.code})
    status = chance.choice(("paid", "paid", "placed", "cancelled"))
    id = f"o{chance.randrange(number + 1)}"
    one.orders(f"{chance.randrange(1, 90)}.00", id=id, status=status, coupon_codes=codes)


def _refunds(world: World, p: Any, one: Any, o: Any, w: Any, f: Any, r: Any, chance: Any, number: int) -> None:
    back = refund(f"{chance.randrange(1, 90)}.00", id=str(number))
    orders.receive_refund(world.shop, "generic", f"o{chance.randrange(number + 1)}", back)


def _coupon(world: World, p: Any, one: Any, o: Any, owned: Any, f: Any, reward: Any, chance: Any, number: int) -> None:
    if owned and chance.random() < 0.4:
        mine = chance.choice(owned)
        owner = customers.by_id(world.shop.id, mine.customer_id)
        coupons.return_for_points(world.shop, owner, mine.id, key=f"return-{number}", source="widget")
    else:
        one.redeems(reward)


def _points(world: World, p: Any, one: Any, o: Any, w: Any, f: Any, r: Any, chance: Any, number: int) -> None:
    by = chance.choice((-20, 30, 120))
    adjustments.adjust(world.shop, one.account.id, source="staff", key=f"adjust-{number}", by=by)


def _many(world: World, p: Any, one: Any, o: Any, w: Any, f: Any, r: Any, chance: Any, number: int) -> None:
    everybody = Account.of(world.shop, Account.id)
    batch = batches.bulk_adjust(world.shop, everybody, source="staff", key=f"bulk-{number}", by=9)
    jobs.run_all()
    if number % 2:
        batches.undo(world.shop, batch.id)
        jobs.run_all()


def _imports(world: World, p: Any, one: Any, o: Any, w: Any, f: Any, r: Any, chance: Any, number: int) -> None:
    importing.imported(world, f"email,points\np{number}@example.com,40\n")


def _leaves(world: World, p: Any, one: Any, *rest: Any) -> None:
    customers.set_status(one.customer, "visitor" if one.customer.is_member else "member")


def _merges(world: World, people: list[Any], one: Any, other: Any, *rest: Any) -> None:
    if one is not other:
        merging.merge(world.shop, one.id, other.id)
        people.remove(one)


def _erases(world: World, people: list[Any], one: Any, *rest: Any) -> None:
    if len(people) > 2:
        privacy.erase(world.shop, one.customer)
        people.remove(one)


def _excludes(world: World, p: Any, one: Any, *rest: Any) -> None:
    customer_edits.edit(world.shop.id, one.id, excluded=not one.customer.excluded)


def _decides(
    world: World, p: Any, one: Any, other: Any, w: Any, friends: list[Any], r: Any, chance: Any, n: int
) -> None:
    if friends:
        decide = chance.choice((decisions.approve, decisions.block, decisions.cancel))
        decide(world.shop, chance.choice(friends).id, source="staff")


def _ages(world: World, *rest: Any) -> None:
    expiry.expire_due(world.shop)
    tier_rechecks.recheck_all(world.shop)


def _moves(world: World, p: Any, one: Any, o: Any, w: Any, f: Any, r: Any, chance: Any, n: int) -> None:
    with db.atomic():
        Shop.update(timezone=chance.choice(ZONES)).where(Shop.id == world.shop.id).execute()
    world.shop.timezone = Shop.get_by_id(world.shop.id).timezone


ACTS: list[Callable[..., None]] = [
    *(_joins, _joins, _buys, _buys, _buys, _refunds, _coupon, _coupon, _points, _many, _imports, _leaves, _merges),
    *(_erases, _excludes, _decides, _ages, _moves),
]


def check(world: World, first: date, last: date) -> None:
    """Each total is what its rows say, and each figure what the rows behind it say."""
    shop = world.shop
    plain = totals.plain_sums(shop.id)
    kept = {(row.name, row.at): row.amount for row in QuarterTotal.of(shop) if row.amount}
    assert kept == plain
    by_day: dict[tuple[str, str], int] = {}
    for (name, at), amount in plain.items():
        local = at if len(at) <= 10 else clock.local_date(clock.parse(f"{at}Z"), shop.timezone).isoformat()
        for one in {"", local}:
            by_day[name, one] = by_day.get((name, one), 0) + amount
    assert {(row.name, row.day): row.amount for row in DayTotal.of(shop) if row.amount} == {
        key: amount for key, amount in by_day.items() if amount
    }
    assert totals.TotalChange.select().count() == 0
    for span in ((None, None), (first, last), (None, first), (last, None)):
        figures, funnel = vars(reports.totals(shop, *span)), reports.funnel(shop, *span)
        for name in ("members", "joined", "coupon_orders"):
            assert figures[name] == reports.rows_of(shop, name, *span).count(), (name, span)
        for name, rows in (("referral_revenue", "referral_revenue"), ("coupon_revenue", "coupon_orders")):
            assert int(figures[name] * 100) == sum(row.paid for row in reports.rows_of(shop, rows, *span)), name
        for status in ("joined", "pending", "completed", "blocked", "cancelled"):
            assert getattr(funnel, status) == reports.rows_of(shop, f"friends_{status}", *span).count()
    assert reports.totals(shop).pending == sum(row.points for row in reports.rows_of(shop, "pending"))
    for share in reports.tier_mix(shop):
        assert share.accounts == reports.rows_of(shop, f"tier:{share.tier_id or 'none'}").count()
    assert list(reports.audit_days(shop.id)) == []


def test_totals_are_the_sums_of_their_rows_whatever_happens(world: World) -> None:
    @proof(8, 500)
    @given(
        steps=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=8, max_size=20),
        first=st.integers(0, 6),
        days=st.integers(0, 4),
    )
    def run(steps: list[tuple[int, int]], first: int, days: int) -> None:
        with clock.at(day("03-25")):
            own = World.create(timezone="Europe/Berlin")
            lived(own, steps)
        begin = date(2026, 3, 25) + timedelta(days=first)
        with clock.at(day("04-15")):
            check(own, begin, begin + timedelta(days=days))
            totals.fill()
            check(own, begin, begin + timedelta(days=days))

    run()


def test_what_is_taken_back_is_in_no_total(world: World) -> None:
    ann = world.member()
    before = totals.in_all(world.shop.id, ["earned"])["earned"]
    with pytest.raises(RuntimeError), db.atomic():
        ann.is_given(50)
        raise RuntimeError
    with db.atomic():
        ann.is_given(1)
        with suppress(RuntimeError), db.atomic():
            ann.is_given(20)
            raise RuntimeError
    assert totals.in_all(world.shop.id, ["earned"]) == {"earned": before + 1}


def test_other_programs_are_counted_with_the_next_change(world: World) -> None:
    """A change by plain SQL is noted by the database itself."""
    ann = world.member()
    before = reports.totals(world.shop).members
    db.database.execute_sql(f'UPDATE "customer" SET "status" = \'visitor\' WHERE "id" = \'{ann.id}\'')
    ann.is_given(1)
    assert reports.totals(world.shop).members == before - 1


def test_days_follow_the_zone_of_the_shop(world: World) -> None:
    with clock.at(day("03-10", hour=23)):
        world.member().is_given(7)
        assert reports.accounting(world.shop, date(2026, 3, 10), date(2026, 3, 11))[-1].earned in (7, 0)
    for zone, there in (("America/New_York", date(2026, 3, 10)), ("Asia/Tokyo", date(2026, 3, 11))):
        with db.atomic():
            Shop.update(timezone=zone).where(Shop.id == world.shop.id).execute()
        world.shop.timezone = zone
        with clock.at(day("03-20")):
            rows = reports.accounting(world.shop, date(2026, 3, 9), date(2026, 3, 12))
            assert {row.day: row.earned for row in rows if row.earned} == {there: 7}
            assert sum(row.amount for row in reports.rows_of(world.shop, "earned", there, there)) == 7
