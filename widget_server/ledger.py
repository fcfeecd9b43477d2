"""The ledger: accounts, and the transactions that are their only history. The one writer of points.

An account's counters are the sums of its rows: balance = earned + adjusted - redeemed - expired. A row is
never edited; a correction is a new row that points at the old one. Rows are chained per account with the
server's key, so that a change behind our back shows in `audit()` (contracts §2).
"""

import hashlib
import hmac
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from peewee import SQL, Check, CompositeKey, fn

from widget_server import clock, config
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

Kind = Literal["earn", "redeem", "refund", "adjust", "expire"]
Shortfall = Literal["clamp", "negative"]

POINTS_MAX = 10**9
BALANCE_MAX = 10**15
AUDIT_PAGE = 500
COUNTER_OF: dict[Kind, tuple[str, int]] = {  # which counter a row moves, and in which direction
    "earn": ("earned", 1),
    "redeem": ("redeemed", -1),
    "refund": ("redeemed", -1),
    "adjust": ("adjusted", 1),
    "expire": ("expired", -1),
}


class Account(ShopTable):
    """A customer's points. `pending` are awards not yet spendable, `debt` what later earnings repay first.

    `revision` counts the changes of balance and tier, `updated_at` says when the last one was (wix-api §2, §3).
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

    class Meta:
        indexes = ((("shop_id", "created_at", "id"), False),)
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
    takes_back = Text(null=True)
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
        indexes = (
            (("shop_id", "source", "key", "line"), True),
            (("shop_id", "created_at"), False),
            (("account_id", "cause_id", "event_at"), False),
            (("order_id",), False),
        )
        constraints = [
            Check("kind IN ('earn', 'redeem', 'refund', 'adjust', 'expire')"),
            Check(f"amount <> 0 AND amount BETWEEN -{POINTS_MAX} AND {POINTS_MAX}"),
            Check(
                "CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 "
                "WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END"
            ),
        ]


class Debt(ShopTable):
    """What a clawback could not take because it was spent (+), and what later earnings repaid (-)."""

    id = Text(primary_key=True)
    account_id = Text(index=True, constraints=[SQL("REFERENCES account (id)")])
    amount = Int()
    transaction_id = Text(null=True)
    created_at = UtcDateTime()


@dataclass(frozen=True)
class Cause:
    """Why points move: a word, the id of the thing, its order, and the figures that were applied."""

    word: str
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
    needed = (Account.id, Account.customer_id, Account.balance, Account.sequence, Account.head)
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
    takes_back: str | None = None,
    may_go_below_zero: bool = False,
) -> Transaction:
    """Book one row and move the account with it. The same key again answers the first row.

    `amount` is signed whole points, `at` when it happened (default: now). Earnings repay debt first: the
    repayment is a row of its own right behind. Raises NotEnoughPoints when the balance would fall below
    zero, KeyReused when the key names another row, BalanceTooLarge beyond 10^9 a row or 10^15 in all.
    """
    with atomic():
        account = locked(shop_id, account_id)
        earlier = booked(shop_id, source, key, line)
        if earlier is not None:
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
                takes_back=takes_back,
                cause=cause.word,
                cause_id=cause.id,
                order_id=cause.order_id,
                snapshot=cause.snapshot,
                event_at=at or clock.now(),
            ),
            may_go_below_zero=may_go_below_zero,
        )
        if kind == "earn" and amount > 0 and account.debt:
            _repay(account, row)
        return row


@dataclass(frozen=True)
class Move:
    """One account's part in a change of many. `account` is a locked one, `line` its place among the rows of one key."""

    account: Row
    amount: int
    line: int
    cause: Cause
    takes_back: str | None = None


def post_many(
    shop_id: str, moves: list[Move], *, source: str, key: str, may_go_below_zero: bool = False
) -> list[Row | Refusal]:
    """Book one adjust for each move, all under one key; answers a row or a refusal for each, in their order.

    For changes of many accounts, a thousand or so at a time: what `post` does, but set by set. The caller holds
    each account by `locked_many` in this transaction, and names it once. What the key booked before is answered again.
    """
    earlier = _booked_lines(shop_id, source, key, moves)
    moment, answers, rows = clock.now(), list[Row | Refusal](), list[Row]()
    for move in moves:
        known = earlier.get(move.line) or _refusal(move.account, move.amount, may_go_below_zero)
        if known is not None:
            answers.append(known)
            continue
        row = Row(
            shop_id=shop_id,
            account_id=move.account.id,
            kind="adjust",
            amount=move.amount,
            source=source,
            key=key,
            line=move.line,
            takes_back=move.takes_back,
            cause=move.cause.word,
            cause_id=move.cause.id,
            order_id=move.cause.order_id,
            snapshot=move.cause.snapshot,
            event_at=moment,
            created_at=moment,
        )
        _chain(move.account, row)
        rows.append(row)
        answers.append(row)
    insert_many(Transaction, rows)
    mark, at = database.param, UtcDateTime().db_value(moment)
    execute_many(
        f'UPDATE "account" SET "balance" = "balance" + {mark}, "adjusted" = "adjusted" + {mark}, "sequence" = {mark},'  # noqa: S608
        f' "head" = {mark}, "last_activity_at" = {mark}, "updated_at" = {mark}, "revision" = "revision" + 1'
        f' WHERE "id" = {mark} AND "shop_id" = {mark}',
        [(row.amount, row.amount, row.sequence, row.digest, at, at, row.account_id, shop_id) for row in rows],
    )
    customers = {move.account.id: move.account.customer_id for move in moves}
    moved = (
        PointsMoved(shop_id, row.account_id, customers[row.account_id], row.id, "adjust", row.amount) for row in rows
    )
    emit(ManyPointsMoved(shop_id, tuple(moved)))
    return answers


