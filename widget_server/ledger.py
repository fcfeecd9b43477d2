"""The ledger: accounts, and the transactions that are their only history. The one writer of points.

An account's counters are the sums of its rows: balance = earned + adjusted - redeemed - expired. A row is
never edited; a correction is a new row that points at the old one. Rows are chained per account with the
server's key, so that a change behind our back shows in `audit()` (contracts §2).

When two accounts turn out to be one person's, `merge` books the rows of the first again on the second
(contracts §11, docs/decisions/008-merging.md).
"""

import hmac
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from peewee import JOIN, SQL, Check, CompositeKey, fn

from widget_server import clock, config, data_keys
from widget_server.db import (
    Int,
    Json,
    Row,
    ShopTable,
    Text,
    UtcDateTime,
    among,
    atomic,
    canonical,
    database,
    execute_many,
    insert_many,
    insert_once,
    lock_rows,
    new_id,
)
from widget_server.errors import BalanceTooLarge, KeyReused, NotEnoughPoints, Refusal
from widget_server.events import AccountCreated, ManyPointsMoved, PointsMoved, emit
from widget_server.journal import Journaled

Kind = Literal["earn", "redeem", "refund", "adjust", "expire"]
Shortfall = Literal["clamp", "negative"]

POINTS_MAX = 10**9
BALANCE_MAX = 10**15
AUDIT_PAGE = 500
MERGE = "merge"  # the source of the rows that a merge books: line 0 is a copy, line 1 the opposite of the original
COPY, OPPOSITE = 0, 1
AGE_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # older than any credit
COUNTER_OF: dict[Kind, tuple[str, int]] = {  # which counter a row moves, and in which direction
    "earn": ("earned", 1),
    "redeem": ("redeemed", -1),
    "refund": ("redeemed", -1),
    "adjust": ("adjusted", 1),
    "expire": ("expired", -1),
}


class Account(Journaled):
    """A customer's points. `pending` are awards not yet spendable, `debt` what later earnings repay first.

    `revision` counts the changes of balance and tier, `updated_at` says when the last one was (wix-api §2, §3).
    No credit that still has points is older than `unspent_since`; it may be later than that, and is None when there are
    no points. Expiry by age finds by it the accounts to look at (loyalty/points/expiry.py).
    """

    id = Text(primary_key=True)
    customer_id = Text(unique=True, constraints=[SQL("REFERENCES customer (id)")])
    balance = Int(default=0)
    earned = Int(default=0)
    adjusted = Int(default=0)
    redeemed = Int(default=0)
    expired = Int(default=0)
    pending = Int(default=0)
    debt = Int(default=0)
    sequence = Int(default=0)
    head = Text(default="")
    tier_id = Text(null=True)
    tier_points = Int(default=0)
    tier_until = UtcDateTime(null=True)
    created_at = UtcDateTime()
    last_activity_at = UtcDateTime()
    revision = Int(default=1)
    updated_at = UtcDateTime(default=clock.now)
    unspent_since = UtcDateTime(null=True)

    class Meta:
        refuses = ("DELETE",)
        indexes = ((("shop_id", "created_at", "id"), False), (("shop_id", "unspent_since"), False))
        constraints = [
            Check("balance = earned + adjusted - redeemed - expired"),
            Check("pending >= 0 AND debt >= 0 AND sequence >= 0"),
        ]


class Transaction(ShopTable):
    """Points moved once. `amount` is signed; `snapshot` keeps the rule and rate that caused it."""

    account_id = Text(constraints=[SQL("REFERENCES account (id)")])
    sequence = Int()
    id = Text(unique=True)
    kind = Text()
    amount = Int()
    balance_after = Int()
    source = Text()
    key = Text()
    line = Int(default=0)
    reverses_id = Text(null=True, column_name="takes_back")
    cause = Text()
    cause_id = Text(null=True)
    order_id = Text(null=True)
    snapshot = Json()
    event_at = UtcDateTime()
    created_at = UtcDateTime()
    digest = Text()

    class Meta:
        primary_key = CompositeKey("account_id", "sequence")
        clustered = True
        refuses = ("UPDATE", "DELETE")
        indexes = (
            (("shop_id", "source", "key", "line"), True),
            (("shop_id", "created_at"), False),
            (("account_id", "cause_id", "event_at"), False),
            (("account_id", "event_at", "sequence"), False),
            (("order_id",), False),
        )
        constraints = [
            Check("kind IN ('earn', 'redeem', 'refund', 'adjust', 'expire')"),
            Check(f"amount <> 0 AND amount BETWEEN -{POINTS_MAX} AND {POINTS_MAX}"),
            Check(
                f"source = '{MERGE}' OR CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 "
                "WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END"
            ),
        ]


