"""A customer's timeline on the wire: our addition to Wix's API. Each entry says why it has its points."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict, get_args

from widget_server.admin.wire.transactions import TYPES
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.history import authors, explanations, missed_orders, timeline
from widget_server.loyalty.history.missed_orders import MissedReason
from widget_server.web.wire import (
    Choice,
    CursorPagingMetadata,
    DecimalText,
    Guid,
    Number,
    PageCursor,
    PageLimit,
    PointsAmount,
)

KINDS = {"BOOKED": "booked", "WAITING": "waiting", "NOTHING": "nothing"}
AUTHORS = {one.upper(): one for one in get_args(authors.AuthorKind)}
REASONS = {one.upper(): one for one in get_args(MissedReason)}
Money = Annotated[Decimal | None, DecimalText()]
Factor = Annotated[Decimal | None, Number(places=4)]


@dataclass(frozen=True)
class TimelineQuery:
    """The page of the timeline."""

    limit: PageLimit = None
    cursor: PageCursor = None


class EntryRule(TypedDict, total=False):
    """The rule behind points, as it was then; without a `revision` where that was not stored yet."""

    id: Guid
    kind: str
    handle: str | None
    title: str | None
    revision: int | None


class EntryLine(TypedDict, total=False):
    """A line of the order: `amount` of `fullAmount` counted after refunds, times `multiplier`."""

    name: str
    product_id: str | None
    quantity: int
    full_amount: Money
    amount: Money
    multiplier: Factor
    counts: bool


class Explanation(TypedDict, total=False):
    """How points were computed; what was not stored with the booking is absent.

    `scored` are the points before caps, `given` after them. `lines` are absent when the order has changed since.
    """

    rule: EntryRule | None
    fixed_points: PointsAmount | None
    per_points: PointsAmount | None
    per_amount: Money
    base: Money
    rounding: str | None
    multiplier: Factor
    tier_multiplier: Factor
    campaign_multiplier: Factor
    combine: str | None
    scored: PointsAmount | None
    given: PointsAmount | None
    capped: bool
    caps: dict[str, int]
    minimum_subtotal: Money
    after_discounts: bool | None
    with_shipping: bool | None
    with_tax: bool | None
    with_gift_cards: bool | None
    earns_at: str | None
    wait_days: int | None
    lines: list[EntryLine] | None
    expiry: str | None
    expiry_months: int | None


class EntryAuthor(TypedDict, total=False):
    """Who moved the points; `name` is that of the member of staff or of the app, `batchId` that of a bulk change."""

    kind: Annotated[str, Choice(AUTHORS)]
    name: str | None
    batch_id: Guid | None


class EntryOrder(TypedDict, total=False):
    """The order that an entry is about."""

    id: Guid
    external_id: str
    number: str
    status: str


class EntryCoupon(TypedDict, total=False):
    """The coupon that points paid for."""

    id: Guid
    code: str | None
    title: str | None
    status: str


class Verdict(TypedDict, total=False):
    """Why one rule gave nothing for an order."""

    rule: EntryRule
    reason: Annotated[str, Choice(REASONS)]


class Missed(TypedDict, total=False):
    """Why an order gave nothing; not `certain` when it follows from the settings of today."""

    reason: Annotated[str, Choice(REASONS)]
    certain: bool
    rules: list[Verdict]


class Entry(TypedDict, total=False):
    """Points that were booked, points that wait, or an order that gave nothing.

    `id` is that of the transaction, the award or the order. `reversesId` is the transaction that this one takes back.
    """

    id: Guid
    kind: Annotated[str, Choice(KINDS)]
    date: datetime
    booked_date: datetime | None
    matures_date: datetime | None
    points: PointsAmount
    balance_after: PointsAmount | None
    transaction_type: Annotated[str | None, Choice(TYPES)]
    cause: str
    copied_by_merge: bool
    author: EntryAuthor
    reason: str | None
    comment: str | None
    order: EntryOrder | None
    order_reference: str | None
    coupon: EntryCoupon | None
    other_customer_id: Guid | None
    reverses_id: Guid | None
    why: Explanation
    missed: Missed | None


class TimelinePage(TypedDict):
    """Entries, newest first, and the paging metadata."""

    entries: list[Entry]
    paging_metadata: CursorPagingMetadata


def page(found: timeline.Timeline) -> TimelinePage:
    """Returns a page of a timeline as the wire has it."""
    cursor = found.next_cursor
    metadata: CursorPagingMetadata = {
        "count": len(found.entries),
        "cursors": {} if cursor is None else {"next": cursor},
        "has_next": cursor is not None,
    }
    return {"entries": [entry(one) for one in found.entries], "paging_metadata": metadata}


def entry(one: timeline.Entry) -> Entry:
    """Returns one entry as the wire has it."""
    author = one.author
    return {
        "id": one.id,
        "kind": one.kind,
        "date": one.at,
        "booked_date": one.booked_at,
        "matures_date": one.due_at,
        "points": one.points,
        "balance_after": one.balance_after,
        "transaction_type": one.kind_of_row,
        "cause": one.cause,
        "copied_by_merge": one.is_copied,
        "author": {"kind": author.kind, "name": author.name, "batch_id": author.id},
        "reason": one.reason,
        "comment": one.comment,
        "order": None if one.order is None else _order(one.order),
        "order_reference": one.order_ref,
        "coupon": _coupon(one),
        "other_customer_id": one.other.id if one.other else None,
        "reverses_id": one.reverses.id if one.reverses else None,
        "why": _why(one.why),
        "missed": None if one.missed is None else _missed(one.missed),
    }


def _order(row: Order) -> EntryOrder:
    return {"id": row.id, "external_id": row.external_id, "number": row.number, "status": row.status}


def _coupon(one: timeline.Entry) -> EntryCoupon | None:
    row = one.coupon
    return None if row is None else {"id": row.id, "code": row.code, "title": row.title, "status": row.status}


def _why(why: explanations.Explanation) -> Explanation:
    return {
        "rule": None if why.rule is None else _rule(why.rule),
        "fixed_points": why.fixed_points,
        "per_points": why.per_points,
        "per_amount": why.per,
        "base": why.base,
        "rounding": why.rounding,
        "multiplier": why.factor,
        "tier_multiplier": why.tier,
        "campaign_multiplier": why.campaign,
        "combine": why.combine,
        "scored": why.scored,
        "given": why.given,
        "capped": why.capped,
        "caps": dict(why.caps),
        "minimum_subtotal": why.minimum_subtotal,
        "after_discounts": why.after_discounts,
        "with_shipping": why.with_shipping,
        "with_tax": why.with_tax,
        "with_gift_cards": why.with_gift_cards,
        "earns_at": why.earn_at,
        "wait_days": why.wait_days,
        "lines": None if why.lines is None else [_line(line) for line in why.lines],
        "expiry": why.expiry_mode,
        "expiry_months": why.expiry_months,
    }


def _line(line: explanations.CountedLine) -> EntryLine:
    return {
        "name": line.name,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "full_amount": line.full,
        "amount": line.amount,
        "multiplier": line.factor,
        "counts": line.counts,
    }


def _rule(rule: explanations.RuleNamed) -> EntryRule:
    return {"id": rule.id, "kind": rule.kind, "handle": rule.handle, "title": rule.title, "revision": rule.revision}


def _missed(missed: missed_orders.Missed) -> Missed:
    return {
        "reason": missed.reason,
        "certain": missed.is_certain,
        "rules": [{"rule": _rule(one.rule), "reason": one.reason} for one in missed.verdicts],
    }
