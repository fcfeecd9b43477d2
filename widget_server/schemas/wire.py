"""The admin wire: what its bodies have in common (wix-api §2, §3).

Names are camelCase, ids GUID text, revisions strings of digits, points whole numbers, times RFC 3339 in UTC with
milliseconds. Unknown fields are refused by name; what only the server sets is ignored when it comes in.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_dump, pre_load, validate

from widget_server import clock
from widget_server.schemas.widget import Points

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
POINTS_MAX = 9_999_999
BALANCE_MAX = 999_999_999
NAME_MAX = 50


def camel(name: str) -> str:
    """`created_date` as the wire writes it: createdDate."""
    first, *others = name.split("_")
    return first + "".join(one.capitalize() for one in others)


class Wire(Schema):
    """A body of the admin API, in or out. What is None is left out of an answer."""

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """The wire's name of each field, unless it has one of its own."""
        if field_obj.data_key is None:
            field_obj.data_key = camel(field_name)

    @pre_load
    def _drop_read_only(self, data: Any, **_: Any) -> Any:
        """An entity may come back as it was answered: what only the server sets is ignored.

        The SDK calls `id` `_id`, and sends both when a whole entity comes back.
        """
        if not isinstance(data, dict):
            return data
        read_only = {field.data_key for field in self.dump_fields.values() if field.dump_only}
        return {name: value for name, value in data.items() if name.removeprefix("_") not in read_only}

    @post_dump
    def _drop_none(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}


class Empty(Wire):
    """Nothing: what a call without arguments sends, and what a deletion answers."""


