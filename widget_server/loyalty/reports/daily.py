"""The series for charts: what happened on each local day."""

from dataclasses import dataclass
from datetime import date

from widget_server import totals
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.day_totals import PARTS
from widget_server.loyalty.reports.figure_rows import FIGURES
from widget_server.loyalty.reports.figures import net
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


def joint_day(rows: list[Day]) -> Day:
    """Returns the sums of one or more days, with the first of them as its day."""
    return Day(
        day=rows[0].day,
        earned=sum(row.earned for row in rows),
        redeemed=sum(row.redeemed for row in rows),
        adjusted=sum(row.adjusted for row in rows),
        expired=sum(row.expired for row in rows),
        joined=sum(row.joined for row in rows),
    )


def days_of(shop: Shop, first: date | None = None, last: date | None = None) -> list[Day]:
    """Returns a row for each day from `first` to `last`, oldest first; days after today are left out.

    Without `first`, and in a span of more than a year, it begins with the shop's first day. Raises BadRequest when
    `last` comes before `first`.
    """
    listed = listed_days(shop, first, last)
    if listed is None:
        return []
    booked = totals.each_day_of(shop.id, (*PARTS, "joined"), *listed)
    nothing = dict.fromkeys((*PARTS, "joined"), 0)
    days = []
    for day in each_day(*listed):
        sums = nothing | booked.get(day.isoformat(), {})
        days.append(Day(day=day, joined=sums["joined"], **{name: net(name, sums) for name in FIGURES}))
    return days
