"""Finds rows: by the request key, the newest of an account, or their copies after a merge."""

from collections.abc import Iterable, Sequence

from peewee import JOIN

from widget_server.db import Row, Selection, among, plain_rows, statement
from widget_server.ledger.tables import COPY, MERGE, Transaction


def find_by_key(shop_id: str, source: str, key: str, line: int = 0) -> Transaction | None:
    """The row that `key` booked through `source`, or None; a merge may have copied it since (see `current`)."""
    return _by_key.first(shop_id, source, key, line)


@statement
def _by_key(shop_id: str, source: str, key: str, line: int) -> Selection[Transaction]:
    rows = Transaction.of(shop_id).where(Transaction.source == source, Transaction.key == key)
    return rows.where(Transaction.line == line).limit(1)


def find_by_keys(shop_id: str, source: str, key: str, lines: Sequence[int]) -> list[Row]:
    """The rows that `key` booked at these lines, in the order of lines."""
    rows = Transaction.of(shop_id).where(Transaction.source == source, Transaction.key == key)
    return plain_rows(rows.where(among(Transaction.line, lines)).order_by(Transaction.line)) if lines else []


def current(row: Transaction) -> Transaction:
    """The current version of `row`: its copy on the account that its own was merged into, else itself."""
    while (copy := find_by_key(row.shop_id, MERGE, row.id, COPY)) is not None:
        row = copy
    return row


def current_many(shop_id: str, rows: Iterable[Row]) -> list[Row]:
    """The result of `current` for each of many rows, in their order."""
    found = list(rows)
    while copies := _copies(shop_id, [row.id for row in found]):
        found = [copies.get(row.id, row) for row in found]
    return found


def _copies(shop_id: str, ids: list[str]) -> dict[str, Row]:
    """The copies of rows that a merge moved, by the id of the original."""
    if not ids:
        return {}
    of_merges = Transaction.of(shop_id).where(Transaction.source == MERGE, Transaction.line == COPY)
    return {copy.key: copy for copy in plain_rows(of_merges.where(among(Transaction.key, ids)))}


def history(shop_id: str, account_id: str, *, limit: int = 20) -> list[Transaction]:
    """The newest rows of an account, in the order of booking."""
    return list(_of_account(shop_id, account_id).order_by(Transaction.sequence.desc()).limit(limit))


def _of_account(shop_id: str, account_id: str) -> Selection[Transaction]:
    return Transaction.of(shop_id).where(Transaction.account_id == account_id)


def newest(shop_id: str, account_id: str, limit: int) -> Selection[Transaction]:
    """The query of an account's newest rows by the time of the event.

    So rows of a merged account are sorted by their own dates (acceptance 48).
    """
    rows = _of_account(shop_id, account_id)
    return rows.order_by(Transaction.event_at.desc(), Transaction.sequence.desc()).limit(limit)


def older(shop_id: str, account_id: str, before: int, limit: int) -> Selection[Transaction]:
    """The query of the next older rows after the one with sequence `before`, by the time of the event."""
    last = Transaction.alias()
    same_time = (Transaction.event_at == last.event_at) & (Transaction.sequence < last.sequence)
    rows = _of_account(shop_id, account_id).join(
        last, JOIN.LEFT_OUTER, on=(last.account_id == Transaction.account_id) & (last.sequence == before)
    )
    rows = rows.where(last.id.is_null() | (Transaction.event_at < last.event_at) | same_time)
    return rows.order_by(Transaction.event_at.desc(), Transaction.sequence.desc()).limit(limit)
