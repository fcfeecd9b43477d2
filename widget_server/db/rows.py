"""Rows by the thousand, and rows that may be there already."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace

import peewee
from peewee import SQL, NodeList

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Int, Text
from widget_server.db.tables import Column, Condition, Table
from widget_server.db.transactions import in_transaction

DELETED_AT_ONCE = 1000
_KEPT_AS_IS = (Text, Int)  # the database takes them as Python has them


class Row(SimpleNamespace):
    """A row as plain attributes: among thousands a model each would cost more than the work."""


def insert_once(row: type[Table], values: Mapping[str, object]) -> bool:
    """Insert a row unless a unique constraint says it is there already; True when it was inserted."""
    first = row._meta.sorted_fields[0]
    with in_transaction():
        returned = row.insert(values).on_conflict_ignore().returning(first).execute()
        inserted = returned is not None and bool(list(returned))
        if inserted:
            row.wrote([values])
    return inserted


def insert_many(table: type[Table], rows: Iterable[Row], *, unless_there: bool = False) -> None:
    """Insert many rows by one statement, prepared once: much faster than one `save` a row.

    What a row does not name has its default. `unless_there` leaves out rows that a unique constraint says are there.
    """
    meta = table._meta
    fields = [(field, field.default() if callable(field.default) else field.default) for field in meta.sorted_fields]
    columns = [
        (field.name, default, None if type(field) in _KEPT_AS_IS else field.db_value) for field, default in fields
    ]
    names = ", ".join(f'"{field.column_name}"' for field, _ in fields)
    marks = ", ".join([database.param] * len(fields))
    tail = " ON CONFLICT DO NOTHING" if unless_there else ""
    written = list(map(vars, rows))
    values = [
        [
            db_value(given.get(name, default)) if db_value else given.get(name, default)
            for name, default, db_value in columns
        ]
        for given in written
    ]
    with in_transaction():
        execute_many(f'INSERT INTO "{meta.table_name}" ({names}) VALUES ({marks}){tail}', values)  # noqa: S608
        table.wrote(written)


def among(column: Column, values: Iterable[str]) -> Condition:
    """`column` is one of thousands of texts: one parameter, where `in_` would build a statement of thousands."""
    if on_sqlite():
        return NodeList((column, SQL("IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),))))
    return NodeList((column, SQL("= ANY(%s)", (list(values),))))


def execute_many(statement: str, values: Sequence[Sequence[object]]) -> None:
    """Run one statement of ours for each set of values; `database.param` marks their places."""
    if values:
        turn = database.obj.turn() if on_sqlite() else nullcontext()
        with turn, peewee.__exception_wrapper__:  # type: ignore[attr-defined]  # the errors of every other statement
            database.connection().cursor().executemany(statement, values)


def delete_before(table: type[Table], column: peewee.Field, moment: datetime) -> None:
    """Delete the rows of every shop whose time is over, so many at once that nobody waits long for the write lock."""
    over = column <= moment
    while edge := table.select(column).where(over).order_by(column).offset(DELETED_AT_ONCE).limit(1).scalar():
        if not table.delete().where(column < edge).execute():
            break  # so many of one moment
    table.delete().where(over).execute()
