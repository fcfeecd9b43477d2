"""Referrals: one friend of one advocate, with its status, and what an advocate sees of their friends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from peewee import Check, Value, fn

from widget_server import clock
from widget_server.db import Int, Selection, Text, UtcDateTime, statement
from widget_server.events import ReferralChanged, emit
from widget_server.journal import Journaled
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop

ENDED = ("blocked", "cancelled")
POINTS = "points"  # beside the statuses, in the sums of an advocate


class Referral(Journaled):
    """One friend of one advocate; `reason` says why it is blocked or cancelled (acceptance 45).

    `came_at` is when the friend came, which may be earlier than `created_at`; None in rows from before it was stored.
    After staff have approved it (`approved_at`) a referral is not blocked again.
    """

    id = Text(primary_key=True)
    advocate_id = Text()
    friend_id = Text()
    status = Text(default="joined")
    reason = Text(null=True)
    order_id = Text(null=True)
    completions = Int(default=0)
    advocate_transaction_id = Text(null=True)
    friend_transaction_id = Text(null=True)
    advocate_coupon_id = Text(null=True)
    friend_coupon_id = Text(null=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    came_at = UtcDateTime(null=True)
    approved_at = UtcDateTime(null=True)

    class Meta:
        indexes = (
            (("shop_id", "friend_id"), True),
            (("shop_id", "advocate_id", "status"), False),
            (("shop_id", "created_at"), False),
            (("shop_id", "status", "created_at"), False),
        )
        constraints = [Check("status IN ('joined', 'pending', 'completed', 'blocked', 'cancelled')")]


Referral.add_index(
    Referral.index(
        Referral.shop_id,
        Referral.reason,
        Referral.created_at,
        where=Referral.reason.is_null(False),
        name="referral_reason",
    )
)


@dataclass(frozen=True)
class Counts:
    """What an advocate sees of their friends: their numbers by status, and the net points the advocate got for them."""

    joined: int
    pending: int
    completed: int
    earned_points: int


def counts(shop: Shop, advocate: Customer, account: Account | None) -> Counts:
    """The advocate's friends by status, and the points they brought; one query."""
    found = {
        status: int(number) for status, number in _sums.tuples(shop.id, advocate.id, account.id if account else "")
    }
    joined = sum(found.get(status, 0) for status in ("joined", "pending", "completed"))
    return Counts(
        joined,
        found.get("joined", 0) + found.get("pending", 0),
        found.get("completed", 0),
        max(found.get(POINTS, 0), 0),
    )


@statement
def _sums(shop_id: str, advocate_id: str, account_id: str) -> Selection[Referral]:
    """How many friends there are of each status, and the advocate's points for them under the name POINTS."""
    friends = Referral.of(shop_id, Referral.status, fn.COUNT(Referral.id)).where(Referral.advocate_id == advocate_id)
    points: Any = Transaction.of(shop_id, Value(POINTS), fn.COALESCE(fn.SUM(Transaction.amount), 0)).where(
        Transaction.account_id == account_id,
        Transaction.cause_id.in_(Referral.of(shop_id, Referral.id).where(Referral.advocate_id == advocate_id)),
        Transaction.cause.in_(("referral_advocate", "referral_undone")),
        Transaction.event_at >= clock.EARLIEST,  # for SQLite, which else reads all rows of the account
    )
    both: Any = friends.group_by(Referral.status).union_all(points)
    return both  # type: ignore[no-any-return]


def of_friend(shop: Shop, friend: Customer) -> Referral | None:
    """The referral of this friend; None when nobody referred them."""
    return Referral.one(shop, Referral.friend_id == friend.id)


class ReferralChanges(TypedDict, total=False):
    """The columns of a referral that change with its status."""

    reason: str | None
    approved_at: datetime


def set_status(referral: Referral, status: str, **changes: Unpack[ReferralChanges]) -> None:
    """Save the referral, which the caller holds locked, with this status and these columns, and emit the change."""
    for name, value in changes.items():
        setattr(referral, name, value)
    referral.status, referral.updated_at = status, clock.now()
    referral.save()
    emit(ReferralChanged(referral.shop_id, referral.id, status))
