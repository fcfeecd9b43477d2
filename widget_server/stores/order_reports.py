"""What this server holds of an order, for a sender that compares, and what a message would book (contracts §28)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from widget_server import ledger
from widget_server.db import atomic
from widget_server.loyalty.earning import order_goods, order_list, orders
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.order_list import Listed
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.scoring import Rate
from widget_server.loyalty.history import missed_orders
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupon_orders, coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import inbox
from widget_server.stores.inbox import Outcome
from widget_server.stores.messages import MalformedMessage, OrderSeen
from widget_server.stores.platforms import PLATFORMS

PLATFORM = "generic"
PLACES = 4  # of computed amounts: a share of a discount has no end


class LineReport(TypedDict):
    """A line: its goods after discounts and without tax, and the part of them that was not refunded."""

    id: str
    goods: Decimal
    kept: Decimal


class RefundReport(TypedDict):
    """A refund that counts; `goods` is the part of `amount` that is neither shipping nor tax."""

    id: str
    amount: Decimal
    shipping: Decimal
    tax: Decimal
    goods: Decimal


class RuleReport(TypedDict):
    """The points of an order under one rule. `base` is the money that counted, `factor` the multipliers together.

    While they wait, `due_at` is when they can be spent, or `waits_for` the status that the order has to reach first.
    """

    rule: str | None
    title: str | None
    status: str
    points: int
    base: Decimal
    factor: Decimal
    capped: bool
    due_at: datetime | None
    waits_for: str | None


class ReasonReport(TypedDict):
    """Why one rule gives nothing for an order."""

    rule: str | None
    reason: str


class CouponReport(TypedDict):
    """A code of ours that the order names: its status, and whether this order is the one that uses it."""

    code: str
    status: str
    used_by_this_order: bool


class OrderReport(TypedDict):
    """An order as this server holds it: what was sent, how its money was read, and its points."""

    id: str
    number: str
    status: str
    currency: str
    revision: int | None
    placed_at: datetime
    modified_at: datetime
    updated_at: datetime
    customer_id: str | None
    total: Decimal
    shipping: Decimal
    tax: Decimal
    discount: Decimal
    loose_discount: Decimal
    tax_included: bool
    goods: Decimal
    kept: Decimal
    lines: list[LineReport]
    refunds: list[RefundReport]
    coupon_codes: list[str] | None
    coupons: list[CouponReport]
    points: int
    pending: int
    rules: list[RuleReport]
    why_nothing: str | None
    reasons: list[ReasonReport]


@dataclass
class Trial:
    """What a message about an order would do: the outcome, the order's points now, and the order after it."""

    outcome: Outcome
    points_now: int = 0
    order: OrderReport | None = None

    def as_json(self) -> dict[str, object]:
        """Returns the response of a dry run."""
        return {
            "dry_run": True,
            "status": self.outcome.status,
            "reason": self.outcome.reason,
            "field": self.outcome.field,
            "points_now": self.points_now,
            "order": self.order,
        }


class _TakenBack(Exception):
    """Ends the transaction of a dry run: nothing of it is committed."""


def dry_run(shop: Shop, body: bytes) -> Trial:
    """Returns what `inbox.deliver` would do with this body about an order; nothing is written, queued or sent.

    The message is booked by the same functions in a transaction that is rolled back. What is queued, mailed or noted
    for other tables is written in that transaction too.
    """
    trial = Trial(Outcome("ignored"))
    with suppress(_TakenBack), atomic():
        external_id = _id_in(body)
        known = orders.find(shop, PLATFORM, external_id) if external_id else None
        trial.points_now = order_list.one(shop, known.id).points if known else 0
        trial.outcome = inbox.deliver(shop, PLATFORM, "order", body)
        if trial.outcome.status == "booked" and external_id:
            trial.order = report(shop, external_id)
        raise _TakenBack
    return trial


