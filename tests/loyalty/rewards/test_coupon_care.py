"""Staff give the points of a coupon back, or revoke it."""

from datetime import timedelta

import pytest

from tests.make import Shopper, World, fresh
from widget_server import clock
from widget_server.errors import CouponNotReturnable, CouponNotUsable, NotFound
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.rewards import coupon_care, coupons, gifts
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift


@pytest.fixture
def ann(world: World) -> Shopper:
    shopper = world.member()
    shopper.is_given(500)
    return shopper


def returned(world: World, coupon: Coupon) -> Coupon:
    return coupon_care.return_coupon(world.shop, coupon.id, key="staff-return", source="staff")


def noted(world: World) -> list[tuple[str, str | None]]:
    return [(one.verb, one.subject_id) for one in AuditEntry.of(world.shop).where(AuditEntry.noun == "coupon")]


def test_the_points_come_back_also_after_the_customers_own_days(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    with clock.at(clock.now() + timedelta(days=90)):
        assert coupon_care.may_return(fresh(world, coupon))
        assert returned(world, coupon).status == "returned"
    assert ann.balance == 500
    assert returned(world, coupon).status == "returned", "a repeat changes nothing"
    assert (ann.balance, noted(world)) == (500, [("return", coupon.id)])


def test_a_gift_and_an_ended_coupon_have_no_points_to_return(world: World, ann: Shopper) -> None:
    gift = gifts.give(world.shop, ann.customer, Gift("free_shipping"), origin="referral")
    bought = ann.redeems(world.reward(cost=500))
    coupon_care.revoke(world.shop, bought.id)
    for coupon in (gift, bought):
        with pytest.raises(CouponNotReturnable):
            returned(world, coupon)
        assert not coupon_care.may_return(fresh(world, coupon))


def test_a_revoked_coupon_cannot_be_used_and_its_points_stay_spent(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    assert coupon_care.revoke(world.shop, coupon.id).status == "revoked"
    assert coupon_care.revoke(world.shop, coupon.id).status == "revoked"
    assert (ann.balance, noted(world)) == (0, [("revoke", coupon.id)])
    with pytest.raises(CouponNotUsable):
        coupons.need_usable(world.shop, ann.customer, coupon.id)


def test_a_returned_coupon_is_not_revoked_and_another_shops_is_unknown(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    returned(world, coupon)
    with pytest.raises(CouponNotUsable):
        coupon_care.revoke(world.shop, coupon.id)
    other = World.create(name="Other")
    with pytest.raises(NotFound):
        coupon_care.revoke(other.shop, coupon.id)
