"""Books points: on one account or many, and takes them back or reverses them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NotRequired, TypedDict, Unpack

from widget_server import clock
from widget_server.db import Row, atomic, fetched, in_transaction, insert_many, is_among, listed
from widget_server.errors import KeyReused, Refusal
from widget_server.events import ManyPointsMoved, PointsMoved, emit
from widget_server.ledger.accounts import locked
from widget_server.ledger.balances import book, move_accounts, refusal_of
from widget_server.ledger.chain import chain
from widget_server.ledger.debts import debt_id, owe, repay
from widget_server.ledger.rows import current, find_by_key, find_by_keys
from widget_server.ledger.tables import Account, Cause, Debt, Kind, Shortfall, Transaction


class Booking(TypedDict):
    """What is booked besides the kind and the amount; `at` is the time of the event (default: now)."""

    source: str
    key: str
    cause: Cause
    line: NotRequired[int]
    at: NotRequired[datetime | None]
    reverses_id: NotRequired[str | None]
    may_go_below_zero: NotRequired[bool]


def post(shop_id: str, account_id: str, kind: Kind, amount: int, **booking: Unpack[Booking]) -> Transaction:
    """Book one row and update the account. A repeated key returns the first row.

    `amount` is signed whole points. Earnings repay debt first: the repayment is a separate row after it. Raises
    NotEnoughPoints when the balance would fall below zero, KeyReused when the key has another row, BalanceTooLarge
    beyond 10^9 per row or 10^15 in total.
    """
    with in_transaction():  # nothing is written before a refusal
        return post_locked(locked(shop_id, account_id), kind, amount, **booking)


def post_locked(account: Account, kind: Kind, amount: int, **booking: Unpack[Booking]) -> Transaction:
    """Book one row like `post`, on an account that the caller has locked in this transaction.

    Raises KeyReused when the key has another row, NotEnoughPoints, BalanceTooLarge.
    """
    earlier = find_by_key(account.shop_id, booking["source"], booking["key"], booking.get("line", 0))
    if earlier is None:
        return post_new(account, kind, amount, **booking)
    earlier = current(earlier)
    if (earlier.account_id, earlier.kind, earlier.amount) != (account.id, kind, amount):
        raise KeyReused()
    return earlier


def post_new(
    account: Account,
    kind: Kind,
    amount: int,
    *,
    source: str,
    key: str,
    cause: Cause,
    line: int = 0,
    at: datetime | None = None,
    reverses_id: str | None = None,
    may_go_below_zero: bool = False,
) -> Transaction:
    """Book one row like `post_locked`, when the caller has found no row of this key since it locked the account.

    Raises NotEnoughPoints, BalanceTooLarge.
    """
    row = book(
        account,
        Transaction(
            shop_id=account.shop_id,
            account_id=account.id,
            kind=kind,
            amount=amount,
            source=source,
            key=key,
            line=line,
            reverses_id=reverses_id,
            cause=cause.reason,
            cause_id=cause.id,
            order_id=cause.order_id,
            snapshot=cause.snapshot,
            event_at=at or clock.now(),
        ),
        may_go_below_zero=may_go_below_zero,
    )
    if kind == "earn" and amount > 0 and account.debt:
        repay(account, amount, source=source, cause_id=row.id, at=row.event_at)
    return row


MoveKind = Literal["adjust", "earn"]


@dataclass(frozen=True)
class Move:
    """One account's part in a change of many. `account` is locked; `line` is its number among the rows of one key.

    `at` is the time of the event (None: now). Of the kinds only adjust and earn are booked in bulk.
    """

    account: Row
    amount: int
    line: int
    cause: Cause
    reverses_id: str | None = None
    kind: MoveKind = "adjust"
    at: datetime | None = None


def post_many(
    shop_id: str, moves: list[Move], *, source: str, key: str, may_go_below_zero: bool = False
) -> list[Row | Refusal]:
    """Book one row for each move, all under one key; returns a row or a refusal for each, in their order.

    Does what `post` does, but in bulk, for about a thousand moves at a time, of which several may be of one account.
    The caller has locked the accounts by one `locked_many` in this transaction. Rows that the key booked before are
    returned again.
    """
    earlier = _booked_lines(shop_id, source, key, moves)
    moment, returns, rows, since = clock.now(), list[Row | Refusal](), list[Row](), list[datetime | None]()
    for move in moves:
        known = earlier.get(move.line) or refusal_of(move.account, move.amount, may_go_below_zero)
        if known is not None:
            returns.append(known)
            continue
        row = _row(shop_id, move, moment, source=source, key=key)
        chain(move.account, row)
        since.append(move.account.unspent_since)
        rows.append(row)
        returns.append(row)
    insert_many(Transaction, rows)
    move_accounts(shop_id, rows, since, moment)
    _repay_debts(shop_id, moves, rows)
    customers = {move.account.id: move.account.customer_id for move in moves}
    moved = (
        PointsMoved(shop_id, row.account_id, customers[row.account_id], row.id, row.kind, row.amount) for row in rows
    )
    emit(ManyPointsMoved(shop_id, tuple(moved)))
    return returns


def _row(shop_id: str, move: Move, moment: datetime, *, source: str, key: str) -> Row:
    return Row(
        shop_id=shop_id,
        account_id=move.account.id,
        kind=move.kind,
        amount=move.amount,
        source=source,
        key=key,
        line=move.line,
        reverses_id=move.reverses_id,
        cause=move.cause.reason,
        cause_id=move.cause.id,
        order_id=move.cause.order_id,
        snapshot=move.cause.snapshot,
        event_at=move.at or moment,
        created_at=moment,
    )


def _repay_debts(shop_id: str, moves: list[Move], rows: list[Row]) -> None:
    """Repay the debts of accounts that earned, as `post` does."""
    owing = {move.account.id for move in moves if move.account.debt}
    for row in rows:
        if row.account_id in owing and row.kind == "earn" and row.amount > 0:
            account = locked(shop_id, row.account_id)
            repay(account, row.amount, source=row.source, cause_id=row.id, at=row.event_at)


def claw_back(
    shop_id: str,
    account_id: str,
    points: int,
    *,
    source: str,
    key: str,
    cause: Cause,
    reverses_id: str | None,
    shortfall: Shortfall = "clamp",
    at: datetime | None = None,
) -> Transaction | None:
    """Take back `points` (> 0) that were earned: a negative earn that references the row it takes back.

    With `clamp`, points already spent become debt that later earnings repay; with `negative` the balance falls
    below zero. Returns the booked row, or None when all of it became debt; a repeated key returns the same.
    Raises KeyReused when the key took back another number of points.
    """
    with atomic():
        account = locked(shop_id, account_id)
        earlier, own_debt = find_by_key(shop_id, source, key), debt_id(shop_id, source, key)
        owed = Debt.one(shop_id, Debt.id.in_((own_debt, debt_id(account_id, source, key))))
        if earlier is not None or owed is not None:
            if points != (owed.amount if owed else 0) - (earlier.amount if earlier else 0):
                raise KeyReused()
            return current(earlier) if earlier else None
        now_points = points if shortfall == "negative" else min(points, max(account.balance, 0))
        if points > now_points:
            owe(shop_id, account_id, points - now_points, reverses_id, id=own_debt)
        row = None
        if now_points:
            row = post_locked(
                account,
                "earn",
                -now_points,
                source=source,
                key=key,
                cause=cause,
                at=at,
                reverses_id=reverses_id,
                may_go_below_zero=shortfall == "negative",
            )
        return row


def reverse(shop_id: str, row: Transaction, *, source: str, key: str, cause: Cause) -> Transaction:
    """Book the exact opposite of a redeem (as refund) or of an adjust (as adjust); it references the reversed row.

    Raises NotEnoughPoints when the points of a reversed addition are already spent.
    """
    row = current(row)
    kind: Kind = "refund" if row.kind == "redeem" else "adjust"
    return post(shop_id, row.account_id, kind, -row.amount, source=source, key=key, cause=cause, reverses_id=row.id)


def _booked_lines(shop_id: str, source: str, key: str, moves: list[Move]) -> dict[int, Row]:
    if not moves:
        return {}
    lines = [move.line for move in moves]
    these = f'WHERE "shop_id" = ? AND "source" = ? AND "key" = ? AND {is_among("line")}'
    if not fetched(f'SELECT 1 FROM "transaction" {these} LIMIT 1', shop_id, source, key, listed(lines)):  # noqa: S608
        return {}
    return {row.line: row for row in find_by_keys(shop_id, source, key, lines)}
