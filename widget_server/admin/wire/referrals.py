"""Referrals on the wire: ours beside Wix's, whose referral API is another package (acceptance 45)."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.referrals.referrals import Referral
from widget_server.web.wire import Choice, Wire, WireTime, guid, page_of, wrapped

STATUSES = {one: one.lower() for one in ("JOINED", "PENDING", "COMPLETED", "BLOCKED", "CANCELLED")}


class ReferralWire(Wire):
    """One friend of one advocate; `reason` says why it is blocked or cancelled."""

    id, advocate_id, friend_id = guid(), guid(), guid()
    status = Choice(STATUSES)
    reason = fields.String()
    order_id = guid()
    advocate_transaction_id, friend_transaction_id = guid(), guid()
    advocate_coupon_id, friend_coupon_id = guid(), guid()
    created_date, updated_date = WireTime(), WireTime()


ReferralBody = wrapped("referral", ReferralWire)
ReferralsPage = page_of("referrals", ReferralWire)


def referral(row: Referral) -> dict[str, Any]:
    """The row as ReferralWire writes it."""
    names = ("id", "advocate_id", "friend_id", "status", "reason", "order_id")
    given = ("advocate_transaction_id", "friend_transaction_id", "advocate_coupon_id", "friend_coupon_id")
    same = {name: getattr(row, name) or None for name in (*names, *given)}
    return {**same, "created_date": row.created_at, "updated_date": row.updated_at}
