"""One row, booked: its place in the account's chain, and the account moved with it."""

from datetime import UTC, datetime

from widget_server import clock, config, data_keys
from widget_server.db import Row, canonical, new_id
from widget_server.errors import BalanceTooLarge, NotEnoughPoints, Refusal
from widget_server.events import PointsMoved, emit
from widget_server.ledger.tables import BALANCE_MAX, COUNTER_OF, POINTS_MAX, Account, Transaction

AGE_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # older than any credit


def is_credit(amount: int, kind: str, reverses_id: str | None) -> bool:
    """True for a row of points with an age of their own. Points that are given back keep their age (contracts §2)."""
    return amount > 0 and kind != "refund" and reverses_id is None


CREDIT = (Transaction.amount > 0) & (Transaction.kind != "refund") & Transaction.reverses_id.is_null()  # in a query


def book(account: Account, row: Transaction, *, may_go_below_zero: bool) -> Transaction:
    """Book a row on the account, which is locked: returns it with its place, its digest and its time.

    Raises NotEnoughPoints, BalanceTooLarge.
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
    """Returns why the locked account cannot be moved by `amount` points; None when it can."""
    if not 0 < abs(amount) <= POINTS_MAX or abs(account.balance + amount) > BALANCE_MAX:
        return BalanceTooLarge()
    if amount < 0 and account.balance + amount < 0 and not may_go_below_zero:
        return NotEnoughPoints(needs=-amount, has=account.balance)
    return None


def chain(account: Account | Row, row: Transaction | Row) -> None:
    """Give the row its place at the end of the account's chain, and note it as the new head."""
    row.id = new_id()
    row.sequence, row.balance_after = account.sequence + 1, account.balance + row.amount
    row.digest = digest(account.head, row)
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


def digest(previous: str, row: Transaction | Row, key: bytes | None = None) -> str:
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
