"""The list of referrals for staff: each with both sides, its reason, and what the sides said of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import fn

from widget_server import keyset
from widget_server.keyset import Page
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import replies
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.referrals.replies import ReferralReply

STATUSES = ("joined", "pending", "completed", "blocked", "cancelled")


@dataclass(frozen=True)
class Wanted:
    """Which referrals: of a status, with a reason, of a customer on either side, with texts that wait for staff."""

    status: str | None = None
    reason: str | None = None
    customer_id: str | None = None
    with_reply: bool = False


@dataclass(frozen=True)
class Listed:
    """A referral, both sides, and the texts that they sent."""

    referral: Referral
    advocate: Customer
    friend: Customer
    replies: list[ReferralReply]


def page(shop: Shop, wanted: Wanted, *, after: str | None = None, limit: int = keyset.PAGE) -> Page[Listed]:
    """Returns a page of referrals, newest first. Raises BadRequest (after) for a text that is no cursor.

    At most three queries, whatever the number of rows.
    """
    query = Referral.of(shop)
    if wanted.status:
        query = query.where(Referral.status == wanted.status)
    if wanted.reason:
        query = query.where(Referral.reason == wanted.reason)
    if wanted.customer_id:
        query = query.where((Referral.advocate_id == wanted.customer_id) | (Referral.friend_id == wanted.customer_id))
    if wanted.with_reply:
        waiting = ReferralReply.of(shop, ReferralReply.referral_id).where(ReferralReply.settled_at.is_null())
        query = query.where(Referral.id.in_(waiting))
    found = keyset.page(query, Referral.created_at, Referral.id, after=after, limit=limit)
    return Page(_with_people(shop, found.rows), found.next)


def one(shop: Shop, referral_id: str) -> Listed:
    """Returns one referral with both sides and their texts; raises NotFound."""
    return _with_people(shop, [Referral.need(shop, Referral.id == referral_id)])[0]


def reasons(shop: Shop) -> dict[str, int]:
    """Returns how many referrals ended with each reason, the most frequent first."""
    rows = Referral.of(shop, Referral.reason, fn.COUNT(Referral.id)).where(Referral.reason.is_null(False))
    counted = {reason: int(number) for reason, number in rows.group_by(Referral.reason).tuples()}
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _with_people(shop: Shop, rows: Iterable[Referral]) -> list[Listed]:
    rows = list(rows)
    ids = {id for row in rows for id in (row.advocate_id, row.friend_id)}
    people = {one.id: one for one in Customer.of(shop).where(Customer.id.in_(ids or {""}))}
    said = replies.of_referrals(shop, [row.id for row in rows])
    return [Listed(row, people[row.advocate_id], people[row.friend_id], said.get(row.id, [])) for row in rows]
