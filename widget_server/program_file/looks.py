"""The widget's look edited by itself: read and checked like the section `widget` of a file, and saved as a whole."""

import hashlib

from marshmallow import ValidationError

from widget_server.db import atomic, canonical, lock_rows
from widget_server.errors import BadRequest, Refusal, StaleRevision
from widget_server.loyalty.program import shops, widget_icons
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.program_file import apply
from widget_server.program_file.facts import WIDGET_WORDS, Facts, ProgramFile
from widget_server.program_file.reading import Plain
from widget_server.program_file.schema import WidgetSchema, faults_in
from widget_server.program_file.writing import columns_of

Settings = dict[str, Plain]


def plain(look: WidgetSettings) -> Settings:
    """Returns the settings of a look as a file has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(look).items()}


def read(settings: Settings) -> WidgetSettings:
    """Returns the look with these settings, defaults for others. It may have a colour that `save` refuses.

    Raises BadRequest with the name of a setting that is wrong as its field, and all of them in the fact `faults`.
    """
    return WidgetSettings(**columns_of(_facts(settings), WIDGET_WORDS))


def save(shop: Shop, settings: Settings, seen: str) -> None:
    """Save a look; `seen` is the mark of the one that was read. Settings that are not given get their defaults.

    Raises StaleRevision, LowContrast (colour) for a new colour that is too pale, and as `read` does.
    """
    facts = _facts(settings)
    with atomic():
        lock_rows(Program.of(shop)).get()
        if mark(shop) != seen:
            raise StaleRevision()
        try:
            apply.apply(shop, ProgramFile(widget=facts))
        except Refusal as refusal:
            refusal.field = (refusal.field or "").removeprefix("widget.") or None
            raise


def set_icon(shop: Shop, content: bytes) -> None:
    """Show this PNG on the launcher instead of the built-in icon. Raises BadRequest (icon)."""
    with atomic():
        name = widget_icons.add(shop, content)
        _change(shop, {"icon": True, "icon_file": name})


def remove_icon(shop: Shop) -> None:
    """Show the built-in icon on the launcher again."""
    _change(shop, {"icon_file": None})


def mark(shop: Shop) -> str:
    """Returns what distinguishes the present look from another."""
    return hashlib.sha256(canonical(shops.by_id(shop.id).look.as_json()).encode()).hexdigest()[:20]


def _change(shop: Shop, settings: Settings) -> None:
    with atomic():
        lock_rows(Program.of(shop)).get()
        look = shops.by_id(shop.id).look
        save(shop, {**plain(look), **settings}, mark(shop))


def _facts(settings: Settings) -> Facts:
    try:
        facts: Facts = WidgetSchema().load(settings)
    except ValidationError as wrong:
        faults = sorted(faults_in(wrong.messages))
        raise BadRequest(faults[0][1], field=faults[0][0], faults=faults) from wrong
    return facts
