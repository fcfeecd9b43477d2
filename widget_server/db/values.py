"""New ids, and the canonical text of a JSON value."""

import json
import os
import time
import uuid


def canonical(value: object) -> str:
    """Returns the same text for equal JSON values: sorted keys, no spaces, Decimal as text."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def new_id() -> str:
    """Returns a new random GUID (UUID version 4) as text."""
    return str(uuid.uuid4())


def new_ordered_id() -> str:
    """Returns a new GUID that sorts by the millisecond in which it was made (UUID version 7) as text.

    For rows that are made in great numbers and have their time in a column anyway: in an index of random ids each row
    changes a page of its own.
    """
    digits = f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
