"""Points as people speak of them: gifts, adjustments, awards that wait, expiry."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, at_once, line, tries
from widget_server import clock, db, ledger
from widget_server.errors import (
    BadRequest,
    CustomerExcluded,
    KeyReused,
    NotEnoughPoints,
    ProgramNotActive,
    StaleRevision,
)
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import customers, points, programs, reads, rewards
from widget_server.loyalty.points import Adjustment, Award


def adjust(ann: Shopper, key: str | None = None, **facts: Any) -> Transaction | None:
    """Staff change her balance."""
    key = key or f"a{next(ann.world.numbers)}"
    return points.adjust(ann.world.shop, ann.account.id, source="staff", key=key, **facts)


# Gifts and adjustments (acceptance 49, 55)


def test_a_gift_is_earned_and_opens_the_account(world: World) -> None:  # contracts §1, §2
    guest = world.visitor()
    assert ledger.account_of(world.shop.id, guest.id) is None
    guest.is_given(50)
    assert (guest.balance, guest.account.earned, guest.account.adjusted) == (50, 50, 0)


def test_staff_change_a_balance_by_an_amount_or_to_a_balance(world: World) -> None:  # acceptance 55
    ann = world.member()
    adjust(ann, by=300)
    adjust(ann, by=-50)
    row = adjust(ann, to_balance=100, by=999)
    assert row is not None
    assert (row.kind, row.amount, ann.balance, ann.account.adjusted) == ("adjust", -150, 100, 100)
    assert adjust(ann, to_balance=100) is None
    assert adjust(ann, by=0) is None
    with pytest.raises(NotEnoughPoints):
        adjust(ann, by=-101)
    assert adjust(ann, to_balance=0) is not None
    assert ann.balance == 0


def test_an_adjustment_with_the_same_key_is_done_once(world: World) -> None:  # acceptance 62
    ann = world.member()
    first = adjust(ann, key="set", to_balance=100, comment="welcome")
    assert first is not None
    ann.is_given(7)
    again = adjust(ann, key="set", to_balance=100, comment="welcome")
    assert again is not None
    assert again.id == first.id
    assert ann.balance == 107
    with pytest.raises(KeyReused):
        adjust(ann, key="set", by=5)
    with pytest.raises(KeyReused):
        adjust(ann, key="set", to_balance=101)
    assert Adjustment.of(world.shop).where(Adjustment.transaction_id == first.id).count() == 1


def test_adjustments_in_parallel_set_one_balance(world: World) -> None:
    ann = world.member()
    at_once(*[lambda to=to: adjust(ann, to_balance=to) for to in (10, 20, 30, 40)])
    assert ann.balance in (10, 20, 30, 40)


def test_an_app_gives_points_with_what_it_knows(world: World) -> None:  # wix-api §1b earnPoints
    ann = world.member()
    give = {"source": "admin", "key": "k1", "app_id": "crm", "activity_type": "call", "order_ref": "A-7"}
    row = points.earn_points(world.shop, ann.account.id, 70, comment="Thank you for calling", channel="X", **give)
    assert (row.kind, row.amount, row.cause, row.key, ann.account.earned) == ("earn", 70, "gift", "k1", 70)
    note = Adjustment.need(world.shop, Adjustment.transaction_id == row.id)
    assert (note.app_id, note.activity_type, note.order_ref, note.channel) == ("crm", "call", "A-7", "X")
    assert (note.comment, note.reason) == ("Thank you for calling", None)
    assert "call" not in db.canonical(row.snapshot)
    (shown,) = reads.history(world.shop, ann.account)["rows"]
    assert (shown["reason"]["code"], shown["reason"]["comment"]) == ("gift", "Thank you for calling")


def test_points_are_given_once_a_key(world: World) -> None:  # acceptance 62
    ann, bob = world.member(), world.member("bob@example.com")

    def give(who: Shopper, amount: int) -> Transaction:
        return points.earn_points(world.shop, who.account.id, amount, source="admin", key="k1", comment="hi")

    first = give(ann, 70)
    programs.pause(world.shop.id)
    assert give(ann, 70).id == first.id
    for who, amount in ((ann, 71), (bob, 70)):
        programs.activate(world.shop.id)
        with pytest.raises(KeyReused):
            give(who, amount)
    assert ann.balance == 70
    assert Adjustment.of(world.shop).count() == 1


def test_points_are_given_only_where_they_may_be_earned(world: World) -> None:
    ann = world.member()

    def give(amount: int = 5) -> Transaction:
        return points.earn_points(world.shop, ann.account.id, amount, source="staff", key=f"g{next(world.numbers)}")

    for amount in (0, -5):
        with pytest.raises(BadRequest) as refusal:
            give(amount)
        assert refusal.value.field == "amount"
    programs.pause(world.shop.id)
    with pytest.raises(ProgramNotActive):
        give()
    assert adjust(ann, by=3) is not None
    programs.activate(world.shop.id)
    customers.update(ann.customer, excluded=True)
    with pytest.raises(CustomerExcluded):
        give()
    assert adjust(ann, by=3) is not None
    assert ann.balance == 6


def test_a_gift_repays_debt_first(world: World) -> None:  # contracts §2
    ann = world.member()
    facts = {"source": "job", "key": "t", "cause": ledger.Cause("story"), "takes_back": None}
    ledger.take_back(world.shop.id, ann.account.id, 30, **facts)
    ann.is_given(50)
    assert (ann.balance, ann.debt) == (20, 0)


def test_an_adjustment_of_an_account_that_moved_meanwhile_is_refused(world: World) -> None:  # wix-api §3
    ann = world.member()
    seen = ann.account.revision
    ann.is_given(10)
    with pytest.raises(StaleRevision):
        adjust(ann, by=5, revision=seen)
    assert adjust(ann, key="a", by=5, revision=ann.account.revision) is not None
    assert adjust(ann, key="a", by=5, revision=seen + 1) is not None
    assert ann.balance == 15


def test_a_balance_is_never_set_below_zero(world: World) -> None:
    with pytest.raises(NotEnoughPoints):
        adjust(world.member(), to_balance=-1)


def test_words_that_were_changed_are_found_and_erased_ones_are_not(world: World) -> None:
    ann = world.member()
    row = adjust(ann, by=20, reason="why", comment="Sorry")
    assert row is not None
    Adjustment.change(world.shop, {Adjustment.comment: "Sorry!"})
    (wrong,) = points.audit_notes()
    assert row.id in wrong
    Adjustment.change(world.shop, {Adjustment.reason: None, Adjustment.comment: None})
    assert list(points.audit_notes()) == []


def test_texts_have_an_end(world: World) -> None:
    for name in ("reason", "comment"):
        with pytest.raises(BadRequest) as refusal:
            adjust(world.member(), by=1, **{name: "x" * 501})
        assert refusal.value.field == name


def test_its_texts_can_be_erased_and_stand_not_in_the_ledger(world: World) -> None:  # acceptance 49, 58
    ann = world.member()
    row = adjust(ann, by=20, reason="Ann called, was cross", comment="Sorry for the delay", staff="s1")
    assert row is not None
    note = Adjustment.need(world.shop, Adjustment.transaction_id == row.id)
    assert (note.reason, note.comment, note.staff) == ("Ann called, was cross", "Sorry for the delay", "s1")
    stored = db.canonical(Transaction.of(world.shop).dicts().get())
    assert "cross" not in stored
    assert "Sorry" not in stored
    Adjustment.change(world.shop, {Adjustment.reason: None, Adjustment.comment: None})
    assert list(ledger.audit()) == []


# Awards (contracts §2)


def test_pending_is_what_its_waiting_awards_add_up_to(world: World) -> None:
    world.settings(wait_days=7)
    world.order_rule(10)
    ann = world.member()
    with clock.at(NOON):
        ann.orders("20.00")
    with clock.at(NOON + timedelta(days=3)):
        ann.orders("5.00")
    assert (ann.balance, ann.pending) == (0, 250)
    with clock.at(NOON + timedelta(days=7)):
        assert points.mature_due() == 1
    assert (ann.balance, ann.pending) == (200, 50)
    assert list(points.audit_pending()) == []
    Account.change(world.shop, {Account.pending: 51})
    (wrong,) = points.audit_pending()
    assert ann.account.id in wrong
    Account.change(world.shop, {Account.pending: 50})


def test_as_many_awards_mature_as_one_asks_for(world: World) -> None:
    world.settings(wait_days=1)
    world.order_rule(10)
    ann = world.member()
    with clock.at(NOON):
        for _ in range(5):
            ann.orders("1.00")
    with clock.at(NOON + timedelta(days=2)):
        assert [points.mature_due(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert ann.balance == 50


def test_awards_go_with_a_merged_account(world: World) -> None:  # acceptance 15
    world.settings(wait_days=7)
    world.order_rule(10)
    world.guest_orders("ann@example.com", "20.00", id="o1")
    ann = world.vouched("c-1", "ann@example.com", verified=True)
    assert (ann.balance, ann.pending) == (0, 200)
    ann.orders("20.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert ann.pending == 0


def test_of_two_awards_for_one_order_the_empty_one_goes(world: World) -> None:
    one, other = world.member(), world.member("bob@example.com")
    for mine, theirs in ((5, 0), (0, 5), (0, 0)):
        Award.delete().execute()
        for shopper, worth in ((one, mine), (other, theirs)):
            award = points.new_award(
                world.shop.id, shopper.account.id, cause="order", rule_id="r", order_id="o", at=clock.now()
            )
            Award.change(world.shop, {Award.points: worth, Award.status: "matured"}, Award.id == award.id)
        points.move_awards(world.shop.id, one.account.id, other.account.id)
        (left,) = Award.of(world.shop)
        assert (left.account_id, left.points) == (other.account.id, mine + theirs)


# Expiry by inactivity (acceptance 50)


def day(text: str, hour: int = 12) -> datetime:
    """That day, by UTC."""
    return clock.parse(f"{text}T{hour:02}:00:00Z")


def expires_on(world: World, *moments: datetime) -> list[int]:
    """How many accounts lose points on each of these days."""
    lost = []
    for moment in moments:
        with clock.at(moment):
            lost.append(points.expire_due(world.shop))
    return lost


def member_at(world: World, moment: datetime, gift: int = 0) -> Shopper:
    """Somebody who joined then, with a gift."""
    with clock.at(moment):
        ann = world.member(f"m{next(world.numbers)}@example.com")
        if gift:
            ann.is_given(gift)
    return ann


def test_nothing_expires_by_default(world: World) -> None:
    ann = member_at(world, day("2020-01-01"), 100)
    assert points.expire_due(world.shop) == 0
    assert points.next_expiry(world.shop, world.program, ann.account) is None


def test_points_expire_after_inactivity_at_the_end_of_the_local_day(world: World) -> None:  # acceptance 50
    world.settings(expiry="inactivity", expiry_months=6)
    ann = member_at(world, day("2026-01-15", 22), 100)
    gone = datetime.fromisoformat("2026-07-16T00:00+02:00")
    with clock.at(gone - timedelta(seconds=1)):
        assert points.next_expiry(world.shop, world.program, ann.account) == points.NextExpiry(100, gone)
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
        assert points.next_expiry(world.shop, world.program, ann.account) is None
    assert expires_on(world, day("2026-02-11"), day("2026-04-01")) == [0, 0]
    with clock.at(day("2026-04-10")):
        programs.activate(world.shop.id)
    over = datetime.fromisoformat("2026-04-25T00:00+02:00")
    expected = points.NextExpiry(100, over)
    assert points.next_expiry(world.shop, world.program, ann.account) == expected
    assert over - day("2026-04-10") >= timedelta(days=14)
    assert expires_on(world, day("2026-04-24", 21), over) == [0, 1]


def test_the_day_shown_is_the_day_it_happens(world: World) -> None:  # acceptance 47, 50
    """Whatever the lengths of the months between."""

    @tries(60)
    @given(st.dates(date(2026, 1, 1), date(2028, 3, 1)), st.integers(1, 26))
    def holds(earned_on: date, months: int) -> None:
        earned = clock.start_of(earned_on, "Europe/Berlin") + timedelta(hours=13)
        gone = points._expires_at(world.shop, earned, months)
        assert points._cutoff(world.shop, gone - timedelta(microseconds=1), months) <= earned
        assert points._cutoff(world.shop, gone, months) > earned

    holds()


# Expiry by age, oldest points first (acceptance 50)


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
            points.expire_due(world.shop)
            upcoming = points.next_expiry(world.shop, world.program, ann.account)
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
        assert points.expire_due(world.shop) == 0
        rewards.return_for_points(world.shop, ann.customer, coupon.id, key="back", source="widget")
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
        rewards.return_for_points(world.shop, ann.customer, coupon.id, key="back", source="widget")
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
            points.expire_due(world.shop)
            while (upcoming := points.next_expiry(world.shop, world.program, ann.account)) is not None:
                before = ann.balance
                with clock.at(upcoming.at - timedelta(microseconds=1)):
                    points.expire_due(world.shop)
                    assert ann.balance == before
                with clock.at(upcoming.at):
                    points.expire_due(world.shop)
                    assert ann.balance == before - upcoming.points
        assert ann.balance == 0

    holds()


def test_expiry_in_parallel_takes_once(world: World) -> None:
    world.settings(expiry="age", expiry_months=1)
    ann = member_at(world, day("2026-01-10"), 100)
    with clock.at(day("2026-03-01")):
        taken = at_once(*[lambda: points.expire_due(world.shop)] * 4)
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
