"""Figures of the shop's days on the wire: ours beside Wix's (acceptance 53)."""

from marshmallow import fields
from marshmallow.validate import OneOf

from widget_server.web.wire import MONEY, DecimalText, Points, Wire, WireTime


class Days(Wire):
    """From which local day to which, both included; left out is without end."""

    first = fields.Date(data_key="from", metadata={"example": "2026-01-01"})
    last = fields.Date(data_key="to", metadata={"example": "2026-12-31"})


class Totals(Wire):
    """Points but for `liability` and `referralRevenue`, which are in `currency`; `redemptionRate` is a share of 1."""

    earned, redeemed, adjusted, expired = Points(required=True), Points(required=True), Points(required=True), Points()
    unredeemed, pending = Points(required=True), Points(required=True)
    members, joined = fields.Integer(required=True), fields.Integer(required=True)
    liability, referral_revenue = DecimalText(pattern=MONEY), DecimalText(pattern=MONEY)
    redemption_rate = fields.Float()
    currency = fields.String(required=True)


class TotalsBody(Wire):
    """The figures."""

    totals = fields.Nested(Totals, required=True)


class Books(Wire):
    """The last audit: its status, when it was, when the whole books were good last, and what it found first."""

    status = fields.String(required=True, validate=OneOf(("GOOD", "WRONG", "UNCHECKED")), metadata={"example": "GOOD"})
    checked_at = WireTime()
    whole_at = WireTime()
    findings = fields.Integer(required=True)
    finding = fields.String(metadata={"example": "coupon 7d2c...: was changed"})


class BooksBody(Wire):
    """The shop's books."""

    books = fields.Nested(Books, required=True)
