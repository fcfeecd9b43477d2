"""The only clock of the server, and the calendar of a shop.

All code gets the time from `now()`, so that a test can move the time with one line.
Times are aware and in UTC; days, months and years are in the shop's time zone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARLIEST = datetime.min.replace(tzinfo=UTC)  # no event has an earlier time

_pinned: list[datetime] = []


def now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    return _pinned[-1] if _pinned else datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Pin the clock to `moment` inside the block (tests and previews)."""
    _pinned.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.pop()


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The time zone called `name`; raises ValueError when it does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as unknown:
        raise ValueError(f"unknown time zone {name!r}") from unknown


def local_date(moment: datetime, zone_name: str) -> date:
    """The calendar day on which `moment` falls for a shop in `zone_name`."""
    return moment.astimezone(zone(zone_name)).date()


def start_of(day: date, zone_name: str) -> datetime:
    """The first moment of the shop's local `day`, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone(zone_name)).astimezone(UTC)


def period(moment: datetime, unit: str, zone_name: str) -> tuple[datetime, datetime]:
    """The shop's local day, month or year around `moment`: first moment inside, first moment after."""
    day = local_date(moment, zone_name)
    first, after = {
        "day": lambda: (day, day + timedelta(days=1)),
        "month": lambda: (day.replace(day=1), add_months(day.replace(day=1), 1)),
        "year": lambda: (day.replace(month=1, day=1), day.replace(year=day.year + 1, month=1, day=1)),
    }[unit]()
    return start_of(first, zone_name), start_of(after, zone_name)


def add_months(day: date, months: int) -> date:
    """The same day `months` later (earlier when negative), or that month's last day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month0 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def parse(text: str) -> datetime:
    """Parse an ISO 8601 time with an offset to aware UTC; raises ValueError: no offset, malformed or out of range."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time without an offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as beyond:
        raise ValueError("time beyond the years 1 to 9999") from beyond


def to_millisecond(moment: datetime) -> datetime:
    """Returns the moment without what `iso` does not write."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """`moment` as ISO 8601 UTC text with Z, to the millisecond."""
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='milliseconds')[: -len('+00:00')]}Z"
