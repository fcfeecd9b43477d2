"""Nothing for oneself, for an old customer, or beyond the cap (acceptance 44)."""

from datetime import timedelta
from functools import partial

import pytest

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
    typed,
)
from tests.make import NOON, Shopper, World, at_once
from widget_server import clock
from widget_server.errors import OwnReferralCode
from widget_server.loyalty.people import customers, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.referrals import progress
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon


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
        recognition.recognise(world.shop.id, Person(external_id=sub, phone=phone))
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
    recognition.recognise(world.shop.id, Person(external_id="c-7", email="eve@example.com"))
    world.order(Person(external_id="c-7", email="eve@example.com"))
    assert standing(friend_of(ann, "eve@example.com")) == ("blocked", "existing_customer_email_variant")


def test_who_just_registered_with_the_shop_is_a_friend(world: World, ann: Shopper) -> None:  # acceptance 41
    recognition.recognise(world.shop.id, Person(external_id="c-2", email=BOB))  # the shop did not prove the address
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


def test_a_cap_stops_a_farm_and_staff_may_approve(world: World) -> None:
    with clock.at(NOON):
        world.refer(advocate_daily_cap=2)
        ann = world.member(ANN)
        friends = [friend_of(ann, f"friend{number}@example.com") for number in range(4)]
        assert [standing(one)[1] for one in friends] == [None, None, "daily_cap", "daily_cap"]
        assert gifts(friends[2]) == []
        progress.approve(world.shop, referral_of(friends[2]).id, source="staff")
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
    progress.approve(world.shop, referral_of(bob).id, source="staff")
    bob.orders()
    assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)
