"""Finds changes by others: compares rows with their entries, and each entry with the one before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import peewee

from widget_server.db import Table, atomic, database, give_way, ids_of, snapshot
from widget_server.journal.changes import append_noted, note
from widget_server.journal.entries import (
    ACCEPTED,
    ALTERED,
    REMOVED,
    Journal,
    append,
    breaks,
    judge,
    newest_states,
    pages_of_entries,
)
from widget_server.journal.states import (
    PAGE,
    Key,
    columns_of_key,
    keys_of,
    name_of,
    present,
    quoted,
    read,
    select,
    subject_of,
)
from widget_server.journal.tables import Journaled

T = TypeVar("T", bound=Table)
RowPlace = tuple[str, int, Key]  # a table; 0: its rows, 1: its entries; the key of the last one that was read


@dataclass(frozen=True)
class Doubt:
    """A row that differs from its newest entry; `what` describes how."""

    table: type[Journaled]
    shop_id: str
    key: Key
    what: str

    def __str__(self) -> str:
        return f"{name_of(self.table)} {subject_of(self.key)}: {self.what}"


def audit_chain(shop_id: str, after: tuple[int, str] = (0, "")) -> Iterator[str]:
    """Yields one sentence for each entry of the shop after `after` that was changed, removed or inserted."""
    return (line for _, lines in chain_steps(shop_id, after) for line in lines)


def chain_steps(shop_id: str, after: tuple[int, str]) -> Iterator[tuple[tuple[int, str], list[str]]]:
    """Does `audit_chain`; yields for each page of entries the place after it, and its sentences."""
    number, digest = after
    if number and Journal.one(shop_id, Journal.number == number, Journal.digest == digest) is None:
        yield after, [f"journal {shop_id} {number}: is gone or was changed since it was last found good"]
    accepted = _accepted(shop_id)
    for page in pages_of_entries(shop_id, number):
        give_way()
        lines = []
        for entry in page:
            if entry.state == ALTERED and entry.number > accepted:
                what = f"was changed before this server wrote it (entry {entry.number})"
                lines.append(f"{entry.subject_table} {entry.subject}: {what}")
            wrong = breaks(number, digest, entry)
            if wrong is not None:
                lines.append(f"journal {shop_id} {wrong}")
            number, digest = entry.number, entry.digest
        yield (number, digest), lines


def audit_rows(shop_id: str) -> Iterator[str]:
    """Yields one sentence for each covered row that was changed, created or deleted outside this server.

    The server may run meanwhile: all is read as it is at one moment.
    """
    with snapshot():
        yield from (line for _, lines in row_steps(shop_id, None) for line in lines)


def row_steps(shop_id: str, after: RowPlace | None) -> Iterator[tuple[RowPlace, list[str]]]:
    """Does `audit_rows` from a place on; yields for each page of rows the place after it, and its sentences.

    The server may run meanwhile when each page is read in a snapshot.
    """
    for table in covered():
        for number, pages_of in enumerate((_rows_in_doubt, _rows_gone)):
            this = (name_of(table), number)
            if after is not None and this < after[:2]:
                continue
            last = after[2] if after is not None and this == after[:2] else None
            for reached, doubts in pages_of(table, shop_id, last):
                yield (*this, reached), [str(doubt) for doubt in doubts]


def written_steps(shop_id: str, after: int) -> Iterator[tuple[int, dict[type[Journaled], list[Key]], list[str]]]:
    """Does `audit_rows` for the rows of the shop with an entry after number `after`.

    Yields for each page of entries the number of its last one, the keys of their rows by table, and the sentences.
    """
    tables = {name_of(table): table for table in covered()}
    for page in pages_of_entries(shop_id, after):
        subjects = dict.fromkeys((entry.subject_table, entry.subject) for entry in page)
        found: dict[type[Journaled], list[Key]] = {}
        for name, subject in subjects:
            if name in tables:
                found.setdefault(tables[name], []).extend(keys_of(tables[name], [subject]))
        lines = [
            str(doubt)
            for table, some in found.items()
            for doubt in _compared(table, shop_id, some, read(table, shop_id, some))
        ]
        yield page[-1].number, found, lines


def adopt() -> int:
    """Accept the current state of all covered rows: append missing or different entries; returns how many.

    For rows that a migration or an earlier version wrote. Earlier changes by others are accepted too (contracts §15).
    """
    count = 0
    with atomic():
        for doubt in _doubts(None):
            note(doubt.table, doubt.shop_id, doubt.key, is_removed=True)
            count += 1
            if not count % PAGE:
                append_noted()
    return count


def accept(shop_id: str) -> None:
    """Accept the current state of the shop's covered rows, and mark earlier findings as resolved."""
    with atomic():
        for doubt in list(_doubts(shop_id)):
            note(doubt.table, doubt.shop_id, doubt.key, is_removed=True)
        append_noted()
        append(shop_id, [(*ACCEPTED, REMOVED)])


