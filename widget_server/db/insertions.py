"""Rows that are inserted: the text of a table's INSERT is built once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Int, Text

UNLESS_THERE = " ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Insertion:
    """The INSERT of all columns of a table, for one kind of database.

    `converted` says at which places values are stored in another form; `numbers` are the places of whole numbers.
    """

    sql: str
    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    converted: tuple[tuple[int, Callable[[Any], object]], ...]
    numbers: tuple[int, ...]

    def many(self, rows: Iterable[Mapping[str, object]]) -> list[list[object]]:
        """Returns the parameters for rows; columns that a row does not name have their defaults."""
        defaults = [default() if callable(default) else default for default in self.defaults]
        values = [list(map(given.get, self.names, defaults)) for given in rows]
        for row in values:
            for at, stored in self.converted:
                row[at] = stored(row[at])
        return values

    def one(self, given: Mapping[str, object]) -> list[object]:
        """Returns the parameters for a row, as `many` does; True and False become numbers where the column has them."""
        (values,) = self.many([given])
        for at in self.numbers:
            if (value := values[at]) is True or value is False:
                values[at] = int(value)
        return values


def insertion(table: type[peewee.Model]) -> Insertion:
    """Returns the INSERT of the table for the present database."""
    return _insertion(table, on_sqlite())


def insert(table: type[peewee.Model], given: Mapping[str, object]) -> None:
    """Insert a row with these values by column name."""
    made = insertion(table)
    database.execute_sql(made.sql, made.one(given))


def insert_unless_there(table: type[peewee.Model], given: Mapping[str, object]) -> bool:
    """Insert a row unless a unique constraint shows that it exists; True when it was inserted."""
    made, first = insertion(table), table._meta.sorted_fields[0].column_name
    sql = f'{made.sql}{UNLESS_THERE} RETURNING "{first}"'
    return bool(database.execute_sql(sql, made.one(given)).fetchall())


@cache
def _insertion(table: type[peewee.Model], sqlite: bool) -> Insertion:
    fields = table._meta.sorted_fields
    columns, marks = ", ".join(f'"{field.column_name}"' for field in fields), ", ".join([database.param] * len(fields))
    return Insertion(
        f'INSERT INTO "{table._meta.table_name}" ({columns}) VALUES ({marks})',  # noqa: S608 - our own names
        tuple(field.name for field in fields),
        tuple(field.default for field in fields),
        tuple((at, field.db_value) for at, field in enumerate(fields) if type(field) not in (Text, Int)),
        tuple(at for at, field in enumerate(fields) if type(field) is Int),
    )
