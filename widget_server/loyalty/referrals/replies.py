"""What a member says of a referral that was not counted: one short text of each side, which staff read.

The member learns neither who the other side is nor the reason: either would help to get around the rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from peewee import JOIN, Value, fn

from widget_server import clock
from widget_server.db import Condition, Selection, ShopTable, Text, UtcDateTime, atomic, insert_once, new_id, statement
from widget_server.errors import AlreadyReplied, BadRequest, NotFound
from widget_server.loyalty.people import lines
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referrals import Referral

TEXT_LENGTH_MAX = 300
SHOWN_DAYS = 90  # how long a member is told of a referral that was blocked

Side = Literal["friend", "advocate"]


class ReferralReply(ShopTable):
    """The text of one side of a referral. `settled_at` is when staff decided the referral after it was sent."""

    id = Text(primary_key=True)
    referral_id = Text()
    side = Text()
    text = Text()
    created_at = UtcDateTime()
    settled_at = UtcDateTime(null=True)

    class Meta:
        indexes = ((("shop_id", "referral_id", "side"), True),)


ReferralReply.add_index(
    ReferralReply.index(
        ReferralReply.shop_id,
        ReferralReply.created_at,
        where=ReferralReply.settled_at.is_null(),
        name="referral_reply_open",
    )
)


@dataclass(frozen=True)
class Uncounted:
    """A referral of a member that was blocked, and whether the member has sent a text about it."""

    referral_id: str
    replied: bool


@dataclass(frozen=True)
class Seen:
    """What a member sees of referrals beside the numbers of their friends."""

    is_referred: bool
    uncounted: Uncounted | None


def seen_by(shop: Shop, customer: Customer) -> Seen:
    """Returns whether the member was referred, and the newest blocked referral of theirs, as friend or advocate, of the
    last SHOWN_DAYS. One without the member's text comes before those with it.
    """
    since = clock.now() - timedelta(days=SHOWN_DAYS)
    found = [_Theirs(*row) for row in _theirs.values(shop.id, customer.id, since)]
    blocked = [one for one in found if one.status == "blocked" and one.updated_at >= since]
    newest = max(blocked, key=lambda one: (one.reply_id is None, one.updated_at, one.id), default=None)
    return Seen(
        is_referred=any(one.side == "friend" for one in found),
        uncounted=Uncounted(newest.id, newest.reply_id is not None) if newest else None,
    )


class _Theirs(NamedTuple):
    """A referral of a member, from one side, with the member's reply."""

    id: str
    status: str
    updated_at: datetime
    reply_id: str | None
    side: Side


@statement
def _theirs(shop_id: str, customer_id: str, since: datetime) -> Selection[Referral]:
    """The referral of the member as a friend, and those as an advocate that were blocked since then."""
    as_friend = _of_side(shop_id, "friend").where(Referral.friend_id == customer_id)
    as_advocate = _of_side(shop_id, "advocate").where(
        Referral.advocate_id == customer_id, Referral.status == "blocked", Referral.updated_at >= since
    )
    both: Any = as_friend.union_all(as_advocate)
    return both  # type: ignore[no-any-return]


def _of_side(shop_id: str, side: Side) -> Selection[Referral]:
    columns = (Referral.id, Referral.status, Referral.updated_at, ReferralReply.id, Value(side))
    replied = (ReferralReply.referral_id == Referral.id) & (ReferralReply.side == side)
    return Referral.of(shop_id, *columns).join(
        ReferralReply, JOIN.LEFT_OUTER, on=replied & (ReferralReply.shop_id == Referral.shop_id)
    )


def reply(shop: Shop, customer: Customer, referral_id: str, text: str) -> ReferralReply:
    """Store what the member says of a blocked referral of theirs; returns it.

    The text becomes one line. Raises NotFound for any other referral, BadRequest (text) unless it has 1 to
    TEXT_LENGTH_MAX characters, and AlreadyReplied for a second text.
    """
    said = lines.clean(text) or ""
    if not 0 < len(said) <= TEXT_LENGTH_MAX:
        raise BadRequest(f"A text of 1 to {TEXT_LENGTH_MAX} characters.", field="text")
    with atomic():
        referral = Referral.need(shop, Referral.id == referral_id, Referral.status == "blocked")
        if customer.id not in (referral.friend_id, referral.advocate_id):
            raise NotFound("There is no such referral here.")
        row = {
            "id": new_id(),
            "shop_id": shop.id,
            "referral_id": referral.id,
            "side": _side(referral, customer),
            "text": said,
            "created_at": clock.now(),
        }
        if not insert_once(ReferralReply, row):
            raise AlreadyReplied()
        return ReferralReply.need(shop, ReferralReply.id == row["id"])


def of_referrals(shop: Shop, referral_ids: Iterable[str]) -> dict[str, list[ReferralReply]]:
    """Returns the texts of these referrals by the referral's id, oldest first; one query."""
    found: dict[str, list[ReferralReply]] = {}
    rows = ReferralReply.of(shop).where(ReferralReply.referral_id.in_(list(referral_ids) or [""]))
    for row in rows.order_by(ReferralReply.created_at, ReferralReply.id):
        found.setdefault(row.referral_id, []).append(row)
    return found


def settle(shop: Shop, referral_id: str) -> int:
    """Note that staff decided the referral, so that its texts wait no longer; returns how many did."""
    waiting = (ReferralReply.referral_id == referral_id, ReferralReply.settled_at.is_null())
    return ReferralReply.change(shop, {ReferralReply.settled_at: clock.now()}, *waiting)


def waiting(shop: Shop) -> int:
    """Returns how many texts wait for a decision of staff."""
    return int(ReferralReply.of(shop, fn.COUNT(ReferralReply.id)).where(ReferralReply.settled_at.is_null()).scalar())


def of_customer(shop: Shop, customer: Customer) -> list[ReferralReply]:
    """Returns the texts that this customer sent, oldest first."""
    own = ReferralReply.of(shop).where(_written_by(shop.id, [customer.id]))
    return list(own.order_by(ReferralReply.created_at, ReferralReply.id))


def forget(person: Forgotten) -> None:
    """Delete the person's own texts, and texts of others that name them."""
    ReferralReply.remove(person.shop_id, _written_by(person.shop_id, person.ids))
    for row in list(ReferralReply.of(person.shop_id, ReferralReply.id, ReferralReply.text)):
        if person.is_named_in(row.text):
            ReferralReply.remove(person.shop_id, ReferralReply.id == row.id)


def _written_by(shop_id: str, ids: Sequence[str]) -> Condition:
    """The condition that a text is of one of these customers: of their side of a referral."""
    as_friend, as_advocate = (
        ReferralReply.referral_id.in_(Referral.of(shop_id, Referral.id).where(column.in_(ids)))
        for column in (Referral.friend_id, Referral.advocate_id)
    )
    return ((ReferralReply.side == "friend") & as_friend) | ((ReferralReply.side == "advocate") & as_advocate)


def _side(referral: Referral, customer: Customer) -> Side:
    return "friend" if referral.friend_id == customer.id else "advocate"
