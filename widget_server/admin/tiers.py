"""Tiers: `/loyalty-tiers/v1` (wix-api §1)."""

from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire import tiers as shapes
from widget_server.admin.wire.tiers import columns, settings, settings_columns, tier
from widget_server.loyalty.points import tiers
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("tiers", "/loyalty-tiers/v1", "Tiers")
ON_THE_WIRE = {"name": "tier.tierDefinition.name", "required_points": "tier.requiredPoints"}


@service.does("POST", "/tiers", MANAGE, takes=shapes.NewTierBody, answers=shapes.TierBody)
def create_tier(caller: Caller, asked: Any) -> dict[str, Any]:
    """A new level; its name and its points are each unique."""
    with naming(ON_THE_WIRE):
        return {"tier": tier(tiers.create(caller.shop, **columns(asked["tier"])))}


@service.does("POST", "/bulk/tiers/create", MANAGE, takes=shapes.NewTiers, answers=shapes.TiersMade)
def bulk_create_tiers(caller: Caller, asked: Any) -> dict[str, Any]:
    """Up to 20 levels; one that is refused leaves the others be."""
    return bulk(asked["tiers"], lambda one: tier(tiers.create(caller.shop, **columns(one))))


@service.does("GET", "/tiers", READ, answers=shapes.Listed)
def list_tiers(caller: Caller, asked: Any) -> dict[str, Any]:
    """Every level, lowest first."""
    return {"tiers": [tier(one) for one in tiers.listed(caller.shop.id)]}


@service.does("GET", "/tiers/program", READ, answers=shapes.TiersProgram)
def get_tiers_program(caller: Caller, asked: Any) -> dict[str, Any]:
    """Levels and settings; settings are made, disabled, when there are none."""
    return {**list_tiers(caller, asked), **get_settings(caller, asked)}


@service.does("GET", "/tiers/program-settings", READ, answers=shapes.SettingsBody)
def get_settings(caller: Caller, asked: Any) -> dict[str, Any]:
    """The settings; made, disabled, when there are none."""
    return {"program_settings": settings(tiers.program_settings(caller.shop))}


@service.does("POST", "/tiers/program-settings", MANAGE, takes=shapes.NewSettingsBody, answers=shapes.SettingsBody)
def create_settings(caller: Caller, asked: Any) -> dict[str, Any]:
    """Settings where there are none."""
    row = tiers.create_program(caller.shop, **settings_columns(asked["program_settings"]))
    return {"program_settings": settings(row)}


@service.does("PATCH", "/tiers/program-settings", MANAGE, takes=shapes.SettingsChange, answers=shapes.SettingsBody)
def update_settings(caller: Caller, asked: Any) -> dict[str, Any]:
    """Switch tiers on or off, change their window, and say anew what the base tier is called."""
    sent = asked["program_settings"]
    row = tiers.change_program(caller.shop, sent["revision"], **settings_columns(sent))
    return {"program_settings": settings(row)}


@service.does("GET", "/tiers/<string(length=36):tier_id>", READ, answers=shapes.TierBody)
def get_tier(caller: Caller, asked: Any, tier_id: str) -> dict[str, Any]:
    """One level."""
    return {"tier": tier(tiers.need(caller.shop, tier_id))}


@service.does("PATCH", "/tiers/<string(length=36):tier_id>", MANAGE, takes=shapes.TierChange, answers=shapes.TierBody)
def update_tier(caller: Caller, asked: Any, tier_id: str) -> dict[str, Any]:
    """Change what is sent, by the revision that was read."""
    sent = asked["tier"]
    with naming(ON_THE_WIRE):
        return {"tier": tier(tiers.change(caller.shop, tier_id, sent["revision"], **columns(sent)))}


@service.does("DELETE", "/tiers/<string(length=36):tier_id>", MANAGE, query=shapes.RevisionAsked, answers=Empty)
def delete_tier(caller: Caller, asked: Any, tier_id: str) -> dict[str, Any]:
    """Remove a level; who stood in it moves to the one her points reach."""
    tiers.remove(caller.shop, tier_id, asked["revision"])
    return {}
