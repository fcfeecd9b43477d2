"""The chain of an account's rows: sequence and digest of each, which reveal changes by others (contracts §2)."""

from datetime import UTC, datetime

from widget_server import config, data_keys
from widget_server.db import Row, canonical, new_id
from widget_server.ledger.tables import Account, Transaction

AGE_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # older than any credit


def is_credit(amount: int, kind: str, reverses_id: str | None) -> bool:
    """True for a row whose points have their own age. Refunded points keep their earlier age (contracts §2)."""
    return amount > 0 and kind != "refund" and reverses_id is None


CREDIT = (Transaction.amount > 0) & (Transaction.kind != "refund") & Transaction.reverses_id.is_null()  # in a query


def chain(account: Account | Row, row: Transaction | Row) -> None:
    """Append the row to the account's chain: set its id, sequence, balance and digest, and the account's new head."""
    row.id = new_id()
    row.sequence, row.balance_after = account.sequence + 1, account.balance + row.amount
    row.digest = digest(account.head, row)
    account.sequence, account.head, account.balance = row.sequence, row.digest, row.balance_after
    account.unspent_since = _unspent_since(account.unspent_since, row)


def _unspent_since(before: datetime | None, row: Transaction | Row) -> datetime | None:
    """The account's `unspent_since` after this row; deducting points never makes older ones unspent again."""
    if row.balance_after <= 0:
        return None
    if row.amount < 0:
        return before
    since = row.event_at if is_credit(row.amount, row.kind, row.reverses_id) else AGE_UNKNOWN
    return since if before is None else min(before, since)


def digest(previous: str, row: Transaction | Row, key: bytes | None = None) -> str:
    """HMAC over the previous head and the row, with the current or an earlier `key`; the same on both databases."""
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
    """Chain later rows with a new key; existing rows keep theirs (contracts §16)."""
    data_keys.renew("ledger-chain")
