"""Points that run out: when, which, and never more than there are (acceptance 50)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, at_once, day, line, refund, tries
from widget_server import clock, ledger
from widget_server.ledger import Cause
from widget_server.loyalty.points import expiry
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import coupons


def expires_on(world: World, *moments: datetime) -> list[int]:
    """How many accounts lose points on each of these days."""
    lost = []
    for moment in moments:
        with clock.at(moment):
            lost.append(expiry.expire_due(world.shop))
    return lost


def member_at(world: World, moment: datetime, gift: int = 0) -> Shopper:
    """Somebody who joined then, with a gift."""
    with clock.at(moment):
        ann = world.member(f"m{next(world.numbers)}@example.com")
        if gift:
            ann.is_given(gift)
    return ann


# By inactivity


def test_nothing_expires_by_default(world: World) -> None:
    ann = member_at(world, day("2020-01-01"), 100)
    assert expiry.expire_due(world.shop) == 0
    assert expiry.next_expiry(world.shop, world.program, ann.account) is None


def test_points_expire_after_inactivity_at_the_end_of_the_local_day(world: World) -> None:  # acceptance 50
    world.settings(expiry="inactivity", expiry_months=6)
    ann = member_at(world, day("2026-01-15", 22), 100)
    gone = datetime.fromisoformat("2026-07-16T00:00+02:00")
    with clock.at(gone - timedelta(seconds=1)):
        assert expiry.next_expiry(world.shop, world.program, ann.account) == expiry.NextExpiry(100, gone)
        ann.redeems(world.reward(cost=1))
    ann = member_at(world, day("2026-01-15", 22), 100)
    assert expires_on(world, gone - timedelta(seconds=1), gone, gone) == [0, 1, 0]
    assert (ann.balance, ann.account.expired) == (0, 100)
    assert ann.history()[0] == ("expired", -100)
    snapshot = ledger.history(world.shop.id, ann.account.id)[0].snapshot
    assert snapshot == {"by": "inactivity", "months": 6}


def test_a_share_expires_each_time(world: World) -> None:  # acceptance 50
    world.settings(expiry="inactivity", expiry_months=1, expiry_percent=30)
    ann = member_at(world, day("2026-01-10"), 101)
    assert expires_on(world, day("2026-02-11"), day("2026-02-12"), day("2026-03-12"), day("2026-03-12")) == [1, 0, 1, 0]
    assert [amount for _, amount in ann.history()] == [-21, -31, 101]


@pytest.mark.parametrize("activity", ["order", "sign-in", "redeem"])
def test_an_order_a_sign_in_or_a_transaction_is_activity(world: World, activity: str) -> None:  # contracts §2
    world.settings(expiry="inactivity", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-02-09")):
        if activity == "order":
            world.order_rule(10)
            ann.orders("5.00")
        elif activity == "sign-in":
            world.member(ann.customer.email)
        else:
            ann.redeems(world.reward(cost=10))
    assert expires_on(world, day("2026-02-11"), day("2026-03-09"), day("2026-03-10")) == [0, 0, 1]


def test_nothing_expires_while_paused_nor_within_14_days_after(world: World) -> None:  # acceptance 50, contracts §2
    world.settings(expiry="inactivity", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-02-01")):
        programs.pause(world.shop.id)
        assert expiry.next_expiry(world.shop, world.program, ann.account) is None
    assert expires_on(world, day("2026-02-11"), day("2026-04-01")) == [0, 0]
    with clock.at(day("2026-04-10")):
        programs.activate(world.shop.id)
    over = datetime.fromisoformat("2026-04-25T00:00+02:00")
    expected = expiry.NextExpiry(100, over)
    assert expiry.next_expiry(world.shop, world.program, ann.account) == expected
    assert over - day("2026-04-10") >= timedelta(days=14)
    assert expires_on(world, day("2026-04-24", 21), over) == [0, 1]


def test_the_day_shown_is_the_day_it_happens(world: World) -> None:  # acceptance 47, 50
    """Whatever the lengths of the months between."""

    @tries(60)
    @given(st.dates(date(2026, 1, 1), date(2028, 3, 1)), st.integers(1, 26))
    def holds(earned_on: date, months: int) -> None:
        earned = clock.start_of(earned_on, "Europe/Berlin") + timedelta(hours=13)
        gone = expiry.expires_at(world.shop, earned, months)
        assert expiry._cutoff(world.shop, gone - timedelta(microseconds=1), months) <= earned
        assert expiry._cutoff(world.shop, gone, months) > earned

    holds()


# By age, oldest points first


def test_the_oldest_points_expire_first_and_spending_takes_the_oldest(world: World) -> None:  # acceptance 50
    world.settings(expiry="age", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-01-20")):
        ann.is_given(50)
        ann.redeems(world.reward(cost=30))
        ann.is_given(7)
    nexts = []
    for moment in (day("2026-02-10"), day("2026-02-11"), day("2026-02-20"), day("2026-02-21")):
        with clock.at(moment):
            expiry.expire_due(world.shop)
            upcoming = expiry.next_expiry(world.shop, world.program, ann.account)
            nexts.append((ann.balance, upcoming and (upcoming.points, clock.local_date(upcoming.at, "Europe/Berlin"))))
    first, second = date(2026, 2, 11), date(2026, 2, 21)
    assert nexts == [(127, (70, first)), (57, (57, second)), (57, (57, second)), (0, None)]


def test_returned_points_keep_their_age(world: World) -> None:  # contracts §2
    world.settings(expiry="age", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-02-05")):
        coupon = ann.redeems(world.reward(cost=100))
        ann.is_given(10)
    with clock.at(day("2026-02-11", 9)):
        assert expiry.expire_due(world.shop) == 0
        coupons.return_for_points(world.shop, ann.customer, coupon.id, key="back", source="widget")
        assert ann.balance == 110
    assert expires_on(world, day("2026-02-11", 10), day("2026-02-11", 11)) == [1, 0]
    assert ann.balance == 10


def test_points_returned_on_the_day_of_an_expiry_expire_that_day_too(world: World) -> None:
    world.settings(expiry="age", expiry_months=1)
    ann, bob = member_at(world, day("2026-01-10"), 100), member_at(world, day("2026-01-11"), 40)
    with clock.at(day("2026-02-05")):
        coupon = ann.redeems(world.reward(cost=60))
    assert expires_on(world, day("2026-02-11", 0)) == [1]
    with clock.at(day("2026-02-11", 9)):
        coupons.return_for_points(world.shop, ann.customer, coupon.id, key="back", source="widget")
    assert expires_on(world, day("2026-02-11", 10), day("2026-02-12", 10)) == [1, 1]
    assert (ann.balance, bob.balance) == (0, 0)


def test_what_is_shown_next_is_what_goes_then(world: World) -> None:  # acceptance 47
    """Random months of gifts and spending: the figure of My balance against what the night takes."""
    world.settings(expiry="age", expiry_months=2)
    reward = world.reward("sliding", cost=1, point_value="0.01")
    steps = st.lists(st.tuples(st.integers(0, 20), st.integers(-60, 60).filter(bool)), min_size=1, max_size=8)

    @tries(10)
    @given(steps)
    def holds(life: list[tuple[int, int]]) -> None:
        moment = NOON
        ann = member_at(world, moment)
        for days, amount in life:
            moment += timedelta(days=days)
            with clock.at(moment):
                if amount > 0:
                    ann.is_given(amount)
                elif ann.balance >= -amount:
                    ann.redeems(reward, points=-amount)
        with clock.at(moment):
            expiry.expire_due(world.shop)
            while (upcoming := expiry.next_expiry(world.shop, world.program, ann.account)) is not None:
                before = ann.balance
                with clock.at(upcoming.at - timedelta(microseconds=1)):
                    expiry.expire_due(world.shop)
                    assert ann.balance == before
                with clock.at(upcoming.at):
                    expiry.expire_due(world.shop)
                    assert ann.balance == before - upcoming.points
        assert ann.balance == 0

    holds()


def test_expiry_in_parallel_takes_once(world: World) -> None:
    world.settings(expiry="age", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-03-01")):
        taken = at_once(*[lambda: expiry.expire_due(world.shop)] * 4)
    assert sorted(taken) == [0, 0, 0, 1]
    assert ann.balance == 0


def test_expiry_never_takes_another_shops_points(world: World) -> None:  # acceptance 9
    world.settings(expiry="age", expiry_months=1)
    other = World.create()
    ann = member_at(other, day("2026-01-10"), 100)
    assert expires_on(world, day("2026-06-01")) == [0]
    assert ann.balance == 100


def test_points_that_wait_do_not_expire(world: World) -> None:  # acceptance 31
    world.settings(expiry="age", expiry_months=1, earn_at="fulfilled")
    world.order_rule(10)
    ann = member_at(world, day("2026-01-10"))
    with clock.at(day("2026-01-10")):
        ann.orders(lines=(line("20.00"),))
    assert expires_on(world, day("2026-06-01")) == [0]
    assert ann.pending == 200


def test_points_of_a_refund_that_was_deleted_are_as_old_as_before(world: World) -> None:
    world.settings(expiry="age", expiry_months=12)
    world.order_rule(10)
    with clock.at(day("01-10")):
        ann = world.member()
        ann.orders("20.00", id="o1", revision=1)
    with clock.at(day("03-10")):
        ann.orders("20.00", id="o1", revision=2, placed_at=day("01-10"), refunds=(refund("5.00"),))
    with clock.at(day("06-10")):
        ann.orders("20.00", id="o1", revision=3, placed_at=day("01-10"), refunds_complete=True)
        coming = expiry.next_expiry(world.shop, world.program, ann.account)
    assert coming is not None
    assert (coming.points, clock.local_date(coming.at, "Europe/Berlin").isoformat()) == (200, "2027-01-11")


@pytest.mark.parametrize("mode", ["age", "inactivity"])
def test_a_large_shop_is_read_page_by_page_and_what_changed_meanwhile_is_looked_at_again(
    world: World, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven members, pages of two: one buys between the reading and the lock, another worker takes some before us."""
    monkeypatch.setattr(expiry, "PAGE", 2)
    world.settings(expiry=mode, expiry_months=1)
    people = [member_at(world, day("2026-01-10"), 100) for _ in range(7)]
    due, changed = expiry._due, [people[3].account.id]

    def interrupted(*arguments: Any) -> Any:
        found = due(*arguments)
        while changed and any(one.account_id == changed[0] for one in found):
            ledger.post(world.shop.id, changed.pop(), "adjust", 5, source="staff", key="k", cause=Cause("gift"))
        return found

    monkeypatch.setattr(expiry, "_due", interrupted)
    with clock.at(day("2026-03-01")):
        slices = expiry.expire_slices(world.shop)
        first = next(slices)
        assert first + expiry.expire_due(world.shop) == (7 if mode == "age" else 6)
        assert sum(slices) == 0
    kept = 5 if mode == "age" else 105  # whoever was active keeps all
    assert [one.balance for one in people] == [0, 0, 0, kept, 0, 0, 0]
