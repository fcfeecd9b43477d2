"""Pictures that a shop uploads for its launcher and its points; each has a name made from its content, and stays."""

import hashlib

from peewee import CompositeKey

from widget_server import clock
from widget_server.db import Bytes, ShopTable, Text, UtcDateTime, atomic, insert_once, lock_rows
from widget_server.errors import BadRequest
from widget_server.loyalty import audit_log
from widget_server.loyalty.program import png_icons
from widget_server.loyalty.program.shops import Shop

ICONS_MAX = 50  # of a shop; versions of the look name former ones


class WidgetIcon(ShopTable):
    """One picture, a PNG."""

    name = Text()
    content = Bytes()
    created_at = UtcDateTime()

    class Meta:
        primary_key = CompositeKey("shop_id", "name")


def add(shop: Shop, content: bytes) -> str:
    """Store a picture; returns its name, the same for the same picture. Raises BadRequest (icon)."""
    cleaned = png_icons.clean(content)
    name = f"{hashlib.sha256(cleaned).hexdigest()[:32]}.png"
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        if not exists(shop, name) and WidgetIcon.of(shop).count() >= ICONS_MAX:
            raise BadRequest(f"A shop has up to {ICONS_MAX} pictures.", field="icon")
        row = {"shop_id": shop.id, "name": name, "content": cleaned, "created_at": clock.now()}
        if insert_once(WidgetIcon, row):
            audit_log.note(shop.id, "create", "widget_icon", name, after={"bytes": len(cleaned)})
    return name


def exists(shop: Shop, name: str) -> bool:
    """Returns whether the shop has a picture of this name."""
    return WidgetIcon.one(shop, WidgetIcon.name == name) is not None


def content(shop: Shop, name: str) -> bytes:
    """Returns a picture of the shop; raises NotFound."""
    return bytes(WidgetIcon.need(shop, WidgetIcon.name == name).content)
