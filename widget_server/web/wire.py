"""The admin wire: the common parts of its bodies (wix-api §2, §3).

Names are camelCase, ids GUID text, revisions strings of digits, points whole numbers, times RFC 3339 in UTC with
milliseconds. Unknown fields are refused by name; fields that only the server sets are ignored in requests.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, NotRequired, TypeAlias, TypedDict, TypeVar

from marshmallow import RAISE, ValidationError, fields, missing, pre_load, validate, validates_schema

from widget_server.web.texts import at_most
from widget_server.web.typed_schemas import ShapeSchema

T = TypeVar("T")

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
RFC3339 = re.compile(  # there is no year 0, and no leap second
    r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
FIRST_MOMENT, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
REVISION = re.compile("[0-9]{1,18}", re.ASCII)
MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
PRICE = re.compile(f"(?=.*[1-9]){MONEY.pattern}", re.ASCII)  # more than 0
NOT_0 = [{"minimum": 1}, {"maximum": -1}]
NEVER: dict[str, Any] = {"not": {}}  # a schema that no value fits
MISSING = "Missing data for required field."
NOISE = Decimal("1e-14")  # relative to a value: below the precision of a binary fraction
POINTS_MAX = 9_999_999
BALANCE_MAX = 999_999_999
NAME_MAX = 50


def camel(name: str) -> str:
    """Returns the wire's name, as createdDate for `created_date`."""
    first, *others = name.split("_")
    return first + "".join(one.capitalize() for one in others)


def whole(pattern: re.Pattern[str]) -> str:
    """Returns the pattern anchored at both ends, for openapi.json."""
    return f"^{pattern.pattern}$"


