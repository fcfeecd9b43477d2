"""The triggers that note each change of a counted row in `total_change`, in the transaction that makes it.

A change counts as what the row gave before, taken back, and what it gives now. Rows that depend on others of their
table are looked at before they change, one after the other, so that a statement that changes several counts each once.
"""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns

from collections.abc import Iterator

from widget_server.db import database, on_sqlite
from widget_server.totals.sources import Count, Source, sources

ZONE = "zone"  # the name of a change that says: the days begin at other times now
PREFIX = "total_of_"  # of each trigger
INTO = 'INSERT INTO "total_change" ("shop_id", "name", "at", "amount")'


def install() -> None:
    """Create the triggers; those of before are replaced."""
    uninstall()
    for source in sources():
        for event in ("INSERT", "UPDATE", "DELETE"):
            if event == "INSERT" or source.columns:
                _create(source.table, event, source.columns, list(_statements(source, event)))
    zone = f"{INTO} VALUES (NEW.id, '{ZONE}', '', 0);"
    _create("shop", "UPDATE", ("timezone",), [zone])


def uninstall() -> None:
    """Remove the triggers: a migration may change the tables that they name."""
    for name, table in _there():
        database.execute_sql(f'DROP TRIGGER "{name}"' + ("" if on_sqlite() else f' ON "{table}"'))


def is_installed() -> bool:
    """True when there are triggers."""
    return bool(_there())


def _there() -> list[tuple[str, str]]:
    if on_sqlite():
        query = f"SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'"
    else:
        query = (
            "SELECT g.tgname, c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = CURRENT_SCHEMA() AND starts_with(g.tgname, '{PREFIX}')"
        )
    return [(str(name), str(table)) for name, table in database.execute_sql(query)]


def _statements(source: Source, event: str) -> Iterator[str]:
    for row, sign in (("OLD", "-"), ("NEW", "")):
        if event == "UPDATE" or (event == "INSERT") == (row == "NEW"):
            for count in source.counts:
                yield f"{INTO} {contribution(count, row, sign)};"


def contribution(count: Count, row: str, sign: str = "") -> str:
    """Returns the query of what a row gives: shop, name, quarter and amount."""
    chosen = f"SELECT {{r}}.shop_id, {count.name}, {count.at}, {sign}({count.amount})"
    source = f" FROM {count.source}" if count.source else ""
    return f"{chosen}{source} WHERE {count.where}".format(r=row)


def _create(table: str, event: str, columns: tuple[str, ...], statements: list[str]) -> None:
    name, when, happens = f"{PREFIX}{table}_{event.lower()}", "AFTER" if event == "INSERT" else "BEFORE", event
    differs = ""
    if event == "UPDATE":
        listed = ", ".join(f'"{column}"' for column in columns)
        happens = f"UPDATE OF {listed}"
        unlike = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in columns)
        differs = f" WHEN ({unlike})"
    body = "\n".join(statements)
    if on_sqlite():
        database.execute_sql(
            f'CREATE TRIGGER "{name}" {when} {happens} ON "{table}" FOR EACH ROW{differs} BEGIN {body} END'
        )
        return
    returned = "OLD" if event == "DELETE" else "NEW"
    database.execute_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN {returned}; END $$"
    )
    database.execute_sql(
        f'CREATE TRIGGER "{name}" {when} {happens} ON "{table}" FOR EACH ROW{differs} EXECUTE FUNCTION {name}()'
    )
