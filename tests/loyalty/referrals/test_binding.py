"""One referrer each, by the link or by a code typed by hand (acceptance 40, 41, 44)."""

from datetime import timedelta
from functools import partial

import pytest

from tests.loyalty.referrals.friends import ANN, BOB, binds, code_of, friend_of, gifts, referral_of, standing, typed
from tests.make import NOON, Shopper, World, at_once
from widget_server import clock
from widget_server.errors import AlreadyReferred, ReferralCodeUnknown
from widget_server.loyalty.referrals import binding, replies
from widget_server.loyalty.referrals.referrals import Referral


def test_without_a_program_a_code_does_nothing(world: World) -> None:
    ann = world.member(ANN)
    for active in (None, False):
        if active is not None:
            world.refer(active=active)
        bob = world.member(f"bob{active}@example.com", code=code_of(ann))
        assert Referral.one(world.shop, Referral.friend_id == bob.id) is None
        with pytest.raises(ReferralCodeUnknown):
            typed(bob, code_of(ann))


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


def test_a_guest_s_first_order_may_bring_the_code(world: World, ann: Shopper) -> None:  # acceptance 41
    for _ in range(2):
        world.guest_orders(BOB, id="g1", landing_referral=code_of(ann).lower(), revision=1)
    assert ann.balance == 200
    bob = world.member(BOB)
    assert (standing(bob), len(gifts(bob))) == (("completed", None), 1)
    world.guest_orders("cid@example.com", landing_referral="NOBODYS")
    world.guest_orders(ANN, landing_referral=code_of(ann))
    assert standing(ann) == ("blocked", "own_link")


def may_enter_code(of: Shopper) -> bool:
    shop, customer = of.world.shop, of.customer
    return binding.may_enter_code(shop, customer, is_referred=replies.seen_by(shop, customer).is_referred)


def test_a_code_typed_by_hand(world: World) -> None:  # acceptance 41
    with clock.at(NOON):
        world.refer()
        ann, bob, cid, dan = (world.member(f"{name}@example.com") for name in ("ann", "bob", "cid", "dan"))
    with clock.at(NOON + timedelta(days=30, seconds=-1)):
        with pytest.raises(ReferralCodeUnknown):
            typed(bob, "NOBODYS")
        assert may_enter_code(bob)
        assert typed(bob, f"{code_of(ann).lower()} ").status == "joined"
        assert not may_enter_code(bob)
        with pytest.raises(AlreadyReferred):
            typed(bob, code_of(dan))
        cid.orders(status="placed")
        assert may_enter_code(cid)  # what is only placed makes nobody a customer
        cid.orders(placed_at=NOON + timedelta(days=1))
        with pytest.raises(AlreadyReferred):
            typed(cid, code_of(ann))
    with clock.at(NOON + timedelta(days=30)), pytest.raises(AlreadyReferred):
        typed(dan, code_of(ann))
    with pytest.raises(ReferralCodeUnknown):
        typed(World.create().member(BOB), code_of(ann))
    assert not may_enter_code(world.visitor())


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