def booked(shop_id: str, source: str, key: str, line: int = 0) -> Transaction | None:
    """The row that `key` moved points with, if it came through `source` before."""
    return Transaction.one(shop_id, Transaction.source == source, Transaction.key == key, Transaction.line == line)


def booked_many(shop_id: str, source: str, key: str, first_line: int, last_line: int) -> list[Row]:
    """The rows that `key` moved points with, from one of its lines to another, by line."""
    rows = Transaction.of(shop_id).where(Transaction.source == source, Transaction.key == key)
    return list(rows.where(Transaction.line.between(first_line, last_line)).order_by(Transaction.line).objects(Row))


def take_back(
    shop_id: str,
    account_id: str,
    points: int,
    *,
    source: str,
    key: str,
    cause: Cause,
    takes_back: str | None,
    shortfall: Shortfall = "clamp",
    at: datetime | None = None,
) -> Transaction | None:
    """Take back `points` (> 0) that were earned: a negative earn that points at the row it takes back.

    With `clamp` what is already spent becomes debt that later earnings repay; with `negative` the balance
    falls below zero. Answers the booked row, or None when all of it became debt; the same key again answers
    the same. Raises KeyReused when the key took back something else.
    """
    with atomic():
        account = locked(shop_id, account_id)
        earlier, debt_id = booked(shop_id, source, key), _debt_id(account_id, source, key)
        owed = Debt.one(shop_id, Debt.id == debt_id)
        if earlier is not None or owed is not None:
            if points != (owed.amount if owed else 0) - (earlier.amount if earlier else 0):
                raise KeyReused()
            return earlier
        now_points = points if shortfall == "negative" else min(points, max(account.balance, 0))
        if points > now_points:
            _owe(shop_id, account_id, points - now_points, takes_back, id=debt_id)
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
                takes_back=takes_back,
                may_go_below_zero=shortfall == "negative",
            )
        return row


def reverse(shop_id: str, row: Transaction, *, source: str, key: str, cause: Cause) -> Transaction:
    """Book the exact opposite of a redeem (as refund) or of an adjust (as adjust); the row it undoes is named.

    Raises NotEnoughPoints when an addition that is undone was spent meanwhile.
    """
    kind: Kind = "refund" if row.kind == "redeem" else "adjust"
    return post(shop_id, row.account_id, kind, -row.amount, source=source, key=key, cause=cause, takes_back=row.id)


def move_pending(shop_id: str, account_id: str, by: int) -> None:
    """Awards began to wait (+) or ended waiting (-): keep the account's `pending` in step."""
    if by:
        Account.change(shop_id, {Account.pending: Account.pending + by}, Account.id == account_id)


def move_debt(shop_id: str, from_account_id: str, to_account_id: str) -> None:
    """Two accounts become one: what the first owes, the second owes."""
    debt = locked(shop_id, from_account_id).debt
    if debt:
        _owe(shop_id, from_account_id, -debt, None)
        _owe(shop_id, to_account_id, debt, None)


def place(shop_id: str, account_id: str, tier_id: str | None, points: int, until: datetime | None) -> None:
    """Put the account into a tier with its points in the window; a change counts as one of the account."""
    standing = {Account.tier_id: tier_id, Account.tier_points: points, Account.tier_until: until}
    Account.change(
        shop_id,
        {**standing, Account.revision: Account.revision + 1, Account.updated_at: clock.now()},
        Account.id == account_id,
        (Account.tier_points != points) | _differs(Account.tier_id, tier_id) | _differs(Account.tier_until, until),
    )


def touch(shop_id: str, account_id: str, at: datetime | None = None) -> None:
    """An order or a sign-in is activity too; it never moves backwards."""
    moment = at or clock.now()
    Account.change(
        shop_id,
        {Account.last_activity_at: moment},
        Account.id == account_id,
        Account.last_activity_at < moment,
    )


