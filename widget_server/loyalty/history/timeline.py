"""The timeline of a customer for staff: ledger rows, waiting awards and orders without points, newest first.

It is in the order of the events, like the history that the customer sees, so that both can talk about one list.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from peewee import Expression, Field, fn

from widget_server import clock
from widget_server.db import ShopTable, Text
from widget_server.errors import BadRequest
from widget_server.ledger import MERGE, Account, Kind, Transaction
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.history import authors, explanations, missed_orders
from widget_server.loyalty.history.authors import SERVER, Author
from widget_server.loyalty.history.explanations import NOTHING_KNOWN, Explanation
from widget_server.loyalty.history.missed_orders import Missed
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon

PAGE = 20
PLACE = re.compile(r"([0-9TZ:.+-]{10,40})~(?:(0)~([0-9]{1,18})|([12])~([0-9a-f-]{36}))")
Kept = TypeVar("Kept", bound=ShopTable)
EntryKind = Literal["booked", "waiting", "nothing"]
RANKS: dict[EntryKind, int] = {"booked": 0, "nothing": 1, "waiting": 2}  # of one moment, the higher comes first


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry is in the timeline: its time, the rank of its kind, and its number or id among those."""

    at: datetime
    rank: int
    tie: int | str

    def __str__(self) -> str:
        exact = self.at.isoformat().replace("+00:00", "Z")  # to the microsecond, unlike `clock.iso`
        return f"{exact}~{self.rank}~{self.tie}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """Returns the place that `str` made; raises BadRequest (cursor)."""
        found = PLACE.fullmatch(text)
        try:
            if found is not None:
                at = clock.parse(found[1])
                return cls(at, 0, int(found[3])) if found[2] else cls(at, int(found[4]), found[5])
        except ValueError:
            pass
        raise BadRequest("This is no cursor of a timeline.", field="cursor")


@dataclass(frozen=True)
class Entry:
    """One entry: points that were booked, points that wait, or an order that gave nothing.

    `at` is the time of the event, `booked_at` when it was booked. `balance_after` is the balance after the booking;
    None for the rows of a merged account, which were booked on another balance. `cause` is a stable name such as
    `redeemed`, `kind_of_row` the kind in the ledger. `other` is the other side of a referral.
    """

    kind: EntryKind
    id: str
    at: datetime
    points: int
    cause: str
    why: Explanation = NOTHING_KNOWN
    author: Author = SERVER
    kind_of_row: Kind | None = None
    booked_at: datetime | None = None
    due_at: datetime | None = None
    balance_after: int | None = None
    is_copied: bool = False
    order: Order | None = None
    order_ref: str | None = None
    coupon: Coupon | None = None
    other: Customer | None = None
    reason: str | None = None
    comment: str | None = None
    reverses: Transaction | None = None
    missed: Missed | None = None


@dataclass(frozen=True)
class Timeline:
    """A page of entries, newest first, and the cursor of the next page; None on the last one."""

    entries: list[Entry]
    next_cursor: str | None


def page(
    shop: Shop, customer: Customer, account: Account | None, *, cursor: str | None = None, limit: int = PAGE
) -> Timeline:
    """Returns a page of the customer's timeline. `cursor` is the previous page's `next_cursor`.

    The number of queries does not depend on `limit`. Raises BadRequest (cursor).
    """
    before = Place.read(cursor) if cursor else None
    rows = _booked(shop, account, before, limit + 1) if account else []
    waiting = _waiting(shop, account, before, limit + 1) if account else []
    known = sorted([*map(place_of, rows), *map(place_of, waiting)], reverse=True)
    since = known[limit].at if len(known) > limit else None
    missed = _without_points(shop, customer, before, since, limit + 1)
    found: list[Transaction | Award | Order] = [*rows, *waiting, *missed]
    found.sort(key=place_of, reverse=True)
    shown = found[:limit]
    next_cursor = str(place_of(shown[-1])) if len(found) > limit else None
    return Timeline(_entries(shop, customer, account, shown), next_cursor)


def place_of(row: Transaction | Award | Order) -> Place:
    """Returns the place of a row in the timeline."""
    if isinstance(row, Transaction):
        return Place(row.event_at, RANKS["booked"], row.sequence)
    if isinstance(row, Award):
        return Place(row.event_at, RANKS["waiting"], row.id)
    return Place(row.placed_at, RANKS["nothing"], row.id)


def _booked(shop: Shop, account: Account, before: Place | None, limit: int) -> list[Transaction]:
    rows = Transaction.of(shop).where(
        Transaction.account_id == account.id,
        *_after(before, "booked", Transaction.event_at, Transaction.sequence),
    )
    return list(rows.order_by(Transaction.event_at.desc(), Transaction.sequence.desc()).limit(limit))


def _waiting(shop: Shop, account: Account, before: Place | None, limit: int) -> list[Award]:
    rows = Award.of(shop).where(
        Award.account_id == account.id,
        Award.status == "waiting",
        *_after(before, "waiting", Award.event_at, Award.id),
    )
    return list(rows.order_by(Award.event_at.desc(), Award.id.desc()).limit(limit))


def _without_points(
    shop: Shop, customer: Customer, before: Place | None, since: datetime | None, limit: int
) -> list[Order]:
    """The customer's orders of this time that have given nothing, and of which nothing waits.

    `since` keeps the database from reading further back than the page reaches.
    """
    gave = Award.of(shop, Award.id).where(
        Award.order_id == Order.id, (Award.points > 0) | Award.booked_id.is_null(False)
    )
    rows = Order.of(shop).where(
        Order.customer_id == customer.id,
        *_after(before, "nothing", Order.placed_at, Order.id),
        *([Order.placed_at >= since] if since else []),
        ~fn.EXISTS(gave),
    )
    return list(rows.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit))


def _after(before: Place | None, kind: EntryKind, at: Field, tie: Field) -> list[Expression]:
    """The conditions for the rows of a kind that come after a place of the timeline."""
    if before is None:
        return []
    rank = RANKS[kind]
    if rank > before.rank:
        return [at < before.at]
    if rank < before.rank:
        return [at <= before.at]
    return [at <= before.at, (at < before.at) | (tie < before.tie)]


class _Beside:
    """What a page of rows names, each kind read by one query."""

    def __init__(self, shop: Shop, rows: Sequence[Transaction | Award | Order]) -> None:
        booked = [row for row in rows if isinstance(row, Transaction)]
        gave = [row for row in rows if not isinstance(row, Order)]
        self.shop = shop
        self.orders = _by_id(shop, Order, [row.order_id for row in gave])
        self.rules = {rule.id: rule for rule in EarningRule.of(shop)}
        self.coupons = _by_id(shop, Coupon, [row.cause_id for row in booked])
        self.reversed = _by_id(shop, Transaction, [row.reverses_id for row in booked])
        noted = [row.id for row in booked if "note" in row.snapshot]
        self.notes = _by_id(shop, Adjustment, noted, of=Adjustment.transaction_id)
        self.authors = authors.of_rows(shop, booked, self.notes)
        referrals = _by_id(shop, Referral, [row.cause_id for row in booked if row.cause.startswith("referral_")])
        self.others = self._others_of(booked, referrals)
        self.awards: dict[str, list[Award]] = {}
        empty = [row.id for row in rows if isinstance(row, Order)]
        for award in Award.of(shop).where(Award.order_id.in_(empty)) if empty else ():
            self.awards.setdefault(award.order_id, []).append(award)

    def _others_of(self, rows: Iterable[Transaction], referrals: dict[str, Referral]) -> dict[str, Customer]:
        """The other side of each row that a referral booked, by the row's id."""
        sides = {row.id: referrals[row.cause_id] for row in rows if row.cause_id in referrals}
        ids = [id for one in sides.values() for id in (one.advocate_id, one.friend_id)]
        people = _by_id(self.shop, Customer, ids)
        found = {}
        for row in rows:
            if row.id in sides:
                named = sides[row.id]
                origin = self.reversed.get(row.reverses_id or "", row)
                other = named.friend_id if origin.cause == "referral_advocate" else named.advocate_id
                if other in people:
                    found[row.id] = people[other]
        return found


