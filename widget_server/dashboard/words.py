"""Languages, numbers and dates of the dashboard: texts by gettext, times in the zone of the shop.

The texts are in translations/; `make texts` collects those of the sources (README, How it is built).
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from flask import Flask, g, request
from flask_babel import Babel, format_currency, format_date, format_decimal, format_time

LANGUAGES = {"en": "English", "de": "Deutsch"}
FOLDER = Path(__file__).parent / "translations"
MINUS = "\N{MINUS SIGN}"


def register(app: Flask) -> None:
    """Give templates gettext, and the filters points, change, money, day and moment."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(FOLDER)
    Babel(app, locale_selector=language, timezone_selector=_zone)
    app.jinja_env.globals.update(language=language, languages=LANGUAGES)
    app.jinja_env.filters.update(points=points, change=change, money=money, day=day, moment=moment)


def language() -> str:
    """Returns the language of the reader: their choice, else the best that the browser accepts, else English."""
    staff = g.get("staff")
    if staff is not None and staff.account.locale in LANGUAGES:
        return str(staff.account.locale)
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def points(value: int | None) -> str:
    """Returns a whole number with the marks of the language, as 1,240; a dash for None."""
    return "–" if value is None else format_decimal(value).replace("-", MINUS)


def change(value: int) -> str:
    """Returns a signed whole number, as +20 or −5."""
    return f"+{points(value)}" if value > 0 else points(value)


def money(value: Decimal | None, currency: str) -> str:
    """Returns an amount in the form of the language, as €10.00; a dash for None."""
    return "–" if value is None else format_currency(value, currency).replace("-", MINUS)


def day(value: date | datetime | str | None) -> str:
    """Returns a day, of a time the one in the shop's zone; a dash for None. Text is an ISO date."""
    if value is None:
        return "–"
    return format_date(date.fromisoformat(value) if isinstance(value, str) else value, "medium")


def moment(value: datetime | None) -> str:
    """Returns a time in the shop's zone, to the minute; a dash for None."""
    return "–" if value is None else f"{format_date(value)}, {format_time(value, 'short')}"


def _zone() -> str | None:
    staff = g.get("staff")
    return None if staff is None else str(staff.shop.timezone)
