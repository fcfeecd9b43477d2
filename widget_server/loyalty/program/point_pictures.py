"""The picture of a point: a PNG that the shop uploaded, beside the balance in the widget and in the API's icon.

An address of another server that was set by the API stays in the API; the widget loads nothing from there.
"""

import re

from widget_server import config
from widget_server.db import atomic
from widget_server.loyalty.program import programs, widget_icons
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop

OURS = re.compile(r"/icons/\w+/[0-9a-f]{32}\.png")


def upload(shop: Shop, content: bytes) -> None:
    """Make this PNG the picture of a point. Raises BadRequest (icon)."""
    with atomic():
        name = widget_icons.add(shop, content)
        programs.update(shop.id, icon={"id": "", "url": f"{config.current().base_url}/icons/{shop.embed_key}/{name}"})


def remove(shop: Shop) -> None:
    """Show no picture in the widget, and the built-in star in the API."""
    programs.update(shop.id, icon={})


def path(program: Program) -> str | None:
    """Returns the path of the uploaded picture on this server; None without one."""
    address = str((program.icon or {}).get("url") or "")
    found = address.removeprefix(config.current().base_url)
    return found if found != address and OURS.fullmatch(found) else None
