"""New ids, and the canonical text of a JSON value."""

import json
import uuid


def canonical(value: object) -> str:
    """Returns the same text for equal JSON values: sorted keys, no spaces, Decimal as text."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def new_id() -> str:
    """Returns a new random GUID (UUID version 4) as text."""
    return str(uuid.uuid4())
