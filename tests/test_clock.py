"""One clock, and the calendar of a shop."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import NOON, tries
from widget_server import clock

ZONES = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"}))
DAYS = st.dates(date(2015, 1, 1), date(2037, 12, 31))
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=8400)).map(lambda since: datetime(2015, 1, 1, tzinfo=UTC) + since)


def test_the_clock_can_be_pinned_and_runs_on() -> None:
    with clock.at(NOON), clock.at(NOON.astimezone(timezone(timedelta(hours=5)))):
        assert clock.now() == NOON
        assert clock.now().tzinfo is UTC
    before = clock.now()
    assert clock.now() >= before > NOON


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../etc/passwd", "/etc/passwd", "Europe", "Europe/Berlin\0", "x" * 300]
)
def test_an_unknown_zone_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        clock.zone(name)


@tries(300)
@given(ZONES, DAYS)
@example("America/Sao_Paulo", date(2018, 11, 4))  # midnight did not exist
@example("America/Havana", date(2026, 11, 1))  # midnight came twice
@example("Asia/Beirut", date(2026, 3, 29))
def test_a_day_begins_at_its_first_moment(name: str, day: date) -> None:
    start = clock.start_of(day, name)
    assert clock.local_date(start, name) == day
    assert clock.local_date(start - timedelta(microseconds=1), name) == day - timedelta(days=1)


@tries(300)
@given(ZONES, MOMENTS, st.sampled_from(["day", "month", "year"]))
def test_a_period_holds_its_moment_and_ends_where_the_next_begins(name: str, moment: datetime, unit: str) -> None:
    first, after = clock.period(moment, unit, name)
    assert first <= moment < after
    assert clock.period(after - timedelta(microseconds=1), unit, name) == (first, after)
    assert clock.period(after, unit, name)[0] == after
    day = clock.local_date(first, name)
    assert unit == "day" or day.day == 1
    assert unit != "year" or day.month == 1


def test_months_are_those_of_the_calendar() -> None:
    assert clock.add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert clock.add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert clock.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert clock.add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert clock.add_months(date(2026, 12, 15), 1) == date(2027, 1, 15)
    assert clock.add_months(date(2026, 1, 15), -1) == date(2025, 12, 15)
    assert clock.add_months(date(2026, 5, 31), 1) == date(2026, 6, 30)


@tries(300)
@given(DAYS, DAYS, st.integers(-60, 60))
def test_months_keep_days_in_order(one: date, other: date, months: int) -> None:
    early, late = sorted((one, other))
    assert clock.add_months(early, months) <= clock.add_months(late, months)


def test_times_are_read_with_their_offset_only() -> None:
    assert clock.parse("2026-03-10T13:00:00+01:00") == NOON
    assert clock.parse("2026-03-10T12:00:00Z").tzinfo is UTC
    for broken in ("2026-03-10T12:00:00", "2026-03-10", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(ValueError, match=r"."):
            clock.parse(broken)


@tries(100)
@given(MOMENTS)
def test_times_are_written_with_z_to_the_millisecond(moment: datetime) -> None:
    text = clock.iso(moment)
    assert text.endswith("Z")
    assert clock.parse(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
