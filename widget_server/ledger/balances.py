"""Books one row on the balance of an account; never below 0 unless that is allowed (contracts §2)."""

from widget_server import clock
from widget_server.db import Row
from widget_server.errors import BalanceTooLarge, NotEnoughPoints, Refusal
from widget_server.events import PointsMoved, emit
from widget_server.ledger.chain import chain
from widget_server.ledger.tables import BALANCE_MAX, COUNTER_OF, POINTS_MAX, Account, Transaction


def book(account: Account, row: Transaction, *, may_go_below_zero: bool) -> Transaction:
    """Book a row on the locked account; returns it with its sequence, digest and time.

    Raises NotEnoughPoints or BalanceTooLarge.
    """
    refusal = refusal_of(account, row.amount, may_go_below_zero)
    if refusal is not None:
        raise refusal
    before, counter, direction = account.sequence, *COUNTER_OF[row.kind]
    counter_field = getattr(Account, counter)
    row.created_at = clock.now()
    chain(account, row)
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


def refusal_of(account: Account | Row, amount: int, may_go_below_zero: bool) -> Refusal | None:
    """Returns why `amount` points cannot be booked on the locked account; None when they can."""
    if not 0 < abs(amount) <= POINTS_MAX or abs(account.balance + amount) > BALANCE_MAX:
        return BalanceTooLarge()
    if amount < 0 and account.balance + amount < 0 and not may_go_below_zero:
        return NotEnoughPoints(needs=-amount, has=account.balance)
    return None
