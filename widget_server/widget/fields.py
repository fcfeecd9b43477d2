"""Field types of the panel's request and response bodies, and the allowed values of some fields.

Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers. A field that may be null
is declared so (`str | None`), and a response always has all of its fields.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from marshmallow import RAISE, fields

from widget_server.web.typed_schemas import ShapeSchema
from widget_server.web.wire import Flag, Points

RewardKind: TypeAlias = Literal["amount", "sliding", "percent", "free_shipping", "free_product"]
CouponKind: TypeAlias = Literal["amount", "percent", "free_shipping", "free_product"]
GiftKind: TypeAlias = Literal["points", "amount", "percent", "free_shipping", "free_product"]
CouponFailure: TypeAlias = Literal["shop_refused", "shop_unreachable", "already_used", "product_unavailable"]
ProgramStatus: TypeAlias = Literal["draft", "active", "paused"]
ReferralTrigger: TypeAlias = Literal["registration", "first_paid_order", "first_fulfilled_order"]

COUPON_STATUSES = ("issuing", "active", "applied", "used", "expired", "returned", "revoked", "failed")


def money() -> fields.String:
    """Returns the field type of an amount of money: a decimal string."""
    return fields.String(metadata={"format": "decimal", "example": "19.80"})


def moment() -> fields.String:
    """Returns the field type of a time: UTC text in ISO 8601."""
    return fields.String(metadata={"format": "date-time"})


class Body(ShapeSchema):
    """A request or response body of the widget's endpoints; unknown fields are refused by name."""

    nullable = True
    plain = {
        str: fields.String,
        bool: Flag,
        int: Points,
        Decimal: money,
        datetime: moment,
        date: fields.Date,
    }

    class Meta:
        unknown = RAISE
