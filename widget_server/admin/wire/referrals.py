"""Referrals on the wire: our addition to Wix's API, whose referrals are in another package (acceptance 45)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from widget_server.loyalty.referrals import replies
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid

STATUSES = {one: one.lower() for one in ("JOINED", "PENDING", "COMPLETED", "BLOCKED", "CANCELLED")}
SIDES = {"ADVOCATE": "advocate", "FRIEND": "friend"}


class ReferralReply(TypedDict, total=False):
    """What one side says of a blocked referral; `settledDate` is when staff decided after it was sent."""

    side: Annotated[str, Choice(SIDES)]
    text: str
    created_date: datetime
    settled_date: datetime | None


class LoyaltyReferral(TypedDict, total=False):
    """One friend of one advocate; `reason` says why it is blocked or cancelled, `replies` what the two say of it."""

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
    replies: list[ReferralReply]
    approved_date: datetime | None
    created_date: datetime
    updated_date: datetime


@dataclass(frozen=True)
class AttachReferral:
    """The two customers to bind by hand; `override`: although there is a reason not to reward it."""

    advocate_id: Guid
    friend_id: Guid
    override: bool = False


class ReferralResponse(TypedDict):
    """One referral."""

    referral: LoyaltyReferral


class ReferralsPage(TypedDict):
    """The referrals of a query, and the paging metadata."""

    referrals: list[LoyaltyReferral]
    paging_metadata: CursorPagingMetadata


def referral(row: Referral, said: Iterable[replies.ReferralReply] = ()) -> LoyaltyReferral:
    """Returns the row in the shape of LoyaltyReferral, with the texts of both sides."""
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
        "replies": [_reply(one) for one in said],
        "approved_date": row.approved_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def _reply(row: replies.ReferralReply) -> ReferralReply:
    return {"side": row.side, "text": row.text, "created_date": row.created_at, "settled_date": row.settled_at}
