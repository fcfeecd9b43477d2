"""What comes in as JSON, and how values of the house go out as JSON."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import request
from flask.json.provider import DefaultJSONProvider
from marshmallow import Schema, ValidationError

from widget_server import clock
from widget_server.errors import BadRequest, NotFound

Json = dict[str, Any]
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class WireJson(DefaultJSONProvider):
    """Money as decimal text, times as UTC text with Z, days as ISO text."""

    sort_keys = False
    ensure_ascii = False

    @staticmethod
    def default(value: Any) -> Any:
        """What plain JSON does not know."""
        if isinstance(value, Decimal):
            return money(value)
        if isinstance(value, datetime):
            return clock.iso(value)
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} has no JSON form")


def money(amount: Decimal) -> str:
    """A decimal as text: two places at least, no zeros beyond them."""
    text = format(amount, "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def json_body(schema: Schema, *, ignoring: Iterable[str] = ()) -> Any:
    """The request's JSON body, read by `schema`; raises BadRequest naming the first field that is wrong, and each
    wrong one in its fact `faults`. The names in `ignoring` may come too: ids that the path has already.
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
    """What a schema found wrong, as a refusal; `under` is where its part of the body stands."""
    found = faults(wrong.normalized_messages(), *([under] if under else []))
    field, message = found[0]
    return BadRequest(message, field=field, faults=found)


def need_storable_address() -> None:
    """Refuse an address whose path or query no database can hold."""
    if not storable(request.path):
        raise NotFound()
    odd = unstorable(request.args.to_dict())
    if odd is not None:
        raise BadRequest("This text has a NUL or an unpaired surrogate.", field=odd or None)


def storable(value: Any) -> bool:
    """True when every text in a JSON value can be kept."""
    return unstorable(value) is None


def unstorable(value: Any, *path: str) -> str | None:
    """Where in a JSON value a text stands that no database can hold; "" when it is a name, None when there is none.

    PostgreSQL refuses NUL, and UTF-8 cannot write half a character, which JSON can.
    """
    if isinstance(value, str):
        return ".".join(path) if UNSTORABLE.search(value) else None
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        odd = unstorable(name) if isinstance(name, str) else None
        odd = unstorable(one, *path, str(name)) if odd is None else odd
        if odd is not None:
            return odd
    return None


def faults(messages: Any, *path: str) -> list[tuple[str, str]]:
    """The path of each wrong field, and what is wrong with it."""
    if isinstance(messages, dict):
        named = ((name, (*path, *([str(name)] if name != "_schema" else []))) for name in messages)
        return [fault for name, deeper in named for fault in faults(messages[name], *deeper)]
    return [(".".join(path), str(messages[0] if isinstance(messages, list) else messages))]


def plain(value: Any) -> Any:
    """`value` as it reads in JSON: for responses that are kept."""
    return json.loads(json.dumps(value, default=WireJson.default, ensure_ascii=False))
