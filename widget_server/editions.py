"""Editions: the rows of a shop's program are kept in memory, and read again when one of them has changed.

A trigger gives the shop a new edition, a random number, with each change of a row of its program, whoever makes it. A
reader compares the edition with that of the rows that it keeps: one row of the database instead of all of them, and no
process can have rows of before. What is read inside a transaction is never kept: its own changes may be rolled back.
"""

import threading
from collections.abc import Callable
from types import MappingProxyType
from typing import Generic, TypeVar

from widget_server.db import (
    Int,
    Selection,
    ShopTable,
    Statement,
    Table,
    Text,
    at_commit,
    database,
    on_sqlite,
    statement,
)

TABLES = ("program", "tier", "tier_program", "earning_rule", "campaign", "reward", "referral_program", "origin")
EVENTS = ("INSERT", "UPDATE", "DELETE")
AT_THE_TILL = """NEW."platform" = 'till'"""  # the first such order changes what the panel shows
PREFIX = "edition_after_"  # of each trigger
SHOPS_MAX = 1_000  # of which a process keeps rows

M = TypeVar("M", bound=Table)


class Edition(ShopTable):
    """The number of a shop's present edition; triggers write it."""

    id = Text(primary_key=True)
    number = Int()


class Kept(Generic[M]):
    """The rows that a statement finds, kept while the shop's edition stands; they are shared, and cannot be changed."""

    def __init__(self, found: Statement[[str], M]) -> None:
        """`found` reads rows of one of TABLES by the id of a shop, or whether it has an order of the till."""
        self._statement = found

    def rows(self, shop_id: str) -> list[M]:
        """Returns the rows of the shop, as the statement does."""
        number, shelf = _current(shop_id), _shelves.get(shop_id)
        is_there = shelf is not None and shelf.number == number and self in shelf.rows
        if number is None or (database.in_transaction() and not is_there):
            return self._statement.rows(shop_id)
        if shelf is None or shelf.number != number:
            if len(_shelves) >= SHOPS_MAX:
                _shelves.clear()
            shelf = _shelves[shop_id] = _Shelf(number)
        if self not in shelf.rows:
            shelf.rows[self] = [_unchangeable(row) for row in self._statement.rows(shop_id)]
        return list(shelf.rows[self])

    def first(self, shop_id: str) -> M | None:
        """Returns the first row, or None."""
        found = self.rows(shop_id)
        return found[0] if found else None


def kept(build: Callable[[str], Selection[M]]) -> Kept[M]:
    """Makes kept rows of a function that returns the query of them, by the id of a shop; of one of TABLES."""
    return Kept(statement(build))


class _Shelf:
    """The rows that this process keeps of a shop, all of one edition or a later one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows: dict[Kept, list] = {}  # type: ignore[type-arg]  # of each statement those of its table


_shelves: dict[str, _Shelf] = {}
_here = threading.local()


def note(shop_id: str, number: int) -> None:
    """The shop has this edition: for the reads of the present request, until `forget` or a transaction."""
    _here.noted = (shop_id, number)


def hold(shop_id: str) -> None:
    """Read the shop's edition once, for all reads until the transaction ends, which changes no row of its program."""
    number = _current(shop_id)
    if number is not None:
        note(shop_id, number)


def forget() -> None:
    """The edition that was noted in this thread may be over."""
    _here.noted = None


def changeable(row: M) -> M:
    """Returns a copy of a row that may be kept: one whose columns can be set, for what is not saved."""
    return type(row)(**row.__data__)


def install() -> None:
    """Create the triggers that are missing, and the editions of shops that have none."""
    there = _names_there()
    program = [(table, event, None) for table in TABLES for event in EVENTS]
    for table, event, condition in (("shop", "INSERT", None), *program, ("order", "INSERT", AT_THE_TILL)):
        if f"{PREFIX}{table}_{event.lower()}" not in there:
            _create(table, event, condition)
    database.execute_sql(
        f'INSERT INTO "edition" ("id", "shop_id", "number") SELECT "id", "id", {_number()} FROM "shop" '  # noqa: S608
        'WHERE "id" NOT IN (SELECT "id" FROM "edition")'
    )


def _current(shop_id: str) -> int | None:
    """Returns the number of the shop's edition; None for a shop that has none."""
    noted: tuple[str, int] | None = getattr(_here, "noted", None)
    if noted is not None and noted[0] == shop_id:
        return noted[1]
    found = _of.tuples(shop_id)
    return int(found[0][0]) if found else None


@statement
def _of(shop_id: str) -> Selection[Edition]:
    return Edition.of(shop_id, Edition.number).where(Edition.id == shop_id)


def _unchangeable(row: M) -> M:
    row.__data__ = MappingProxyType(row.__data__)  # peewee reads from it
    return row


def _number() -> str:
    return "random()" if on_sqlite() else "(random() * 9007199254740991)::bigint"


def _names_there() -> set[str]:
    if on_sqlite():
        query = f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'"  # noqa: S608
    else:
        query = (
            "SELECT g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n "  # noqa: S608
            f"ON n.oid = c.relnamespace WHERE n.nspname = CURRENT_SCHEMA() AND starts_with(g.tgname, '{PREFIX}')"
        )
    return {str(name) for (name,) in database.execute_sql(query)}


def _create(table: str, event: str, condition: str | None) -> None:
    name, row = f"{PREFIX}{table}_{event.lower()}", "OLD" if event == "DELETE" else "NEW"
    if table == "shop":
        body = f'INSERT INTO "edition" ("id", "shop_id", "number") VALUES (NEW."id", NEW."id", {_number()});'  # noqa: S608
    else:
        body = f'UPDATE "edition" SET "number" = {_number()} WHERE "id" = {row}."shop_id";'  # noqa: S608
    when = f'CREATE TRIGGER "{name}" AFTER {event} ON "{table}" FOR EACH ROW'
    if condition is not None:
        when += f" WHEN ({condition})"
    if on_sqlite():
        database.execute_sql(f"{when} BEGIN {body} END")
        return
    database.execute_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    )
    database.execute_sql(f"{when} EXECUTE FUNCTION {name}()")


at_commit(lambda: None, forget)
