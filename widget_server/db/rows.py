"""Bulk statements, and inserts of rows that may already exist."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import peewee
from peewee import SQL, NodeList

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Int, Text
from widget_server.db.insertions import UNLESS_THERE, insert_unless_there, insertion
from widget_server.db.tables import Column, Condition, Table
from widget_server.db.transactions import in_transaction

DELETED_AT_ONCE = 1000
AS_STORED = (Text, Int)  # columns whose values need no conversion


class Row(SimpleNamespace):
    """A row as plain attributes: for thousands of rows, model objects would be too slow."""


def ids_of(query: peewee.BaseQuery) -> list[str]:
    """Returns the ids that a query of one column selects, without a pass through fields: there may be thousands."""
    return [id for (id,) in database.execute(query).fetchall()]


def plain_rows(query: peewee.BaseQuery) -> list[Row]:
    """Runs a query of columns of one table; returns its rows, a fourth of the time that `objects(Row)` takes."""
    fields: list[peewee.Field] = list(query._returning)  # type: ignore[attr-defined]  # missing in peewee's stubs
    names = [field.name for field in fields]
    rows = [Row(**dict(zip(names, found, strict=True))) for found in database.execute(query).fetchall()]
    for field in fields:
        if type(field) not in AS_STORED:
            for row in rows:
                setattr(row, field.name, field.python_value(getattr(row, field.name)))
    return rows


def insert_once(row: type[Table], values: Mapping[str, object]) -> bool:
    """Insert a row unless a unique constraint shows that it exists; True when it was inserted."""
    with in_transaction():
        inserted = insert_unless_there(row, values)
        if inserted:
            row.wrote([values])
    return inserted


def insert_many(table: type[Table], rows: Iterable[Row], *, unless_there: bool = False) -> None:
    """Insert many rows by one statement, prepared once: much faster than one `save` per row.

    Missing columns get their defaults. `unless_there` skips rows that exist already by a unique constraint.
    """
    made, written = insertion(table), list(map(vars, rows))
    with in_transaction():
        execute_many(made.sql + (UNLESS_THERE if unless_there else ""), made.many(written))
        table.wrote(written)


def insert_fresh(table: type[Table], rows: Sequence[Row], column: str) -> set[str]:
    """Insert those rows that no unique constraint shows to exist; returns what these have in `column`.

    One statement has all values: for hundreds of rows, not for thousands.
    """
    if not rows:
        return set()
    made, written = insertion(table), list(map(vars, rows))
    of_one = made.sql[made.sql.rindex("(") :]
    sql = f'{made.sql}{f", {of_one}" * (len(rows) - 1)}{UNLESS_THERE} RETURNING "{column}"'
    with in_transaction():
        values = [value for row in made.many(written) for value in row]
        fresh = {one for (one,) in database.execute_sql(sql, values).fetchall()}
        table.wrote(row for row in written if row[column] in fresh)
    return fresh


def insert_values(table: type[Table], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows that have a value for each column, in the order of the columns and as it is stored.

    It is not noted for the journal.
    """
    execute_many(insertion(table).sql, rows)


def among(column: Column, values: Iterable[str | int]) -> Condition:
    """The condition that `column` is one of `values`, as one parameter; `in_` would use one for each value."""
    if on_sqlite():
        return NodeList((column, SQL("IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),))))
    return NodeList((column, SQL("= ANY(%s)", (list(values),))))


def is_among(column: str) -> str:
    """The same condition in plain SQL, for `fetched`; its parameter is made by `listed`."""
    return f"{column} IN (SELECT value FROM json_each(?))" if on_sqlite() else f"{column} = ANY(?)"  # noqa: S608


def listed(values: Iterable[str | int]) -> object:
    """Returns these values as the one parameter of `is_among`."""
    return json.dumps(list(values)) if on_sqlite() else list(values)


def fetched(statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Returns the rows of a plain SELECT with ? as placeholder, as the driver gives them.

    For what each of thousands of short transactions runs: there peewee takes longer to build a query than the database
    to run it.
    """
    return list(database.execute_sql(statement.replace("?", database.param), values).fetchall())


def execute_many(statement: str, values: Sequence[Sequence[object]]) -> None:
    """Run one statement for each set of values; `database.param` is the placeholder."""
    if values:
        turn = database.obj.turn() if on_sqlite() else nullcontext()
        with turn, peewee.__exception_wrapper__:  # type: ignore[attr-defined]  # the same errors as other statements
            database.connection().cursor().executemany(statement, values)


def delete_before(table: type[Table], column: peewee.Field, moment: datetime) -> None:
    """Delete the rows of every shop with `column` at or before `moment`, DELETED_AT_ONCE per write lock."""
    over = column <= moment
    while edge := table.select(column).where(over).order_by(column).offset(DELETED_AT_ONCE).limit(1).scalar():
        if not table.delete().where(column < edge).execute():
            break  # too many rows with the same time
    table.delete().where(over).execute()
