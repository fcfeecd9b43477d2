"""What comes in as JSON, and how values of the house go out as JSON."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from flask import request
from flask.json.provider import DefaultJSONProvider
from marshmallow import Schema, ValidationError

from widget_server import clock, json_types
from widget_server.errors import BadRequest, NotFound
from widget_server.web.typed_schemas import ShapeSchema, schema_of

T = TypeVar("T")

Json = dict[str, Any]  # what is built of schemas, and read by names that a schema gives
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class WireJson(DefaultJSONProvider):
    """Money as decimal text, times as UTC text with Z, days as ISO text."""

    sort_keys = False
    ensure_ascii = False

    @staticmethod
    def default(value: object) -> str:
        """Returns what plain JSON does not know as text; raises TypeError for what has no JSON form."""
        if isinstance(value, Decimal):
            return money(value)
        if isinstance(value, datetime):
            return clock.iso(value)
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} has no JSON form")


def money(amount: Decimal) -> str:
    """Returns a decimal as text: two places at least, no zeros beyond them."""
    text = format(amount, "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def read_body(shape: type[T], base: type[ShapeSchema]) -> T:
    """Returns the request's JSON body as this dataclass, read as bodies of this audience are. Raises BadRequest as
    `json_body` does.
    """
    kind: type = shape
    return cast(T, json_body(schema_of(kind, base)()))


def json_body(schema: Schema, *, ignoring: Iterable[str] = ()) -> Any:  # what a schema makes, its type does not say
    """Returns the request's JSON body as `schema` loads it; raises BadRequest naming the first field that is wrong, and
    each wrong one in its fact `faults`. The names in `ignoring` may come too: ids that the path has already.
    """
    try:
        value = json.loads(request.get_data(cache=True) or b"{}", parse_constant=_no_number)
        odd = unstorable(value)
    except (ValueError, RecursionError) as broken:
        raise BadRequest("The body is not JSON.") from broken
    if not isinstance(value, dict):
        raise BadRequest("The body is not a JSON object.")
    if odd is not None:
        raise BadRequest("This text has a NUL or an unpaired surrogate.", field=odd or None)
    try:
        return schema.load({name: one for name, one in value.items() if name not in ignoring})
    except ValidationError as wrong:
        raise unfit(wrong) from wrong


def _no_number(word: str) -> None:
    """NaN and Infinity, which Python takes for JSON."""
    raise ValueError(word)


def unfit(wrong: ValidationError, *, under: str = "") -> BadRequest:
    """Returns what a schema found wrong, as a refusal; `under` is where its part of the body stands."""
    found = faults(wrong.normalized_messages(), *([under] if under else []))
    field, message = found[0]
    return BadRequest(message, field=field, faults=found)


def need_storable_address() -> None:
    """Raises NotFound for an address whose path no database can hold, BadRequest for such a query."""
    if not storable(request.path):
        raise NotFound()
    odd = unstorable(request.args.to_dict())
    if odd is not None:
        raise BadRequest("This text has a NUL or an unpaired surrogate.", field=odd or None)


def storable(value: object) -> bool:
    """True when every text in a JSON value can be kept."""
    return unstorable(value) is None


def unstorable(value: object, *path: str) -> str | None:
    """Returns where in a JSON value a text stands that no database can hold; "" when it is a name, None when there is
    none.

    PostgreSQL refuses NUL, and UTF-8 cannot write half a character, which JSON can.
    """
    if isinstance(value, str):
        return ".".join(path) if UNSTORABLE.search(value) else None
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for name, one in pairs:
        odd = unstorable(name) if isinstance(name, str) else None
        odd = unstorable(one, *path, str(name)) if odd is None else odd
        if odd is not None:
            return odd
    return None


def faults(messages: object, *path: str) -> list[tuple[str, str]]:
    """Returns the path of each wrong field, and what is wrong with it."""
    if isinstance(messages, dict):
        named = ((name, (*path, *([str(name)] if name != "_schema" else []))) for name in messages)
        return [fault for name, deeper in named for fault in faults(messages[name], *deeper)]
    return [(".".join(path), str(messages[0] if isinstance(messages, list) else messages))]


def plain(value: object) -> json_types.Json:
    """Returns `value` as it reads in JSON: for responses that are kept."""
    read: json_types.Json = json.loads(json.dumps(value, default=WireJson.default, ensure_ascii=False))
    return read