def report(shop: Shop, external_id: str) -> OrderReport:
    """Returns the order with the shop's own id as this server holds it. Raises NotFound."""
    row = Order.need(shop, Order.platform == PLATFORM, Order.external_id == external_id)
    listed, state = order_list.one(shop, row.id), row.merged
    goods = order_goods.goods(state)
    missed = [] if listed.points or listed.customer is None else _reasons(shop, listed, listed.customer)
    return {
        "id": row.external_id,
        "number": row.number,
        "status": row.status,
        "currency": state.currency,
        "revision": state.revision,
        "placed_at": row.placed_at,
        "modified_at": state.modified_at,
        "updated_at": row.updated_at,
        "customer_id": listed.customer.external_id if listed.customer else None,
        "total": state.total,
        "shipping": state.shipping,
        "tax": state.tax,
        "discount": state.discount,
        "loose_discount": _amount(order_goods.loose_discount(state)),
        "tax_included": order_goods.tax_is_inside(state),
        "goods": _amount(sum((one.full for one in goods), Decimal(0))),
        "kept": _amount(sum((one.kept for one in goods), Decimal(0))),
        "lines": [{"id": one.line.id, "goods": _amount(one.full), "kept": _amount(one.kept)} for one in goods],
        "refunds": _refunds(state),
        "coupon_codes": None if state.coupon_codes is None else list(state.coupon_codes),
        "coupons": _coupons(shop, row),
        "points": listed.points,
        "pending": listed.waiting,
        "rules": [_of_rule(award) for award in listed.awards if award.points and award.status != "cancelled"],
        "why_nothing": listed.why_nothing,
        "reasons": missed,
    }


def _id_in(body: bytes) -> str | None:
    """The id of the order in a body; None when it is malformed."""
    with suppress(MalformedMessage):
        message = PLATFORMS[PLATFORM].translate("order", body)
        if isinstance(message, OrderSeen) and message.order.get("id") is not None:
            return str(message.order["id"])
    return None


def _amount(value: Decimal) -> Decimal:
    return round(value, PLACES)


def _refunds(state: OrderState) -> list[RefundReport]:
    return [
        {"id": one.id, "amount": one.amount, "shipping": one.shipping, "tax": one.tax, "goods": one.goods}
        for one in state.given_back
    ]


def _of_rule(award: Award) -> RuleReport:
    snapshot = award.snapshot
    rate, waits = Rate.from_json(snapshot["rate"]), award.status == "waiting"
    return {
        "rule": rate.handle,
        "title": rate.title,
        "status": award.status,
        "points": award.points,
        "base": _amount(Decimal(snapshot["base"])),
        "factor": Decimal(snapshot["factor"]),
        "capped": bool(snapshot["capped"]),
        "due_at": award.due_at if waits else None,
        "waits_for": rate.earn_at if waits and award.due_at is None else None,
    }


def _reasons(shop: Shop, listed: Listed, customer: Customer) -> list[ReasonReport]:
    """Why each rule for orders gives nothing for the order of this customer."""
    rules = list(EarningRule.of(shop).where(EarningRule.kind.in_(ORDER_KINDS)).order_by(EarningRule.position))
    account, program = ledger.account_of(shop.id, customer.id), programs.of(shop.id)
    missed = missed_orders.why(shop, listed.order, listed.awards, rules, customer, account, program)
    return [{"rule": one.rule.handle, "reason": one.reason} for one in missed.verdicts]


def _coupons(shop: Shop, order: Order) -> list[CouponReport]:
    """The codes of ours that the order names or named, by its list or by a call."""
    ref = codes.ref_of(order)
    carried = coupon_orders.coupons_of(shop, ref)
    rows = Coupon.of(shop).where(Coupon.id.in_(carried)).order_by(Coupon.code) if carried else []
    return [
        {"code": one.code, "status": coupons.status_now(one), "used_by_this_order": one.order_ref == ref}
        for one in rows
    ]
