"""Books one row on the balance of an account; never below 0 unless that is allowed (contracts §2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, UtcDateTime, database, execute_many, insert_many
from widget_server.errors import BalanceTooLarge, NotEnoughPoints, Refusal
from widget_server.events import PointsMoved, emit
from widget_server.ledger.chain import chain
from widget_server.ledger.tables import BALANCE_MAX, COUNTER_OF, POINTS_MAX, Account, Transaction

BULK_COUNTERS = ("earned", "adjusted", "expired")

_time = UtcDateTime().db_value


def book(account: Account, row: Transaction, *, may_go_below_zero: bool) -> Transaction:
    """Book a row on the locked account; returns it with its sequence, digest and time.

    Raises NotEnoughPoints or BalanceTooLarge.
    """
    refusal = refusal_of(account, row.amount, may_go_below_zero)
    if refusal is not None:
        raise refusal
    before, row.created_at = account.sequence, clock.now()
    chain(account, row)
    moved = _move(account, row, before, may_go_below_zero=may_go_below_zero)
    if not moved:
        raise NotEnoughPoints(needs=-row.amount, has=account.balance - row.amount)
    row.save(force_insert=True)
    emit(PointsMoved(row.shop_id, row.account_id, account.customer_id, row.id, row.kind, row.amount))
    return row


def _move(account: Account, row: Transaction, before: int, *, may_go_below_zero: bool) -> bool:
    """Update the account by the row, in the database and in `account`.

    False when it has another sequence than `before`, or not enough points.
    """
    counter, direction = COUNTER_OF[row.kind]
    mark, at = database.param, _time(row.created_at)
    Account.will_write(account.shop_id, [account.id])
    moved = database.execute_sql(
        f'UPDATE "account" SET "balance" = "balance" + {mark}, "{counter}" = "{counter}" + {mark},'  # noqa: S608
        f' "sequence" = {mark}, "head" = {mark}, "last_activity_at" = {mark}, "updated_at" = {mark},'
        f' "revision" = "revision" + 1, "unspent_since" = {mark} WHERE "shop_id" = {mark} AND "id" = {mark}'
        f' AND "sequence" = {mark} AND ("balance" >= {mark} OR {mark} = 1) RETURNING "id"',
        [
            *(row.amount, direction * row.amount, row.sequence, row.digest, at, at, _time(account.unspent_since)),
            *(account.shop_id, account.id, before, -row.amount, int(may_go_below_zero or row.amount > 0)),
        ],
    ).fetchall()
    if moved:  # `chain` has set the rest
        setattr(account, counter, getattr(account, counter) + direction * row.amount)
        account.last_activity_at = account.updated_at = row.created_at
        account.revision += 1
        Account.wrote([{"shop_id": account.shop_id, "id": account.id}])
    return bool(moved)


def book_many(shop_id: str, booked: Sequence[tuple[Row, Row]], moment: datetime) -> tuple[PointsMoved, ...]:
    """Book pairs of a locked account and its row, of different accounts, by a few statements; returns their events.

    Nothing is checked: each row fits the balance, and its key is new. The caller emits the events.
    """
    rows = [row for _, row in booked]
    for account, row in booked:
        chain(account, row)
    insert_many(Transaction, rows)
    move_accounts(shop_id, rows, [account.unspent_since for account, _ in booked], moment)
    return tuple(
        PointsMoved(shop_id, account.id, account.customer_id, row.id, row.kind, row.amount) for account, row in booked
    )


def move_accounts(shop_id: str, rows: Sequence[Row], since: Sequence[datetime | None], moment: datetime) -> None:
    """Update each row's account by one statement, in bulk; `since` has each account's new `unspent_since`.

    The rows are of kinds that are booked in bulk, those of BULK_COUNTERS.
    """
    Account.will_write(shop_id, [row.account_id for row in rows])
    mark, at = database.param, _time(moment)
    counters = ", ".join(f'"{name}" = "{name}" + {mark}' for name in BULK_COUNTERS)
    execute_many(
        f'UPDATE "account" SET "balance" = "balance" + {mark}, {counters}, "sequence" = {mark}, "head" = {mark},'  # noqa: S608
        f' "last_activity_at" = {mark}, "updated_at" = {mark}, "revision" = "revision" + 1, "unspent_since" = {mark}'
        f' WHERE "id" = {mark} AND "shop_id" = {mark}',
        [
            (row.amount, *_counted(row), row.sequence, row.digest, at, at, _time(oldest), row.account_id, shop_id)
            for row, oldest in zip(rows, since, strict=True)
        ],
    )
    Account.wrote({"shop_id": shop_id, "id": row.account_id} for row in rows)


def _counted(row: Row) -> Iterator[int]:
    """Yields what the row adds to each of BULK_COUNTERS."""
    counter, direction = COUNTER_OF[row.kind]
    return (direction * row.amount if name == counter else 0 for name in BULK_COUNTERS)


def refusal_of(account: Account | Row, amount: int, may_go_below_zero: bool) -> Refusal | None:
    """Returns why `amount` points cannot be booked on the locked account; None when they can."""
    if not 0 < abs(amount) <= POINTS_MAX or abs(account.balance + amount) > BALANCE_MAX:
        return BalanceTooLarge()
    if amount < 0 and account.balance + amount < 0 and not may_go_below_zero:
        return NotEnoughPoints(needs=-amount, has=account.balance)
    return None