def history(shop_id: str, account_id: str, *, before: int | None = None, limit: int = 20) -> list[Transaction]:
    """The newest rows of an account, or those before sequence `before`."""
    rows = Transaction.of(shop_id).where(Transaction.account_id == account_id)
    if before is not None:
        rows = rows.where(Transaction.sequence < before)
    return list(rows.order_by(Transaction.sequence.desc()).limit(limit))


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


def _booked_lines(shop_id: str, source: str, key: str, moves: list[Move]) -> dict[int, Row]:
    if not moves:
        return {}
    lines = [move.line for move in moves]
    rows = booked_many(shop_id, source, key, min(lines), max(lines))
    return {row.line: row for row in rows}


def _repay(account: Account, earned: Transaction) -> None:
    """Debt is repaid from what is there; below zero (the shop's setting changed) it waits for later earnings."""
    points = min(earned.amount, account.debt, account.balance)
    if points <= 0:
        return
    owed_for = (
        (Debt.of(account.shop_id).where(Debt.account_id == account.id, Debt.amount > 0))
        .order_by(Debt.created_at.desc())
        .first()
    )
    _owe(account.shop_id, account.id, -points, earned.id)
    _book(
        account,
        Transaction(
            shop_id=account.shop_id,
            account_id=account.id,
            kind="earn",
            amount=-points,
            source=earned.source,
            key=f"debt:{earned.id}",
            takes_back=owed_for.transaction_id if owed_for else None,
            cause="debt_repaid",
            cause_id=earned.id,
            order_id=None,
            snapshot={},
            event_at=earned.event_at,
        ),
        may_go_below_zero=False,
    )


def _debt_id(account_id: str, source: str, key: str) -> str:
    """Made of the request key, so that the same request never owes twice."""
    return str(uuid.uuid5(uuid.UUID(account_id), f"{source}\n{key}"))


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


def _digest(previous: str, row: Transaction | Row) -> str:
    """HMAC over the previous head and the row; the same bytes on both databases."""
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
            row.takes_back,
            [row.cause, row.cause_id, row.order_id],
            row.snapshot,
            row.event_at.astimezone(UTC).isoformat(),
            row.created_at.isoformat(),
        ]
    )
    return hmac.new(config.derived_key("ledger-chain"), text.encode(), hashlib.sha256).hexdigest()


def audit() -> Iterator[str]:
    """Re-add every account of every shop; yields one sentence for each account that does not fit.

    The sentence names the first row that is wrong: changed, missing, out of order or out of sum. Shoppers
    may go on meanwhile: an account that seems wrong is read once more under its lock.
    """
    for page in _pages_of_accounts():
        owed = _owed(page)
        for account in page:
            if _first_wrong(account, owed.get(account.id, 0)):
                with atomic():
                    again = locked(account.shop_id, account.id)
                    wrong = _first_wrong(again, _owed([again]).get(again.id, 0))
                if wrong:
                    yield f"account {account.id}: {wrong}"


def _pages_of_accounts() -> Iterator[list[Account]]:
    last = ""
    while page := list(Account.everywhere().where(Account.id > last).order_by(Account.id).limit(AUDIT_PAGE)):
        yield page
        last = page[-1].id


def _owed(accounts: list[Account]) -> dict[str, int]:
    sums = Debt.everywhere(Debt.account_id, fn.SUM(Debt.amount)).group_by(Debt.account_id)
    rows = sums.where(Debt.account_id.in_([account.id for account in accounts])).tuples()
    return {account_id: int(points) for account_id, points in rows}


def _first_wrong(account: Account, debt: int) -> str | None:
    head, balance, sequence = "", 0, 0
    sums = dict.fromkeys(("earned", "redeemed", "adjusted", "expired"), 0)
    rows = Transaction.everywhere().where(Transaction.account_id == account.id).order_by(Transaction.sequence)
    for row in rows.iterator():
        sequence, balance = sequence + 1, balance + row.amount
        counter, direction = COUNTER_OF[row.kind]
        sums[counter] += direction * row.amount
        if row.sequence != sequence:
            return f"row {sequence} is missing"
        if row.balance_after != balance:
            return f"row {sequence} ({row.id}) says {row.balance_after} points, its sum is {balance}"
        if not hmac.compare_digest(row.digest, _digest(head, row)):
            return f"row {sequence} ({row.id}) was changed"
        head = row.digest
    if (account.sequence, account.head) != (sequence, head):
        return f"rows after {sequence} are missing"
    if account.balance != balance or any(getattr(account, name) != value for name, value in sums.items()):
        return f"the counters are not the sums of its {sequence} rows"
    if account.debt != debt:
        return f"the debt is {account.debt}, its entries add up to {debt}"
    return None
