"""A referral is completed by the friend's orders, undone by a refund, and decided by staff (acceptance 42, 45, 46)."""

from decimal import Decimal
from functools import partial

from tests.loyalty.referrals.friends import (
    ANN,
    BOB,
    BOTH_POINTS,
    binds,
    code_of,
    friend_of,
    gifts,
    referral_of,
    standing,
)
from tests.make import Shopper, World, at_once, refund
from widget_server.loyalty.people import merging, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.program import programs
from widget_server.loyalty.referrals import progress, referrals
from widget_server.loyalty.referrals.referrals import Referral

# The three triggers


def test_by_default_the_first_paid_order_completes_it(world: World, ann: Shopper) -> None:  # acceptance 42
    bob = friend_of(ann)
    assert standing(bob) == ("joined", None)
    assert [(gift.kind, gift.amount, gift.status) for gift in gifts(bob)] == [("amount", Decimal("5.00"), "active")]
    bob.orders(id="o1", status="placed")
    assert (standing(bob), ann.balance) == (("pending", None), 0)
    for revision in range(1, 4):
        bob.orders(id="o1", status="paid", revision=revision)
    bob.orders(id="o1", status="fulfilled", revision=9)
    bob.orders(id="o2")
    assert (standing(bob), ann.balance) == (("completed", None), 200)
    assert ann.history() == [("referral_advocate", 200)]
    assert len(gifts(bob)) == 1
    assert referral_of(bob).completions == 1


def test_or_the_first_fulfilled_one(world: World, ann: Shopper) -> None:  # acceptance 42
    world.refer(trigger="first_fulfilled_order")
    bob = friend_of(ann)
    bob.orders(id="o1", status="paid")
    assert (standing(bob), ann.balance) == (("pending", None), 0)
    bob.orders(id="o1", status="fulfilled", revision=2)
    assert (standing(bob), ann.balance) == (("completed", None), 200)


def test_or_the_registration(world: World, ann: Shopper) -> None:  # acceptance 42
    world.refer(trigger="registration", **BOTH_POINTS)
    bob = friend_of(ann)
    assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)
    guest = world.visitor("cid@example.com")
    binds(guest, code_of(ann))
    assert (standing(guest), guest.balance) == (("joined", None), 0)
    cid = world.member("cid@example.com")
    assert (standing(cid), ann.balance, cid.balance) == (("completed", None), 400, 50)


def test_a_minimum_counts_the_goods_that_are_kept(world: World, ann: Shopper) -> None:  # acceptance 42
    world.refer(minimum_subtotal=Decimal(20))
    bob = friend_of(ann)
    bob.orders("15.00", shipping="9.00")
    bob.orders("25.00", discount="5.01")
    assert (standing(bob), ann.balance) == (("pending", None), 0)
    bob.orders("20.00", id="o3")
    assert (standing(bob), ann.balance) == (("completed", None), 200)
    bob.orders("20.00", id="o3", refunds=(refund("0.01"),), revision=2)
    assert (standing(bob), ann.balance) == (("cancelled", "order_refunded"), 0)


def test_an_order_worth_nothing_completes_nothing(world: World, ann: Shopper) -> None:
    bob = friend_of(ann)
    bob.orders("10.00", discount="10.00")
    assert (standing(bob), ann.balance) == (("pending", None), 0)


def test_while_paused_nothing_is_given(world: World, ann: Shopper) -> None:  # acceptance 16
    bob = friend_of(ann)
    programs.pause(world.shop.id)
    cid = friend_of(ann, "cid@example.com")
    bob.orders()
    assert (ann.balance, gifts(cid)) == (0, [])
    assert referral_of(bob).status != "completed"


def test_an_order_told_in_parallel_completes_it_once(world: World, ann: Shopper) -> None:  # acceptance 23, 46
    world.refer(**BOTH_POINTS)
    bob = friend_of(ann)
    at_once(*[partial(bob.orders, id="o1", revision=1) for _ in range(4)])
    assert (ann.balance, bob.balance, referral_of(bob).completions) == (200, 50, 1)


# Undone and done again (acceptance 46)


def test_a_refund_of_the_order_takes_both_gifts_back(world: World, ann: Shopper) -> None:  # acceptance 46
    world.refer(**BOTH_POINTS)
    bob = friend_of(ann)
    bob.orders("20.00", id="o1")
    assert (ann.balance, bob.balance) == (200, 50)
    for revision in (2, 3):
        bob.orders("20.00", id="o1", refunds=(refund("20.00"),), revision=revision)
    assert (standing(bob), ann.balance, bob.balance) == (("cancelled", "order_refunded"), 0, 0)
    assert ann.history()[0] == ("referral_undone", -200)
    assert referrals.counts(world.shop, ann.customer, ann.account).earned_points == 0


def test_a_cancelled_order_that_comes_back_gives_again(world: World, ann: Shopper) -> None:  # acceptance 46
    world.refer(**BOTH_POINTS)
    bob = friend_of(ann)
    for revision in range(3):
        bob.orders(id="o1", revision=2 * revision)
        assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)
        bob.orders(id="o1", status="cancelled", revision=2 * revision + 1)
        assert (standing(bob), ann.balance, bob.balance) == (("cancelled", "order_refunded"), 0, 0)


