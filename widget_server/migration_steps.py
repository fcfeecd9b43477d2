"""The steps of a migration, written once for both databases, with the type words of `db`.

    from widget_server.db import Int, Text
    from widget_server.migration_steps import add_column, create_table

    def up(migrator, db):
        create_table("shelf", {"id": Text(primary_key=True), "shop_id": of_shop(), "title": Text()})
        add_column("reward", "weight", Int(), for_rows_there=0)

A migration is frozen: it names its tables and columns itself and imports no model, since models change. What is written
to covered rows is taken into the journal when all migrations have run (`migrate.upgrade`).
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
    """A table as a migration writes it down. It is no `db.Table`: those are the tables of today."""

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
    """What a table has beside its columns.

    `primary_key` names several columns; a single one says so itself (`primary_key=True`). `clustered` keeps rows in the
    order of the key on SQLite; `refuses` names what no statement may do: UPDATE, DELETE.
    """

    primary_key: Sequence[str]
    indexes: Sequence[Index]
    checks: Sequence[str]
    clustered: bool
    refuses: Sequence[str]


def create_table(name: str, columns: Columns, **rules: Unpack[Rules]) -> None:
    """Make a table with its indexes and triggers. Raises ValueError when it has no primary key."""
    for statement in ddl([_sketch(name, columns, **rules)]):
        database.execute_sql(statement)


def change_table(name: str, columns: Columns, **rules: Unpack[Rules]) -> None:
    """Make the table anew with these columns and rules (those of `create_table`), and keep its rows.

    For what `ALTER TABLE` of SQLite cannot do, such as another check. Columns of the same name keep their values.
    Raises ValueError for a table with a Serial column, whose count would begin anew. The database refuses it for a
    table that others refer to.
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
    """Add a column; rows that are there get `for_rows_there`. Raises ValueError when they need a value and get none."""
    if for_rows_there is None and not column.null:
        raise ValueError(f"{table}.{name}: what do the rows that are there have?")
    column.bind(_Sketch, name, False)
    definition = database.get_sql_context().sql(column.ddl(database.get_sql_context())).query()[0]
    default = "" if for_rows_there is None else f" DEFAULT {_literal(column.db_value(for_rows_there))}"
    execute(f'ALTER TABLE "{table}" ADD COLUMN {definition}{default}')
    if default and not on_sqlite():  # SQLite cannot take it away again; rows are inserted whole anyway
        execute(f'ALTER TABLE "{table}" ALTER COLUMN "{name}" DROP DEFAULT')


def rename_column(table: str, name: str, to: str) -> None:
    """Give a column another name; indexes, checks and triggers follow."""
    execute(f'ALTER TABLE "{table}" RENAME COLUMN "{name}" TO "{to}"')


def drop_column(table: str, name: str) -> None:
    """Remove a column with its values; indexes that name it are to be dropped before."""
    execute(f'ALTER TABLE "{table}" DROP COLUMN "{name}"')


def create_index(
    table: str, *columns: str, unique: bool = False, where: str | None = None, name: str | None = None
) -> None:
    """Index these columns, of all rows or of those for which `where` holds; `name` is by default what peewee makes of
    them.
    """
    name = name or _name_of_index(table, columns)
    listed = ", ".join(f'"{column}"' for column in columns)
    some = f" WHERE {where}" if where else ""
    execute(f'CREATE {"UNIQUE " if unique else ""}INDEX "{name}" ON "{table}" ({listed}){some}')


def drop_index(name: str) -> None:
    """Remove the index of this name."""
    execute(f'DROP INDEX "{name}"')


def refuse(table: str, *events: str, keys: Sequence[Sequence[str]]) -> None:
    """Let the database refuse these statements, UPDATE or DELETE, on a table that is there.

    `keys` are its primary key and then each other unique one: by them a new row would replace one that is there.
    """
    primary_key, *others = keys
    columns = {name: Text() for key in keys for name in key}
    indexes = [(tuple(key), True) for key in others]
    for guard in guards(_sketch(table, columns, primary_key=primary_key, indexes=indexes, refuses=events)):
        execute(guard.create)


def execute(statement: str, *values: object) -> Cursor:
    """Run a statement of one's own that both databases know; ? marks the places of values, as they are kept."""
    cursor: Cursor = database.execute_sql(statement.replace("?", database.param) if values else statement, values)
    return cursor


def run_text(*, sqlite: str, postgres: str) -> None:
    """Run the statements, each ended by a semicolon and a new line, that were written for the database in use."""
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
    """A value, as a column keeps it, in the text of a statement."""
    if isinstance(value, bool | int | Decimal):
        return str(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return "'" + text.replace("'", "''") + "'"
