"""The entries: one for each row that was written, numbered and chained with the server's key, shop by shop."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Any

import peewee

from widget_server import clock
from widget_server.db import Int, Row, ShopTable, Text, UtcDateTime, database, insert_values, on_sqlite, utc_text
from widget_server.journal.states import PAGE, fetched, hash_of_text, name_of

REMOVED = ""  # the state of a row that this server deleted
ALTERED = "altered"  # the state of a row that others had changed before this server wrote it
# without statistics SQLite would read a shop's entries from the newest one back, until it finds the subject
BY_SUBJECT = "journal_shop_id_subject_table_subject_number"
ACCEPTED = ("", "accepted")  # table and subject of an entry that marks earlier findings as resolved

State = tuple[str, str, str]  # table, subject and state of a row


class Journal(ShopTable):
    """One write to a covered row: its table and key, and the keyed hash of its new content (`state`)."""

    number = Int()
    subject_table = Text()
    subject = Text()
    state = Text()
    created_at = UtcDateTime()
    digest = Text()

    class Meta:
        primary_key = peewee.CompositeKey("shop_id", "number")
        clustered = True
        refuses = ("UPDATE", "DELETE")
        indexes = ((("shop_id", "subject_table", "subject", "number"), False),)


def append(shop_id: str, states: list[State]) -> None:
    """Append an entry for each of these states, in their order."""
    if not states:
        return
    last, digest = last_locked(shop_id)
    moment, entries = clock.now(), list[tuple[object, ...]]()
    at, stored = _time_text(moment), UtcDateTime().db_value(moment)
    for number, (table, subject, state) in enumerate(states, last + 1):
        digest = hash_of_text(_chained(digest, shop_id, number, table, subject, state, at))
        entries.append((shop_id, number, table, subject, state, stored, digest))
    insert_values(Journal, entries)


def last_locked(shop_id: str) -> tuple[int, str]:
    """The number and digest of the shop's newest entry; nobody else appends until the transaction ends."""
    take_turn(shop_id)
    return last_of(shop_id)


def take_turn(shop_id: str) -> None:
    """Lock the end of the shop's transactions, until this one ends.

    It is the last lock that a transaction takes, so it cannot cause a deadlock.
    """
    if not on_sqlite():  # on SQLite the writer has the only lock
        number = int.from_bytes(hashlib.sha256(f"journal {shop_id}".encode()).digest()[:8], "big", signed=True)
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (number,))


def last_of(shop_id: str) -> tuple[int, str]:
    """The number and digest of the shop's newest entry; 0 and empty when it has none."""
    found = _run('SELECT "number", "digest" FROM "journal" WHERE "shop_id" = ? ORDER BY "number" DESC LIMIT 1', shop_id)
    return (int(found[0][0]), str(found[0][1])) if found else (0, "")


def digest_of(previous: str, entry: Journal | Row) -> str:
    """The keyed hash that chains an entry to the one before it."""
    at = entry.created_at if isinstance(entry.created_at, str) else _time_text(entry.created_at)
    facts = (entry.shop_id, entry.number, entry.subject_table, entry.subject, entry.state, at)
    return hash_of_text(_chained(previous, *facts))


def _chained(previous: str, shop_id: str, number: int, table: str, subject: str, state: str, at: str) -> str:
    """The text of an entry's digest: the canonical JSON of the digest before it and its columns."""
    names = f"{quoted(table)},{quoted(subject)}"
    return f"[{quoted(previous)},{quoted(shop_id)},{number:d},{names},{quoted(state)},{quoted(at)}]"


def breaks(number: int, digest: str, entry: Journal | Row) -> str | None:
    """How the entry breaks the chain after the one with this number and digest; None when it does not."""
    if entry.number != number + 1:
        return f"{number + 1}: is gone"  # its predecessor is missing, so its digest cannot be checked
    if not hmac.compare_digest(entry.digest.encode(), digest_of(digest, entry).encode()):
        return f"{entry.number}: was changed, or not written by this server"
    return None


def judge(row: str | None, entry: str | None) -> str | None:
    """How others changed a row, by its state and the state in its newest entry; None when they are equal."""
    if row is None:
        return None if entry in (None, REMOVED) else "is gone"
    if entry is None:
        return "was not written by this server"
    if entry == REMOVED:
        return "was deleted, and is there again"
    return None if hmac.compare_digest(row.encode(), entry.encode()) else "was changed"


def pages_of_entries(shop_id: str, after: int) -> Iterator[list[Row]]:
    """Yields pages of the shop's entries after number `after`, up to the newest one at the start."""
    newest, _ = last_of(shop_id)
    names, mark = [column.column_name for column in Journal._meta.sorted_fields], database.param
    these = f'WHERE "shop_id" = {mark} AND "number" > {mark} AND "number" <= {mark} ORDER BY "number" LIMIT {PAGE}'
    while after < newest and (rows := fetched(Journal, these, (shop_id, after, newest))):
        yield [Row(**dict(zip(names, row, strict=True))) for row in rows]
        after = rows[-1][names.index("number")]


def newest_states(table: type[ShopTable], shop_id: str, subjects: list[str]) -> dict[str, str]:
    """Returns the state in the newest entry of each subject, by subject; subjects without entries are left out."""
    mine = 'WHERE "shop_id" = ? AND "subject_table" = ? AND "subject"'
    if len(subjects) == 1:
        by = f' INDEXED BY "{BY_SUBJECT}"' if on_sqlite() else ""
        one = f'SELECT "subject", "state" FROM "journal"{by} {mine} = ? ORDER BY "number" DESC LIMIT 1'  # noqa: S608
        return dict(_run(one, shop_id, name_of(table), subjects[0]))
    some = "IN (SELECT value FROM json_each(?))" if on_sqlite() else "= ANY(?)"
    newest = f'SELECT MAX("number") FROM "journal" {mine} {some} GROUP BY "subject"'  # noqa: S608
    found = f'SELECT "subject", "state" FROM "journal" WHERE "shop_id" = ? AND "number" IN ({newest})'  # noqa: S608
    named = json.dumps(subjects) if on_sqlite() else subjects
    return dict(_run(found, shop_id, shop_id, name_of(table), named)) if subjects else {}


def _run(statement: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a plain SQL query with ? as placeholder; every write needs it, so it must be fast."""
    return list(database.execute_sql(statement.replace("?", database.param), values).fetchall())


def _time_text(moment: datetime) -> str:
    return utc_text(moment.astimezone(UTC))
