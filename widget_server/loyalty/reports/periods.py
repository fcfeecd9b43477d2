"""The rows of days of a report by periods of the calendar, so that a long span is read at a glance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Generic, Literal, Protocol, TypeVar

Unit = Literal["day", "week", "month"]

DAYS_MAX, WEEKS_MAX = 100, 400  # days of a span whose rows are days, and weeks


class OfDay(Protocol):
    """A row of a report about one local day."""

    @property
    def day(self) -> date:
        """The day."""


Row = TypeVar("Row", bound=OfDay)


@dataclass(frozen=True)
class Period(Generic[Row]):
    """A day, week or month of a span, cut off at the ends of the span, and the rows of its days, oldest first."""

    first: date
    last: date
    rows: list[Row]


def unit_of(rows: list[Row], *, weeks: bool = True) -> Unit:
    """Returns the period by which as many days are listed; without `weeks` many days are listed by months."""
    if len(rows) <= DAYS_MAX:
        return "day"
    return "week" if weeks and len(rows) <= WEEKS_MAX else "month"


def periods(rows: list[Row], unit: Unit) -> Iterator[Period[Row]]:
    """Yields the periods of consecutive days, oldest first. A week begins on Monday."""
    for _, group in groupby(rows, lambda row: _begin(row.day, unit)):
        inside = list(group)
        yield Period(inside[0].day, inside[-1].day, inside)


def _begin(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day
