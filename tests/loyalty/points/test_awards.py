"""Points as people speak of them: gifts, adjustments, awards that wait."""

from datetime import timedelta
from typing import Any

import pytest

from tests.make import NOON, Shopper, World, at_once
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
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import adjustments, awards
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.widget import views


def adjust(ann: Shopper, key: str | None = None, **facts: Any) -> Transaction | None:
    """Staff change her balance."""
    key = key or f"a{next(ann.world.numbers)}"
    return adjustments.adjust(ann.world.shop, ann.account.id, source="staff", key=key, **facts)


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
    first = adjust(ann, key="set", to_balance=100, annotation=Annotation(comment="welcome"))
    assert first is not None
    ann.is_given(7)
    again = adjust(ann, key="set", to_balance=100, annotation=Annotation(comment="welcome"))
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
    said = Annotation(comment="Thank you for calling", app_id="crm", activity_type="call", order_ref="A-7", channel="X")
    row = adjustments.earn_points(world.shop, ann.account.id, 70, source="admin", key="k1", annotation=said)
    assert (row.kind, row.amount, row.cause, row.key, ann.account.earned) == ("earn", 70, "gift", "k1", 70)
    note = Adjustment.need(world.shop, Adjustment.transaction_id == row.id)
    assert (note.app_id, note.activity_type, note.order_ref, note.channel) == ("crm", "call", "A-7", "X")
    assert (note.comment, note.reason) == ("Thank you for calling", None)
    assert "call" not in db.canonical(row.snapshot)
    (shown,) = views.my_balance.history(world.shop, ann.customer, ann.account)["rows"]
    assert (shown["reason"]["code"], shown["reason"]["comment"]) == ("gift", "Thank you for calling")


def test_points_are_given_once_a_key(world: World) -> None:  # acceptance 62
    ann, bob = world.member(), world.member("bob@example.com")

    def give(who: Shopper, amount: int) -> Transaction:
        said = Annotation(comment="hi")
        return adjustments.earn_points(world.shop, who.account.id, amount, source="admin", key="k1", annotation=said)

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
        return adjustments.earn_points(
            world.shop, ann.account.id, amount, source="staff", key=f"g{next(world.numbers)}"
        )

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
    facts = {"source": "job", "key": "t", "cause": ledger.Cause("story"), "reverses_id": None}
    ledger.claw_back(world.shop.id, ann.account.id, 30, **facts)
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
    row = adjust(ann, by=20, annotation=Annotation(reason="why", comment="Sorry"))
    assert row is not None
    Adjustment.change(world.shop, {Adjustment.comment: "Sorry!"})
    (wrong,) = adjustments.audit_notes()
    assert row.id in wrong
    Adjustment.change(world.shop, {Adjustment.reason: None, Adjustment.comment: None})
    assert list(adjustments.audit_notes()) == []


def test_texts_have_an_end() -> None:
    for name in ("reason", "comment"):
        assert getattr(Annotation(**{name: "x" * 500}), name)
        with pytest.raises(BadRequest) as refusal:
            Annotation(**{name: "x" * 501})
        assert refusal.value.field == name


def test_its_texts_can_be_erased_and_stand_not_in_the_ledger(world: World) -> None:  # acceptance 49, 58
    ann = world.member()
    said = Annotation(reason="Ann called, was cross", comment="Sorry for the delay", staff="s1")
    row = adjust(ann, by=20, annotation=said)
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
        assert awards.mature_due() == 1
    assert (ann.balance, ann.pending) == (200, 50)
    assert list(awards.audit_pending()) == []
    Account.change(world.shop, {Account.pending: 51})
    (wrong,) = awards.audit_pending()
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
        assert [awards.mature_due(limit=2) for _ in range(4)] == [2, 2, 1, 0]
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
            award = awards.new_award(
                world.shop.id, shopper.account.id, cause="order", rule_id="r", order_id="o", at=clock.now()
            )
            Award.change(world.shop, {Award.points: worth, Award.status: "matured"}, Award.id == award.id)
        awards.move_awards(world.shop.id, one.account.id, other.account.id)
        (left,) = Award.of(world.shop)
        assert (left.account_id, left.points) == (other.account.id, mine + theirs)
