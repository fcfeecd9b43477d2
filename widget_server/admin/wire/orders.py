"""Orders as the shop's platform last reported them, and parked messages: our addition to Wix's API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from widget_server.loyalty.earning.order_list import Listed
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.points.awards import Award
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, Number, Points, PointsAmount

STATUSES = {one: one.lower() for one in ("PLACED", "PAID", "FULFILLED", "CANCELLED")}
PARKED = {one: one.lower() for one in ("WAITING", "BOOKED", "DISMISSED")}
AWARDS = {one: one.lower() for one in ("WAITING", "MATURED", "CANCELLED")}


class LoyaltyAward(TypedDict, total=False):
    """Points that an order gives under one rule; `maturesDate` only while they wait."""

    id: Guid
    account_id: Guid
    rule_id: Guid
    status: Annotated[str, Choice(AWARDS)]
    points: Annotated[int, Points()]
    matures_date: datetime | None


class LoyaltyOrder(TypedDict, total=False):
    """An order. `ineligibleReason` says why it gives no points: decided when it first arrived (`program_not_active`,
    `other_currency`), or recomputed with every message (`before_program`, `no_customer`).

    `points` are those of its awards now, `pendingPoints` the part of them that waits; without any, `whyNothing` is that
    reason or another one: `cancelled`, `refunded`, `nothing_eligible`, `customer_excluded`, `only_members_earn`,
    `no_rule`.
    """

    id: Guid
    customer_id: Guid | None
    platform: str
    external_id: str
    number: str
    status: Annotated[str, Choice(STATUSES)]
    currency: str
    total: Annotated[Decimal, Number()]
    coupon_codes: list[str]
    ineligible_reason: str | None
    points: PointsAmount
    pending_points: PointsAmount
    why_nothing: str | None
    awards: list[LoyaltyAward]
    placed_date: datetime
    created_date: datetime
    updated_date: datetime


class ParkedMessage(TypedDict, total=False):
    """A signed message that waits for its order, or is malformed or unexpected."""

    id: Guid
    platform: str
    topic: str
    waits_for: str | None
    reason: str
    body: str | None
    status: Annotated[str, Choice(PARKED)]
    received_date: datetime


class OrderResponse(TypedDict):
    """One order."""

    order: LoyaltyOrder


class OrdersPage(TypedDict):
    """The orders of a query, and the paging metadata."""

    orders: list[LoyaltyOrder]
    paging_metadata: CursorPagingMetadata


class ParkedResponse(TypedDict):
    """One parked message."""

    parked: ParkedMessage


class ParkedPage(TypedDict):
    """The messages of a query, and the paging metadata."""

    parked: list[ParkedMessage]
    paging_metadata: CursorPagingMetadata


class RetriedParked(TypedDict):
    """How many waiting messages are tried again."""

    count: int


class AwardsPage(TypedDict):
    """The awards of a query, and the paging metadata."""

    awards: list[LoyaltyAward]
    paging_metadata: CursorPagingMetadata


def order(listed: Listed) -> LoyaltyOrder:
    """Returns the order in the shape of LoyaltyOrder, with its awards and points."""
    row = listed.order
    state: OrderState = row.merged
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "platform": row.platform,
        "external_id": row.external_id,
        "number": row.number,
        "status": row.status,
        "currency": state.currency,
        "total": state.total,
        "coupon_codes": list(state.coupon_codes or ()),
        "ineligible_reason": row.ineligible_reason,
        "points": listed.points,
        "pending_points": listed.waiting,
        "why_nothing": listed.why_nothing,
        "awards": [award(one) for one in listed.awards],
        "placed_date": row.placed_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def award(row: Award) -> LoyaltyAward:
    """Returns the row in the shape of LoyaltyAward."""
    return {
        "id": row.id,
        "account_id": row.account_id,
        "rule_id": row.rule_id,
        "status": row.status,
        "points": row.points,
        "matures_date": row.due_at if row.status == "waiting" else None,
    }


def parked(row: Parked, *, body: bool = False) -> ParkedMessage:
    """Returns the row in the shape of ParkedMessage, with the body of the message only if requested."""
    return {
        "id": row.id,
        "platform": row.platform,
        "topic": row.topic,
        "waits_for": row.waits_for,
        "reason": row.reason,
        "body": row.body if body else None,
        "status": row.status,
        "received_date": row.received_at,
    }
