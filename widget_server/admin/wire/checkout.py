"""LoyaltyCheckoutDiscount on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from marshmallow import ValidationError, fields

from widget_server.loyalty.rewards.checkout import STATUSES, CheckoutDiscount
from widget_server.web.texts import at_most, text
from widget_server.web.typed_schemas import together
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    Choice,
    CursorPagingMetadata,
    Guid,
    Number,
    OneOf,
    Points,
    PointsAmount,
    Revision,
    Rule,
)

WIRE_STATUSES = {one.upper(): one for one in STATUSES}
TYPES = {"DISCOUNT_AMOUNT": "discount_amount", "COUPON_REWARD": "coupon_reward", "LOYALTY_COUPON": "loyalty_coupon"}


@dataclass(frozen=True)
class AppliedReward:
    """A reward bought at the checkout; `pointsToSpend` for a sliding one."""

    id: Guid
    points_to_spend: Annotated[int | None, Points(low=1, high=POINTS_MAX)] = None
    revision: Annotated[int | None, Revision()] = None


@dataclass(frozen=True)
class AppliedCoupon:
    """A coupon that the member already has."""

    id: Guid
    revision: Annotated[int | None, Revision()] = None


class NoReferralReward(Rule):
    """Refuses Wix's third alternative: here a referral reward is one of the member's coupons."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        if data.get("referral_reward") is not None:
            raise ValidationError("Referral rewards are coupons here: apply the coupon.", field_name="referralReward")

    def shape(self, partial: bool) -> dict[str, object]:
        return {"properties": {"referralReward": NEVER}}


@together(NoReferralReward(), OneOf(("reward", "loyalty_coupon")))
@dataclass(frozen=True)
class ApplyDiscount:
    """The reward or the coupon, and the checkout of the shop to apply it to."""

    checkout_id: Annotated[str, text(1, 200)]
    reward: AppliedReward | None = None
    loyalty_coupon: AppliedCoupon | None = None
    referral_reward: Annotated[object, fields.Raw(metadata={"type": "object"})] = None


@dataclass(frozen=True)
class CheckoutRequest:
    """The checkout of the shop."""

    checkout_id: Annotated[str, text(1, 200)]


@dataclass(frozen=True)
class CompleteCheckout(CheckoutRequest):
    """The checkout, and the order that was placed."""

    order_id: Annotated[str, text(1, 200)]
    order_number: Annotated[str | None, at_most(200)] = None


class LoyaltyCheckoutDiscount(TypedDict, total=False):
    """A reward or coupon at a checkout. `points`, `amount` and `orderId` are our additions to Wix's."""

    id: Guid
    checkout_id: str
    status: Annotated[str, Choice(WIRE_STATUSES)]
    discount_type: Annotated[str, Choice(TYPES)]
    reward_id: Guid | None
    loyalty_coupon_id: Guid | None
    points: PointsAmount | None
    amount: Annotated[Decimal | None, Number()]
    order_id: str | None
    created_date: datetime
    updated_date: datetime


class DiscountResponse(TypedDict):
    """One discount."""

    discount: LoyaltyCheckoutDiscount


class DiscountsPage(TypedDict):
    """Discounts, and the paging metadata."""

    loyalty_checkout_discounts: list[LoyaltyCheckoutDiscount]
    paging_metadata: CursorPagingMetadata


def discount(row: CheckoutDiscount) -> LoyaltyCheckoutDiscount:
    """Returns the row as the wire has it."""
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
