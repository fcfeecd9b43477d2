"""The statements that create tables, and the triggers that reject forbidden changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from widget_server.db.engines import on_sqlite


def ddl(models: Sequence[type[peewee.Model]]) -> list[str]:
    """The statements that create `models` in the database in use, in the given order; a migration freezes them."""
    statements = []
    for model in models:
        schema: Any = model._schema  # type: ignore[attr-defined]  # missing in peewee's stubs
        statements.append(schema._create_table(safe=False).query()[0])
        statements.extend(context.query()[0] for context in schema._create_indexes(safe=False))
        statements.extend(guard.create for guard in guards(model))
    return statements


@dataclass(frozen=True)
class Guard:
    """A trigger that rejects statements on a table: the statements that create and drop it."""

    create: str
    drop: str


REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': ' || TG_OP || ' is refused', ERRCODE = '23000'; END $$"
)


def guards(model: type[peewee.Model]) -> list[Guard]:
    """The triggers for the statements in Meta.refuses of `model`; on PostgreSQL also for TRUNCATE (`refuse_change`)."""
    meta: Any = model._meta
    table, refuses = meta.table_name, meta.refuses
    if not refuses:
        return []
    if not on_sqlite():
        name, what = f'"{table}_refused"', " OR ".join((*refuses, "TRUNCATE"))
        made = f'BEFORE {what} ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
        return [Guard(f"CREATE TRIGGER {name} {made}", f'DROP TRIGGER {name} ON "{table}"')]
    events = dict.fromkeys(refuses, "")
    if "UPDATE" in refuses:
        events["INSERT"] = f" WHEN EXISTS ({_there_already(model)})"  # INSERT OR REPLACE is a change too
    return [
        Guard(
            f'CREATE TRIGGER "{table}_{event.lower()}_refused" BEFORE {event} ON "{table}"{when}'
            f" BEGIN SELECT RAISE(ABORT, '{table}: {event if not when else 'REPLACE'} is refused'); END",
            f'DROP TRIGGER "{table}_{event.lower()}_refused"',
        )
        for event, when in events.items()
    ]


def _there_already(model: type[peewee.Model]) -> str:
    """The query for a row that a new one would replace, by any unique key of the table."""
    meta = model._meta
    keys = [[field.column_name for field in meta.get_primary_keys()]]
    keys += [[field.column_name] for field in meta.sorted_fields if field.unique]
    listed = (one for one in meta.indexes if isinstance(one, tuple))  # others are made by `add_index`, none is unique
    keys += [list(names) for names, is_unique in listed if is_unique]
    same = [" AND ".join(f'"{name}" = NEW."{name}"' for name in key) for key in keys]
    return f'SELECT 1 FROM "{meta.table_name}" WHERE ' + " OR ".join(f"({one})" for one in same)  # noqa: S608
