"""Spans of the shop's local days, and the period of equal length before one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from peewee import Expression, Field

from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.loyalty.program.shops import Shop

DAY = timedelta(days=1)
YEARS = range(2, 9999)  # beyond them a day's first moment may have no time in UTC


@dataclass(frozen=True)
class Span:
    """A span of the shop's days: its first moment, and the first one after it; None is unlimited."""

    start: datetime | None
    end: datetime | None

    def holds(self, column: Field) -> Expression:
        """Returns the condition that the time in `column` is inside; an unknown time is not."""
        condition: Expression = column.is_null(False)
        if self.start is not None:
            condition &= column >= self.start
        if self.end is not None:
            condition &= column < self.end
        return condition


def span_of(shop: Shop, first: date | None, last: date | None) -> Span:
    """Returns the span from the day `first` to the day `last`, both included; None is unlimited.

    Raises BadRequest when `last` comes before `first`.
    """
    if first is not None and last is not None and last < first:
        raise BadRequest("The last day comes before the first.", field="last")
    return Span(
        None if first is None or first.year < YEARS.start else clock.start_of(first, shop.timezone),
        None if last is None or last.year >= YEARS.stop else clock.start_of(last + DAY, shop.timezone),
    )


def today(shop: Shop) -> date:
    """Returns the present local day of the shop."""
    return clock.local_date(clock.now(), shop.timezone)


def period_before(shop: Shop, first: date | None, last: date | None) -> tuple[date, date] | None:
    """Returns the first and last day of the period of equal length that ends before `first`.

    Without `last` the span ends today. None when there is no such period: `first` is None, in the future, or so early
    that the calendar has no days before.
    """
    until = last or today(shop)
    if first is None or until < first:
        return None
    length = until - first
    if first - date.min <= length + DAY:
        return None
    return first - length - DAY, first - DAY