def test_the_shop_may_let_the_gifts_stand(world: World, ann: Shopper) -> None:  # acceptance 46
    world.refer(undo_on_refund=False)
    bob = friend_of(ann)
    for revision, status in ((1, "paid"), (2, "cancelled"), (3, "paid")):
        bob.orders(id="o1", status=status, revision=revision)
        assert (standing(bob), ann.balance) == (("completed", None), 200)


def test_another_order_keeps_it_complete(world: World, ann: Shopper) -> None:
    bob = friend_of(ann)
    bob.orders(id="o1")
    bob.orders(id="o2")
    bob.orders(id="o1", status="cancelled", revision=2)
    assert (standing(bob), ann.balance) == (("completed", None), 200)


def test_points_spent_meanwhile_are_owed(world: World, ann: Shopper) -> None:  # acceptance 46, 57
    bob = friend_of(ann)
    bob.orders(id="o1")
    ann.redeems(world.reward(cost=150))
    bob.orders(id="o1", status="cancelled", revision=2)
    assert (ann.balance, ann.debt) == (0, 150)


# The merchant's hand (acceptance 45)


def test_the_merchant_takes_a_referral_back(world: World, ann: Shopper) -> None:  # acceptance 45
    bob = friend_of(ann)
    bob.orders(id="o1")
    progress.cancel(world.shop, referral_of(bob).id, source="staff")
    assert (standing(bob), ann.balance, gifts(bob)[0].status) == (("cancelled", "by_shop"), 0, "revoked")
    progress.cancel(world.shop, referral_of(bob).id, source="staff")
    bob.orders(id="o2")
    assert (standing(bob), ann.balance) == (("cancelled", "by_shop"), 0)  # no order undoes the merchant's word


def test_the_merchant_approves(world: World, ann: Shopper) -> None:  # acceptance 45
    bob = friend_of(ann, "ann+bob@example.com")
    bob.orders()
    assert (standing(bob), ann.balance) == (("blocked", "own_email_variant"), 0)
    at_once(*[partial(progress.approve, world.shop, referral_of(bob).id, source="staff") for _ in range(4)])
    assert (standing(bob), ann.balance, len(gifts(bob))) == (("completed", None), 200, 1)
    progress.cancel(world.shop, referral_of(bob).id, source="staff", reason="fraud")
    assert (standing(bob), ann.balance) == (("cancelled", "fraud"), 0)
    assert progress.approve(world.shop, referral_of(bob).id, source="staff").status == "completed"
    assert ann.balance == 200


# Two rows of one person


def test_friends_and_gifts_follow_a_merged_advocate(world: World) -> None:  # acceptance 46
    world.refer()
    shop_row = recognition.recognise(world.shop.id, Person(external_id="c-1", email=ANN))
    ann = world.member(ANN)
    bob = friend_of(ann)
    bob.orders(id="o1")
    world.vouched("c-1", ANN, verified=True)
    merged = Shopper(world, shop_row.id, "")
    assert (merged.balance, referral_of(bob).advocate_id) == (200, merged.id)
    bob.orders(id="o1", status="cancelled", revision=2)
    assert (merged.balance, ann.balance, ann.debt) == (0, 0, 0)
    assert friend_of(merged, "cid@example.com").world is world
    assert referrals.counts(world.shop, merged.customer, merged.account).joined == 1


def test_a_merged_friend_keeps_the_first_referrer(world: World) -> None:  # acceptance 44
    world.refer(**BOTH_POINTS)
    ann, cid = world.member(ANN), world.member("cid@example.com")
    world.guest_orders(BOB, id="g1", landing_referral=code_of(ann))
    bob = world.vouched("c-2", "bob@work.example", verified=True, referral_code=code_of(cid))
    bob.orders(id="o2")
    assert (ann.balance, cid.balance) == (200, 200)
    guest = recognition.recognise(world.shop.id, Person(email=BOB))
    merging.merge(world.shop, guest.id, bob.id)
    assert (ann.balance, cid.balance, bob.balance) == (200, 0, 50)
    assert referral_of(bob).advocate_id == ann.id
    other = Referral.need(world.shop, Referral.advocate_id == cid.id)
    assert (other.status, other.reason) == ("cancelled", "other_referrer")
    assert progress.approve(world.shop, other.id, source="staff").status == "cancelled"
    assert (ann.balance, cid.balance) == (200, 0)


def test_who_turns_out_to_be_her_own_friend_gives_it_back(world: World, ann: Shopper) -> None:  # acceptance 44
    world.guest_orders("ann@work.example", landing_referral=code_of(ann))
    assert ann.balance == 200
    guest = recognition.recognise(world.shop.id, Person(email="ann@work.example"))
    merging.merge(world.shop, guest.id, ann.id)
    assert (standing(ann), ann.balance) == (("cancelled", "own_link"), 0)
    ann.orders()
    assert ann.balance == 0
