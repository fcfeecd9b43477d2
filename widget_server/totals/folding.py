"""Folding: at the end of a transaction, what it changed is added to the totals.

It happens under the lock that the shop's journal takes last, so that two transactions never wait for each other's
totals, and the shop's zone is that of all days.
"""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns

from collections.abc import Iterable
from weakref import WeakSet

import peewee

from widget_server import clock, journal
from widget_server.db import Row, at_commit, database, execute_many, insert_many, on_sqlite
from widget_server.totals.tables import IN_ALL, DayTotal, QuarterTotal, TotalChange
from widget_server.totals.triggers import ZONE

Sums = dict[tuple[str, str], int]  # by name and time
_with_totals: WeakSet[peewee.Database] = WeakSet()  # the databases that were seen to have these tables
DAY_LENGTH = len("2026-03-10")
SUMMED = 'SELECT "shop_id", "name", "at", SUM("amount") FROM {} GROUP BY "shop_id", "name", "at"'


def fold() -> None:
    """Add the changes that the open transaction noted to the totals."""
    if not _is_there():
        return
    by_shop: dict[str, Sums] = {}
    for shop_id, name, at, amount in _taken():
        by_shop.setdefault(shop_id, {})[name, at] = int(amount)
    for shop_id, sums in sorted(by_shop.items()):
        journal.take_turn(shop_id)
        is_new_zone = sums.pop((ZONE, ""), None) is not None
        add(shop_id, sums)
        if is_new_zone:
            rebuild_days(shop_id)


def add(shop_id: str, sums: Sums) -> None:
    """Add these amounts to the totals of their quarters and days, and in all. The caller has the shop's turn."""
    zone = zone_of(shop_id)
    _add_to(QuarterTotal, shop_id, sums.items())
    _add_to(DayTotal, shop_id, _by_day(sums, zone).items())


def rebuild_days(shop_id: str) -> None:
    """Add up the totals of all days again from those of the quarters."""
    quarters = QuarterTotal.of(shop_id, QuarterTotal.name, QuarterTotal.at, QuarterTotal.amount).tuples()
    sums = _by_day({(name, at): int(amount) for name, at, amount in quarters}, zone_of(shop_id))
    DayTotal.remove(shop_id)
    insert_many(
        DayTotal, [Row(shop_id=shop_id, name=name, day=day, amount=amount) for (name, day), amount in sums.items()]
    )


def forget_table() -> None:
    """Look again whether the database has totals: its tables are about to change."""
    _with_totals.clear()


def zone_of(shop_id: str) -> str:
    """Returns the shop's present zone, as this transaction sees it."""
    ((zone,),) = database.execute_sql(f'SELECT "timezone" FROM "shop" WHERE "id" = {database.param}', (shop_id,))
    return str(zone)


def _by_day(sums: Sums, zone: str) -> Sums:
    found: Sums = {}
    days: dict[str, str] = {}
    for (name, at), amount in sums.items():
        found[name, IN_ALL] = found.get((name, IN_ALL), 0) + amount
        if at:
            day = days.get(at) or days.setdefault(at, _day_of(at, zone))
            found[name, day] = found.get((name, day), 0) + amount
    return found


def _day_of(at: str, zone: str) -> str:
    return at if len(at) == DAY_LENGTH else clock.local_date(clock.parse(f"{at}Z"), zone).isoformat()


def _taken() -> list[tuple[str, str, str, int]]:
    """Removes the changes and returns their sums: those of this transaction, and of other programs, if any."""
    if not on_sqlite():
        gone = f'WITH gone AS (DELETE FROM "total_change" RETURNING *) {SUMMED.format("gone")}'
        return list(database.execute_sql(gone))
    found = list(database.execute_sql(SUMMED.format('"total_change"')))
    if found:
        database.execute_sql('DELETE FROM "total_change"')
    return found


def _add_to(
    table: type[QuarterTotal] | type[DayTotal], shop_id: str, sums: Iterable[tuple[tuple[str, str], int]]
) -> None:
    name, column, mark = table._meta.table_name, "at" if table is QuarterTotal else "day", database.param
    values = [(shop_id, *key, amount) for key, amount in sorted(sums) if amount]
    execute_many(
        f'INSERT INTO "{name}" ("shop_id", "name", "{column}", "amount") VALUES ({mark}, {mark}, {mark}, {mark}) '
        f'ON CONFLICT ("shop_id", "name", "{column}") DO UPDATE SET "amount" = "{name}"."amount" + excluded."amount"',
        values,
    )


def _is_there() -> bool:
    """Whether the database has these tables: none has before it was migrated."""
    if database.obj not in _with_totals and TotalChange.is_there():
        _with_totals.add(database.obj)
    return database.obj in _with_totals


at_commit(fold, lambda: None)
