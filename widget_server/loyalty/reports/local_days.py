"""Groups rows by the shop's local days, in the database.

Days whose zone has one offset from UTC from begin to end are grouped by one statement; a day in which the clock
changes is a statement of its own, so that it has its 23 or 25 hours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from peewee import SQL, Field, fn

from widget_server import clock
from widget_server.db import Column, Selection, on_sqlite
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.spans import DAY, Span

LOCAL_DAY = SQL('"local_day"')


@dataclass(frozen=True)
class Stretch:
    """Consecutive days of one offset from UTC, in seconds; `day` is set when the clock changes in it: it is one day."""

    span: Span
    offset: int
    day: date | None = None


def sums_by_day(
    shop: Shop, first: date, last: date, column: Field, query: Callable[[Column], Selection[Any]]
) -> dict[tuple[str, ...], int]:
    """Returns sums by local day and by what else the query groups by, for the days from `first` to `last`.

    `query` gets the day of the time in `column` as the first column to select, and returns a query that selects
    it, then other keys, then the sum, and groups by `LOCAL_DAY` and these keys. Keys are (day as ISO date, *others).
    """
    sums: dict[tuple[str, ...], int] = {}
    for stretch in stretches(shop, first, last):
        for day, *others, amount in query(_day(column, stretch.offset)).where(stretch.span.holds(column)).tuples():
            key = (stretch.day.isoformat() if stretch.day else day, *others)
            sums[key] = sums.get(key, 0) + int(amount)
    return sums


def stretches(shop: Shop, first: date, last: date) -> Iterator[Stretch]:
    """Yields the stretches of the days from `first` to `last`, in order."""
    begin, day = first, first
    while day <= last:
        start, end = clock.start_of(day, shop.timezone), clock.start_of(day + DAY, shop.timezone)
        if _offset(start, shop) != _offset(end, shop) or end - start != DAY:
            if begin < day:
                yield Stretch(_span(shop, begin, day), _offset(clock.start_of(begin, shop.timezone), shop))
            yield Stretch(Span(start, end), _offset(start, shop), day)
            begin = day + DAY
        day += DAY
    if begin <= last:
        yield Stretch(_span(shop, begin, last + DAY), _offset(clock.start_of(begin, shop.timezone), shop))


def _span(shop: Shop, first: date, after: date) -> Span:
    return Span(clock.start_of(first, shop.timezone), clock.start_of(after, shop.timezone))


def _offset(moment: datetime, shop: Shop) -> int:
    offset = moment.astimezone(clock.zone(shop.timezone)).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def _day(column: Field, offset: int) -> Column:
    if on_sqlite():
        day = fn.DATE(column, f"{offset} seconds")
    else:
        day = fn.TO_CHAR(fn.TIMEZONE("UTC", column + SQL(f"INTERVAL '{offset} seconds'")), "YYYY-MM-DD")
    named: Column = day.coerce(False).alias("local_day")  # else it would be read as a time, like the column
    return named
