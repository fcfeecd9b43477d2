"""Rows that are inserted: the text of a table's INSERT is built once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Text

UNLESS_THERE = " ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Insertion:
    """The INSERT of all columns of a table, for one kind of database.

    Each column is a name, a default, and how its values are stored (None: as they are).
    """

    sql: str
    columns: tuple[tuple[str, Any, Callable[[Any], object] | None], ...]

    def values(self, given: Mapping[str, Any]) -> list[object]:
        """Returns the parameters for a row; columns that it does not name have their defaults."""
        found = []
        for name, default, stored in self.columns:
            value = given[name] if name in given else default() if callable(default) else default
            found.append(stored(value) if stored else value)
        return found


def insertion(table: type[peewee.Model]) -> Insertion:
    """Returns the INSERT of the table for the present database."""
    return _insertion(table, on_sqlite())


def insert(table: type[peewee.Model], given: Mapping[str, Any]) -> None:
    """Insert a row with these values by column name."""
    made = insertion(table)
    database.execute_sql(made.sql, made.values(given))


def insert_unless_there(table: type[peewee.Model], given: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique constraint shows that it exists; True when it was inserted."""
    made, first = insertion(table), table._meta.sorted_fields[0].column_name
    sql = f'{made.sql}{UNLESS_THERE} RETURNING "{first}"'
    return bool(database.execute_sql(sql, made.values(given)).fetchall())


@cache
def _insertion(table: type[peewee.Model], sqlite: bool) -> Insertion:
    fields = table._meta.sorted_fields
    names, marks = ", ".join(f'"{field.column_name}"' for field in fields), ", ".join([database.param] * len(fields))
    columns = ((field.name, field.default, None if type(field) is Text else field.db_value) for field in fields)
    sql = f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({marks})'  # noqa: S608 - our own names
    return Insertion(sql, tuple(columns))
