"""Figures of the shop's days on the wire: our addition to Wix's API (acceptance 53)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict, get_args

from marshmallow import fields
from marshmallow.validate import OneOf

from widget_server.loyalty import reports
from widget_server.loyalty.books import BooksMark
from widget_server.web.wire import MONEY, DecimalText, Points

BooksStatus = Literal["GOOD", "WRONG", "UNCHECKED"]


@dataclass(frozen=True)
class Days:
    """The first and last local day, both included; a missing one means no limit."""

    first: Annotated[date | None, fields.Date(data_key="from", metadata={"example": "2026-01-01"})] = None
    last: Annotated[date | None, fields.Date(data_key="to", metadata={"example": "2026-12-31"})] = None


class Totals(TypedDict):
    """Points, except `liability` and `referralRevenue`, in `currency`, and `redemptionRate`, a share of 1."""

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
    currency: str


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
        "currency": currency,
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