class Debt(Journaled):
    """What a clawback could not take because it was spent (+), and what later earnings repaid (-)."""

    id = Text(primary_key=True)
    account_id = Text(index=True, constraints=[SQL("REFERENCES account (id)")])
    amount = Int()
    transaction_id = Text(null=True)
    created_at = UtcDateTime()

    class Meta:
        refuses = ("UPDATE", "DELETE")


@dataclass(frozen=True)
class Cause:
    """Why points move: the reason (a stable name, as `redeemed`), the id of the thing, its order, the figures."""

    reason: str
    id: str | None = None
    order_id: str | None = None
    snapshot: dict[str, Any] = field(default_factory=dict)


def account_of(shop_id: str, customer_id: str) -> Account | None:
    """The customer's account, if there is one."""
    return Account.one(shop_id, Account.customer_id == customer_id)


def open_account(shop_id: str, customer_id: str) -> Account:
    """The customer's account, made now when there is none: at joining or with the first points."""
    with atomic():
        account = account_of(shop_id, customer_id)
        if account is not None:
            return account
        moment = clock.now()
        facts = {"id": new_id(), "shop_id": shop_id, "customer_id": customer_id}
        if insert_once(Account, {**facts, "created_at": moment, "last_activity_at": moment, "updated_at": moment}):
            emit(AccountCreated(shop_id, facts["id"], customer_id))
        return Account.need(shop_id, Account.customer_id == customer_id)


def open_accounts(shop_id: str, customer_ids: Iterable[str]) -> dict[str, str]:
    """The id of each customer's account, by the customer's; made now where there is none."""
    wanted, moment = set(customer_ids), clock.now()

    def known(ids: set[str]) -> dict[str, str]:
        rows = Account.of(shop_id, Account.customer_id, Account.id).where(among(Account.customer_id, ids))
        return dict(rows.tuples())

    with atomic():
        found = known(wanted)
        facts = {"shop_id": shop_id, "created_at": moment, "last_activity_at": moment, "updated_at": moment}
        made = {one: Row(id=new_id(), customer_id=one, **facts) for one in wanted - set(found)}
        insert_many(Account, made.values(), unless_there=True)
        found |= known(set(made))
        for customer_id, account in made.items():
            if found[customer_id] == account.id:
                emit(AccountCreated(shop_id, account.id, customer_id))
        return found


def locked(shop_id: str, account_id: str) -> Account:
    """The account as it is now, locked until the transaction ends. Lock several in the order of their ids."""
    row: Account = lock_rows(Account.of(shop_id).where(Account.id == account_id)).get()
    return row


def locked_many(shop_id: str, account_ids: Iterable[str]) -> dict[str, Row]:
    """The accounts, with what a `Move` needs of them, by id; locked until the transaction ends, in that order."""
    names = ("id", "customer_id", "balance", "sequence", "head", "unspent_since")
    needed = [getattr(Account, name) for name in names]
    rows = lock_rows(Account.of(shop_id, *needed).where(among(Account.id, account_ids)).order_by(Account.id))
    return {row.id: row for row in rows.objects(Row)}


