"""The chain of an account's rows: sequence and digest of each, which reveal changes by others (contracts §2)."""

from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from widget_server import config, data_keys
from widget_server.db import Row, canonical, new_ordered_id
from widget_server.ledger.tables import Account, Transaction

AGE_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # older than any credit


def is_credit(amount: int, kind: str, reverses_id: str | None) -> bool:
    """True for a row whose points have their own age. Refunded points keep their earlier age (contracts §2)."""
    return amount > 0 and kind != "refund" and reverses_id is None


CREDIT = (Transaction.amount > 0) & (Transaction.kind != "refund") & Transaction.reverses_id.is_null()  # in a query


def chain(account: Account | Row, row: Transaction | Row) -> None:
    """Append the row to the account's chain: set its id, sequence, balance and digest, and the account's new head."""
    row.id = new_ordered_id()
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
    of_account = (previous, row.account_id, row.sequence, row.id, row.kind, row.amount, row.balance_after)
    by_whom = (row.source, row.key, row.line, row.reverses_id, row.cause, row.cause_id, row.order_id)
    times = _utc(row.event_at), _utc(row.created_at)
    return config.keyed_digest("ledger-chain", chained(*of_account, *by_whom, canonical(row.snapshot), *times), key)


def chained(
    previous: str,
    account_id: str,
    sequence: int,
    id: str,
    kind: str,
    amount: int,
    balance_after: int,
    source: str,
    key: str,
    line: int,
    reverses_id: str | None,
    cause: str,
    cause_id: str | None,
    order_id: str | None,
    snapshot: str,
    event_at: str,
    created_at: str,
) -> str:
    """The text of a digest: the previous head and the row as canonical JSON, in which `snapshot` is given.

    Raises TypeError or ValueError for values that no row of this server has.
    """
    return (
        f"[{quoted(previous)},{quoted(account_id)},{sequence:d},{quoted(id)},{quoted(kind)},{amount:d},"
        f"{balance_after:d},[{quoted(source)},{quoted(key)},{line:d}],{_or_null(reverses_id)},"
        f'[{quoted(cause)},{_or_null(cause_id)},{_or_null(order_id)}],{snapshot},"{event_at}","{created_at}"]'
    )


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


@lru_cache(maxsize=1024)
def _utc(moment: datetime) -> str:
    """Returns the time in UTC as text. Rows that are booked together have the same few times."""
    return moment.astimezone(UTC).isoformat()


def rechain() -> None:
    """Chain later rows with a new key; existing rows keep theirs (contracts §16)."""
    data_keys.renew("ledger-chain")
