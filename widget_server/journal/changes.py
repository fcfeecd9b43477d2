"""The rows that the open transaction wrote, noted until it commits, and earlier changes to them by others."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import peewee

from widget_server.db import Condition, ShopTable, at_commit, lock_rows
from widget_server.journal.entries import ALTERED, REMOVED, State, append, judge, newest_states
from widget_server.journal.states import (
    DatabaseRow,
    Key,
    chunks,
    key_names,
    locked_rows,
    name_of,
    read,
    state_of,
    subject_of,
)


@dataclass
class _Changes:
    """The changes of a transaction in one shop."""

    written: dict[type[ShopTable], dict[Key, bool]] = field(default_factory=dict)  # True: the row was deleted
    looked_at: dict[type[ShopTable], set[Key]] = field(default_factory=dict)
    altered: list[State] = field(default_factory=list)


class _Open(threading.local):
    """The changes of the thread's open transaction, by shop."""

    def __init__(self) -> None:
        self.changes: dict[str, _Changes] = {}

    def of(self, shop_id: str) -> _Changes:
        return self.changes.setdefault(shop_id, _Changes())


_open = _Open()


def note(table: type[ShopTable], shop_id: str, key: Key, *, is_removed: bool) -> None:
    """Note that the open transaction wrote this row, or deleted it."""
    rows = _open.of(shop_id).written.setdefault(table, {})
    rows[key] = rows.get(key, False) or is_removed


def forget() -> None:
    """Clear the noted changes, before and after a transaction."""
    _open.changes = {}


def append_noted() -> None:
    """Append an entry with the current state of each row that the open transaction wrote."""
    noted, _open.changes = _open.changes, {}
    for shop_id, changes in sorted(noted.items()):
        written = [state for table, keys in changes.written.items() for state in _states_now(table, shop_id, keys)]
        append(shop_id, [*changes.altered, *written])


def look_before(table: type[ShopTable], conditions: Condition | None) -> None:
    """Check the rows that match the conditions, before they are written."""
    named = _equalities(conditions)
    if all(name in named for name in ("shop_id", *key_names(table))):
        key = tuple(named[name] for name in key_names(table))
        look(table, named["shop_id"], new_to(table, named["shop_id"], [key]))
        return
    names = ("shop_id", *key_names(table))
    rows = table.select(*(getattr(table, name) for name in names)).where(conditions)
    by_shop: dict[str, list[Key]] = {}
    for shop_id, *key in list(lock_rows(rows).tuples()):
        by_shop.setdefault(shop_id, []).append(tuple(key))
    for shop_id, keys in by_shop.items():
        look(table, shop_id, new_to(table, shop_id, keys))


def _equalities(conditions: object) -> dict[str, str]:
    """The values that the conditions require by equality, by column name."""
    if isinstance(conditions, peewee.Expression):
        left, right = conditions.lhs, conditions.rhs
        if conditions.op == peewee.OP.AND:
            return _equalities(left) | _equalities(right)
        if conditions.op == peewee.OP.EQ and isinstance(left, peewee.Field) and isinstance(right, str):
            return {left.name: right}
    return {}


def new_to(table: type[ShopTable], shop_id: str, keys: list[Key]) -> list[Key]:
    """Returns those of the keys that the open transaction has neither looked at nor written."""
    changes = _open.of(shop_id)
    looked_at, written = changes.looked_at.setdefault(table, set()), changes.written.get(table, {})
    return [key for key in keys if key not in looked_at and key not in written]


def look(table: type[ShopTable], shop_id: str, keys: list[Key]) -> list[DatabaseRow]:
    """Lock these rows and return them, by ascending key if it is one column.

    Notes which of them others have changed, before the entry of the coming write would hide it.
    """
    changes, found = _open.of(shop_id), list[DatabaseRow]()
    for some in chunks(keys):
        rows = locked_rows(table, shop_id, some)
        found += rows.values()
        new = new_to(table, shop_id, list(rows))
        changes.looked_at[table].update(some)
        entries = newest_states(table, shop_id, [subject_of(key) for key in new])
        for key in new:
            entry = entries.get(subject_of(key))
            if entry != ALTERED and judge(state_of(table, rows[key]), entry) is not None:
                changes.altered.append((name_of(table), subject_of(key), ALTERED))
    return found


def _states_now(table: type[ShopTable], shop_id: str, keys: dict[Key, bool]) -> Iterator[State]:
    """Yields the state of each row; a row whose creation was rolled back (savepoint) has none."""
    rows: dict[Key, str] = {}
    for some in chunks(list(keys)):
        rows |= read(table, shop_id, some)
    for key, was_removed in keys.items():
        if key in rows or was_removed:
            yield name_of(table), subject_of(key), rows.get(key, REMOVED)


at_commit(append_noted, forget)
