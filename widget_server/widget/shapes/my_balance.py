"""A member's balance, and the history of its points."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypedDict, get_args

from marshmallow.validate import OneOf

from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.program.programs import Rounding
from widget_server.widget.fields import CouponKind
from widget_server.widget.shapes.earn import Rate

REASONS = [
    *KINDS,
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


class Expiry(TypedDict):
    """The points that expire next, and when."""

    points: int
    at: datetime


class TierStanding(TypedDict):
    """The member's tier and the next one."""

    name: str
    benefits: str | None
    multiplier: Decimal | None
    points: int
    next_name: str | None
    next_points: int | None
    next_missing: int | None
    next_benefits: str | None
    ends_at: datetime | None


class Balance(TypedDict):
    """The figures of an account, in points; `money_value` is in the shop's currency."""

    available: int
    pending: int
    pending_until: datetime | None
    debt: int
    next_expiry: Expiry | None
    earned: int
    redeemed: int
    money_value: Decimal | None
    tier: TierStanding | None


class ReasonCoupon(TypedDict):
    """The coupon that a history row paid for."""

    kind: CouponKind
    amount: Decimal | None
    percent: Decimal | None
    product_name: str | None


class Reason(TypedDict):
    """Why points were booked, as a code that the panel has texts for."""

    code: Annotated[str, OneOf(REASONS)]
    order_number: str | None
    title: str | None
    comment: str | None
    coupon: ReasonCoupon | None


class Why(TypedDict):
    """How the points of a row were computed."""

    base: Decimal | None
    rate: Rate | None
    fixed_points: int | None
    multiplier: Decimal | None
    rounding: Annotated[str | None, OneOf(get_args(Rounding))]
    capped: bool
    includes_shipping: bool
    wait_days: int | None


class HistoryRow(TypedDict):
    """Points that are booked, or still wait to be booked."""

    id: str
    points: int
    state: Literal["booked", "waiting"]
    due_at: datetime | None
    at: datetime
    reason: Reason
    why: Why


class OrderWithoutPoints(TypedDict):
    """An order that can give no points, and why."""

    number: str
    placed_at: datetime
    reason: Literal["other_currency", "program_not_active", "before_program"]


class History(TypedDict):
    """A page of rows, newest first; the first page also has the newest orders that can give no points.

    `till`: the shop has a till, so the panel offers a code for it.
    """

    rows: list[HistoryRow]
    next_cursor: str | None
    orders_without_points: list[OrderWithoutPoints]
    till: bool


class MyBalance(TypedDict):
    """The data of the My balance tab."""

    balance: Balance
    history: History
