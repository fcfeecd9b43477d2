"""Books one row on the balance of an account; never below 0 unless that is allowed (contracts §2)."""

from widget_server import clock
from widget_server.db import Row, UtcDateTime, database
from widget_server.errors import BalanceTooLarge, NotEnoughPoints, Refusal
from widget_server.events import PointsMoved, emit
from widget_server.ledger.chain import chain
from widget_server.ledger.tables import BALANCE_MAX, COUNTER_OF, POINTS_MAX, Account, Transaction

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
    """Update the account by the row; False when it has another sequence than `before`, or not enough points."""
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
    if moved:
        Account.wrote([{"shop_id": account.shop_id, "id": account.id}])
    return bool(moved)


def refusal_of(account: Account | Row, amount: int, may_go_below_zero: bool) -> Refusal | None:
    """Returns why `amount` points cannot be booked on the locked account; None when they can."""
    if not 0 < abs(amount) <= POINTS_MAX or abs(account.balance + amount) > BALANCE_MAX:
        return BalanceTooLarge()
    if amount < 0 and account.balance + amount < 0 and not may_go_below_zero:
        return NotEnoughPoints(needs=-amount, has=account.balance)
    return None
