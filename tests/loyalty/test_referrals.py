"""Friends of friends: one referrer each, both gifts once, and nothing for oneself (acceptance 40-46)."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.make import NOON, Shopper, World, at_once, refund
from widget_server import clock, tallies
from widget_server.errors import AlreadyReferred, OwnReferralCode, ReferralCodeUnknown
from widget_server.loyalty import referrals
from widget_server.loyalty.people import customers, privacy
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.program import programs
from widget_server.loyalty.referrals import Referral, ReferralVisit
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import Coupon

ANN, BOB = "ann@example.com", "bob@example.com"
BOTH_POINTS = {"advocate_gift": {"kind": "points", "points": 200}, "friend_gift": {"kind": "points", "points": 50}}


@pytest.fixture
def ann(world: World) -> Shopper:
    """The advocate, in a shop that gives 200 points for a friend, and 5.00 off to the friend."""
    world.refer()
    return world.member(ANN)


def code_of(shopper: Shopper) -> str:
    return str(shopper.customer.referral_code)


@pytest.mark.parametrize(
    ("attribution", "kept", "found", "counts"),
    [
        ("first", None, ["producthunt"], None),
        ("first", None, ["producthunt", "ANN"], "ANN"),
        ("first", "BOB", ["ANN"], "BOB"),
        ("first", "producthunt", ["ann"], "ANN"),
        ("last", "BOB", ["ANN"], "ANN"),
        ("last", "BOB", ["producthunt"], "BOB"),
        ("last", "BOB", [" "], "BOB"),
        ("last", None, [], None),
    ],
)
def test_only_a_members_code_counts_and_a_foreign_word_displaces_none(  # acceptance 41
    world: World, attribution: str, kept: str | None, found: list[str], counts: str | None
) -> None:
    world.refer(attribution=attribution)
    names = {"ANN": code_of(world.member(ANN)), "BOB": code_of(world.member(BOB))}
    names["ann"] = names["ANN"].lower()
    known = kept and names.get(kept, kept)
    code = referrals.code_that_counts(world.shop, known, [names.get(word, word) for word in found])
    assert code == (counts and names[counts])


def test_without_a_referral_program_no_code_counts(world: World) -> None:
    code = code_of(world.member(ANN))
    assert referrals.code_that_counts(world.shop, code, [code]) is None


def referral_of(friend: Shopper) -> Referral:
    return Referral.need(friend.world.shop, Referral.friend_id == friend.id)


def standing(friend: Shopper) -> tuple[str, str | None]:
    referral = referral_of(friend)
    return referral.status, referral.reason


def gifts(friend: Shopper) -> list[Coupon]:
    return coupons.my_coupons(friend.world.shop, friend.customer)


def friend_of(advocate: Shopper, email: str = BOB, **facts: Any) -> Shopper:
    return advocate.world.member(email, code=code_of(advocate), **facts)


def binds(friend: Shopper, code: str) -> Referral | None:
    return referrals.bind(friend.world.shop, friend.customer, code, source="t")


def typed(friend: Shopper, code: str) -> Referral:
    return referrals.enter_code(friend.world.shop, friend.customer, code)


# The link, the code, the visit


def test_each_member_has_one_stable_code(world: World, ann: Shopper) -> None:  # acceptance 40
    code = code_of(ann)
    assert len(code) == 7
    assert set(code) <= set(customers.CODE_ALPHABET)
    world.member(ANN)
    customers.leave(ann.customer)
    world.vouched("c-1", ANN, verified=True, join=True)
    assert code_of(ann) == code
    assert customers.by_referral_code(world.shop.id, f" {code.lower()} ").id == ann.id
    assert world.visitor().customer.referral_code is None


def test_visits_are_counted_by_day_and_nobody_is_remembered(world: World, ann: Shopper) -> None:  # acceptance 45
    with clock.at(NOON):
        results = at_once(*[partial(referrals.count_visit, world.shop, code_of(ann).lower()) for _ in range(6)])
        assert {one.id for one in results} == {ann.id}
    with clock.at(NOON + timedelta(hours=11)):  # midnight in Berlin
        referrals.count_visit(world.shop, code_of(ann))
    tallies.flush()
    days = ReferralVisit.of(world.shop).order_by(ReferralVisit.day)
    assert [(one.day, one.visits) for one in days] == [("2026-03-10", 6), ("2026-03-11", 1)]
    assert referrals.count_visit(world.shop, "NOBODYS") is None
    assert referrals.count_visit(World.create().shop, code_of(ann)) is None


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


def test_both_sides_are_set_apart(world: World, ann: Shopper) -> None:  # acceptance 43
    world.refer(
        advocate_gift={"kind": "percent", "percent": "15", "expires_after_days": 30},
        friend_gift={"kind": "free_product", "product_id": "p-mug", "minimum_subtotal": "10"},
    )
    bob = friend_of(ann)
    assert [(one.kind, one.product_id, one.minimum_subtotal) for one in gifts(bob)] == [
        ("free_product", "p-mug", Decimal(10))
    ]
    assert gifts(ann) == []
    bob.orders()
    assert [(one.kind, one.percent) for one in gifts(ann)] == [("percent", Decimal(15))]
    world.refer(advocate_gift=None, friend_gift=None)
    cid = friend_of(ann, "cid@example.com")
    cid.orders()
    assert standing(cid) == ("completed", None)
    assert (gifts(cid), len(gifts(ann)), ann.balance, cid.balance) == ([], 1, 0, 0)


def test_without_a_program_a_code_does_nothing(world: World) -> None:
    ann = world.member(ANN)
    for active in (None, False):
        if active is not None:
            world.refer(active=active)
        bob = world.member(f"bob{active}@example.com", code=code_of(ann))
        assert Referral.one(world.shop, Referral.friend_id == bob.id) is None
        with pytest.raises(ReferralCodeUnknown):
            typed(bob, code_of(ann))


def test_while_paused_nothing_is_given(world: World, ann: Shopper) -> None:  # acceptance 16
    bob = friend_of(ann)
    programs.pause(world.shop.id)
    cid = friend_of(ann, "cid@example.com")
    bob.orders()
    assert (ann.balance, gifts(cid)) == (0, [])
    assert referral_of(bob).status != "completed"


# Who is not rewarded (acceptance 44)


def test_one_referrer_only_the_first(world: World, ann: Shopper) -> None:  # acceptance 44
    cid = world.member("cid@example.com")
    bob = friend_of(ann)
    assert binds(bob, code_of(cid)) is None
    assert referral_of(bob).advocate_id == ann.id
    bob.orders(landing_referral=code_of(cid))
    assert (ann.balance, cid.balance, len(gifts(bob))) == (200, 0, 1)


def test_two_links_at_the_same_moment(world: World, ann: Shopper) -> None:  # acceptance 44
    others = [ann, *(world.member(f"m{number}@example.com") for number in range(3))]
    bob = world.member(BOB)
    bound = at_once(*[partial(binds, bob, code_of(one)) for one in others for _ in range(2)])
    assert len([one for one in bound if isinstance(one, Referral)]) == 1
    assert not [one for one in bound if isinstance(one, Exception)]
    assert (Referral.of(world.shop).count(), len(gifts(bob))) == (1, 1)


def test_an_order_told_in_parallel_completes_it_once(world: World, ann: Shopper) -> None:  # acceptance 23, 46
    world.refer(**BOTH_POINTS)
    bob = friend_of(ann)
    at_once(*[partial(bob.orders, id="o1", revision=1) for _ in range(4)])
    assert (ann.balance, bob.balance, referral_of(bob).completions) == (200, 50, 1)


def test_her_own_link(world: World, ann: Shopper) -> None:  # acceptance 44
    assert (binds(ann, code_of(ann)).status, standing(ann)) == ("blocked", ("blocked", "own_link"))
    ann.orders()
    assert (ann.balance, gifts(ann)) == (0, [])
    with pytest.raises(OwnReferralCode):
        typed(ann, code_of(ann))


@pytest.mark.parametrize(
    ("hers", "another_of_hers"),
    [(ANN, "ANN+friend@example.com"), ("ann.lee@gmail.com", "a.n.n.lee+x@googlemail.com")],
)
def test_her_own_mailbox_under_another_name(world: World, hers: str, another_of_hers: str) -> None:  # acceptance 44
    world.refer()
    twin = friend_of(world.member(hers), another_of_hers)
    assert (standing(twin), gifts(twin)) == (("blocked", "own_email_variant"), [])


def test_her_own_phone(world: World, ann: Shopper) -> None:  # acceptance 44
    customers.update(ann.customer, phone="+49 (151) 234-567")

    def brings(sub: str, phone: str | None) -> Shopper:
        customers.recognise(world.shop.id, Person(external_id=sub, phone=phone))
        return world.vouched(sub, referral_code=code_of(ann))

    assert standing(brings("c-2", "0151234567")) == ("blocked", "same_phone")
    assert standing(brings("c-3", "0151234568")) == ("joined", None)
    assert standing(brings("c-4", None)) == ("joined", None)
    customers.update(ann.customer, phone="000")  # what a till sends for nobody's
    assert standing(brings("c-5", "000")) == ("joined", None)


def test_who_has_bought_before_is_no_friend(world: World) -> None:  # acceptance 44
    with clock.at(NOON):
        world.refer()
        ann = world.member(ANN)
        world.guest_orders(BOB)
        world.guest_orders("cid@example.com")
    with clock.at(NOON + timedelta(minutes=20)):  # the order and the sign-up are one visit
        assert standing(friend_of(ann, "cid@example.com")) == ("completed", None)
    with clock.at(NOON + timedelta(minutes=31)):
        bob = friend_of(ann)
        assert (standing(bob), gifts(bob)) == (("blocked", "existing_customer"), [])
        bob.orders()
        assert ann.balance == 200  # for cid


def test_an_old_customer_under_another_name(world: World, ann: Shopper) -> None:  # acceptance 44
    world.member("d.e.e@gmail.com")
    dee = friend_of(ann, "dee+new@gmail.com")
    assert standing(dee) == ("blocked", "existing_customer_email_variant")
    world.visitor("fay@example.com")
    assert standing(friend_of(ann, "fay+2@example.com")) == ("blocked", "existing_customer_email_variant")
    customers.recognise(world.shop.id, Person(external_id="c-7", email="eve@example.com"))
    world.order(Person(external_id="c-7", email="eve@example.com"))
    assert standing(friend_of(ann, "eve@example.com")) == ("blocked", "existing_customer_email_variant")


def test_who_just_registered_with_the_shop_is_a_friend(world: World, ann: Shopper) -> None:  # acceptance 41
    customers.recognise(world.shop.id, Person(external_id="c-2", email=BOB))  # the shop did not prove the address
    assert standing(friend_of(ann)) == ("joined", None)


def test_two_who_bring_each_other(world: World, ann: Shopper) -> None:  # acceptance 44
    bob = friend_of(ann)
    cid = friend_of(bob, "cid@example.com")
    for last in (bob, cid):
        assert binds(ann, code_of(last)).reason == "mutual"
        Referral.remove(world.shop, Referral.friend_id == ann.id)
    ann.orders()
    assert (bob.balance, cid.balance) == (0, 0)
    bob.orders()
    cid.orders()
    assert (ann.balance, bob.balance) == (200, 200)


def test_an_excluded_friend_is_welcomed_without_a_gift(world: World, ann: Shopper) -> None:  # acceptance 58
    world.refer()
    customers.edit(world.shop.id, world.visitor("bob@example.com").id, excluded=True)
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    assert standing(bob) == ("joined", None)
    assert not Coupon.of(world.shop).exists()


def test_the_excluded_get_nothing(world: World, ann: Shopper) -> None:  # acceptance 58
    world.refer(**BOTH_POINTS)
    customers.update(ann.customer, excluded=True)
    bob = friend_of(ann)
    bob.orders()
    assert (ann.balance, bob.balance, standing(bob)) == (0, 50, ("completed", None))


def test_a_cap_stops_a_farm_and_staff_may_approve(world: World) -> None:
    with clock.at(NOON):
        world.refer(advocate_daily_cap=2)
        ann = world.member(ANN)
        friends = [friend_of(ann, f"friend{number}@example.com") for number in range(4)]
        assert [standing(one)[1] for one in friends] == [None, None, "daily_cap", "daily_cap"]
        assert gifts(friends[2]) == []
        referrals.approve(world.shop, referral_of(friends[2]).id, source="staff")
        friends[2].orders()
        assert (standing(friends[2]), ann.balance) == (("completed", None), 200)
    with clock.at(NOON + timedelta(days=1)):
        assert standing(friend_of(ann, "next@example.com")) == ("joined", None)
        world.refer(advocate_daily_cap=None)
        assert {standing(friend_of(ann, f"more{number}@example.com"))[0] for number in range(4)} == {"joined"}


def test_a_cap_holds_at_the_same_moment(world: World) -> None:  # acceptance 24
    world.refer(advocate_daily_cap=2)
    ann = world.member(ANN)
    guests = [world.visitor(f"guest{number}@example.com") for number in range(5)]
    at_once(*[partial(binds, one, code_of(ann)) for one in guests])
    reasons = [one.reason for one in Referral.of(world.shop)]
    assert (reasons.count(None), reasons.count("daily_cap")) == (2, 3)


def test_what_comes_to_light_before_the_order_is_paid_blocks_it_and_the_gift_dies(world: World, ann: Shopper) -> None:
    bob = friend_of(ann)
    (gift,) = gifts(bob)
    customers.update(ann.customer, phone="0151 234567")
    customers.update(bob.customer, phone="+49 151 234567")
    bob.orders()
    assert (standing(bob), ann.balance) == (("blocked", "same_phone"), 0)
    assert Coupon.need(world.shop, Coupon.id == gift.id).status == "revoked"


def test_an_order_that_is_told_late_shows_an_old_customer(world: World) -> None:  # acceptance 44
    with clock.at(NOON):
        world.refer(**BOTH_POINTS)
        ann = world.member(ANN)
        bob = friend_of(ann)
        bob.orders()
        assert (ann.balance, bob.balance) == (200, 50)
        bob.orders(placed_at=NOON - timedelta(days=40), status="placed")
        assert standing(bob) == ("completed", None)  # it was never paid
        bob.orders(placed_at=NOON - timedelta(days=30), status="cancelled")
        assert standing(bob) == ("completed", None)
        bob.orders(placed_at=NOON - timedelta(days=20))
    assert (standing(bob), ann.balance, bob.balance) == (("blocked", "existing_customer"), 0, 0)
    referrals.approve(world.shop, referral_of(bob).id, source="staff")
    bob.orders()
    assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)


# Guests and codes typed by hand (acceptance 41)


def test_a_guest_s_first_order_may_bring_the_code(world: World, ann: Shopper) -> None:  # acceptance 41
    for _ in range(2):
        world.guest_orders(BOB, id="g1", landing_referral=code_of(ann).lower(), revision=1)
    assert ann.balance == 200
    bob = world.member(BOB)
    assert (standing(bob), len(gifts(bob))) == (("completed", None), 1)
    world.guest_orders("cid@example.com", landing_referral="NOBODYS")
    world.guest_orders(ANN, landing_referral=code_of(ann))
    assert standing(ann) == ("blocked", "own_link")


def test_a_code_typed_by_hand(world: World) -> None:  # acceptance 41
    with clock.at(NOON):
        world.refer()
        ann, bob, cid, dan = (world.member(f"{name}@example.com") for name in ("ann", "bob", "cid", "dan"))
    with clock.at(NOON + timedelta(days=30, seconds=-1)):
        with pytest.raises(ReferralCodeUnknown):
            typed(bob, "NOBODYS")
        assert referrals.may_enter_code(world.shop, bob.customer)
        assert typed(bob, f"{code_of(ann).lower()} ").status == "joined"
        assert not referrals.may_enter_code(world.shop, bob.customer)
        with pytest.raises(AlreadyReferred):
            typed(bob, code_of(dan))
        cid.orders(status="placed")
        assert referrals.may_enter_code(world.shop, cid.customer)  # what is only placed makes nobody a customer
        cid.orders(placed_at=NOON + timedelta(days=1))
        with pytest.raises(AlreadyReferred):
            typed(cid, code_of(ann))
    with clock.at(NOON + timedelta(days=30)), pytest.raises(AlreadyReferred):
        typed(dan, code_of(ann))
    with pytest.raises(ReferralCodeUnknown):
        typed(World.create().member(BOB), code_of(ann))
    assert not referrals.may_enter_code(world.shop, world.visitor().customer)


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
    assert referrals.counts(world.shop, ann.customer).earned_points == 0


def test_a_cancelled_order_that_comes_back_gives_again(world: World, ann: Shopper) -> None:  # acceptance 46
    world.refer(**BOTH_POINTS)
    bob = friend_of(ann)
    for revision in range(3):
        bob.orders(id="o1", revision=2 * revision)
        assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)
        bob.orders(id="o1", status="cancelled", revision=2 * revision + 1)
        assert (standing(bob), ann.balance, bob.balance) == (("cancelled", "order_refunded"), 0, 0)


def test_coupons_die_unless_they_were_used_and_are_not_given_twice(world: World, ann: Shopper) -> None:  # 46
    world.refer(advocate_gift={"kind": "amount", "amount": "7.00"})
    bob = friend_of(ann)
    welcome = gifts(bob)[0]
    bob.orders(id="o1", coupon_codes=(welcome.code,))
    first = gifts(ann)[0]
    bob.orders(id="o1", coupon_codes=(welcome.code,), status="cancelled", revision=2)
    assert [one.status for one in (*gifts(ann), *gifts(bob))] == ["revoked", "revoked"]
    bob.orders(id="o1", revision=3)
    assert sorted(one.status for one in gifts(ann)) == ["active", "revoked"]
    assert sorted(one.status for one in gifts(bob)) == ["active", "revoked"]
    second = next(one for one in gifts(ann) if one.id != first.id)
    codes.use(world.shop, second.code, "ann's order")
    for revision, status in ((4, "cancelled"), (5, "paid")):
        bob.orders(id="o1", status=status, revision=revision)
    assert sorted(one.status for one in gifts(ann)) == ["revoked", "used"]  # she had hers


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
    referrals.cancel(world.shop, referral_of(bob).id, source="staff")
    assert (standing(bob), ann.balance, gifts(bob)[0].status) == (("cancelled", "by_shop"), 0, "revoked")
    referrals.cancel(world.shop, referral_of(bob).id, source="staff")
    bob.orders(id="o2")
    assert (standing(bob), ann.balance) == (("cancelled", "by_shop"), 0)  # no order undoes the merchant's word


def test_the_merchant_approves(world: World, ann: Shopper) -> None:  # acceptance 45
    bob = friend_of(ann, "ann+bob@example.com")
    bob.orders()
    assert (standing(bob), ann.balance) == (("blocked", "own_email_variant"), 0)
    at_once(*[partial(referrals.approve, world.shop, referral_of(bob).id, source="staff") for _ in range(4)])
    assert (standing(bob), ann.balance, len(gifts(bob))) == (("completed", None), 200, 1)
    referrals.cancel(world.shop, referral_of(bob).id, source="staff", reason="fraud")
    assert (standing(bob), ann.balance) == (("cancelled", "fraud"), 0)
    assert referrals.approve(world.shop, referral_of(bob).id, source="staff").status == "completed"
    assert ann.balance == 200


def test_what_the_advocate_sees(world: World, ann: Shopper) -> None:  # acceptance 45
    friend_of(ann, "bob@example.com").orders()
    friend_of(ann, "cid@example.com").orders(status="placed")
    friend_of(ann, "dan@example.com")
    friend_of(ann, "ann+x@example.com")
    referrals.cancel(world.shop, referral_of(friend_of(ann, "eve@example.com")).id, source="staff")
    assert referrals.counts(world.shop, ann.customer) == referrals.Counts(3, 2, 1, 200)
    assert referrals.counts(world.shop, world.visitor().customer) == referrals.Counts(0, 0, 0, 0)


def test_what_she_lost_as_a_friend_is_not_lost_as_an_advocate(world: World) -> None:
    world.refer(**BOTH_POINTS)
    ann = world.member(ANN)
    bob = friend_of(ann)
    bob.orders(id="o1")
    friend_of(bob, "cid@example.com").orders()
    bob.orders(id="o1", status="cancelled", revision=2)
    assert referrals.counts(world.shop, bob.customer).earned_points == 200


# Two rows of one person


def test_friends_and_gifts_follow_a_merged_advocate(world: World) -> None:  # acceptance 46
    world.refer()
    shop_row = customers.recognise(world.shop.id, Person(external_id="c-1", email=ANN))
    ann = world.member(ANN)
    bob = friend_of(ann)
    bob.orders(id="o1")
    world.vouched("c-1", ANN, verified=True)
    merged = Shopper(world, shop_row.id, "")
    assert (merged.balance, referral_of(bob).advocate_id) == (200, merged.id)
    bob.orders(id="o1", status="cancelled", revision=2)
    assert (merged.balance, ann.balance, ann.debt) == (0, 0, 0)
    assert friend_of(merged, "cid@example.com").world is world
    assert referrals.counts(world.shop, merged.customer).joined == 1


def test_a_merged_friend_keeps_the_first_referrer(world: World) -> None:  # acceptance 44
    world.refer(**BOTH_POINTS)
    ann, cid = world.member(ANN), world.member("cid@example.com")
    world.guest_orders(BOB, id="g1", landing_referral=code_of(ann))
    bob = world.vouched("c-2", "bob@work.example", verified=True, referral_code=code_of(cid))
    bob.orders(id="o2")
    assert (ann.balance, cid.balance) == (200, 200)
    guest = customers.recognise(world.shop.id, Person(email=BOB))
    privacy.merge(world.shop, guest.id, bob.id)
    assert (ann.balance, cid.balance, bob.balance) == (200, 0, 50)
    assert referral_of(bob).advocate_id == ann.id
    other = Referral.need(world.shop, Referral.advocate_id == cid.id)
    assert (other.status, other.reason) == ("cancelled", "other_referrer")
    assert referrals.approve(world.shop, other.id, source="staff").status == "cancelled"
    assert (ann.balance, cid.balance) == (200, 0)


def test_who_turns_out_to_be_her_own_friend_gives_it_back(world: World, ann: Shopper) -> None:  # acceptance 44
    world.guest_orders("ann@work.example", landing_referral=code_of(ann))
    assert ann.balance == 200
    guest = customers.recognise(world.shop.id, Person(email="ann@work.example"))
    privacy.merge(world.shop, guest.id, ann.id)
    assert (standing(ann), ann.balance) == (("cancelled", "own_link"), 0)
    ann.orders()
    assert ann.balance == 0


def test_orders_of_a_guest_who_is_found_to_be_the_friend_complete_it(world: World, ann: Shopper) -> None:
    bob = world.vouched("c-2", BOB, verified=False, referral_code=code_of(ann))
    world.guest_orders(BOB)
    assert (standing(bob), ann.balance) == (("joined", None), 0)
    world.vouched("c-2", BOB, verified=True)
    assert (standing(bob), ann.balance) == (("completed", None), 200)


def test_a_guest_who_registers_meanwhile_is_still_the_friend(world: World) -> None:
    world.refer(friend_gift=None)
    eve = world.member("eve@example.com")
    noon = clock.now()
    with clock.at(noon):
        world.guest_orders("ann@example.com", id="o1", status="placed", landing_referral=eve.customer.referral_code)
    with clock.at(noon + timedelta(minutes=5)):
        world.vouched("c-1", "ann@example.com")  # the checkout made an account for her, nobody has verified the address
    with clock.at(noon + timedelta(hours=1)):
        world.guest_orders("ann@example.com", id="o1", status="paid", revision=1)
    assert Referral.need(world.shop).status == "completed"
    assert eve.balance == 200
