"""Settings of our own on the wire: the sections of the program file, camelCase (docs/program-file.md)."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NotRequired, TypedDict

from marshmallow import Schema, fields, validate

from widget_server.loyalty.earning import feeds
from widget_server.loyalty.program import png_icons
from widget_server.loyalty.program.shops import LOCALE, NAME_LENGTH_MAX, Shop
from widget_server.program_file.changes import plain
from widget_server.program_file.facts import Facts
from widget_server.program_file.fields import AMOUNT, Amount, Day, Id, Moment, Whole, Words, YesNo
from widget_server.program_file.schema import CampaignSchema, ProgramSchema, ReferralSchema, WidgetSchema
from widget_server.stores.platforms import PLATFORMS
from widget_server.web.texts import line, text
from widget_server.web.wire import Described, Guid, Image, camel, whole

Json = dict[str, object]

PNG_LENGTH_MAX = 4 * (png_icons.BYTES_MAX // 3 + 1)  # characters of base64

SECTIONS: dict[str, type[Schema]] = {"program": ProgramSchema, "widget": WidgetSchema, "referral": ReferralSchema}


def _shape(field: Any) -> dict[str, Any]:
    """Returns a field of the program file as a JSON Schema; null means its default."""
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


Section = Annotated[Json, Described({**SHAPES, "Settings": {"anyOf": REFERENCES}})]
Campaigns = Annotated[list[Json], fields.List(Described({"Campaign": _object(CampaignSchema())}))]


@dataclass(frozen=True)
class SectionChange:
    """The changes of one section of the program file; maps and lists are sent whole."""

    settings: Section


class SectionResponse(TypedDict):
    """One section of the program file."""

    settings: Section


@dataclass(frozen=True)
class IconBody:
    """The bytes of a PNG file in base64."""

    png: Annotated[str, text(1, PNG_LENGTH_MAX)]

    @property
    def content(self) -> bytes:
        """The bytes of the file; what is no base64 is a file that is no PNG."""
        try:
            return base64.b64decode(self.png, validate=True)
        except binascii.Error:
            return b""


class PointIcon(TypedDict):
    """The picture of a point, as the program's `pointDefinition` has it."""

    icon: Image


class ShopFeed(TypedDict):
    """The state of the connection to the shop's own API at its last check (contracts §13)."""

    status: feeds.Status
    checked_at: NotRequired[datetime | None]
    detail: NotRequired[str | None]


class LoyaltyShop(TypedDict):
    """The shop. `lastNewsAt`: time of its last signed request; `feed`: only while its API is read.

    `staffNeedFactor`: its staff must have a second factor to use the dashboard.
    """

    id: Guid
    name: str
    platform: Annotated[str, fields.String(validate=validate.OneOf(tuple(PLATFORMS)))]
    currency: str
    timezone: str
    locale: str
    staff_need_factor: bool
    last_news_at: NotRequired[datetime | None]
    feed: NotRequired[ShopFeed | None]


class ShopResponse(TypedDict):
    """The shop."""

    shop: LoyaltyShop


class ShopFields(TypedDict, total=False):
    """What of a shop may change: its name, and the language of mails to customers who have none of their own."""

    name: Annotated[str, line(1, NAME_LENGTH_MAX)]
    locale: Annotated[str, fields.String(metadata={"pattern": whole(LOCALE), "example": "de-AT"})]


@dataclass(frozen=True)
class ShopChange:
    """The fields of the shop to change."""

    shop: ShopFields


@dataclass(frozen=True)
class OriginBody:
    """An address on which the widget may be shown: scheme, host, and port where it is not the usual one."""

    origin: Annotated[str, text(8, 300, metadata={"example": "https://shop.example"})]


class Origins(TypedDict):
    """The addresses on which the widget may be shown, oldest first."""

    origins: list[str]


class Installation(TypedDict):
    """What the shop's theme and platform need: the script tag, the addresses of webhooks by topic, and what was seen.

    `widgetSeenDate` is when a page last loaded the script tag, `widgetSeenOn` the origin of that page.
    """

    script_tag: str
    webhook_urls: Annotated[dict[str, str], fields.Dict(keys=fields.String(), values=fields.String())]
    widget_seen_date: NotRequired[datetime | None]
    widget_seen_on: NotRequired[str | None]


@dataclass(frozen=True)
class CampaignsToBe:
    """The campaigns that replace all present ones."""

    campaigns: Campaigns


class CampaignsResponse(TypedDict):
    """Every campaign, by its start, earliest first."""

    campaigns: Campaigns


def shop(row: Shop) -> LoyaltyShop:
    """Returns the row in the shape of LoyaltyShop, with the state of its connection."""
    return {
        "id": row.id,
        "name": row.name,
        "platform": row.platform,
        "currency": row.currency,
        "timezone": row.timezone,
        "locale": row.locale,
        "staff_need_factor": row.staff_need_factor,
        "last_news_at": row.last_news_at,
        "feed": _feed(row),
    }


def _feed(row: Shop) -> ShopFeed | None:
    feed = feeds.of(row)
    if feed is None:
        return None
    return {"status": feed.status, "checked_at": feed.checked_at, "detail": feed.detail}


def section(name: str, facts: Facts) -> Json:
    """Returns the section's facts in the shape of its schema: groups of dotted names as objects."""
    return _told(SECTIONS[name](), facts)


def section_facts(name: str, now: Facts, sent: Json) -> Facts:
    """Returns the present facts with the sent ones over them; raises ValidationError naming invalid fields."""
    schema = SECTIONS[name]()
    merged: Facts = schema.load(_house(schema, _merged(section(name, now), sent)))
    return merged


def campaigns(things: dict[str, Facts]) -> list[Json]:
    """Returns the campaigns as a list, each with its name."""
    return [_told(CampaignSchema(), {"name": name, **facts}) for name, facts in things.items()]


def campaign_facts(sent: list[Json]) -> dict[str, Facts]:
    """Returns the campaigns by name; raises ValidationError naming invalid fields."""
    schema = CampaignSchema(many=True)
    found: list[Facts] = schema.load([_house(schema, one) for one in sent])
    return {facts.pop("name"): facts for facts in found}


def _told(schema: Schema, facts: Facts, prefix: str = "") -> Json:
    described: Json = {}
    for name, field in schema.fields.items():
        if isinstance(field, fields.Nested):
            part = _told(field.schema, facts, f"{prefix}{name}.")
            described[camel(name)] = part if field.load_default is not None or part.get("kind") else None
        else:
            described[camel(name)] = plain(facts.get(prefix + name))
    return described


def _house(schema: Schema, sent: Any) -> Any:
    """Returns the fields by internal name; unknown ones keep theirs, so that the schema refuses them by name."""
    if not isinstance(sent, dict):
        return sent
    named = {camel(name): (name, field) for name, field in schema.fields.items()}
    found = {}
    for wire, value in sent.items():
        name, field = named.get(wire, (wire, None))
        nested = isinstance(field, fields.Nested)
        if value is None and field is not None and not field.allow_none:
            continue  # None means the default
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
