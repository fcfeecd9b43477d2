"""What the tests of referrals share: friends who came by a link, and how their referrals stand."""

from typing import Any

from tests.make import Shopper
from widget_server.loyalty.referrals import binding
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon

ANN, BOB = "ann@example.com", "bob@example.com"
BOTH_POINTS = {"advocate_gift": {"kind": "points", "points": 200}, "friend_gift": {"kind": "points", "points": 50}}


def code_of(shopper: Shopper) -> str:
    return str(shopper.customer.referral_code)


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
    return binding.bind(friend.world.shop, friend.customer, code, source="t")


def typed(friend: Shopper, code: str) -> Referral:
    return binding.enter_code(friend.world.shop, friend.customer, code)
