"""The changes by a program file, one for each fact that differs from what the shop has."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, cast

from widget_server import clock
from widget_server.json_types import Json, JsonObject
from widget_server.program_file.facts import Facts, ProgramFile, Things


@dataclass(frozen=True)
class Change:
    """One difference between the shop and a file. `before` and `after` are plain JSON values.

    `what` is a section, or an entry of it (`rewards.mug`). For a whole entry `field` is None and the facts
    that are set are in `after` (add) or `before` (remove). The field `order` of a list names its handles.
    """

    kind: Literal["add", "change", "remove"]
    what: str
    field: str | None = None
    before: Json = None
    after: Json = None

    def __str__(self) -> str:
        if self.field is None:
            return f"{'+' if self.kind == 'add' else '-'} {self.what}"
        return f"~ {self.what} {self.field}: {shown(self.before)} -> {shown(self.after)}"


def differences(known: ProgramFile, wanted: ProgramFile) -> Iterator[Change]:
    """Yields the differences between what the shop has (`known`) and a file (`wanted`), section by section.

    A section that the file leaves out is not changed.
    """
    for section, facts in wanted.single.items():
        yield from _changed(section, known.single[section] or {}, facts or {})
    for section, things in wanted.listed.items():
        if things is not None:
            yield from _relisted(section, known.listed[section] or {}, things)


def _relisted(section: str, was: Things, now: Things) -> Iterator[Change]:
    for name, facts in was.items():
        if name not in now:
            yield Change("remove", f"{section}.{name}", before=_set(facts))
    for name, facts in now.items():
        if name in was:
            yield from _changed(f"{section}.{name}", was[name], facts)
        else:
            yield Change("add", f"{section}.{name}", after=_set(facts))
    before, after = [name for name in was if name in now], [name for name in now if name in was]
    if before != after and section in ("earning_rules", "rewards"):
        yield Change("change", section, "order", before, after)


def _changed(what: str, was: Facts, now: Facts) -> Iterator[Change]:
    for field, value in now.items():
        if was[field] != value:
            yield Change("change", what, field, plain(was[field]), plain(value))


def _set(facts: Facts) -> JsonObject:
    return {name: plain(value) for name, value in facts.items() if value is not None and value not in ([], {})}


def plain(value: object) -> Json:
    """Returns a fact as JSON: money and times as text."""
    if isinstance(value, Decimal):
        return as_text(value)
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else cast(Json, value)  # the rest is JSON already


def as_text(value: Decimal) -> str:
    """Returns a number as short text: 10 for 10.00, never with an exponent."""
    return format(value.normalize(), "f")


def shown(value: Json) -> str:
    """Returns a value as one line of text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
