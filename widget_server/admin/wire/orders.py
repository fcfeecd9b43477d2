"""Orders as the shop's platform last told them, and messages that could not be booked: ours beside Wix's."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.points.awards import Award
from widget_server.web.wire import Choice, Number, Points, Wire, WireTime, guid, page_of, wrapped

STATUSES = {one: one.lower() for one in ("PLACED", "PAID", "FULFILLED", "CANCELLED")}
PARKED = {one: one.lower() for one in ("WAITING", "BOOKED", "DISMISSED")}
AWARDS = {one: one.lower() for one in ("WAITING", "MATURED", "CANCELLED")}


class AwardWire(Wire):
    """Points that an order gives under one rule; `maturesDate` while they wait."""

    id, account_id, rule_id = guid(), guid(), guid()
    status = Choice(AWARDS)
    points = Points()
    matures_date = WireTime()


class OrderWire(Wire):
    """An order. `ineligibleReason` says why it gives no points: decided when it first arrived (`program_not_active`,
    `other_currency`), or recomputed with every message (`before_program`, `no_customer`).
    """

    id, customer_id = guid(), guid()
    platform, external_id, number = fields.String(), fields.String(), fields.String()
    status = Choice(STATUSES)
    currency = fields.String()
    total = Number()
    coupon_codes = fields.List(fields.String())
    ineligible_reason = fields.String()
    awards = fields.List(fields.Nested(AwardWire))
    placed_date, created_date, updated_date = WireTime(), WireTime(), WireTime()


class ParkedWire(Wire):
    """A signed message that waits for its order, or is odd."""

    id = guid()
    platform, topic, waits_for, reason, body = (fields.String() for _ in range(5))
    status = Choice(PARKED)
    received_date = WireTime()


OrderBody = wrapped("order", OrderWire)
OrdersPage = page_of("orders", OrderWire)
ParkedBody = wrapped("parked", ParkedWire)
ParkedPage = page_of("parked", ParkedWire)


def order(row: Order, awards: list[Award]) -> dict[str, Any]:
    """The row as OrderWire writes it."""
    told: OrderState = row.told
    same = ("id", "customer_id", "platform", "external_id", "number", "status")
    return {
        **{name: getattr(row, name) for name in same},
        "currency": told.currency,
        "total": told.total,
        "coupon_codes": list(told.coupon_codes or ()),
        "ineligible_reason": row.why_nothing,
        "awards": [award(one) for one in awards],
        "placed_date": row.placed_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def award(row: Award) -> dict[str, Any]:
    """The row as AwardWire writes it."""
    same = {name: getattr(row, name) for name in ("id", "account_id", "rule_id", "status", "points")}
    return {**same, "matures_date": row.due_at if row.status == "waiting" else None}


def parked(row: Parked, *, body: bool = False) -> dict[str, Any]:
    """The row as ParkedWire writes it; the body of the message for one alone."""
    names = ("id", "platform", "topic", "waits_for", "reason", "status")
    same = {name: getattr(row, name) for name in names}
    return {**same, "body": row.body if body else None, "received_date": row.received_at}