def _by_id(shop: Shop, table: type[Kept], ids: Iterable[str | None], of: Text | None = None) -> dict[str, Kept]:
    """The shop's rows with these ids, by id; or by the unique column `of`."""
    wanted, column = set(filter(None, ids)), of or getattr(table, "id")  # noqa: B009 - each table here has an id
    rows = table.of(shop).where(column.in_(wanted)) if wanted else ()
    return {getattr(row, column.name): row for row in rows}


def _entries(
    shop: Shop, customer: Customer, account: Account | None, rows: Sequence[Transaction | Award | Order]
) -> list[Entry]:
    beside, program = _Beside(shop, rows), programs.of(shop.id)
    paying = [rule for rule in beside.rules.values() if rule.kind in ORDER_KINDS]
    made: list[Entry] = []
    for row in rows:
        if isinstance(row, Transaction):
            made.append(_booked_entry(row, beside))
        elif isinstance(row, Award):
            made.append(_waiting_entry(row, beside))
        else:
            why = missed_orders.why(shop, row, beside.awards.get(row.id, []), paying, customer, account, program)
            made.append(Entry("nothing", row.id, row.placed_at, 0, "order", order=row, missed=why))
    return made


def _booked_entry(row: Transaction, beside: _Beside) -> Entry:
    order, note = beside.orders.get(row.order_id or ""), beside.notes.get(row.id)
    is_copied = row.source == MERGE
    return Entry(
        "booked",
        row.id,
        row.event_at,
        row.amount,
        row.cause,
        why=_why(row, row.cause_id, order, beside),
        author=beside.authors[row.id],
        kind_of_row=row.kind,
        booked_at=row.created_at,
        balance_after=None if is_copied else row.balance_after,
        is_copied=is_copied,
        order=order,
        order_ref=note.order_ref if note else None,
        coupon=beside.coupons.get(row.cause_id or ""),
        other=beside.others.get(row.id),
        reason=note.reason if note else None,
        comment=note.comment if note else None,
        reverses=beside.reversed.get(row.reverses_id or ""),
    )


def _waiting_entry(award: Award, beside: _Beside) -> Entry:
    order = beside.orders.get(award.order_id or "")
    why = _why(award, award.rule_id, order, beside)
    return Entry("waiting", award.id, award.event_at, award.points, award.cause, why, due_at=award.due_at, order=order)


def _why(row: Transaction | Award, cause_id: str | None, order: Order | None, beside: _Beside) -> Explanation:
    state = order.merged if order is not None and order.state else None
    return explanations.explain(row.snapshot, beside.rules.get(cause_id or ""), state)
