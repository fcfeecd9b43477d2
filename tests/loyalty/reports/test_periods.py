"""Days of a report by weeks and months: nothing is lost, and each period is one of the calendar."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.make import tries
from widget_server.loyalty.reports.periods import DAYS_MAX, WEEKS_MAX, Unit, periods, unit_of

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    day: date


def days(first: date, count: int) -> list[Row]:
    return [Row(first + number * DAY) for number in range(count)]


@tries(100)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 900), st.sampled_from(["day", "week", "month"]))
def test_periods_are_all_the_days_in_their_order(first: date, count: int, unit: Unit) -> None:
    rows = days(first, count)
    found = list(periods(rows, unit))
    assert [row for period in found for row in period.rows] == rows
    for period in found:
        assert (period.first, period.last) == (period.rows[0].day, period.rows[-1].day)
    for period, following in pairwise(found):
        begin = {"day": True, "week": following.first.weekday() == 0, "month": following.first.day == 1}
        assert begin[unit] and following.first == period.last + DAY
        longest = {"day": 1, "week": 7, "month": 31}
        assert len(period.rows) <= longest[unit]


def test_a_long_span_is_told_in_few_rows() -> None:
    first = date(2026, 1, 1)
    assert unit_of(days(first, DAYS_MAX)) == "day"
    assert unit_of(days(first, DAYS_MAX + 1)) == "week"
    assert unit_of(days(first, DAYS_MAX + 1), weeks=False) == "month"
    assert unit_of(days(first, WEEKS_MAX + 1)) == "month"