def _accepted(shop_id: str) -> int:
    """The number of the entry up to which all findings are resolved."""
    subject = (Journal.subject_table == ACCEPTED[0]) & (Journal.subject == ACCEPTED[1])
    return int(Journal.of(shop_id, peewee.fn.COALESCE(peewee.fn.MAX(Journal.number), 0)).where(subject).scalar())


@cache
def covered() -> tuple[type[Journaled], ...]:
    """All tables that the journal covers, sorted by name."""
    found = {table for table in below(Journaled) if table._meta.table_name}
    return tuple(sorted(found, key=name_of))


def _doubts(only_shop: str | None) -> Iterator[Doubt]:
    for table in covered():
        for _, doubts in _rows_in_doubt(table, only_shop, None):
            yield from doubts
        for shop_id in [only_shop] if only_shop else _shops_with_entries():
            for _, doubts in _rows_gone(table, shop_id, None):
                yield from doubts


def _shops_with_entries() -> list[str]:
    return [shop_id for (shop_id,) in Journal.everywhere(Journal.shop_id).distinct().tuples()]


def _rows_in_doubt(
    table: type[Journaled], only_shop: str | None, last: Key | None
) -> Iterator[tuple[Key, list[Doubt]]]:
    """Yields, for each page of rows after the key `last`, its last key and the rows that differ from their entry."""
    key = [name for name in columns_of_key(table) if only_shop is None or name != "shop_id"]
    marks = ", ".join([database.param] * len(key))
    order = f"ORDER BY {', '.join(map(quoted, key))} LIMIT {PAGE}"
    scope = [] if only_shop is None else [f'"shop_id" = {database.param}']
    while True:
        behind = [] if last is None else [f"({', '.join(map(quoted, key))}) > ({marks})"]
        conditions = " AND ".join([*scope, *behind])
        values = [*([] if only_shop is None else [only_shop]), *(last or ())]
        page = list(select(table, f"{'WHERE ' + conditions if conditions else ''} {order}", values))
        if not page:
            return
        by_shop: dict[str, dict[Key, str]] = {}
        for shop_id, row_key, state in page:
            by_shop.setdefault(shop_id, {})[row_key] = state
        shop_id, row_key, _ = page[-1]
        last = (shop_id, *row_key) if "shop_id" in key else row_key
        yield (
            last,
            [doubt for shop_id, rows in by_shop.items() for doubt in _compared(table, shop_id, list(rows), rows)],
        )
        if len(page) < PAGE:  # nothing follows; a key that somebody made no text would be found behind itself
            return


def _rows_gone(table: type[Journaled], shop_id: str, last: Key | None) -> Iterator[tuple[Key, list[Doubt]]]:
    """Yields, for each page of subjects after `last`, its last one and the entries whose row does not exist."""
    after = last[0] if last else ""
    while True:
        entries = Journal.of(shop_id, Journal.subject).where(
            Journal.subject_table == name_of(table), Journal.subject > after
        )
        subjects = ids_of(entries.distinct().order_by(Journal.subject).limit(PAGE))
        if not subjects:
            return
        after, keys = subjects[-1], keys_of(table, subjects)
        there = present(table, shop_id, keys)
        yield (after,), list(_compared(table, shop_id, [key for key in keys if key not in there], {}))
        if len(subjects) < PAGE:
            return


def _compared(table: type[Journaled], shop_id: str, keys: list[Key], rows: dict[Key, str]) -> Iterator[Doubt]:
    give_way()
    entries = newest_states(table, shop_id, [subject_of(key) for key in keys])
    for key in keys:
        what = judge(rows.get(key), entries.get(subject_of(key)))
        if what is not None:
            yield Doubt(table, shop_id, key, what)


def below(table: type[T]) -> set[type[T]]:
    """Returns every table that derives from this one."""
    return {one for child in table.__subclasses__() for one in (child, *below(child))}
