"""What one cell of a file says: points, a day, a yes, an amount of money. Each raises `Wrong` for anything else.

Nothing is guessed that could be read in two ways: "1,000" is no number of points, and 03/04/2026 needs the order of
the file.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qs, urlsplit

from widget_server import clock
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.people.former_codes import PATTERN as REFERRAL_CODE

WHOLE = re.compile(r"[+-]?\d{1,18}([.,]0{1,2})?")  # "100.00" is 100; "1,000" may be 1 or 1000: never guess points
MONEY = re.compile(r"\d{1,9}([.,]\d{1,4})?")
YES = frozenset(("yes", "y", "true", "1", "ja", "j", "wahr", "oui", "si", "sí", "subscribed", "x"))
NO = frozenset(("no", "n", "false", "0", "nein", "falsch", "non", "unsubscribed", "not_subscribed", ""))
ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?"
)
DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
SLASHES = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
MONTH_AND_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")
YEAR_UNKNOWN = 1904  # a leap year; what a birthday gets whose year the other app did not know
YEAR_MIN, YEAR_MAX = 1000, 9000  # so that a day has a next one, in every zone
YEARS_OF_NOBODY = 1900  # another app writes 1004 for a year that it does not know


class Wrong(ValueError):
    """A cell that cannot be used; the message is the code of the problem (problems.py)."""


def points(text: str) -> int:
    """Returns whole points, with their sign. Raises Wrong."""
    if not WHOLE.fullmatch(text):
        raise Wrong("points_invalid")
    figure = int(re.split("[.,]", text)[0])
    if abs(figure) > POINTS_MAX:
        raise Wrong("points_out_of_range")
    return figure


def day(text: str, day_first: bool | None, code: str) -> date:
    """Returns a calendar day. `day_first` is the order of days with slashes where both could be the month.

    Raises Wrong (`code`, or date_ambiguous).
    """
    year, month, day_of_month = _parts(text, day_first, code)
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise Wrong(code)
    try:
        return date(year, month, day_of_month)
    except ValueError as no_day:
        raise Wrong(code) from no_day


def moment(text: str, day_first: bool | None, timezone: str) -> datetime:
    """Returns the moment of a booking: with a time of day as it says (UTC unless it names its offset), else the noon
    of that day in the shop's zone, which is the same day in most others. Raises Wrong (also date_in_future).
    """
    found = ISO.fullmatch(text)
    if found and found[4]:
        try:
            clock_time = time(int(found[4]), int(found[5]), int(found[6] or 0))
            at = datetime.combine(day(text, None, "date_invalid"), clock_time, UTC) - _offset(found[7])
        except ValueError as no_time:
            raise Wrong("date_invalid") from no_time
    else:
        at = clock.start_of(day(text, day_first, "date_invalid"), timezone) + timedelta(hours=12)
        at = min(at, clock.now()) if clock.local_date(at, timezone) == clock.local_date(clock.now(), timezone) else at
    if at > clock.now():
        raise Wrong("date_in_future")
    if at.year < YEARS_OF_NOBODY:
        raise Wrong("date_invalid")
    return at


def birthday(text: str, day_first: bool | None) -> date:
    """Returns a birthday. Without a year, as other apps store it, it has YEAR_UNKNOWN. Raises Wrong."""
    short = MONTH_AND_DAY.fullmatch(text)
    if short:
        first, second = int(short[1]), int(short[2])
        month, day_of_month = (second, first) if day_first else (first, second)  # apps write MM/DD
        return day(f"{YEAR_UNKNOWN}-{month}-{day_of_month}", None, "birthday_invalid")
    found = day(text, day_first, "birthday_invalid")
    if found.year < YEARS_OF_NOBODY:
        return day(f"{YEAR_UNKNOWN}-{found.month}-{found.day}", None, "birthday_invalid")
    if found > clock.now().date():
        raise Wrong("birthday_invalid")
    return found


def yes(text: str, code: str) -> bool:
    """Returns whether the cell says yes; an empty one says no. Raises Wrong(code)."""
    word = text.lower()
    if word not in YES | NO:
        raise Wrong(code)
    return word in YES


def money(text: str, code: str) -> Decimal:
    """Returns a positive amount or percentage, with or without its sign. Raises Wrong(code)."""
    plain = re.sub(r"[\s%€$£]|[A-Z]{3}", "", text)
    if not MONEY.fullmatch(plain):
        raise Wrong(code)
    try:
        amount = Decimal(plain.replace(",", "."))
    except InvalidOperation as strange:
        raise Wrong(code) from strange
    if amount <= 0:
        raise Wrong(code)
    return amount


def referral_code(text: str) -> str:
    """Returns a code of another app; of a whole link, the code in it. Raises Wrong."""
    code = text
    if "://" in text:
        try:
            link = urlsplit(text)
        except ValueError as broken:
            raise Wrong("referral_code_invalid") from broken
        named = [values[0] for name, values in parse_qs(link.query).items() if "ref" in name.lower()]
        code = named[0] if named else link.path.rstrip("/").rpartition("/")[2]
    if not REFERRAL_CODE.fullmatch(code):
        raise Wrong("referral_code_invalid")
    return code


def labels(text: str) -> list[str]:
    """Returns the labels of a cell, which commas, semicolons or bars separate."""
    return [label.strip() for label in re.split(r"[,;|]", text) if label.strip()]


def _parts(text: str, day_first: bool | None, code: str) -> tuple[int, int, int]:
    """Returns year, month and day of month as they are written. Raises Wrong."""
    if found := ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := DOTS.fullmatch(text):
        return int(found[3]), int(found[2]), int(found[1])
    found = SLASHES.fullmatch(text)
    if found is None:
        raise Wrong(code)
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    if day_first is None:
        if first <= 12 and second <= 12 and first != second:
            raise Wrong("date_ambiguous")
        day_first = first > 12
    return (year, second, first) if day_first else (year, first, second)


def _offset(text: str | None) -> timedelta:
    if text in (None, "Z", "UTC"):
        return timedelta()
    assert text is not None
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
