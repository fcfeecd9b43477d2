"""Checks of form fields; each returns an error message for the customer, or None."""

import re
from datetime import date

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def text_error(value: str, missing: str, most: int = 120) -> str | None:
    """Requires 1 to `most` characters; `missing` is the message for an empty value."""
    if not value:
        return missing
    return f"At most {most} characters." if len(value) > most else None


def email_error(value: str) -> str | None:
    """Requires a plausible e-mail address of at most 254 characters."""
    good = len(value) <= 254 and _EMAIL.fullmatch(value)
    return None if good else "Type a whole e-mail address, like ann@example.com."


def password_error(value: str) -> str | None:
    """Requires 8 to 200 characters."""
    return None if 8 <= len(value) <= 200 else "At least 8 characters."


def birthday_error(value: str) -> str | None:
    """Requires an empty value, or a date from 1900 to today."""
    try:
        past = not value or date(1900, 1, 1) <= date.fromisoformat(value) <= date.today()  # noqa: DTZ011 - a calendar day
    except ValueError:
        past = False
    return None if past else "Type a day in the past, like 1990-04-23."
