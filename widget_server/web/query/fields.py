"""The fields of an entity for queries, and the conversion of wire values to database values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import peewee
from peewee import SQL, ColumnBase, NodeList

from widget_server.db import Bool, Int, Json, Money, Text, UtcDateTime, on_sqlite
from widget_server.web.query.parsing import wrong
from widget_server.web.wire import GUID, moment

Kind = Literal["id", "text", "int", "time", "money", "bool", "enum", "texts"]

DECIMAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", re.ASCII)
INT_MAX = 2**63 - 1
MONEY_MAX = 10**16 - 1
MILLISECOND = timedelta(milliseconds=1)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # all rows are between them
Stored = str | int | Decimal | datetime  # a value as stored in a row; includes bool
TYPES: dict[Kind, peewee.Field] = {
    "id": Text(),
    "text": Text(),
    "int": Int(),
    "time": UtcDateTime(),
    "money": Money(),
    "bool": Bool(),
    "enum": Text(),
    "texts": Json(),
}
TAKES: dict[Kind, str] = {
    "id": "a GUID",
    "text": "a text",
    "int": "a whole number",
    "time": "a time as 2026-03-10T12:00:00.000Z",
    "money": "a number",
    "bool": "true or false",
    "enum": "one of its values",
    "texts": "a text",
}


@dataclass(frozen=True)
class word_of:  # noqa: N801 - it is called like a function
    """A `to_stored` for these wire values; raises ValueError for any other."""

    words: Mapping[str, Any]

    def __call__(self, word: str) -> Any:
        if word not in self.words:
            raise ValueError(word)
        return self.words[word]


def whole_milliseconds(moment: datetime) -> datetime:
    """Returns the first stored time that the wire, in milliseconds, shows as `moment` or later."""
    over = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - over) if over else moment


@dataclass(frozen=True)
class Field:
    """A field of an entity. `column` is any expression over the select, `nullable`: it may be NULL.

    `to_stored` maps a wire value to the stored one (EARN to earn) and may raise ValueError; `to_shown` does the
    reverse, for aggregations. A time shown differently from its column must never decrease while the column increases,
    nor change within a quarter of an hour: `at_least` returns the smallest stored time shown as this or later.
    """

    column: ColumnBase
    kind: Kind
    nullable: bool = False
    to_stored: Callable[[Any], Any] | None = None
    at_least: Callable[[datetime], datetime] = whole_milliseconds
    to_shown: Callable[[Any], Any] | None = None
    filterable: bool = True
    sortable: bool = True
    searchable: bool = False
    aggregatable: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Returns the wire values of an enum; empty for another kind of field."""
        return tuple(self.to_stored.words) if isinstance(self.to_stored, word_of) else ()

    @property
    def ordered(self) -> ColumnBase:
        """The column for sorting and comparing: text by code point and money by amount on both databases."""
        if self.kind == "money" and on_sqlite():
            return self.column.cast("REAL")
        if self.kind == "text" and not on_sqlite():
            return NodeList((self.column, SQL('COLLATE "C"')))
        return self.column

    def bound(self, stored: object) -> ColumnBase:
        """Returns a stored value as a query parameter to compare with `ordered`."""
        value = peewee.Value(TYPES[self.kind].db_value(stored), converter=False)
        return value.cast("REAL") if self.kind == "money" and on_sqlite() else value

    def read(self, value: object, path: str) -> Stored:
        """Returns the stored form of a request value. Raises BadRequest naming `path` when its type is wrong."""
        try:
            plain = READERS[self.kind](value)
            stored: Stored = self.to_stored(plain) if self.to_stored else plain
        except (TypeError, ValueError, OverflowError) as other:
            raise wrong(path, f"is compared with {TAKES[self.kind]}.") from other
        return stored


@dataclass(frozen=True)
class Entity:
    """A kind of row that can be queried. `key` is unique; `newest` is the field of createdDate: rows are sorted newest
    first when no order is requested (wix-api §4).
    """

    name: str
    fields: Mapping[str, Field]
    key: tuple[Field, ...]
    newest: Field


def _guid(value: object) -> str:
    text = _text(value)
    if not GUID.fullmatch(text):
        raise ValueError(value)
    return text.lower()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or abs(value) > INT_MAX:
        raise ValueError(value)
    return int(value)


def _time(value: object) -> datetime:
    return min(max(moment(_text(value)), EARLIEST), LATEST)


def _money(value: object) -> Decimal:
    number: Any = value  # abs() of a non-number raises TypeError
    fits = DECIMAL.fullmatch(value) if isinstance(value, str) else abs(number) <= MONEY_MAX
    if isinstance(value, bool) or not fits:
        raise ValueError(value)
    return Decimal(str(value))


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


READERS: dict[Kind, Callable[[object], Stored]] = {
    "id": _guid,
    "text": _text,
    "int": _int,
    "time": _time,
    "money": _money,
    "bool": _bool,
    "enum": _text,
    "texts": _text,
}
