"""What an advocate sees of their friends (acceptance 45)."""

from tests.loyalty.referrals.friends import ANN, BOTH_POINTS, friend_of, referral_of
from tests.make import Shopper, World
from widget_server.loyalty.referrals import progress, referrals


def test_what_the_advocate_sees(world: World, ann: Shopper) -> None:  # acceptance 45
    friend_of(ann, "bob@example.com").orders()
    friend_of(ann, "cid@example.com").orders(status="placed")
    friend_of(ann, "dan@example.com")
    friend_of(ann, "ann+x@example.com")
    progress.cancel(world.shop, referral_of(friend_of(ann, "eve@example.com")).id, source="staff")
    assert referrals.counts(world.shop, ann.customer, ann.account) == referrals.Counts(3, 2, 1, 200)
    assert referrals.counts(world.shop, world.visitor().customer, None) == referrals.Counts(0, 0, 0, 0)


def test_what_she_lost_as_a_friend_is_not_lost_as_an_advocate(world: World) -> None:
    world.refer(**BOTH_POINTS)
    ann = world.member(ANN)
    bob = friend_of(ann)
    bob.orders(id="o1")
    friend_of(bob, "cid@example.com").orders()
    bob.orders(id="o1", status="cancelled", revision=2)
    assert referrals.counts(world.shop, bob.customer, bob.account).earned_points == 200
