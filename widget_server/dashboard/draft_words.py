"""What a draft of the program changes, in the words of the versions: the object, its settings, before and after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import reward_forms, rule_forms, version_words
from widget_server.json_types import Json
from widget_server.loyalty.versions import Difference
from widget_server.program_file.changes import Change, plain
from widget_server.program_file.facts import (
    PROGRAM_WORDS,
    REWARD_WORDS,
    RULE_WORDS,
    TERMS_WORDS,
    Facts,
    ProgramFile,
)
from widget_server.program_file.three_way import STATUS, Conflict

SECTIONS = {  # of the file -> what the versions call it
    "program": "program",
    "earning_rules": "earning_rule",
    "rewards": "reward",
    "tiers": "tier_program",
    "tiers.levels": "tier",
    "campaigns": "campaign",
    "referral": "referral_program",
    "widget": "shop",
}
SIDES = {"friend": _l("Gift of the friend"), "advocate": _l("Gift of the advocate")}
GIFT_WORDS = {
    "kind": _l("Kind"),
    "product_id": _l("Id of the product"),
    "product_name": _l("Name of the product"),
    "expires_after_days": _l("Days until the coupon expires"),
    "combines": _l("Can be used together with other discounts"),
}
COLUMNS = {
    **{name: f"settings.{column}" for column, name in (PROGRAM_WORDS | TERMS_WORDS).items()},
    **{name: column for column, name in (RULE_WORDS | REWARD_WORDS).items() if name != column},
}


@dataclass(frozen=True)
class Row:
    """One setting: its name, and its values in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Part:
    """What changes of one object. `kind` is add, change or remove; the rows of a whole object have no value before."""

    what: str
    title: str
    kind: str
    rows: list[Row]


@dataclass(frozen=True)
class Clash:
    """An object that was changed on both sides, and the settings that differ: the shop's, and those of the draft."""

    what: str
    title: str
    rows: list[Row]
    is_gone: bool
    is_removed: bool


@dataclass(frozen=True)
class Told:
    """What publishing a draft would change, and what stands against it."""

    parts: list[Part]
    clashes: list[Clash]


def parts(changes: Iterable[Change], file: ProgramFile) -> list[Part]:
    """Returns the changes by object; `file` is the program after them, which has the names of its entries."""
    grouped: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        kind = change.kind if change.field is None else "change"
        grouped.setdefault((change.what, kind), []).append(change)
    return [
        Part(what, title(what, _facts(file, what) or some[0].before or some[0].after), kind, _rows(some))
        for (what, kind), some in grouped.items()
    ]


def clash(one: Conflict) -> Clash:
    """Returns a conflict in words."""
    names = dict.fromkeys((*(one.live or ()), *(one.draft or ())))
    base, live, draft = (side or {} for side in (one.base, one.live, one.draft))
    differing = [name for name in names if live.get(name) != draft.get(name) and (base or live.get(name))]
    rows = [
        Row(field_name(name), _value(name, plain(live.get(name))), _value(name, plain(draft.get(name))))
        for name in differing
    ]
    return Clash(one.what, title(one.what, one.draft or one.live or one.base), rows, not one.live, not one.draft)


def title(what: str, facts: object) -> str:
    """Returns what an object is called: Reward 5.00 off."""
    section, name = split(what)
    noun = str(version_words.NAMES["active"] if what == STATUS else version_words.NOUNS[SECTIONS[section]])
    if what == STATUS:
        return _("Status of the program")
    known = facts if isinstance(facts, dict) else {}
    kinds = {"earning_rules": rule_forms.KIND_NAMES, "rewards": reward_forms.KIND_NAMES}.get(section, {})
    called = known.get("title") or kinds.get(str(known.get("kind")), name)
    return f"{noun} {called}" if name else noun


def split(what: str) -> tuple[str, str]:
    """Returns the section of an object, and the name of the entry in it; an empty one for a section by itself."""
    for section in sorted(SECTIONS, key=len, reverse=True):
        if what == section:
            return section, ""
        if what.startswith(f"{section}.") and section not in ("program", "referral", "widget"):
            return section, what.removeprefix(f"{section}.")
    return "program", ""


def field_name(name: str) -> str:
    """Returns the name of a field of the file in words."""
    side, _dot, rest = name.partition(".")
    if side in SIDES:
        return f"{SIDES[side]}: {GIFT_WORDS.get(rest) or version_words.name(Difference(rest, None, None))}"
    if name == "order":
        return _("Order in the list")
    return version_words.name(Difference(COLUMNS.get(name, name), None, None))


def _rows(changes: Sequence[Change]) -> list[Row]:
    found = []
    for change in changes:
        if change.field is not None:
            before, after = _value(change.field, change.before), _value(change.field, change.after)
            found.append(Row(field_name(change.field), before, after))
            continue
        facts = change.after if change.kind == "add" else change.before
        for name, value in (facts if isinstance(facts, dict) else {}).items():
            shown = _value(name, value)
            found.append(Row(field_name(name), *(("–", shown) if change.kind == "add" else (shown, "–"))))
    return found


def _value(name: str, value: Json) -> str:
    return version_words.value(Difference(COLUMNS.get(name, name), None, None), value)


def _facts(file: ProgramFile, what: str) -> Facts | None:
    section, name = split(what)
    return (file.listed[section] or {}).get(name) if name else None
