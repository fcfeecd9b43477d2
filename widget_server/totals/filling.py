"""Filling: all totals anew from the rows, a slice of each table at a time; and plain sums, to compare them with."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns

from collections.abc import Iterator

from widget_server.db import database
from widget_server.totals.folding import Sums, add
from widget_server.totals.sources import Count, Source, sources
from widget_server.totals.tables import DayTotal, QuarterTotal, TotalChange
from widget_server.totals.triggers import contribution

ROWS = 20_000  # of a slice


def fill() -> None:
    """Replace the totals of all shops by the sums of the rows that are there now. Call it in a transaction."""
    for table in (TotalChange, QuarterTotal, DayTotal):
        table.delete().execute()
    for by_shop in _slices():
        for shop_id, sums in by_shop.items():
            add(shop_id, sums)


def plain_sums(shop_id: str) -> Sums:
    """Returns the sums of all rows of a shop by name and quarter, as its totals should be; it reads every row."""
    found: Sums = {}
    for source in sources():
        for count in source.counts:
            if not count.of_others:
                where = f't."shop_id" = {database.param}'
                for _, name, at, amount in database.execute_sql(_summed(source, count, where), (shop_id,)):
                    found[name, at] = found.get((name, at), 0) + int(amount)
    return {key: amount for key, amount in found.items() if amount}


def _slices() -> Iterator[dict[str, Sums]]:
    for source in sources():
        counts = [count for count in source.counts if not count.of_others]
        for first, last in _ranges(source) if counts else ():
            by_shop: dict[str, Sums] = {}
            where = f't."{source.key}" > {database.param} AND t."{source.key}" <= {database.param}'
            for count in counts:
                for shop_id, name, at, amount in database.execute_sql(_summed(source, count, where), (first, last)):
                    sums = by_shop.setdefault(shop_id, {})
                    sums[name, at] = sums.get((name, at), 0) + int(amount)
            yield by_shop


def _ranges(source: Source) -> Iterator[tuple[str, str]]:
    """Yields where each slice begins (after it) and ends; all rows of one account are in one slice."""
    key, mark, first = f'"{source.key}"', database.param, ""
    while True:
        rows = f'SELECT {key} FROM "{source.table}" WHERE {key} > {mark} ORDER BY {key} LIMIT {ROWS}'
        last = database.execute_sql(f"SELECT MAX({key}) FROM ({rows}) AS slice_", (first,)).fetchone()[0]
        if last is None:
            return
        yield first, last
        first = last


def _summed(source: Source, count: Count, where: str) -> str:
    row = contribution(
        Count(count.name, count.at, count.amount, f"{where} AND {count.where}", f'"{source.table}" t'), "t"
    )
    names = '"shop_id", "name", "at"'
    return f'SELECT {names}, SUM("amount") FROM ({_named(row)}) AS given GROUP BY {names}'


def _named(query: str) -> str:
    """The query with names for its columns, which are expressions."""
    return f'WITH given_ ("shop_id", "name", "at", "amount") AS ({query}) SELECT * FROM given_'
