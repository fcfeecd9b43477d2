"""The present program as the text of a program file, which `schema.parse` reads back to the same facts.

A field with the value that it has when it is left out is left out, so that the file says what was chosen.
"""

from datetime import date
from decimal import Decimal

import yaml
from marshmallow import Schema, fields, missing

from widget_server.program_file.changes import as_text, plain
from widget_server.program_file.facts import Facts, ProgramFile, Things
from widget_server.program_file.reward_schema import RewardSchema
from widget_server.program_file.schema import (
    CampaignSchema,
    ProgramSchema,
    ReferralSchema,
    RuleSchema,
    TierSchema,
    TiersSchema,
    WidgetSchema,
)

Entry = dict[str, object]

_LINE_WIDTH = 120


def text_of(file: ProgramFile) -> str:
    """Returns the file as YAML, without the sections that are None."""
    sections = {
        "program": _section(ProgramSchema(), file.program),
        "earning_rules": _list(RuleSchema(), "handle", file.earning_rules),
        "campaigns": _list(CampaignSchema(), "name", file.campaigns),
        "tiers": _tiers(file),
        "rewards": _list(RewardSchema(), "handle", file.rewards),
        "referral": _section(ReferralSchema(), file.referral),
        "widget": _section(WidgetSchema(), file.widget),
    }
    said = {name: value for name, value in sections.items() if value is not None}
    return yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Decimals as numbers, and no anchors: the reader accepts none."""

    def ignore_aliases(self, data: object) -> bool:
        """Returns True: each value is written where it stands."""
        return True


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = as_text(value)
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def _list(schema: Schema, key: str, things: Things | None) -> list[Entry] | None:
    if things is None:
        return None
    return [{key: name, **_entry(schema, facts)} for name, facts in things.items()]


def _tiers(file: ProgramFile) -> Entry | None:
    if file.tiers is None or file.levels is None:
        return None
    settings = _entry(TiersSchema(exclude=["levels"]), file.tiers)
    return {**settings, "levels": _list(TierSchema(), "name", file.levels)}


def _section(schema: Schema, facts: Facts | None) -> Entry | None:
    return None if facts is None else _entry(schema, facts)


def _entry(schema: Schema, facts: Facts, prefix: str = "") -> Entry:
    """Returns the chosen facts of a section, or of an entry of a list, by the names of the file."""
    said: Entry = {}
    for name, field in schema.fields.items():
        if isinstance(field, fields.Nested):
            group = _entry(field.schema, facts, f"{prefix}{name}.")
            if group and (field.load_default is not None or _is_set(facts, f"{prefix}{name}.")):
                said[name] = group
        elif f"{prefix}{name}" in facts and (value := facts[f"{prefix}{name}"]) != _default(field):
            said[name] = _plain(value)
    return said


def _is_set(facts: Facts, prefix: str) -> bool:
    """True when an optional group is there: then its required fields are set."""
    return any(value is not None for name, value in facts.items() if name.startswith(prefix))


def _default(field: fields.Field[object]) -> object:
    default = field.load_default
    if default is missing:
        return missing
    return default() if callable(default) else default


def _plain(value: object) -> object:
    """Returns a value as YAML writes it: numbers as numbers, times as text."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return plain(value) if isinstance(value, date) else value
