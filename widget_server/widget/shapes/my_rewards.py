"""A member's coupons."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from marshmallow.validate import OneOf

from widget_server.widget.fields import COUPON_STATUSES, CouponFailure, CouponKind


class Coupon(TypedDict):
    """A coupon as its owner sees it."""

    id: str
    code: str | None
    status: Annotated[str, OneOf(COUPON_STATUSES)]
    kind: CouponKind
    title: str | None
    amount: Decimal | None
    percent: Decimal | None
    product_name: str | None
    cost_points: int
    minimum_subtotal: Decimal | None
    collections: list[str]
    combines: bool
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    order_number: str | None
    return_until: datetime | None
    returning: bool
    failure: CouponFailure | None


class CouponPage(TypedDict):
    """A page of coupons, newest first."""

    coupons: list[Coupon]
    next_cursor: str | None


class Application(TypedDict):
    """A coupon whose code can be used; `url` is the address that applies it, with {code} filled in."""

    coupon: Coupon
    url: str | None
