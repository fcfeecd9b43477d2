"""Figures of the shop's days on the wire: our addition to Wix's API (acceptance 53)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict, cast, get_args

from marshmallow import fields
from marshmallow.validate import OneOf, Range, Regexp

from widget_server.loyalty import reports
from widget_server.loyalty.books import BooksMark
from widget_server.loyalty.reports import FIGURE_NAME, PAGE_MAX, Entity
from widget_server.web.texts import at_most
from widget_server.web.wire import MONEY, CursorPagingMetadata, DecimalText, Guid, Points

BooksStatus = Literal["GOOD", "WRONG", "UNCHECKED"]


@dataclass(frozen=True)
class Days:
    """The first and last local day, both included; a missing one means no limit."""

    first: Annotated[date | None, fields.Date(data_key="from", metadata={"example": "2026-01-01"})] = None
    last: Annotated[date | None, fields.Date(data_key="to", metadata={"example": "2026-12-31"})] = None


class Totals(TypedDict):
    """Points and numbers, except `redemptionRate`, a share of 1, and `liability`, `referralRevenue` and
    `couponRevenue`, in `currency`.
    """

    earned: Annotated[int, Points()]
    redeemed: Annotated[int, Points()]
    adjusted: Annotated[int, Points()]
    expired: NotRequired[Annotated[int, Points()]]
    unredeemed: Annotated[int, Points()]
    pending: Annotated[int, Points()]
    members: int
    joined: int
    liability: NotRequired[Annotated[Decimal | None, DecimalText(pattern=MONEY)]]
    referral_revenue: NotRequired[Annotated[Decimal, DecimalText(pattern=MONEY)]]
    redemption_rate: NotRequired[Annotated[Decimal | None, fields.Float()]]
    coupon_orders: int
    coupon_revenue: NotRequired[Annotated[Decimal, DecimalText(pattern=MONEY)]]
    currency: str


class ComparedCount(TypedDict):
    """Points or a number: in the span, in the period before, and the change as a share (0.25: a quarter more)."""

    value: Annotated[int, Points()]
    before: NotRequired[Annotated[int | None, Points()]]
    change: NotRequired[Annotated[Decimal | None, fields.Float()]]


class ComparedMoney(TypedDict):
    """The same for an amount of money."""

    value: NotRequired[Annotated[Decimal | None, DecimalText(pattern=MONEY)]]
    before: NotRequired[Annotated[Decimal | None, DecimalText(pattern=MONEY)]]
    change: NotRequired[Annotated[Decimal | None, fields.Float()]]


class ComparedShare(TypedDict):
    """The same for a share of 1."""

    value: NotRequired[Annotated[Decimal | None, fields.Float()]]
    before: NotRequired[Annotated[Decimal | None, fields.Float()]]
    change: NotRequired[Annotated[Decimal | None, fields.Float()]]


class Overview(TypedDict):
    """Each figure of Totals beside the period of equal length before; `beforeFrom` and `beforeTo` are its days.

    `pending` is always the present value, so nothing is beside it.
    """

    before_from: NotRequired[Annotated[date | None, fields.Date()]]
    before_to: NotRequired[Annotated[date | None, fields.Date()]]
    currency: str
    earned: ComparedCount
    redeemed: ComparedCount
    adjusted: ComparedCount
    expired: ComparedCount
    unredeemed: ComparedCount
    pending: ComparedCount
    members: ComparedCount
    joined: ComparedCount
    coupon_orders: ComparedCount
    liability: ComparedMoney
    referral_revenue: ComparedMoney
    coupon_revenue: ComparedMoney
    redemption_rate: ComparedShare


class OverviewResponse(TypedDict):
    """The figures of the requested days, beside those of the period before."""

    overview: Overview


class Funnel(TypedDict):
    """Visits of referral links, and the referrals that began in the span by their present status.

    `friends` is the number of these referrals in all.
    """

    visited: int
    friends: int
    joined: int
    pending: int
    completed: int
    blocked: int
    cancelled: int


class FunnelResponse(TypedDict):
    """The referral funnel of the requested days."""

    funnel: Funnel


class TierShare(TypedDict):
    """The accounts that are in a tier now; `tierId` and `name` are absent for the base tier."""

    tier_id: NotRequired[Guid | None]
    name: NotRequired[str | None]
    accounts: int


class TierMixResponse(TypedDict):
    """The tier mix, first the base tier."""

    tiers: list[TierShare]


class Day(TypedDict):
    """What happened on one local day; points have the signs of Totals."""

    day: Annotated[date, fields.Date()]
    earned: Annotated[int, Points()]
    redeemed: Annotated[int, Points()]
    adjusted: Annotated[int, Points()]
    expired: Annotated[int, Points()]
    joined: int


class DaysResponse(TypedDict):
    """A row for each of the requested days until today, oldest first."""

    days: list[Day]


class AccountingDay(TypedDict):
    """The points of all customers on one local day; all signed: `opening` and the parts add up to `closing`.

    `reversed` are clawbacks of earned points and repayments of debt, `returned` refunds of redeemed points.
    """

    day: Annotated[date, fields.Date()]
    opening: Annotated[int, Points()]
    earned: Annotated[int, Points()]
    reversed: Annotated[int, Points()]
    redeemed: Annotated[int, Points()]
    returned: Annotated[int, Points()]
    expired: Annotated[int, Points()]
    adjusted: Annotated[int, Points()]
    closing: Annotated[int, Points()]


class AccountingResponse(TypedDict):
    """A row for each of the requested days until today, oldest first."""

    days: list[AccountingDay]


@dataclass(frozen=True)
class ReportRowsQuery(Days):
    """The figure, its days, and where the page begins.

    Figures are those of Totals that count something, `booked_<part>` for the parts of the accounting, `friends` and
    `friends_<status>` for referrals, `tier:<id>` and `tier:none` for the accounts in a tier now.
    """

    figure: Annotated[str, fields.String(validate=Regexp(FIGURE_NAME), metadata={"example": "earned"})] = "earned"
    cursor: Annotated[str | None, at_most(100)] = None
    limit: Annotated[int | None, fields.Integer(validate=Range(min=1, max=PAGE_MAX))] = None


class ReportRow(TypedDict):
    """One row behind a figure. `entity` says what `id` is the id of; `what` is a cause or a status.

    `points` are signed as booked (`unredeemed`: the balance), `amount` is what was paid for an order; `number` is the
    number of an order or the reason of a referral.
    """

    entity: Annotated[Entity, fields.String(validate=OneOf(get_args(Entity)), metadata={"example": "transaction"})]
    id: Guid
    date: datetime
    what: str
    customer_id: NotRequired[Guid | None]
    customer: NotRequired[str | None]
    points: NotRequired[Annotated[int | None, Points()]]
    amount: NotRequired[Annotated[Decimal | None, DecimalText(pattern=MONEY)]]
    number: NotRequired[str | None]


class ReportRowsResponse(TypedDict):
    """A page of rows, newest first."""

    rows: list[ReportRow]
    paging_metadata: CursorPagingMetadata


class TotalsResponse(TypedDict):
    """The figures of the requested days."""

    totals: Totals


class Books(TypedDict):
    """The last audit: its status and time, when the whole books were last good, and the first finding."""

    status: Annotated[BooksStatus, fields.String(validate=OneOf(get_args(BooksStatus)), metadata={"example": "GOOD"})]
    checked_at: NotRequired[datetime | None]
    whole_at: NotRequired[datetime | None]
    findings: int
    finding: NotRequired[Annotated[str | None, fields.String(metadata={"example": "coupon 7d2c...: was changed"})]]


class BooksResponse(TypedDict):
    """The result of the last audit of the shop's books."""

    books: Books


