"""Reads JSON request bodies, and writes the server's values as JSON."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import orjson
from flask import Response, request
from flask.json.provider import DefaultJSONProvider
from marshmallow import Schema, ValidationError

from widget_server import clock, json_types
from widget_server.errors import BadRequest, NotFound
from widget_server.web.typed_schemas import ShapeSchema, schema_for

T = TypeVar("T")

JsonDict = dict[str, Any]  # built from schemas, and read by the names in a schema
AS_WE_WRITE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class WireJson(DefaultJSONProvider):
    """Money as decimal text, times as UTC text with Z, days as ISO text."""

    sort_keys = False
    ensure_ascii = False

    def response(self, *args: object, **named: object) -> Response:
        """Returns the response with this value as its body: what `jsonify` calls."""
        return Response(encoded(self._prepare_response_obj(args, named)), mimetype=self.mimetype)

    @staticmethod
    def default(value: object) -> str:
        """Returns the text for a value that plain JSON lacks; raises TypeError for a type without a JSON form."""
        if isinstance(value, Decimal):
            return money(value)
        if isinstance(value, datetime):
            return clock.iso(value)
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} has no JSON form")


def encoded(value: object) -> bytes:
    """Returns the body of a response with this value; raises TypeError as `WireJson.default` does."""
    try:
        return orjson.dumps(value, WireJson.default, AS_WE_WRITE)
    except TypeError:  # such as a number of more than 64 bits
        return f"{json.dumps(value, default=WireJson.default, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def money(amount: Decimal) -> str:
    """Returns a decimal as text: at least two places, no trailing zeros beyond them."""
    text = format(amount, "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def read_body(shape: type[T], base: type[ShapeSchema]) -> T:
    """Returns the request's JSON body as this dataclass, read by the rules of `base`. Raises BadRequest."""
    kind: type = shape
    return cast(T, json_body(schema_for(kind, base)))


def json_body(schema: Schema, *, ignoring: Iterable[str] = ()) -> Any:  # a schema's type does not say what it returns
    """Returns the request's JSON body as `schema` loads it. Raises BadRequest naming the first invalid field, with all
    of them in its fact `faults`. The names in `ignoring` are allowed too: ids that are already in the path.
    """
    try:
        value = json.loads(request.get_data(cache=True) or b"{}", parse_constant=_no_number)
        bad_path = unstorable(value)
    except (ValueError, RecursionError) as broken:
        raise BadRequest("The body is not JSON.") from broken
    if not isinstance(value, dict):
        raise BadRequest("The body is not a JSON object.")
    if bad_path is not None:
        raise BadRequest("This text has a NUL or an unpaired surrogate.", field=bad_path or None)
    try:
        return schema.load({name: one for name, one in value.items() if name not in ignoring})
    except ValidationError as wrong:
        raise unfit(wrong) from wrong


def _no_number(literal: str) -> None:
    """Raises ValueError for NaN and Infinity, which Python accepts as JSON."""
    raise ValueError(literal)


def unfit(wrong: ValidationError, *, under: str = "") -> BadRequest:
    """Returns the errors of a schema as a BadRequest; `under` is the path of its part of the body."""
    found = faults(wrong.normalized_messages(), *([under] if under else []))
    field, message = found[0]
    return BadRequest(message, field=field, faults=found)


def need_storable_address() -> None:
    """Raises NotFound for a URL whose path no database can store, BadRequest for such a query string."""
    if not storable(request.path):
        raise NotFound()
    bad_path = unstorable(request.args.to_dict())
    if bad_path is not None:
        raise BadRequest("This text has a NUL or an unpaired surrogate.", field=bad_path or None)


def storable(value: object) -> bool:
    """True when the database can store every text in a JSON value."""
    return unstorable(value) is None


def unstorable(value: object, *path: str) -> str | None:
    """Returns the path of a text in a JSON value that no database can store; "" for the value itself or a member name,
    None when all can be stored.

    PostgreSQL refuses NUL, and UTF-8 cannot encode an unpaired surrogate, which JSON can.
    """
    if isinstance(value, str):
        return ".".join(path) if UNSTORABLE.search(value) else None
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for name, one in pairs:
        bad_path = unstorable(name) if isinstance(name, str) else None
        bad_path = unstorable(one, *path, str(name)) if bad_path is None else bad_path
        if bad_path is not None:
            return bad_path
    return None


def faults(messages: object, *path: str) -> list[tuple[str, str]]:
    """Returns (path, message) of each invalid field."""
    if isinstance(messages, dict):
        named = ((name, (*path, *([str(name)] if name != "_schema" else []))) for name in messages)
        return [fault for name, deeper in named for fault in faults(messages[name], *deeper)]
    return [(".".join(path), str(messages[0] if isinstance(messages, list) else messages))]


def plain(value: object) -> json_types.Json:
    """Returns `value` as plain JSON: for responses that are stored."""
    read: json_types.Json = json.loads(json.dumps(value, default=WireJson.default, ensure_ascii=False))
    return read
