"""Which days a report lists, a row each."""

from collections.abc import Iterator
from datetime import date

from widget_server import clock
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.day_totals import first_day
from widget_server.loyalty.reports.spans import DAY, span_of, today

ALL_DAYS_MAX = 400  # of a longer span, the days before the shop's first are left out: nothing happened on them


def listed_days(shop: Shop, first: date | None, last: date | None) -> tuple[date, date] | None:
    """Returns the first and last day to list for a span of days; None when there is no day in it.

    Days after today are left out, and without `first`, or in a span of more than ALL_DAYS_MAX days, those before the
    shop's first. Raises BadRequest when `last` comes before `first`.
    """
    span_of(shop, first, last)
    until = min(last or date.max, today(shop))
    if first is None or (until - first).days > ALL_DAYS_MAX:
        known = filter(None, (clock.local_date(shop.created_at, shop.timezone), first_day(shop)))
        first = max(first or date.min, min(known))
    return (first, until) if first <= until else None


def each_day(first: date, last: date) -> Iterator[date]:
    """Yields the days from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += DAY