def totals(found: reports.Totals, currency: str) -> Totals:
    """Returns the figures in the shape of Totals."""
    return {
        "earned": found.earned,
        "redeemed": found.redeemed,
        "adjusted": found.adjusted,
        "expired": found.expired,
        "unredeemed": found.unredeemed,
        "pending": found.pending,
        "members": found.members,
        "joined": found.joined,
        "liability": found.liability,
        "referral_revenue": found.referral_revenue,
        "redemption_rate": found.redemption_rate,
        "coupon_orders": found.coupon_orders,
        "coupon_revenue": found.coupon_revenue,
        "currency": currency,
    }


def overview(found: reports.Overview, currency: str) -> Overview:
    """Returns the compared figures in the shape of Overview."""
    first, last = found.before or (None, None)
    figures = {name: vars(one) for name, one in found.figures.items()}
    return cast("Overview", {"before_from": first, "before_to": last, "currency": currency, **figures})


def funnel(found: reports.Funnel) -> Funnel:
    """Returns the funnel in the shape of Funnel."""
    return {
        "visited": found.visited,
        "friends": found.friends,
        "joined": found.joined,
        "pending": found.pending,
        "completed": found.completed,
        "blocked": found.blocked,
        "cancelled": found.cancelled,
    }


def tier_share(found: reports.TierShare) -> TierShare:
    """Returns the share in the shape of TierShare."""
    return {"tier_id": found.tier_id, "name": found.name, "accounts": found.accounts}


def day(found: reports.Day) -> Day:
    """Returns the day in the shape of Day."""
    return {
        "day": found.day,
        "earned": found.earned,
        "redeemed": found.redeemed,
        "adjusted": found.adjusted,
        "expired": found.expired,
        "joined": found.joined,
    }


def accounting_day(found: reports.AccountingDay) -> AccountingDay:
    """Returns the day in the shape of AccountingDay."""
    return {
        "day": found.day,
        "opening": found.opening,
        "earned": found.earned,
        "reversed": found.reversed,
        "redeemed": found.redeemed,
        "returned": found.returned,
        "expired": found.expired,
        "adjusted": found.adjusted,
        "closing": found.closing,
    }


def rows(found: reports.ReportRows) -> ReportRowsResponse:
    """Returns the page in the shape of ReportRowsResponse."""
    paging: CursorPagingMetadata = {"count": len(found.rows), "has_next": found.cursor is not None}
    if found.cursor is not None:
        paging["cursors"] = {"next": found.cursor}
    return {"rows": [row(one) for one in found.rows], "paging_metadata": paging}


def row(found: reports.ReportRow) -> ReportRow:
    """Returns the row in the shape of ReportRow."""
    return {
        "entity": found.entity,
        "id": found.id,
        "date": found.at,
        "what": found.what,
        "customer_id": found.customer_id,
        "customer": found.customer,
        "points": found.points,
        "amount": found.amount,
        "number": found.number,
    }


def books(mark: BooksMark | None) -> Books:
    """Returns the last audit in the shape of Books; `mark` is None before the first one."""
    if mark is None:
        return {"status": "UNCHECKED", "findings": 0}
    return {
        "status": "WRONG" if mark.findings else "GOOD",
        "checked_at": mark.checked_at,
        "whole_at": mark.whole_at,
        "findings": mark.findings,
        "finding": mark.finding,
    }