def moment(text: str) -> datetime:
    """Returns the UTC time of an RFC 3339 text; the first or last possible time where its offset leads beyond the years
    1 to 9999. Raises ValueError for other text.
    """
    if not RFC3339.fullmatch(text):
        raise ValueError(text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        return LAST_MOMENT if text.startswith("9") else FIRST_MOMENT


class Rule:
    """A rule between fields of a body: checked in requests, and described in openapi.json."""

    def prepare(self, data: dict[str, object]) -> dict[str, object]:
        """Returns the body before it is read: an alternative spelling becomes the wire's own."""
        return data

    def check(self, data: dict[str, object], partial: bool) -> None:
        """Raises ValidationError unless `data` follows the rule; `partial`: it is a change."""

    def shape(self, partial: bool) -> dict[str, object]:
        """Returns the rule as a JSON Schema, empty when none can express it."""
        return {}


class Points(fields.Field[int]):
    """A whole number of points; 4108.0 is valid, 2.5 and true are not."""

    def __init__(self, *, low: int = -(10**15), high: int = 10**15, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=low, max=high), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise ValidationError("A whole number.")
        return int(value)


class Flag(fields.Boolean):
    """JSON true or false; no text or number that could mean one of them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("True or false.")
        return value


@dataclass(frozen=True)
class OneOf(Rule):
    """Exactly one of these fields (named as in Python); with `needed=False`, and in a change, at most one."""

    names: tuple[str, ...]
    needed: bool = True

    def check(self, data: dict[str, object], partial: bool) -> None:
        given = [name for name in self.names if data.get(name) is not None]
        if len(given) > 1 or (self.needed and not partial and not given):
            known = ", ".join(map(camel, self.names))
            raise ValidationError(f"One of {known}.", field_name=camel((given or self.names)[-1]))

    def shape(self, partial: bool) -> dict[str, object]:
        names = [camel(name) for name in self.names]
        arms = [{"required": [name], "properties": {one: NEVER for one in names if one != name}} for name in names]
        none = [] if self.needed and not partial else [{"properties": dict.fromkeys(names, NEVER)}]
        return {"oneOf": [*arms, *none]}


@dataclass(frozen=True)
class EachTierOnce(Rule):
    """No two figures at this path (as in Python) are for the same tier; no JSON Schema can express this."""

    path: tuple[str, ...]

    def check(self, data: dict[str, object], partial: bool) -> None:
        found: Any = data
        for name in self.path:
            found = (found or {}).get(name)
        tiers = [one.get("tier_id") for one in found or ()]
        if len(tiers) != len(set(tiers)):
            raise ValidationError("Each tier at most once.", field_name=camel(self.path[0]))


class Revised(Rule):
    """A change must contain the revision that was read (wix-api §3)."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        if partial and data.get("revision") is None:
            raise ValidationError(MISSING, field_name="revision")

    def shape(self, partial: bool) -> dict[str, object]:
        return {"required": ["revision"]} if partial else {}


class WireTime(fields.Field[datetime]):
    """A time: written as RFC 3339 in UTC with milliseconds and Z, read in any zone."""

    def __init__(self, **options: Any) -> None:
        schema = {"type": "string", "format": "date-time", "pattern": whole(RFC3339)}
        super().__init__(metadata={**schema, "example": "2026-03-10T12:00:00.000Z"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wire_time(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return moment(value)
        except (TypeError, ValueError) as broken:
            raise ValidationError("A time as 2026-03-10T12:00:00Z.") from broken


class Documented(ShapeSchema):
    """A body whose JSON Schema needs more than its fields."""

    def described(self, shape: dict[str, object]) -> dict[str, object]:
        """Returns the JSON Schema of the body; `shape` is that of its fields."""
        return shape


class Wire(Documented):
    """A request or response body of the admin API. None is left out of a response."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    plain = {str: fields.String, bool: Flag, int: fields.Integer, datetime: WireTime}

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Set the camelCase name of each field, unless it has a `data_key` of its own."""
        if field_obj.data_key is None:
            field_obj.data_key = camel(field_name)

    @pre_load
    def _drop_read_only(self, data: Any, **_: Any) -> Any:
        """Ignore fields that only the server sets: a request may send back an entity as it was returned.

        The SDK calls `id` `_id`, and sends both with a whole entity.
        """
        if not isinstance(data, dict):
            return data
        for rule in self.rules:
            data = rule.prepare(data)
        read_only = {field.data_key for field in self.dump_fields.values() if field.dump_only}
        return {name: value for name, value in data.items() if name.removeprefix("_") not in read_only}

    @validates_schema
    def _together(self, data: dict[str, Any], **_: Any) -> None:
        for rule in self.rules:
            rule.check(data, bool(self.partial))

    def described(self, shape: dict[str, object]) -> dict[str, object]:
        """Returns the JSON Schema of the fields, with the rules between them."""
        schemas = [one for one in (rule.shape(bool(self.partial)) for rule in self.rules) if one]
        return {**shape, "allOf": schemas} if schemas else shape

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        """Returns the response body without what is None. It is as marshmallow's own, with a fourth of the calls: a
        page has thousands of values.
        """
        if many and obj is not None:
            return [self._serialize(one) for one in obj]
        body: dict[str, Any] = {}
        for name, field in self.dump_fields.items():
            value = obj.get(name, missing) if isinstance(obj, dict) else getattr(obj, name, missing)
            if value is missing:
                value = field.dump_default
            written = None if value is missing else field._serialize(value, name, obj)
            if written is not None:
                body[field.data_key or name] = written
        return body


class Revision(fields.Field[int]):
    """How often the entity was changed, as a string of digits; each change must send the current one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": whole(REVISION), "example": "1"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not REVISION.fullmatch(value):
            raise ValidationError("A string of digits.")
        return int(value)


class Move(Points):
    """Points to add (positive) or subtract (negative); never 0."""

    def __init__(self, **options: Any) -> None:
        super().__init__(low=-POINTS_MAX, high=POINTS_MAX, metadata={"anyOf": NOT_0}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        points = super()._deserialize(value, attr, data, **kwargs)
        if not points:
            raise ValidationError("A number other than 0.")
        return points


class DecimalText(fields.Field[Decimal]):
    """Money as a decimal string, at most two places; above 0 in requests."""

    def __init__(self, *, pattern: re.Pattern[str] = PRICE, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": whole(pattern), "example": "5.00"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        whole, _, places = format(Decimal(value).normalize(), "f").partition(".")
        return f"{whole}.{places.ljust(2, '0')}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if not isinstance(value, str) or not PRICE.fullmatch(value):
            raise ValidationError("A decimal string of more than 0, with two places at most.")
        return Decimal(value)


class Number(fields.Field[Decimal]):
    """Money or a percentage as a JSON number, kept exactly; `low` to `high`, `places` after the point.

    The rounding error of binary fractions (0.1 + 0.2) does not count as a place.
    """

    def __init__(self, *, low: str = "0", high: str = "999999999999", places: int = 2, **options: Any) -> None:
        self.low, self.high, self.places = Decimal(low), Decimal(high), places
        limits = {"type": "number", "minimum": float(low), "maximum": float(high), "multipleOf": 10.0**-places}
        super().__init__(metadata={**limits, "example": float(max(self.low, Decimal(5)))}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else float(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("A number.")
        exact = Decimal(str(value))
        if not exact.is_finite() or not self.low <= exact <= self.high:
            raise ValidationError(f"Between {self.low} and {self.high}.")
        rounded = round(exact, self.places)
        if abs(rounded - exact) > abs(exact) * NOISE:
            raise ValidationError(f"{self.places} places after the point at most.")
        return rounded


class Choice(fields.String):
    """One value of an enum: `words` maps the wire's values to the stored ones, `returns` the stored to the wire's."""

    def __init__(self, words: dict[str, str], *, returns: dict[str, str] | None = None, **options: Any) -> None:
        self.words = words
        self.wire = returns or {own: wire for wire, own in words.items()}
        super().__init__(metadata={"enum": sorted({*words, *self.wire.values()})}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else self.wire[value]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValidationError(f"One of {', '.join(self.words)}.")
        return self.words[value]


class Described(fields.Dict):
    """An object that other code reads: `shapes` describe it in openapi.json, the last one is the object itself."""

    def __init__(self, shapes: dict[str, dict[str, Any]], **options: Any) -> None:
        self.shapes = shapes
        super().__init__(**options)

    @property
    def reference(self) -> dict[str, str]:
        """The `$ref` to its shape in openapi.json."""
        return {"$ref": f"#/components/schemas/{next(reversed(self.shapes))}"}


def guid() -> fields.String:
    """Returns a field for an id: GUID text."""
    schema = {"format": "uuid", "pattern": whole(GUID), "example": "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"}
    return fields.String(validate=_is_guid, metadata=schema)


def _is_guid(value: str) -> None:
    if not GUID.fullmatch(value):
        raise ValidationError("A GUID.")


def wire_time(value: datetime) -> str:
    """Returns a time in the wire's format, as 2026-03-10T12:00:00.000Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Guid: TypeAlias = Annotated[str, guid()]
PointsAmount: TypeAlias = Annotated[int, Points()]
PageLimit: TypeAlias = Annotated[
    int | None, fields.Integer(data_key="cursorPaging.limit", validate=validate.Range(min=1, max=100))
]
PageCursor: TypeAlias = Annotated[str | None, at_most(16_000, data_key="cursorPaging.cursor")]


class Empty(TypedDict):
    """An empty body: the request of a call without arguments, and the response of a deletion."""


@dataclass(frozen=True)
class RevisionQuery:
    """The revision that the caller read."""

    revision: Annotated[int, Revision()]


class Image(TypedDict, total=False):
    """A picture. Ours have an absolute `url` and no `id`; one of Wix's media is stored as received (wix-api §3)."""

    id: Annotated[str, at_most(1000)]
    url: Annotated[str, at_most(3000)]
    height: Annotated[int, Points()]
    width: Annotated[int, Points()]
    alt_text: Annotated[str, at_most(1000)]
    filename: Annotated[str, at_most(1000)]


class Cursors(TypedDict, total=False):
    """Cursors to the next and the previous page; absent where there is none."""

    next: str
    prev: str


class CursorPagingMetadata(TypedDict, total=False):
    """The number of rows on this page, and the cursors to the other pages."""

    count: int
    cursors: Cursors
    has_next: bool


class PagingMetadata(TypedDict, total=False):
    """The same in the form of some other calls (PagingMetadataV2)."""

    count: int
    offset: int
    total: int | None
    too_many_to_count: bool
    cursors: Cursors


class ItemError(TypedDict):
    """Why an item of a bulk call failed."""

    code: str
    description: str
    data: NotRequired[Annotated[dict[str, object], fields.Dict(keys=fields.String())]]


class ItemMetadata(TypedDict):
    """The place of an item in a bulk call, and its result."""

    id: NotRequired[str]
    original_index: int
    success: bool
    error: NotRequired[ItemError]


class BulkActionMetadata(TypedDict):
    """The numbers of successes and failures of a bulk call."""

    total_successes: int
    total_failures: int
    undetailed_failures: int


class BulkResult(TypedDict, Generic[T]):
    """The result of one item of a bulk call, with the item after a success."""

    item_metadata: ItemMetadata
    item: NotRequired[T]


class BulkResults(TypedDict, Generic[T]):
    """The result of each item of a bulk call, in the order of the request."""

    results: list[BulkResult[T]]
    bulk_action_metadata: BulkActionMetadata
