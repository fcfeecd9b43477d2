"""Referrals on the wire: our addition to Wix's API, whose referrals are in another package (acceptance 45)."""

from datetime import datetime
from typing import Annotated, TypedDict

from widget_server.loyalty.referrals.referrals import Referral
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid

STATUSES = {one: one.lower() for one in ("JOINED", "PENDING", "COMPLETED", "BLOCKED", "CANCELLED")}


class LoyaltyReferral(TypedDict, total=False):
    """One friend of one advocate; `reason` says why it is blocked or cancelled."""

    id: Guid
    advocate_id: Guid
    friend_id: Guid
    status: Annotated[str, Choice(STATUSES)]
    reason: str | None
    order_id: Guid | None
    advocate_transaction_id: Guid | None
    friend_transaction_id: Guid | None
    advocate_coupon_id: Guid | None
    friend_coupon_id: Guid | None
    created_date: datetime
    updated_date: datetime


class ReferralResponse(TypedDict):
    """One referral."""

    referral: LoyaltyReferral


class ReferralsPage(TypedDict):
    """The referrals of a query, and the paging metadata."""

    referrals: list[LoyaltyReferral]
    paging_metadata: CursorPagingMetadata


def referral(row: Referral) -> LoyaltyReferral:
    """Returns the row in the shape of LoyaltyReferral."""
    return {
        "id": row.id,
        "advocate_id": row.advocate_id,
        "friend_id": row.friend_id,
        "status": row.status,
        "reason": row.reason or None,
        "order_id": row.order_id or None,
        "advocate_transaction_id": row.advocate_transaction_id or None,
        "friend_transaction_id": row.friend_transaction_id or None,
        "advocate_coupon_id": row.advocate_coupon_id or None,
        "friend_coupon_id": row.friend_coupon_id or None,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }
