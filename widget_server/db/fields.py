"""The column types: the same names for both databases."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import peewee
from peewee import SQL, Field

from widget_server import json_types
from widget_server.db.engines import on_sqlite
from widget_server.db.values import canonical

_DECODER: Any = json.JSONDecoder()  # its scanner, without a look at what is around the value, as nothing is


class Text(Field):
    """Text of any length."""

    field_type = "LW_TEXT"


class Bytes(Field):
    """Raw bytes, such as a part of a file."""

    field_type = "LW_BYTES"

    def python_value(self, value: bytes | memoryview | None) -> bytes | None:
        """Returns `bytes`, for whichever type the driver uses."""
        return None if value is None else bytes(value)


class Int(Field):
    """A 64-bit integer: counts, points."""

    field_type = "LW_INT"

    def adapt(self, value: int | str) -> int:
        """Returns the number; raises ValueError for anything that is not one."""
        return int(value)


class Serial(peewee.BigAutoField):
    """An auto-incremented number: later rows are higher, and a number is never reused, even after a deletion."""

    def ddl(self, ctx: peewee.Context) -> peewee.NodeList:
        """Returns the column definition; on SQLite with AUTOINCREMENT, so that no number is reused."""
        column = super().ddl(ctx)
        return peewee.NodeList((column, SQL("AUTOINCREMENT"))) if on_sqlite() else column


class Bool(Field):
    """True or false."""

    field_type = "LW_BOOL"

    def db_value(self, value: int | None) -> int | None:
        """Returns the stored form: 0 or 1 on SQLite."""
        if value is None:
            return None
        return int(value) if on_sqlite() else bool(value)

    def python_value(self, value: object) -> bool | None:
        """Returns True, False, or None for NULL."""
        return None if value is None else bool(value)


@lru_cache(maxsize=1024)
def utc_text(moment: datetime) -> str:
    """Returns a time in UTC as text that sorts by time. Rows that are written together have the same few times."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class UtcDateTime(Field):
    """An aware time, stored in UTC: sortable text on SQLite, TIMESTAMPTZ on PostgreSQL."""

    field_type = "LW_TIME"

    def db_value(self, value: datetime | str | None) -> datetime | str | None:
        """Returns the stored form of the time; raises ValueError for one without a time zone."""
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError("naive time")
        value = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc_text(value) if on_sqlite() else value

    def python_value(self, value: datetime | str | None) -> datetime | None:
        """Returns the time in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class Money(Field):
    """An exact decimal amount in the shop's currency."""

    field_type = "LW_MONEY"

    def db_value(self, value: Decimal | int | str | None) -> Decimal | str | None:
        """Returns the stored form: exact text on SQLite."""
        if value is None:
            return None
        amount = Decimal(value)
        return format(amount, "f") if on_sqlite() else amount

    def python_value(self, value: Decimal | str | None) -> Decimal | None:
        """Returns the exact amount."""
        return None if value is None else Decimal(value)


class Json(Field):
    """A JSON value, stored as canonical text."""

    field_type = "LW_TEXT"

    def db_value(self, value: object) -> str | None:
        """Returns the canonical text of the value; types that JSON does not have are stored as their text."""
        return None if value is None else canonical(value)

    def python_value(self, value: str | None) -> json_types.Json:
        """Returns the value that was stored as this text."""
        return None if value is None else _DECODER.scan_once(value, 0)[0]
