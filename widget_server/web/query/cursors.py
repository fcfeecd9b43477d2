"""Cursors: the start of a page and its whole query, in a signed text that only this server can create.

A cursor is valid for the shop and the entity it was made for. It contains only the caller's own query and the sort
values of the row beside the page.
"""

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from typing import Any

from widget_server import config
from widget_server.db import canonical

LENGTH_MAX = 16_000  # wix-api §4
MARK_BYTES = 16
FORM = "1"  # a new format of cursors needs a new value

Content = dict[str, Any]  # our own JSON: the parts of a query as received, and the start of the page


def write(shop_id: str, entity: str, content: Content) -> str:
    """Returns the cursor for `content`; it may be longer than LENGTH_MAX, and is unusable then."""
    packed = zlib.compress(canonical(content).encode(), 9)
    return base64.urlsafe_b64encode(_mark(shop_id, entity, packed) + packed).decode().rstrip("=")


def read(shop_id: str, entity: str, cursor: str) -> Content | None:
    """Returns the content of the cursor; None when this server did not make it for this shop and entity."""
    if len(cursor) > LENGTH_MAX or not cursor.isascii():
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mark, packed = raw[:MARK_BYTES], raw[MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(shop_id, entity, packed)):
        return None
    content: Content = json.loads(zlib.decompress(packed))
    return content


def _mark(shop_id: str, entity: str, packed: bytes) -> bytes:
    text = b"\0".join((FORM.encode(), shop_id.encode(), entity.encode(), packed))
    return hmac.new(config.derived_key("cursor"), text, hashlib.sha256).digest()[:MARK_BYTES]