class Revision(fields.Field[int]):
    """How often the entity was changed, as a string of digits; the current one comes with each change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": "^[0-9]{1,18}$", "example": "1"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch("[0-9]{1,18}", value, re.ASCII):
            raise ValidationError("A string of digits.")
        return int(value)


class WireTime(fields.Field[datetime]):
    """RFC 3339 in UTC with milliseconds and Z; any zone comes in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            metadata={"type": "string", "format": "date-time", "example": "2026-03-10T12:00:00.000Z"}, **options
        )

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wire_time(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return clock.parse(value)
        except (TypeError, ValueError) as broken:
            raise ValidationError("A time as 2026-03-10T12:00:00Z.") from broken


class DecimalText(fields.Field[Decimal]):
    """Money as a decimal string, two places at most, more than nothing."""

    def __init__(self, **options: Any) -> None:
        pattern = r"^[0-9]{1,12}(\.[0-9]{1,2})?$"
        super().__init__(metadata={"type": "string", "pattern": pattern, "example": "5.00"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format(Decimal(value).normalize(), "f")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", value, re.ASCII):
            raise ValidationError("A decimal string with two places at most.")
        if not Decimal(value):
            raise ValidationError("More than 0.")
        return Decimal(value)


class Number(fields.Field[Decimal]):
    """Money or a percentage as a JSON number, kept exactly; `low` to `high`, `places` after the point."""

    def __init__(self, *, low: str = "0", high: str = "999999999999", places: int = 2, **options: Any) -> None:
        self.low, self.high, self.places = Decimal(low), Decimal(high), places
        limits = {"type": "number", "minimum": float(low), "maximum": float(high)}
        super().__init__(metadata={**limits, "example": float(max(self.low, Decimal(5)))}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else float(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("A number.")
        try:
            exact = Decimal(str(value))
            rounded = round(exact, self.places)
        except InvalidOperation as broken:
            raise ValidationError("A finite number.") from broken
        if not self.low <= exact <= self.high:
            raise ValidationError(f"Between {self.low} and {self.high}.")
        if rounded != exact:
            raise ValidationError(f"{self.places} places after the point at most.")
        return exact


class Choice(fields.String):
    """One word of the wire's, kept in the house's own: `words` maps the one to the other."""

    def __init__(self, words: dict[str, str], *, answers: dict[str, str] | None = None, **options: Any) -> None:
        self.words = words
        self.wire = answers or {own: wire for wire, own in words.items()}
        super().__init__(metadata={"enum": sorted({*words, *self.wire.values()})}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else self.wire[value]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValidationError(f"One of {', '.join(self.words)}.")
        return self.words[value]


class Image(Wire):
    """A picture. Ours have an absolute `url` and no `id`; one of Wix's media is kept as it came (wix-api §3)."""

    id = fields.String(validate=validate.Length(max=1000))
    url = fields.String(validate=validate.Length(max=3000))
    height = fields.Integer(strict=True)
    width = fields.Integer(strict=True)
    alt_text = fields.String(validate=validate.Length(max=1000))
    filename = fields.String(validate=validate.Length(max=1000))


class CursorPaging(Wire):
    """How many at once, and where to go on."""

    limit = Points(low=1, high=100)
    cursor = fields.String(validate=validate.Length(max=16_000))


class OffsetPaging(Wire):
    """How many at once, and how many to pass over: what the SDK's plain query objects may send."""

    limit = Points(low=0, high=1000)
    offset = Points(low=0, high=10_000)


class Sorting(Wire):
    """A field to sort by."""

    field_name = fields.String(required=True, validate=validate.Length(min=1, max=512))
    order = fields.String(validate=validate.OneOf(["ASC", "DESC"]))


class CursorQuery(Wire):
    """A filter, an order and a page (wix-api §4); which fields may stand in it, the entity says."""

    filter = fields.Raw(metadata={"type": "object", "example": {}})
    sort = fields.List(fields.Nested(Sorting))
    cursor_paging = fields.Nested(CursorPaging)
    paging = fields.Nested(OffsetPaging)


class Asked(Wire):
    """The body of a query."""

    query = fields.Raw(metadata={"type": "object", "example": {"cursorPaging": {"limit": 10}}})


class Cursors(Wire):
    """Where the pages beside this one begin; absent where there is none."""

    next = fields.String()
    prev = fields.String()


class CursorPagingMetadata(Wire):
    """How many are on this page, and where the others are."""

    count = fields.Integer()
    cursors = fields.Nested(Cursors)
    has_next = fields.Boolean()


class PagingMetadata(Wire):
    """The same as some calls of the wire have it (PagingMetadataV2)."""

    count = fields.Integer()
    offset = fields.Integer()
    total = fields.Integer()
    too_many_to_count = fields.Boolean()
    cursors = fields.Nested(Cursors)


class ApplicationError(Wire):
    """A refusal: a stable code (docs/admin-api.md lists them), a sentence, and the figures behind it."""

    code = fields.String(required=True)
    description = fields.String(required=True)
    data = fields.Dict(keys=fields.String())


class FieldViolation(Wire):
    """A field of the request that is wrong; `field` is its path on the wire."""

    field = fields.String(required=True)
    description = fields.String(required=True)
    violated_rule = fields.String(required=True)
    rule_name = fields.String()


class ValidationErrorDetails(Wire):
    """Every field that is wrong."""

    field_violations = fields.List(fields.Nested(FieldViolation), required=True)


class ErrorDetails(Wire):
    """One of the two."""

    application_error = fields.Nested(ApplicationError)
    validation_error = fields.Nested(ValidationErrorDetails)


class ErrorBody(Wire):
    """A "no" of the admin API."""

    message = fields.String(required=True)
    details = fields.Nested(ErrorDetails, required=True)


class ItemError(Wire):
    """Why an item of a bulk call failed."""

    code = fields.String(required=True)
    description = fields.String(required=True)
    data = fields.Dict(keys=fields.String())


class ItemMetadata(Wire):
    """Which item of a bulk call this is, and how it went."""

    id = fields.String()
    original_index = fields.Integer(required=True)
    success = fields.Boolean(required=True)
    error = fields.Nested(ItemError)


class BulkActionMetadata(Wire):
    """How a bulk call went as a whole."""

    total_successes = fields.Integer(required=True)
    total_failures = fields.Integer(required=True)
    undetailed_failures = fields.Integer(required=True)


def text(low: int, high: int, **options: Any) -> fields.String:
    """A string of `low` to `high` characters."""
    return fields.String(validate=validate.Length(min=low, max=high), **options)


def guid(**options: Any) -> fields.String:
    """An id."""
    metadata = {"format": "uuid", "example": "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"}
    return fields.String(validate=validate.Regexp(GUID, error="A GUID."), metadata=metadata, **options)


def wire_time(value: datetime) -> str:
    """A time as the wire writes it."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one_of(data: dict[str, Any], *names: str, needed: bool = True) -> None:
    """Raise ValidationError unless just one of the fields `names` (as in Python) is there."""
    given = [name for name in names if data.get(name) is not None]
    if len(given) > 1 or (needed and not given):
        raise ValidationError(f"One of {', '.join(map(camel, names))}.", field_name=camel((given or names)[-1]))


def bulk_answer(shape: type[Wire]) -> type[Wire]:
    """The answer of a bulk call whose items have this shape."""
    result: Any = Wire.from_dict(
        {"item_metadata": fields.Nested(ItemMetadata, required=True), "item": fields.Nested(shape)},
        name=f"Bulk{shape.__name__}Result",
    )
    answer: Any = Wire.from_dict(
        {
            "results": fields.List(fields.Nested(result), required=True),
            "bulk_action_metadata": fields.Nested(BulkActionMetadata, required=True),
        },
        name=f"Bulk{shape.__name__}Answer",
    )
    return answer


def page_of(
    name: str, shape: type[Wire], *, metadata: str = "paging_metadata", offset: bool = False, **beside: Any
) -> type[Wire]:
    """The answer of a query: the entities under `name`, and the paging (and what else is told) beside them."""
    paging = PagingMetadata if offset else CursorPagingMetadata
    answer: Any = Wire.from_dict(
        {
            name: fields.List(fields.Nested(shape), required=True),
            metadata: fields.Nested(paging, required=True),
            **beside,
        },
        name=f"{camel(name)[0].upper()}{camel(name)[1:]}Page{'V2' if offset else ''}",
    )
    return answer


def wrapped(name: str, shape: type[Wire], **options: Any) -> type[Wire]:
    """A body that holds one entity under `name`; `partial=True` for a change that sends what it changes only."""
    partial = options.pop("partial", None)
    answer: Any = Wire.from_dict(
        {name: fields.Nested(lambda: shape(partial=partial), required=True, **options)},
        name=f"{shape.__name__}{'Change' if partial else ''}Body",
    )
    return answer
