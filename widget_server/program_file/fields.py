"""The types of values in a program file, as marshmallow fields."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, TypeVar, Unpack, get_args, get_type_hints
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate

from widget_server import clock
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.earning.campaigns import MULTIPLIER_MAX
from widget_server.program_file.facts import Facts

MONEY_MAX = Decimal(10**12)
AMOUNT = r"[0-9]{1,18}(\.[0-9]{1,4})?"  # the database keeps four decimal places
DAYS_MAX = 3660
YEARS = range(2000, 3000)
T = TypeVar("T")


class FieldOptions(TypedDict, total=False):
    """The options of marshmallow's fields besides their validation; `load_default` is a value or a factory."""

    required: bool
    allow_none: bool
    load_default: object


class Whole(fields.Field[int]):
    """A whole number; 2.5, "2" and true are refused."""

    def __init__(self, least: int = 1, most: int = POINTS_MAX, **options: Unpack[FieldOptions]) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"A whole number from {self.least} to {self.most}.")
        return value


class Amount(fields.Field[Decimal]):
    """Money, or a factor: a number or its text, above 0, with at most four decimal places, exact."""

    def __init__(self, least: Decimal = Decimal(0), most: Decimal = MONEY_MAX, **options: Unpack[FieldOptions]) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        text = "" if isinstance(value, bool) else str(value)
        if not re.fullmatch(AMOUNT, text):
            raise ValidationError("A number as 10 or 10.50, with at most four decimal places.")
        amount = Decimal(text)
        if not amount or not self.least <= amount <= self.most:
            raise ValidationError(f"A number {f'from {self.least}' if self.least else 'above 0'} to {self.most}.")
        return amount


class YesNo(fields.Field[bool]):
    """true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("true or false.")
        return value


class Words(fields.Field[str]):
    """A text that is not empty; blanks around it are removed."""

    def __init__(self, most: int = 200, pattern: str = ".+", like: str = "", **options: Unpack[FieldOptions]) -> None:
        super().__init__(**options)
        self.most, self.pattern, self.like = most, re.compile(pattern, re.DOTALL), like

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if not 0 < len(text) <= self.most:
            raise ValidationError(f"A text of 1 to {self.most} characters.")
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
            raise ValidationError("A text without control characters.")
        if not self.pattern.fullmatch(text):
            raise ValidationError(self.like)
        return text


class Id(Words):
    """An id of the shop's platform; a number becomes its text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(str(value) if type(value) is int else value, attr, data, **kwargs)


class Address(Words):
    """The target of a button: an http(s) URL, or a path of the shop's own site with one leading slash."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _leads_somewhere(text):
            raise ValidationError("An address as https://shop.example/page, or a path of the shop as /page.")
        return text


class Moment(fields.Field[date]):
    """A time with its offset, to the millisecond, or a day, which means its first moment in the shop's zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            text = value if isinstance(value, str) else ""
            found = date.fromisoformat(text) if len(text) == 10 else clock.parse(text)
        except (ValueError, OverflowError) as wrong:
            raise ValidationError("A day as 2026-03-10, or a time as 2026-03-10T12:00:00+01:00.") from wrong
        if found.year not in YEARS or (isinstance(found, datetime) and found.microsecond % 1000):
            raise ValidationError(f"A day, or a time to the millisecond, from {YEARS[0]} to {YEARS[-1]}.")
        return found


class Day(fields.Field[date]):
    """A day of the shop's zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            found = date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
        except ValueError as wrong:
            raise ValidationError("A day as 2026-03-10.") from wrong
        if found.year not in YEARS:
            raise ValidationError(f"A day from {YEARS[0]} to {YEARS[-1]}.")
        return found


def _leads_somewhere(text: str) -> bool:
    """Whether a text may be an address: without blanks, which browsers skip, or backslashes, read as slashes."""
    if re.search(r"[\s\\]", text):
        return False
    if text.startswith("/"):
        return not text.startswith("//")
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def one_of(words: tuple[str, ...], **options: Unpack[FieldOptions]) -> fields.String:
    """Returns a field that takes one of these texts."""
    return fields.String(validate=validate.OneOf(words, error="One of: {choices}."), **options)


def word_of(settings: type, name: str) -> fields.String:
    """Returns a field with the choices and default of the field `name` of a dataclass of settings."""
    return one_of(get_args(get_type_hints(settings)[name]), load_default=getattr(settings, name))


def list_of(inner: fields.Field[T], default: tuple[T, ...] = ()) -> fields.List[T]:
    """Returns a field that takes a list of what `inner` takes, without duplicates."""
    return fields.List(inner, load_default=lambda: list(default), validate=lambda values: _check_once(list(values)))


def _check_once(values: list[object]) -> None:
    for at, value in enumerate(values):
        if value in values[:at]:
            raise ValidationError({at: ["It appears twice."]})


def map_of(values: fields.Field[T], keys: fields.Field[str]) -> fields.Dict:
    """Returns a field that takes a mapping; empty when it is left out."""
    return fields.Dict(keys=keys, values=values, load_default=dict)


def part(schema: type[Schema]) -> fields.Nested:
    """Returns a group of fields; when it is left out, each has its default."""
    return fields.Nested(schema, load_default=lambda: schema().load({}))


def multiplier(**options: Unpack[FieldOptions]) -> Amount:
    """Returns a field that takes a factor above 0, up to MULTIPLIER_MAX."""
    return Amount(most=MULTIPLIER_MAX, **options)


class Part(Schema):
    """A schema whose fields become facts: those of a group get dotted names."""

    @post_load
    def as_facts(self, data: Facts, **_: object) -> Facts:
        """Returns the loaded fields by dotted name; for a group that was left out each field is None."""
        facts: Facts = {}
        for name, value in data.items():
            field = self.fields[name]
            if isinstance(field, fields.Nested):
                group = value or dict.fromkeys(field.schema.fields)
                facts |= {f"{name}.{inner}": one for inner, one in group.items()}
            else:
                facts[name] = value
        return facts


class OwnSchema(Schema):
    """A tier's own figures: only those in the file."""

    @post_load
    def as_facts(self, data: Facts, **_: object) -> Facts:
        """Returns the loaded fields without those that are left out."""
        return {name: value for name, value in data.items() if value is not None}


def handle_field() -> Words:
    """Returns the field of the handle, which identifies a rule or reward in the file."""
    pattern = r"[a-z0-9][a-z0-9_-]{0,63}"
    return Words(64, pattern, "A handle as free-mug: small letters, digits, - and _.", required=True)


def misplaced(
    kind: str, facts: Facts, needs: Mapping[str, set[str]], may: Mapping[str, set[str]]
) -> dict[str, list[str]]:
    """Returns the errors of an entry of this kind, by fact: required ones that it lacks, and those of other kinds.

    `needs` and `may` are, by kind, the required facts and the optional ones; other facts are for all kinds.
    """
    needed, allowed = needs.get(kind, set()), needs.get(kind, set()) | may.get(kind, set())
    somewhere = set().union(*needs.values(), *may.values())
    is_set = {name for name in somewhere if facts[name] not in (None, False, [], {})}
    return {name: [f"Required for the kind {kind}."] for name in needed - is_set} | {
        name: [f"Not possible for the kind {kind}."] for name in is_set - allowed
    }
