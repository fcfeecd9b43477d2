"""The series for charts: what happened on each local day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from peewee import fn

from widget_server.db import Column, Selection
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.day_totals import PARTS, sums_of_days
from widget_server.loyalty.reports.figure_rows import FIGURES
from widget_server.loyalty.reports.figures import net
from widget_server.loyalty.reports.local_days import LOCAL_DAY, sums_by_day
from widget_server.loyalty.reports.report_days import each_day, listed_days


@dataclass(frozen=True)
class Day:
    """What happened on one local day; the figures are those of `totals` for this day."""

    day: date
    earned: int
    redeemed: int
    adjusted: int
    expired: int
    joined: int


def days_of(shop: Shop, first: date | None = None, last: date | None = None) -> list[Day]:
    """Returns a row for each day from `first` to `last`, oldest first; days after today are left out.

    Without `first`, and in a span of more than a year, it begins with the shop's first day. Raises BadRequest when
    `last` comes before `first`.
    """
    listed = listed_days(shop, first, last)
    if listed is None:
        return []
    booked, joined = sums_of_days(shop, *listed), _joined(shop, *listed)
    nothing = dict.fromkeys(PARTS, 0)
    return [
        Day(
            day=day,
            joined=joined.get((day.isoformat(),), 0),
            **{name: net(name, booked.get(day.isoformat(), nothing)) for name in FIGURES},
        )
        for day in each_day(*listed)
    ]


def _joined(shop: Shop, first: date, last: date) -> dict[tuple[str, ...], int]:
    def query(day: Column) -> Selection[Any]:
        rows = Customer.of(shop, day, fn.COUNT(Customer.id)).where(Customer.merged_into.is_null())
        return rows.group_by(LOCAL_DAY)

    return sums_by_day(shop, first, last, Customer.joined_at, query)
