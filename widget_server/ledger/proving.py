"""Proves quickly that accounts are sound: their rows as the driver gives them, many accounts in one statement.

Only a proof counts. What is not proven here is read by `auditing`, which says what is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from widget_server import config
from widget_server.db import fetched, give_way, is_among, listed
from widget_server.ledger.chain import chained
from widget_server.ledger.tables import COUNTER_OF, Account

AT_ONCE = 2_000  # rows that one statement reads
COLUMNS = (
    '"account_id", "sequence", "shop_id", "digest", "balance_after", "amount", "kind", "id", "source", "key", "line",'
    ' "takes_back", "cause", "cause_id", "order_id", "snapshot", "event_at", "created_at"'
)
STORED_LENGTH = len("2026-03-10T12:00:00.000000Z")
COUNTERS = ("earned", "redeemed", "adjusted", "expired")

Found = tuple[Any, ...]


def sound(accounts: Sequence[Account], owed: Mapping[str, int]) -> set[str]:
    """Returns the ids of those accounts whose rows, counters and debt are as this server wrote them."""
    proven = set[str]()
    for some in _groups(accounts):
        try:
            for account, rows in _with_rows(some):
                give_way()
                if _is_sound(account, rows, owed.get(account.id, 0)):
                    proven.add(account.id)
        except Exception:  # noqa: S112 - invalid values from others: `auditing` names the row
            continue
    return proven


def _groups(accounts: Sequence[Account]) -> Iterator[list[Account]]:
    """Yields the accounts in groups with at most AT_ONCE rows, and each that has more by itself."""
    group, rows = list[Account](), 0
    for account in sorted(accounts, key=lambda one: str(one.id)):
        if group and rows + account.sequence > AT_ONCE:
            yield group
            group, rows = [], 0
        group.append(account)
        rows += account.sequence
    if group:
        yield group


def _with_rows(accounts: Sequence[Account]) -> Iterator[tuple[Account, Iterator[Found]]]:
    if len(accounts) == 1:
        yield accounts[0], _rows_of(accounts[0].id)
        return
    these = f'SELECT {COLUMNS} FROM "transaction" WHERE {is_among(_ID)} ORDER BY "account_id", "sequence"'  # noqa: S608
    rows = fetched(these, listed(account.id for account in accounts))
    found = {account_id: list(some) for account_id, some in groupby(rows, key=itemgetter(0))}
    for account in accounts:
        yield account, iter(found.get(account.id, ()))


_ID = '"account_id"'


def _rows_of(account_id: str) -> Iterator[Found]:
    after = -(2**62)
    these = f'SELECT {COLUMNS} FROM "transaction" WHERE "account_id" = ? AND "sequence" > ? ORDER BY "sequence" LIMIT ?'  # noqa: S608
    while page := fetched(these, account_id, after, AT_ONCE):
        yield from page
        after = page[-1][1]


def _is_sound(account: Account, rows: Iterator[Found], debt: int) -> bool:
    keys = config.keys_of("ledger-chain")[::-1]
    head, balance, sequence = "", 0, 0
    sums = dict.fromkeys(COUNTERS, 0)
    for row in rows:
        _, number, shop_id, digest, balance_after, amount, kind = row[:7]
        sequence, balance = sequence + 1, balance + amount
        counter, direction = COUNTER_OF[kind]
        sums[counter] += direction * amount
        if (number, balance_after, shop_id) != (sequence, balance, account.shop_id):
            return False
        text = _text(head, row)
        while config.keyed_digest("ledger-chain", text, keys[0]) != digest:
            if len(keys) == 1:
                return False
            keys = keys[1:]  # an earlier key is never used again
        head = digest
    stored = tuple(getattr(account, name) for name in COUNTERS)
    ends = (account.sequence, account.head, account.balance, account.debt)
    return ends == (sequence, head, balance, debt) and stored == tuple(sums.values())


def _text(head: str, row: Found) -> str:
    """The text of which `chain.digest` is the keyed hash; raises TypeError or ValueError for other values."""
    account_id, sequence, _, _, balance_after, amount, kind, id, *others, event_at, created_at = row
    values = (account_id, sequence, id, kind, amount, balance_after, *others, _time(event_at), _time(created_at))
    return chained(head, *values)


def _time(stored: str | datetime) -> str:
    """Returns a stored time as `datetime.isoformat` writes it in UTC."""
    if isinstance(stored, datetime):
        return stored.astimezone(UTC).isoformat()
    if len(stored) != STORED_LENGTH or stored[26] != "Z":  # so no two stored texts become the same
        raise ValueError(stored)
    return f"{stored[:19]}+00:00" if stored[19:26] == ".000000" else f"{stored[:26]}+00:00"
