"""The fields that the panel's shapes are made of, and the words that some of them choose from.

Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from widget_server.loyalty.earning.kinds import KINDS
from widget_server.web.wire import Flag, Points

PRICE = "^[0-9]{1,9}([.][0-9]{1,6})?$"


REWARD_KINDS = ["amount", "sliding", "percent", "free_shipping", "free_product"]


COUPON_KINDS = ["amount", "percent", "free_shipping", "free_product"]


RULE_KINDS = list(KINDS)


ROUNDINGS = ["floor", "unit", "nearest"]


PROGRAM_STATUSES = ["draft", "active", "paused"]


COUPON_FAILURES = ["shop_refused", "shop_unreachable", "already_used", "product_unavailable"]


COUPON_STATUSES = ["issuing", "active", "applied", "used", "expired", "returned", "revoked", "failed"]


TRIGGERS = ["registration", "first_paid_order", "first_fulfilled_order"]


REASONS = [
    *RULE_KINDS,
    "order_refunded",
    "order_cancelled",
    "order_changed",
    "debt_repaid",
    "redeemed",
    "returned",
    "not_issued",
    "gift",
    "adjusted",
    "merged",
    "expired",
    "referral_advocate",
    "referral_friend",
    "referral_undone",
]


class Body(Schema):
    """A body: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE


def text(*, values: list[str] | None = None, null: bool = False) -> fields.String:
    """A string, one of `values` when given, null when allowed."""
    return fields.String(required=True, allow_none=null, validate=validate.OneOf(values) if values else None)


def money(*, null: bool = False) -> fields.String:
    """A decimal string."""
    return fields.String(required=True, allow_none=null, metadata={"format": "decimal", "example": "19.80"})


def moment(*, null: bool = False) -> fields.String:
    """A time as UTC text."""
    return fields.String(required=True, allow_none=null, metadata={"format": "date-time"})


def count(*, null: bool = False) -> Points:
    """A whole number."""
    return Points(required=True, allow_none=null)


def flag() -> fields.Boolean:
    """True or false."""
    return Flag(required=True)


def one(shape: type[Schema], *, null: bool = False) -> fields.Nested:
    """An object of this shape."""
    return fields.Nested(shape, required=True, allow_none=null)


def many(shape: type[Schema], *, null: bool = False) -> fields.List[Any]:
    """A list of objects of this shape."""
    return fields.List(fields.Nested(shape), required=True, allow_none=null)


def texts() -> fields.List[Any]:
    """A list of strings."""
    return fields.List(fields.String(), required=True)
