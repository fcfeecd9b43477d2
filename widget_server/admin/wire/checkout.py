"""LoyaltyCheckoutDiscount on the wire (wix-api §2)."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.loyalty.rewards.checkout import STATUSES, CheckoutDiscount
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    Choice,
    Number,
    OneOf,
    Points,
    Revision,
    Rule,
    Wire,
    WireTime,
    guid,
    page_of,
    text,
    wrapped,
)

WIRE_STATUSES = {one.upper(): one for one in STATUSES}
TYPES = {"DISCOUNT_AMOUNT": "discount_amount", "COUPON_REWARD": "coupon_reward", "LOYALTY_COUPON": "loyalty_coupon"}


class AppliedReward(Wire):
    """A reward bought at the checkout, for so many points where it slides."""

    id = guid(required=True)
    points_to_spend = Points(low=1, high=POINTS_MAX)
    revision = Revision()


class AppliedCoupon(Wire):
    """A coupon that the member has already."""

    id = guid(required=True)
    revision = Revision()


class NoReferralReward(Rule):
    """Wix's third arm: here it is one of the member's coupons."""

    def check(self, data: dict[str, Any], partial: bool) -> None:
        if data.get("referral_reward") is not None:
            raise ValidationError("Referral rewards are coupons here: apply the coupon.", field_name="referralReward")

    def shape(self, partial: bool) -> dict[str, Any]:
        return {"properties": {"referralReward": NEVER}}


class ApplyDiscount(Wire):
    """Which of the two, to which checkout of the shop's."""

    checkout_id = text(1, 200, required=True)
    reward = fields.Nested(AppliedReward)
    loyalty_coupon = fields.Nested(AppliedCoupon)
    referral_reward = fields.Raw(metadata={"type": "object"})

    rules = (NoReferralReward(), OneOf(("reward", "loyalty_coupon")))


class CheckoutAsked(Wire):
    """Which checkout."""

    checkout_id = text(1, 200, required=True)


class CheckoutCompleted(CheckoutAsked):
    """And which order came of it."""

    order_id = text(1, 200, required=True)
    order_number = fields.String(validate=validate.Length(max=200))


class LoyaltyCheckoutDiscount(Wire):
    """A reward or coupon at a checkout. `points`, `amount` and `orderId` are ours beside Wix's."""

    id = guid()
    checkout_id = fields.String()
    status = Choice(WIRE_STATUSES)
    discount_type = Choice(TYPES)
    reward_id, loyalty_coupon_id = guid(), guid()
    points = Points()
    amount = Number()
    order_id = fields.String()
    created_date, updated_date = WireTime(), WireTime()


DiscountBody = wrapped("discount", LoyaltyCheckoutDiscount)
DiscountsPage = page_of("loyalty_checkout_discounts", LoyaltyCheckoutDiscount)


def discount(row: CheckoutDiscount) -> dict[str, Any]:
    """The row as LoyaltyCheckoutDiscount writes it."""
    return {
        "id": row.id,
        "checkout_id": row.checkout_id,
        "status": row.status,
        "discount_type": row.kind,
        "reward_id": row.reward_id,
        "loyalty_coupon_id": None if row.reward_id else row.coupon_id,
        "points": row.points or None,
        "amount": row.amount,
        "order_id": row.order_ref.partition(":")[2] if row.order_ref else None,
        "created_date": row.applied_at,
        "updated_date": row.updated_at,
    }
