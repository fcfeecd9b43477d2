"""The steps of a migration, written once for both databases, with the column types of `db`.

    from widget_server.db import Int, Text
    from widget_server.migration_steps import add_column, create_table

    def up(migrator, db):
        create_table("shelf", {"id": Text(primary_key=True), "shop_id": of_shop(), "title": Text()})
        add_column("reward", "weight", Int(), for_rows_there=0)

A migration is frozen: it defines its tables and columns itself and imports no model, since models change. Changes of
covered rows are added to the journal when all migrations have run (`migrate.upgrade`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

import peewee
from peewee import SQL, Check, CompositeKey, Field

from widget_server.db import Cursor, Serial, Text, database, ddl, guards, on_sqlite
from widget_server.db.tables import Schema

Index = tuple[tuple[str, ...], bool]  # its columns, and whether it is unique
Columns = Mapping[str, Field]


class _Sketch(peewee.Model):
    """A table as a migration defines it. It is not a `db.Table`: those are the current tables."""

    class Meta:
        database = database
        legacy_table_names = False
        schema_manager_class = Schema
        clustered = False
        refuses: tuple[str, ...] = ()


def of_shop() -> Text:
    """The column that says which shop a row belongs to."""
    return Text(constraints=[SQL("REFERENCES shop (id)")])


class Rules(TypedDict, total=False):
    """The options of a table besides its columns.

    `primary_key` names several columns; a single key column has `primary_key=True` instead. `clustered` stores rows in
    the order of the key on SQLite; `refuses` names the statements that the database rejects: UPDATE, DELETE.
    """

    primary_key: Sequence[str]
    indexes: Sequence[Index]
    checks: Sequence[str]
    clustered: bool
    refuses: Sequence[str]


def create_table(name: str, columns: Columns, **rules: Unpack[Rules]) -> None:
    """Create a table with its indexes and triggers. Raises ValueError when it has no primary key."""
    for statement in ddl([_sketch(name, columns, **rules)]):
        database.execute_sql(statement)


def change_table(name: str, columns: Columns, **rules: Unpack[Rules]) -> None:
    """Create the table again with these columns and rules (those of `create_table`), and keep its rows.

    For changes that `ALTER TABLE` of SQLite cannot make, such as another check. Columns of the same name keep their
    values. Raises ValueError for a table with a Serial column, whose count would start again. The database rejects
    this for a table that others reference.
    """
    if any(isinstance(column, Serial) for column in columns.values()):
        raise ValueError(f"{name}: a table that counts its rows cannot be made anew")
    there = [one.name for one in database.get_columns(name)]
    kept = ", ".join(f'"{column}"' for column in columns if column in there)
    execute(f'CREATE TABLE "{name}_before" AS SELECT * FROM "{name}"')  # noqa: S608
    drop_table(name)
    create_table(name, columns, **rules)
    execute(f'INSERT INTO "{name}" ({kept}) SELECT {kept} FROM "{name}_before"')  # noqa: S608
    drop_table(f"{name}_before")


def drop_table(name: str) -> None:
    """Remove a table with its rows, indexes and triggers."""
    execute(f'DROP TABLE "{name}"')


def add_column(table: str, name: str, column: Field, *, for_rows_there: object = None) -> None:
    """Add a column; existing rows get `for_rows_there`. Raises ValueError when they need a value and none is given."""
    if for_rows_there is None and not column.null:
        raise ValueError(f"{table}.{name}: what do the rows that are there have?")
    column.bind(_Sketch, name, False)
    definition = database.get_sql_context().sql(column.ddl(database.get_sql_context())).query()[0]
    default = "" if for_rows_there is None else f" DEFAULT {_literal(column.db_value(for_rows_there))}"
    execute(f'ALTER TABLE "{table}" ADD COLUMN {definition}{default}')
    if default and not on_sqlite():  # SQLite cannot drop a default; inserts name all columns anyway
        execute(f'ALTER TABLE "{table}" ALTER COLUMN "{name}" DROP DEFAULT')


def rename_column(table: str, name: str, to: str) -> None:
    """Rename a column; indexes, checks and triggers are updated."""
    execute(f'ALTER TABLE "{table}" RENAME COLUMN "{name}" TO "{to}"')


def drop_column(table: str, name: str) -> None:
    """Remove a column with its values; drop the indexes that use it first."""
    execute(f'ALTER TABLE "{table}" DROP COLUMN "{name}"')


def create_index(
    table: str, *columns: str, unique: bool = False, where: str | None = None, name: str | None = None
) -> None:
    """Index these columns, for all rows or those that match `where`; the default `name` is the one peewee makes."""
    name = name or _name_of_index(table, columns)
    listed = ", ".join(f'"{column}"' for column in columns)
    some = f" WHERE {where}" if where else ""
    execute(f'CREATE {"UNIQUE " if unique else ""}INDEX "{name}" ON "{table}" ({listed}){some}')


def drop_index(name: str) -> None:
    """Remove the index of this name."""
    execute(f'DROP INDEX "{name}"')


def refuse(table: str, *events: str, keys: Sequence[Sequence[str]]) -> None:
    """Make the database reject these statements, UPDATE or DELETE, on an existing table.

    `keys` are its primary key and then each other unique key: with an equal key, a new row could replace an old one.
    """
    primary_key, *others = keys
    columns = {name: Text() for key in keys for name in key}
    indexes = [(tuple(key), True) for key in others]
    for guard in guards(_sketch(table, columns, primary_key=primary_key, indexes=indexes, refuses=events)):
        execute(guard.create)


def execute(statement: str, *values: object) -> Cursor:
    """Run a statement that is valid on both databases; each ? is a placeholder for a value in its stored form."""
    cursor: Cursor = database.execute_sql(statement.replace("?", database.param) if values else statement, values)
    return cursor


def run_text(*, sqlite: str, postgres: str) -> None:
    """Run the statements for the database in use; each ends with a semicolon and a line break."""
    for statement in (sqlite if on_sqlite() else postgres).split(";\n"):
        if statement.strip():
            database.execute_sql(statement)


def _sketch(name: str, columns: Columns, **rules: Unpack[Rules]) -> type[peewee.Model]:
    meta: dict[str, object] = {"table_name": name, "clustered": rules.get("clustered", False)}
    meta["constraints"] = [Check(check) for check in rules.get("checks", ())]
    meta["indexes"], meta["refuses"] = tuple(rules.get("indexes", ())), tuple(rules.get("refuses", ()))
    if several := rules.get("primary_key"):
        meta["primary_key"] = CompositeKey(*several)
    elif not any(column.primary_key for column in columns.values()):
        raise ValueError(f"{name}: which column is its primary key?")
    return type(name.title().replace("_", ""), (_Sketch,), {**columns, "Meta": type("Meta", (), meta)})


def _name_of_index(table: str, columns: Sequence[str]) -> str:
    fields = {column: Text(primary_key=column == columns[0]) for column in columns}
    made: Any = peewee.ModelIndex(_sketch(table, fields), list(columns))
    return str(made._name)


def _literal(value: object) -> str:
    """A stored value as an SQL literal."""
    if isinstance(value, bool | int | Decimal):
        return str(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return "'" + text.replace("'", "''") + "'"
