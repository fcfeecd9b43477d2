"""Tiers and the settings of their program on the wire (wix-api §2)."""

from typing import Any

from marshmallow import fields, validate

from widget_server.admin.wire.program import own_icon
from widget_server.loyalty.points import tiers
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import (
    NAME_MAX,
    POINTS_MAX,
    Choice,
    Image,
    Number,
    Points,
    Revised,
    Revision,
    Wire,
    WireTime,
    bulk_answer,
    guid,
    text,
    wrapped,
)

STATUSES = {"DISABLED": "disabled", "DRAFT": "draft", "ACTIVE": "active", "PAUSED": "paused"}
MONTHS_MAX = 36
BULK_MAX = 20


class TierDefinition(Wire):
    """What a tier is called and how it is shown."""

    name = text(1, 50)
    description = fields.String(validate=validate.Length(max=70))
    icon = fields.Nested(schema_of(Image, Wire))


class Tier(Wire):
    """A level, reached by points earned in the rolling window. `multiplier` and `benefits` are ours beside Wix's."""

    id = guid(dump_only=True)
    tier_definition = fields.Nested(TierDefinition, required=True)
    required_points = Points(low=1, high=POINTS_MAX, required=True)
    multiplier = Number(low="0", high="1000", places=4)
    benefits = fields.String(validate=validate.Length(max=500))
    revision = Revision()
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)

    rules = (Revised(),)


class NewTierDefinition(TierDefinition):
    """A tier has a name."""

    name = text(1, 50, required=True)


class NewTier(Tier):
    """A level to be."""

    tier_definition = fields.Nested(NewTierDefinition, required=True)


class NewTiers(Wire):
    """Levels to be."""

    tiers = fields.List(fields.Nested(NewTier), required=True, validate=validate.Length(min=1, max=BULK_MAX))


class RevisionAsked(Wire):
    """Which revision the caller read."""

    revision = Revision(required=True)


class RollingWindow(Wire):
    """How far back points count."""

    duration_in_months = Points(low=1, high=MONTHS_MAX, required=True)


class TiersProgramSettings(Wire):
    """Whether there are tiers, how far back points count, and what the base tier is called."""

    rolling_window = fields.Nested(RollingWindow)
    status = Choice(STATUSES)
    revision = Revision()
    base_tier_definition = fields.Nested(TierDefinition)
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)


class NewSettings(TiersProgramSettings):
    """Settings where there are none."""

    rolling_window = fields.Nested(RollingWindow, required=True)


class ChangedSettings(TiersProgramSettings):
    """A change says all of it (wix-api §1a)."""

    rolling_window = fields.Nested(RollingWindow, required=True)
    status = Choice(STATUSES, required=True)
    revision = Revision(required=True)


class Listed(Wire):
    """Every tier, lowest first; the base tier is none of them."""

    tiers = fields.List(fields.Nested(Tier), required=True)


class TiersProgram(Wire):
    """Tiers and settings."""

    tiers = fields.List(fields.Nested(Tier), required=True)
    program_settings = fields.Nested(TiersProgramSettings, required=True)


TierBody = wrapped("tier", Tier)
NewTierBody = wrapped("tier", NewTier)
TierChange = wrapped("tier", Tier, partial=True)
SettingsBody = wrapped("program_settings", TiersProgramSettings)
NewSettingsBody = wrapped("program_settings", NewSettings)
SettingsChange = wrapped("program_settings", ChangedSettings)
TiersMade = bulk_answer(Tier)


def tier(row: tiers.Tier) -> dict[str, Any]:
    """The row as Tier writes it."""
    return {
        "id": row.id,
        "tier_definition": {
            "name": row.name[:NAME_MAX],
            "description": row.description,
            "icon": row.icon or own_icon(),
        },
        "required_points": row.required_points,
        "multiplier": row.multiplier,
        "benefits": row.benefits,
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def settings(row: tiers.TierProgram) -> dict[str, Any]:
    """The row as TiersProgramSettings writes it."""
    base = {
        "name": row.base_name and row.base_name[:NAME_MAX],
        "description": row.base_description,
        "icon": row.base_icon or own_icon(),
    }
    return {
        "rolling_window": {"duration_in_months": row.months},
        "status": row.state,
        "revision": row.revision,
        "base_tier_definition": base,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def columns(body: dict[str, Any]) -> dict[str, Any]:
    """What of a tier is sent, by the names of its columns."""
    same = {name: body[name] for name in ("required_points", "multiplier", "benefits") if name in body}
    return {**same, **body.get("tier_definition", {})}


def settings_columns(body: dict[str, Any]) -> dict[str, Any]:
    """What of the settings is sent; what is left out of the base tier's definition is emptied (wix-api §1a)."""
    base = body.get("base_tier_definition", {})
    found = {
        "base_name": base.get("name"),
        "base_description": base.get("description"),
        "base_icon": base.get("icon"),
    }
    if "rolling_window" in body:
        found["window_months"] = body["rolling_window"]["duration_in_months"]
    return {**found, "status": body["status"]} if "status" in body else found
