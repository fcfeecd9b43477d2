"""A gift is a coupon that nobody paid for."""

from decimal import Decimal

from tests.make import Shopper, World, refused
from widget_server.errors import CouponNotReturnable
from widget_server.loyalty.rewards import codes, coupons, gifts
from widget_server.loyalty.rewards.gifts import Gift


def test_a_gift_has_no_points_to_give_back(world: World, ann: Shopper) -> None:  # acceptance 38, 39
    world.settings(coupon_after_cancel="points")
    gift = gifts.give(world.shop, ann.customer, Gift("percent", percent=Decimal(10)), origin="referral")
    assert not coupons.is_returnable(gift)
    refused(lambda: ann.returns(gift), CouponNotReturnable)
    codes.use(world.shop, gift.code, "o1")
    assert codes.release(world.shop, gift.code, "o1", source="t").status == "active"
    assert ann.balance == 1000
