"""The changes of the program in words: what was changed, which of its settings, and their values."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import setting_words
from widget_server.dashboard.words import moment
from widget_server.json_types import Json
from widget_server.loyalty.versions import Difference, Obstacle, Version

NOUNS = {
    "program": _l("Program"),
    "earning_rule": _l("Way to earn"),
    "reward": _l("Reward"),
    "tier": _l("Tier"),
    "tier_program": _l("Tiers"),
    "campaign": _l("Campaign"),
    "referral_program": _l("Referral program"),
    "shop": _l("Widget"),
}
VERBS = {"create": _l("created"), "update": _l("changed"), "delete": _l("deleted")}
NAMES = {
    "active": _l("Active"),
    "title": _l("Title"),
    "name": _l("Name"),
    "description": _l("Description"),
    "position": _l("Place in the list"),
    "archived_at": _l("Archived"),
    "points": _l("Points"),
    "rate_points": _l("Points for each amount"),
    "rate_per": _l("Amount"),
    "by_tier": _l("Own figures of tiers"),
    "cost_points": _l("Cost in points"),
    "amount": _l("Amount"),
    "percent": _l("Percent"),
    "multiplier": _l("Multiplier"),
    "required_points": _l("Points needed"),
    "benefits": _l("Benefits"),
    "starts_at": _l("Begins"),
    "ends_at": _l("Ends"),
    "minimum_subtotal": _l("Smallest order"),
    "window_days": _l("Days that count"),
    "window_months": _l("Months that count"),
    "base_name": _l("Name of the base tier"),
    "base_multiplier": _l("Multiplier of the base tier"),
    "base_benefits": _l("Benefits of the base tier"),
    "trigger": _l("Gifts are given after"),
    "attribution": _l("A friend of two links belongs to"),
    "undo_on_refund": _l("Take gifts back after a refund"),
    "friend_gift": _l("Gift of the friend"),
    "advocate_gift": _l("Gift of the advocate"),
    "advocate_daily_cap": _l("Most friends of one advocate a day"),
    "guests": _l("Also for guests"),
    "tier_ids": _l("Only for tiers"),
    "colour": _l("Colour"),
    "side": _l("Side"),
    "label": _l("Label"),
    "hidden": _l("Hidden"),
    "strings": _l("Texts"),
    "mode": _l("Theme"),
    "icon": _l("Icon"),
    "icon_file": _l("Picture of the button"),
    "show_paths": _l("Only on these pages"),
    "hide_paths": _l("Not on these pages"),
}
OBSTACLES: dict[Obstacle, str] = {
    "changed_since": _l("It was changed again since then. Take the newer change back first."),
    "gone": _l("It does not exist any more."),
    "set_up": _l("The shop was set up with it."),
    "was_draft": _l("A program that ran cannot be a draft again. You can pause it."),
    "tier_gone": _l("It names a tier that does not exist any more."),
    "nothing": _l("It changed no setting."),
}
ACTORS = {
    "server": _l("The server"),
    "shell": _l("Command line"),
    "api_key": _l("API key %(name)s"),
    "customer": _l("A customer"),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NUMBER = re.compile(r"-?\d+\.\d+")


def title(version: Version) -> str:
    """Returns what was changed: Reward 5.00 off: created."""
    entry = version.entry
    noun = " ".join(filter(None, (str(NOUNS[entry.noun]), version.name)))
    verb = "delete" if any(one.name == "archived_at" and one.after for one in version.differences) else entry.verb
    return f"{noun}: {VERBS[verb]}"


def who(version: Version) -> str:
    """Returns who changed it."""
    entry = version.entry
    name = entry.actor_name or ""
    return str(ACTORS[entry.actor]) % {"name": name} if entry.actor in ACTORS else name or _("Staff")


def name(difference: Difference) -> str:
    """Returns the name of a setting in words."""
    last = difference.name.rpartition(".")[2]
    known = setting_words.NAMES.get(last) if difference.name.startswith("settings.") else None
    return str(known or NAMES.get(last) or setting_words.NAMES.get(last) or last.replace("_", " ").capitalize())


def value(difference: Difference, value: Json) -> str:
    """Returns one of both values of a setting in words."""
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')}: {_plain(one)}" for key, one in value.items()) or "–"
    return setting_words.value(difference.name.rpartition(".")[2], _plain(value))


def _plain(value: Any) -> Any:
    """Returns JSON with its numbers and times as such."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    if isinstance(value, str) and TIME.fullmatch(value):
        return moment(datetime.fromisoformat(value).astimezone(UTC))
    return Decimal(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
