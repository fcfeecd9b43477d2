"""Settings of our own on the wire: the sections of the program file, camelCase (docs/program-file.md)."""

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from widget_server.loyalty.earning import feeds
from widget_server.program_file.changes import plain
from widget_server.program_file.facts import Facts
from widget_server.program_file.fields import AMOUNT, Amount, Day, Id, Moment, Whole, Words, YesNo
from widget_server.program_file.schema import CampaignSchema, ProgramSchema, ReferralSchema, WidgetSchema
from widget_server.stores.platforms import PLATFORMS
from widget_server.web.wire import Described, Wire, WireTime, camel, guid

SECTIONS: dict[str, type[Schema]] = {"program": ProgramSchema, "widget": WidgetSchema, "referral": ReferralSchema}


def _shape(field: Any) -> dict[str, Any]:
    """A field of the program file as a JSON Schema; null stands for its default."""
    if isinstance(field, fields.Nested):
        return _object(field.schema)
    if isinstance(field, fields.List):
        return {"type": ["array", "null"], "items": _shape(field.inner)}
    if isinstance(field, fields.Dict):
        return {"type": ["object", "null"], "additionalProperties": _shape(field.value_field)}
    if isinstance(field, Whole):
        return {"type": ["integer", "null"], "minimum": field.least, "maximum": field.most}
    if isinstance(field, Amount):
        return {"type": ["string", "number", "null"], "pattern": f"^{AMOUNT}$", "maximum": float(field.most)}
    if isinstance(field, YesNo):
        return {"type": ["boolean", "null"]}
    if isinstance(field, Day):
        return {"type": ["string", "null"], "format": "date", "example": "2026-03-10"}
    if isinstance(field, Moment):
        return {"type": ["string", "null"], "example": "2026-03-10"}
    if isinstance(field, Words):
        kinds = ["string", "integer", "null"] if isinstance(field, Id) else ["string", "null"]
        return {"type": kinds, "maxLength": field.most}
    words = next(one.choices for one in field.validators if isinstance(one, validate.OneOf))
    return {"type": ["string", "null"], "enum": [*words, None]}


def _object(schema: Schema) -> dict[str, Any]:
    properties = {camel(name): _shape(field) for name, field in schema.fields.items()}
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


SHAPES = {f"{name.capitalize()}Settings": _object(schema()) for name, schema in SECTIONS.items()}
REFERENCES = [{"$ref": f"#/components/schemas/{name}"} for name in SHAPES]


class Section(Wire):
    """One section of the program file. A change sends what it changes; maps and lists are sent whole."""

    settings = Described({**SHAPES, "Settings": {"anyOf": REFERENCES}}, required=True)


class FeedWire(Wire):
    """How the connection to the shop's own API was when it was last checked (contracts §13)."""

    status = fields.String(required=True, validate=validate.OneOf(get_args(feeds.Status)))
    checked_at = WireTime()
    detail = fields.String()


class ShopWire(Wire):
    """The shop. `lastNewsAt`: when it last sent a signed request; `feed`: only while its API is read."""

    id = guid(required=True)
    name = fields.String(required=True)
    platform = fields.String(required=True, validate=validate.OneOf(tuple(PLATFORMS)))
    currency, timezone, locale = (fields.String(required=True) for _ in range(3))
    last_news_at = WireTime()
    feed = fields.Nested(FeedWire)


class ShopBody(Wire):
    """The shop."""

    shop = fields.Nested(ShopWire, required=True)


class Campaigns(Wire):
    """Every campaign, in the order in which they begin."""

    campaigns = fields.List(Described({"Campaign": _object(CampaignSchema())}), required=True)


def section(name: str, facts: Facts) -> dict[str, Any]:
    """The section's facts as its schema has them: groups of dotted names as objects."""
    return _told(SECTIONS[name](), facts)


def section_facts(name: str, now: Facts, sent: Any) -> Facts:
    """What is so now with what is sent over it; raises ValidationError naming what does not fit."""
    schema = SECTIONS[name]()
    told: Facts = schema.load(_house(schema, _merged(section(name, now), sent)))
    return told


def campaigns(things: dict[str, Facts]) -> list[dict[str, Any]]:
    """The campaigns with their names."""
    return [_told(CampaignSchema(), {"name": name, **facts}) for name, facts in things.items()]


def campaign_facts(sent: Any) -> dict[str, Facts]:
    """By name; raises ValidationError naming what does not fit."""
    schema = CampaignSchema(many=True)
    found: list[Facts] = schema.load([_house(schema, one) for one in sent] if isinstance(sent, list) else sent)
    return {facts.pop("name"): facts for facts in found}


def _told(schema: Schema, facts: Facts, prefix: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, field in schema.fields.items():
        if isinstance(field, fields.Nested):
            part = _told(field.schema, facts, f"{prefix}{name}.")
            told[camel(name)] = part if field.load_default is not None or part.get("kind") else None
        else:
            told[camel(name)] = plain(facts.get(prefix + name))
    return told


def _house(schema: Schema, sent: Any) -> Any:
    """The house's names; what the schema does not know stays as it is, to be refused by name."""
    if not isinstance(sent, dict):
        return sent
    named = {camel(name): (name, field) for name, field in schema.fields.items()}
    found = {}
    for wire, value in sent.items():
        name, field = named.get(wire, (wire, None))
        nested = isinstance(field, fields.Nested)
        if value is None and field is not None and not field.allow_none:
            continue  # None stands for the default
        found[name] = _house(field.schema, value) if nested else value  # type: ignore[union-attr]
    return found


def _merged(now: dict[str, Any], sent: Any) -> Any:
    if not isinstance(sent, dict):
        return sent
    found = dict(now)
    for name, value in sent.items():
        part = now.get(name)
        found[name] = (
            {**part, **value} if isinstance(part, dict) and isinstance(value, dict) and name != "strings" else value
        )
    return found