def post(
    shop_id: str,
    account_id: str,
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
    """Book one row and move the account with it. The same key again returns the first row.

    `amount` is signed whole points, `at` when it happened (default: now). Earnings repay debt first: the
    repayment is a row of its own right behind. Raises NotEnoughPoints when the balance would fall below
    zero, KeyReused when the key names another row, BalanceTooLarge beyond 10^9 a row or 10^15 in all.
    """
    with atomic():
        account = locked(shop_id, account_id)
        earlier = find_by_key(shop_id, source, key, line)
        if earlier is not None:
            earlier = current(earlier)
            if (earlier.account_id, earlier.kind, earlier.amount) != (account_id, kind, amount):
                raise KeyReused()
            return earlier
        row = _book(
            account,
            Transaction(
                shop_id=shop_id,
                account_id=account_id,
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
            _repay(account, amount, source=source, cause_id=row.id, at=row.event_at)
        return row


@dataclass(frozen=True)
class Move:
    """One account's part in a change of many. `account` is a locked one, `line` its place among the rows of one key."""

    account: Row
    amount: int
    line: int
    cause: Cause
    reverses_id: str | None = None


def post_many(
    shop_id: str, moves: list[Move], *, source: str, key: str, may_go_below_zero: bool = False
) -> list[Row | Refusal]:
    """Book one adjust for each move, all under one key; returns a row or a refusal for each, in their order.

    For changes of many accounts, a thousand or so at a time: what `post` does, but set by set. The caller holds
    each account by one `locked_many` in this transaction. What the key booked before is answered again.
    """
    earlier = _booked_lines(shop_id, source, key, moves)
    moment, returns, rows, since = clock.now(), list[Row | Refusal](), list[Row](), list[datetime | None]()
    for move in moves:
        known = earlier.get(move.line) or _refusal(move.account, move.amount, may_go_below_zero)
        if known is not None:
            returns.append(known)
            continue
        row = Row(
            shop_id=shop_id,
            account_id=move.account.id,
            kind="adjust",
            amount=move.amount,
            source=source,
            key=key,
            line=move.line,
            reverses_id=move.reverses_id,
            cause=move.cause.reason,
            cause_id=move.cause.id,
            order_id=move.cause.order_id,
            snapshot=move.cause.snapshot,
            event_at=moment,
            created_at=moment,
        )
        _chain(move.account, row)
        since.append(move.account.unspent_since)
        rows.append(row)
        returns.append(row)
    insert_many(Transaction, rows)
    Account.will_write(shop_id, [row.account_id for row in rows])
    mark, time = database.param, UtcDateTime().db_value
    at = time(moment)
    execute_many(
        f'UPDATE "account" SET "balance" = "balance" + {mark}, "adjusted" = "adjusted" + {mark}, "sequence" = {mark},'  # noqa: S608
        f' "head" = {mark}, "last_activity_at" = {mark}, "updated_at" = {mark}, "revision" = "revision" + 1,'
        f' "unspent_since" = {mark} WHERE "id" = {mark} AND "shop_id" = {mark}',
        [
            (row.amount, row.amount, row.sequence, row.digest, at, at, time(oldest), row.account_id, shop_id)
            for row, oldest in zip(rows, since, strict=True)
        ],
    )
    Account.wrote({"shop_id": shop_id, "id": row.account_id} for row in rows)
    customers = {move.account.id: move.account.customer_id for move in moves}
    moved = (
        PointsMoved(shop_id, row.account_id, customers[row.account_id], row.id, "adjust", row.amount) for row in rows
    )
    emit(ManyPointsMoved(shop_id, tuple(moved)))
    return returns


def find_by_key(shop_id: str, source: str, key: str, line: int = 0) -> Transaction | None:
    """The row that `key` moved points with, if it came through `source` before; a merge may have copied it since
    (`current`).
    """
    return Transaction.one(shop_id, Transaction.source == source, Transaction.key == key, Transaction.line == line)


def find_by_keys(shop_id: str, source: str, key: str, first_line: int, last_line: int) -> list[Row]:
    """The rows that `key` moved points with, from one of its lines to another, by line."""
    rows = Transaction.of(shop_id).where(Transaction.source == source, Transaction.key == key)
    return list(rows.where(Transaction.line.between(first_line, last_line)).order_by(Transaction.line).objects(Row))


def current(row: Transaction) -> Transaction:
    """The row that stands for `row` today: its copy on the account that its own was merged into, else itself."""
    while (copy := find_by_key(row.shop_id, MERGE, row.id, COPY)) is not None:
        row = copy
    return row


def current_many(shop_id: str, rows: Iterable[Row]) -> list[Row]:
    """What `current` returns for each of many rows, in their order."""
    found = list(rows)
    while copies := _copies(shop_id, [row.id for row in found]):
        found = [copies.get(row.id, row) for row in found]
    return found


def _copies(shop_id: str, ids: list[str]) -> dict[str, Row]:
    """The copies of rows that a merge moved, by the id of the original."""
    if not ids:
        return {}
    of_merges = Transaction.of(shop_id).where(Transaction.source == MERGE, Transaction.line == COPY)
    return {copy.key: copy for copy in of_merges.where(among(Transaction.key, ids)).objects(Row)}


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
    """Take back `points` (> 0) that were earned: a negative earn that points at the row it takes back.

    With `clamp` what is already spent becomes debt that later earnings repay; with `negative` the balance
    falls below zero. Returns the booked row, or None when all of it became debt; the same key again returns
    the same. Raises KeyReused when the key took back something else.
    """
    with atomic():
        account = locked(shop_id, account_id)
        earlier, debt_id = find_by_key(shop_id, source, key), _debt_id(shop_id, source, key)
        owed = Debt.one(shop_id, Debt.id.in_((debt_id, _debt_id(account_id, source, key))))
        if earlier is not None or owed is not None:
            if points != (owed.amount if owed else 0) - (earlier.amount if earlier else 0):
                raise KeyReused()
            return current(earlier) if earlier else None
        now_points = points if shortfall == "negative" else min(points, max(account.balance, 0))
        if points > now_points:
            _owe(shop_id, account_id, points - now_points, reverses_id, id=debt_id)
        row = None
        if now_points:
            row = post(
                shop_id,
                account_id,
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
    """Book the exact opposite of a redeem (as refund) or of an adjust (as adjust); the row it undoes is named.

    Raises NotEnoughPoints when an addition that is undone was spent meanwhile.
    """
    row = current(row)
    kind: Kind = "refund" if row.kind == "redeem" else "adjust"
    return post(shop_id, row.account_id, kind, -row.amount, source=source, key=key, cause=cause, reverses_id=row.id)


def move_pending(shop_id: str, account_id: str, by: int) -> None:
    """Awards began to wait (+) or ended waiting (-): keep the account's `pending` in step."""
    if by:
        Account.change(shop_id, {Account.pending: Account.pending + by}, Account.id == account_id)


def merge(shop_id: str, from_id: str, to_id: str) -> dict[str, str]:
    """Two accounts turned out to be one person's: the second becomes what it would be had it been the only one.

    Rows, counters, debts and their history go to `to_id`; `from_id` ends with 0 in every counter. What one account owes
    is repaid from what the other has at once, as a single account would have paid it. Awards, and whatever else names
    a row, are the caller's to move: returns the id of each row's copy, by the id of the row (contracts §11).
    """
    with atomic():
        accounts = {account_id: locked(shop_id, account_id) for account_id in sorted((from_id, to_id))}
        old, new = accounts[from_id], accounts[to_id]
        due = min(old.debt, max(new.balance, 0)) + min(new.debt, max(old.balance, 0))
        copies = replay(old, new)
        _move_debts(old, new, copies)
        if due:
            _repay(new, due, source="job", cause_id=old.id, at=clock.now())
        return copies


def replay(old: Account, new: Account) -> dict[str, str]:
    """Book each row of `old` again on `new`, as it is, and its exact opposite on `old`; returns copies by original.

    Kind, amount, time, cause and figures stay, so that counters, age of points, tier and reports are those of one
    account, and all sums of the shop stay what they were. Both accounts are locked. Nothing is emitted: nobody won or
    lost a point.
    """
    moment, copies, written = clock.now(), dict[str, str](), list[Row]()
    before = {name: getattr(old, name) for name in ("balance", "earned", "adjusted", "redeemed", "expired")}
    rows = Transaction.of(old.shop_id).where(Transaction.account_id == old.id).order_by(Transaction.sequence)
    for row in list(rows.objects(Row)):
        shared = {**vars(row), "source": MERGE, "key": row.id, "created_at": moment}
        named = {name: copies.get(getattr(row, name), getattr(row, name)) for name in ("reverses_id", "cause_id")}
        copy = Row(**{**shared, **named, "account_id": new.id, "line": COPY})
        reason = {"reverses_id": row.id, "cause": "merged", "cause_id": new.id, "order_id": None, "snapshot": {}}
        opposite = Row(**{**shared, **reason, "amount": -row.amount, "line": OPPOSITE})
        _chain(new, copy)
        _chain(old, opposite)
        copies[row.id] = copy.id
        written += (copy, opposite)
    insert_many(Transaction, written)
    _save_merged(old, dict.fromkeys(before, 0), moment)
    joint = {name: getattr(Account, name) + value for name, value in before.items()}
    times = {
        "created_at": min(old.created_at, new.created_at),
        "last_activity_at": max(old.last_activity_at, new.last_activity_at),
    }
    _save_merged(new, {**joint, **times}, moment)
    return copies


def set_tier(shop_id: str, account_id: str, tier_id: str | None, points: int, until: datetime | None) -> None:
    """Put the account into a tier with its points in the window; a change counts as one of the account."""
    standing = {Account.tier_id: tier_id, Account.tier_points: points, Account.tier_until: until}
    Account.change(
        shop_id,
        {**standing, Account.revision: Account.revision + 1, Account.updated_at: clock.now()},
        Account.id == account_id,
        (Account.tier_points != points) | _differs(Account.tier_id, tier_id) | _differs(Account.tier_until, until),
    )


def note_activity(shop_id: str, account_id: str, at: datetime | None = None) -> None:
    """An order or a sign-in is activity too; it never moves backwards."""
    moment = at or clock.now()
    Account.change(
        shop_id,
        {Account.last_activity_at: moment},
        Account.id == account_id,
        Account.last_activity_at < moment,
    )


def set_activity(shop_id: str, customer_id: str, at: datetime) -> None:
    """What was booked since was no activity of the customer: the last one was `at`."""
    Account.change(shop_id, {Account.last_activity_at: at}, Account.customer_id == customer_id)


def note_unspent_since(shop_id: str, account_id: str, since: datetime | None) -> None:
    """Who holds the account locked worked out how old its oldest unspent points are; None: it has none that age."""
    Account.change(shop_id, {Account.unspent_since: since}, Account.id == account_id)


def history(
    shop_id: str, account_id: str, *, before: int | None = None, limit: int = 20, by_event: bool = False
) -> list[Transaction]:
    """The newest rows of an account, or those behind the row with sequence `before`.

    In the order of booking, or by the time of the event: there rows of a merged account stand among the others by their
    own dates (acceptance 48).
    """
    rows = Transaction.of(shop_id).where(Transaction.account_id == account_id)
    if not by_event:
        rows = rows.where(Transaction.sequence < before) if before is not None else rows
        return list(rows.order_by(Transaction.sequence.desc()).limit(limit))
    if before is not None:
        last = Transaction.alias()
        same_time = (Transaction.event_at == last.event_at) & (Transaction.sequence < last.sequence)
        rows = rows.join(
            last, JOIN.LEFT_OUTER, on=(last.account_id == Transaction.account_id) & (last.sequence == before)
        ).where(last.id.is_null() | (Transaction.event_at < last.event_at) | same_time)
    return list(rows.order_by(Transaction.event_at.desc(), Transaction.sequence.desc()).limit(limit))


def _differs(column: Any, value: Any) -> Any:
    """True in the database where the column holds something else; NULL is a value here."""
    return column.is_null(value is not None) | (column != value)


def _book(account: Account, row: Transaction, *, may_go_below_zero: bool) -> Transaction:
    refusal = _refusal(account, row.amount, may_go_below_zero)
    if refusal is not None:
        raise refusal
    before, counter, direction = account.sequence, *COUNTER_OF[row.kind]
    counter_field = getattr(Account, counter)
    row.created_at = clock.now()
    _chain(account, row)
    moved = (
        Account.update(
            {
                Account.balance: Account.balance + row.amount,
                counter_field: counter_field + direction * row.amount,
                Account.sequence: row.sequence,
                Account.head: row.digest,
                Account.last_activity_at: row.created_at,
                Account.revision: Account.revision + 1,
                Account.updated_at: row.created_at,
                Account.unspent_since: account.unspent_since,
            }
        )
        .where(
            Account.shop_id == account.shop_id,
            Account.id == account.id,
            Account.sequence == before,
            (Account.balance >= -row.amount) | (may_go_below_zero or row.amount > 0),
        )
        .execute()
    )
    if not moved:
        raise NotEnoughPoints(needs=-row.amount, has=account.balance - row.amount)
    row.save(force_insert=True)
    emit(PointsMoved(row.shop_id, row.account_id, account.customer_id, row.id, row.kind, row.amount))
    return row


def _refusal(account: Account | Row, amount: int, may_go_below_zero: bool) -> Refusal | None:
    """Why the locked account cannot be moved by `amount`."""
    if not 0 < abs(amount) <= POINTS_MAX or abs(account.balance + amount) > BALANCE_MAX:
        return BalanceTooLarge()
    if amount < 0 and account.balance + amount < 0 and not may_go_below_zero:
        return NotEnoughPoints(needs=-amount, has=account.balance)
    return None


def _chain(account: Account | Row, row: Transaction | Row) -> None:
    """Give the row its place at the end of the account's chain, and note it as the new head."""
    row.id = new_id()
    row.sequence, row.balance_after = account.sequence + 1, account.balance + row.amount
    row.digest = _digest(account.head, row)
    account.sequence, account.head, account.balance = row.sequence, row.digest, row.balance_after
    account.unspent_since = _unspent_since(account.unspent_since, row)


def _unspent_since(before: datetime | None, row: Transaction | Row) -> datetime | None:
    """The account's lower bound after this row: taking points away never makes older ones unspent again."""
    if row.balance_after <= 0:
        return None
    if row.amount < 0:
        return before
    since = row.event_at if is_credit(row.amount, row.kind, row.reverses_id) else AGE_UNKNOWN
    return since if before is None else min(before, since)


def is_credit(amount: int, kind: str, reverses_id: str | None) -> bool:
    """True for a row of points with an age of their own. Points that are given back keep their age (contracts §2)."""
    return amount > 0 and kind != "refund" and reverses_id is None


CREDIT = (Transaction.amount > 0) & (Transaction.kind != "refund") & Transaction.reverses_id.is_null()  # in a query


def _save_merged(account: Account, columns: dict[str, Any], moment: datetime) -> None:
    """Where the chain of a merged account ends now, with what else changed."""
    ends = {name: getattr(account, name) for name in ("sequence", "head", "unspent_since")}
    changes = {**ends, **columns, "updated_at": moment, "revision": Account.revision + 1}
    values = {getattr(Account, name): value for name, value in changes.items()}
    Account.change(account.shop_id, values, Account.id == account.id)


def _booked_lines(shop_id: str, source: str, key: str, moves: list[Move]) -> dict[int, Row]:
    if not moves:
        return {}
    lines = [move.line for move in moves]
    rows = find_by_keys(shop_id, source, key, min(lines), max(lines))
    return {row.line: row for row in rows}


def _repay(account: Account, most: int, *, source: str, cause_id: str, at: datetime) -> None:
    """Repay up to `most` of the debt, the oldest first, each part by a row that takes back what the debt was for.

    It is repaid from what is there; below zero (the shop's setting changed) it waits for later earnings. `cause_id` is
    the row that was earned, or the account that was merged into this one.
    """
    points = min(most, account.debt, account.balance)
    if points <= 0:
        return
    unpaid = _unpaid(account)
    _owe(account.shop_id, account.id, -points, cause_id)
    for line, (owed_for, owed) in enumerate(unpaid):
        part = min(owed, points)
        if not part:
            break
        points -= part
        _book(
            account,
            Transaction(
                shop_id=account.shop_id,
                account_id=account.id,
                kind="earn",
                amount=-part,
                source=source,
                key=f"debt:{cause_id}",
                line=line,
                reverses_id=owed_for,
                cause="debt_repaid",
                cause_id=cause_id,
                order_id=None,
                snapshot={},
                event_at=at,
            ),
            may_go_below_zero=False,
        )


def _unpaid(account: Account) -> list[tuple[str | None, int]]:
    """What the account still owes and for which row, the oldest first: repayments pay the oldest."""
    entries = Debt.of(account.shop_id, Debt.transaction_id, Debt.amount).where(Debt.account_id == account.id)
    ordered = list(entries.order_by(Debt.created_at, Debt.id).tuples())
    repaid = -sum(amount for _, amount in ordered if amount < 0)
    unpaid = []
    for owed_for, amount in ordered:
        if amount > 0:
            paid = min(amount, repaid)
            repaid -= paid
            if amount > paid:
                unpaid.append((owed_for, amount - paid))
    return unpaid


def _move_debts(old: Account, new: Account, copies: dict[str, str]) -> None:
    """What `old` owed, and repaid, is booked again on `new` for the copies of the same rows, and undone on `old`."""
    written = list[Row]()
    for debt in Debt.of(old.shop_id).where(Debt.account_id == old.id).objects(Row):
        owed_for = copies.get(debt.transaction_id, debt.transaction_id)
        written.append(Row(**{**vars(debt), "id": new_id(), "account_id": new.id, "transaction_id": owed_for}))
        written.append(Row(**{**vars(debt), "id": new_id(), "amount": -debt.amount}))
    insert_many(Debt, written)
    Account.change(old.shop_id, {Account.debt: 0}, Account.id == old.id)
    Account.change(old.shop_id, {Account.debt: Account.debt + old.debt}, Account.id == new.id)
    old.debt, new.debt = 0, new.debt + old.debt


def _debt_id(owner_id: str, source: str, key: str) -> str:
    """Made of the request key, so that the same request never owes twice: of the shop's, whatever is merged.

    Debts of earlier versions were made of the account's.
    """
    return str(uuid.uuid5(uuid.UUID(owner_id), f"{source}\n{key}"))


def _owe(shop_id: str, account_id: str, points: int, transaction_id: str | None, *, id: str | None = None) -> None:
    Debt(
        id=id or new_id(),
        shop_id=shop_id,
        account_id=account_id,
        amount=points,
        transaction_id=transaction_id,
        created_at=clock.now(),
    ).save(force_insert=True)
    Account.change(shop_id, {Account.debt: Account.debt + points}, Account.id == account_id)


def _digest(previous: str, row: Transaction | Row, key: bytes | None = None) -> str:
    """HMAC over the previous head and the row, by the present key or an earlier `key`; the same on both databases."""
    text = canonical(
        [
            previous,
            row.account_id,
            row.sequence,
            row.id,
            row.kind,
            row.amount,
            row.balance_after,
            [row.source, row.key, row.line],
            row.reverses_id,
            [row.cause, row.cause_id, row.order_id],
            row.snapshot,
            row.event_at.astimezone(UTC).isoformat(),
            row.created_at.isoformat(),
        ]
    )
    return config.keyed_digest("ledger-chain", text, key)


def rechain() -> None:
    """Rows from now on are chained by a new key; those before keep theirs (contracts §16)."""
    data_keys.renew("ledger-chain")


def audit(shop_id: str | None = None) -> Iterator[str]:
    """Re-add every account of the shop, or of every shop; yields one sentence for each account that does not fit.

    The sentence names the first row that is wrong: changed, missing, out of order or out of sum. Shoppers
    may go on meanwhile: an account that seems wrong is read once more under its lock.
    """
    for page in _pages_of_accounts(shop_id):
        yield from _audit_page(page)


def audit_some(shop_id: str, account_ids: list[str]) -> Iterator[str]:
    """Like `audit`, for these accounts of the shop."""
    yield from _audit_page(list(Account.of(shop_id, *_audited()).where(among(Account.id, account_ids))))


def _audit_page(accounts: list[Account]) -> Iterator[str]:
    owed = _owed(accounts)
    for account in accounts:
        if _first_wrong(account, owed.get(account.id, 0)):
            with atomic():
                again = lock_rows(Account.of(account.shop_id, *_audited()).where(Account.id == account.id)).get()
                wrong = _first_wrong(again, _owed([again]).get(again.id, 0))
            if wrong:
                yield f"account {account.id}: {wrong}"


def _audited() -> list[Any]:
    """The columns of an account that are added up; whatever another one holds must not stop the audit."""
    names = ("id", "shop_id", "balance", "earned", "adjusted", "redeemed", "expired", "debt", "sequence", "head")
    return [getattr(Account, name) for name in names]


def _pages_of_accounts(shop_id: str | None) -> Iterator[list[Account]]:
    last, accounts = "", Account.across(shop_id, *_audited()).order_by(Account.id).limit(AUDIT_PAGE)
    while page := list(accounts.where(Account.id > last)):
        yield page
        last = page[-1].id


def _owed(accounts: list[Account]) -> dict[str, int]:
    sums = Debt.everywhere(Debt.account_id, fn.SUM(Debt.amount)).group_by(Debt.account_id)
    rows = sums.where(Debt.account_id.in_([account.id for account in accounts])).tuples()
    return {account_id: int(points) for account_id, points in rows}


def _first_wrong(account: Account, debt: int) -> str | None:
    head, balance, sequence = "", 0, 0
    keys = config.keys_of("ledger-chain")[::-1]
    sums = dict.fromkeys(("earned", "redeemed", "adjusted", "expired"), 0)
    for row in _rows_of(account):
        if isinstance(row, str):
            return row
        sequence, balance = sequence + 1, balance + row.amount
        if row.kind not in COUNTER_OF:
            return f"row {sequence} ({row.id}) was changed"
        if row.shop_id != account.shop_id:
            return f"row {sequence} ({row.id}) is another shop's"
        counter, direction = COUNTER_OF[row.kind]
        sums[counter] += direction * row.amount
        if row.sequence != sequence:
            return f"row {sequence} is missing"
        if row.balance_after != balance:
            return f"row {sequence} ({row.id}) says {row.balance_after} points, its sum is {balance}"
        while len(keys) > 1 and not hmac.compare_digest(row.digest.encode(), _digest(head, row, keys[0]).encode()):
            keys = keys[1:]  # a key that was left is never taken up again
        if not hmac.compare_digest(row.digest.encode(), _digest(head, row, keys[0]).encode()):
            return f"row {sequence} ({row.id}) was changed"
        head = row.digest
    if (account.sequence, account.head) != (sequence, head):
        return f"rows after {sequence} are missing"
    if account.balance != balance or any(getattr(account, name) != value for name, value in sums.items()):
        return f"the counters are not the sums of its {sequence} rows"
    if account.debt != debt:
        return f"the debt is {account.debt}, its entries add up to {debt}"
    return None


def _rows_of(account: Account) -> Iterator[Transaction | str]:
    """The account's rows in their order, a page at a time; at one that cannot be read a word on it, and no more."""
    rows = Transaction.everywhere().where(Transaction.account_id == account.id).order_by(Transaction.sequence)
    after: int | None = None
    while True:
        behind = rows if after is None else rows.where(Transaction.sequence > after)
        try:
            page = list(behind.limit(AUDIT_PAGE))
        except Exception as failure:  # values that no server of ours wrote, as each driver complains of them
            yield f"a row after {after or 0} cannot be read ({type(failure).__name__})"
            return
        yield from page
        if len(page) < AUDIT_PAGE:
            return
        after = page[-1].sequence
