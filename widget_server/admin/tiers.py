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


@service.route("POST", "/tiers", MANAGE, takes=shapes.NewTierBody, returns=shapes.TierBody)
def create_tier(caller: Caller, body: Any) -> dict[str, Any]:
    """A new level; its name and its points are each unique."""
    with naming(ON_THE_WIRE):
        return {"tier": tier(tiers.create(caller.shop, **columns(body["tier"])))}


@service.route("POST", "/bulk/tiers/create", MANAGE, takes=shapes.NewTiers, returns=shapes.TiersMade)
def bulk_create_tiers(caller: Caller, body: Any) -> dict[str, Any]:
    """Up to 20 levels; one that is refused leaves the others be."""
    return bulk(body["tiers"], lambda one: tier(tiers.create(caller.shop, **columns(one))))


@service.route("GET", "/tiers", READ, returns=shapes.Listed)
def list_tiers(caller: Caller) -> dict[str, Any]:
    """Every level, lowest first."""
    return {"tiers": [tier(one) for one in tiers.listed(caller.shop.id)]}


@service.route("GET", "/tiers/program", READ, returns=shapes.TiersProgram)
def get_tiers_program(caller: Caller) -> dict[str, Any]:
    """Levels and settings; settings are made, disabled, when there are none."""
    return {**list_tiers(caller), **get_settings(caller)}


@service.route("GET", "/tiers/program-settings", READ, returns=shapes.SettingsBody)
def get_settings(caller: Caller) -> dict[str, Any]:
    """The settings; made, disabled, when there are none."""
    return {"program_settings": settings(tiers.program_settings(caller.shop))}


@service.route("POST", "/tiers/program-settings", MANAGE, takes=shapes.NewSettingsBody, returns=shapes.SettingsBody)
def create_settings(caller: Caller, body: Any) -> dict[str, Any]:
    """Settings where there are none."""
    row = tiers.create_program(caller.shop, **settings_columns(body["program_settings"]))
    return {"program_settings": settings(row)}


@service.route("PATCH", "/tiers/program-settings", MANAGE, takes=shapes.SettingsChange, returns=shapes.SettingsBody)
def update_settings(caller: Caller, body: Any) -> dict[str, Any]:
    """Switch tiers on or off, change their window, and say anew what the base tier is called."""
    sent = body["program_settings"]
    row = tiers.change_program(caller.shop, sent["revision"], **settings_columns(sent))
    return {"program_settings": settings(row)}


@service.route("GET", "/tiers/<string(length=36):tier_id>", READ, returns=shapes.TierBody)
def get_tier(caller: Caller, tier_id: str) -> dict[str, Any]:
    """One level."""
    return {"tier": tier(tiers.need(caller.shop, tier_id))}


@service.route("PATCH", "/tiers/<string(length=36):tier_id>", MANAGE, takes=shapes.TierChange, returns=shapes.TierBody)
def update_tier(caller: Caller, body: Any, tier_id: str) -> dict[str, Any]:
    """Change what is sent, by the revision that was read."""
    sent = body["tier"]
    with naming(ON_THE_WIRE):
        return {"tier": tier(tiers.change(caller.shop, tier_id, sent["revision"], **columns(sent)))}


@service.route("DELETE", "/tiers/<string(length=36):tier_id>", MANAGE, query=shapes.RevisionAsked, returns=Empty)
def delete_tier(caller: Caller, body: Any, tier_id: str) -> dict[str, Any]:
    """Remove a level; who stood in it moves to the one their points reach."""
    tiers.remove(caller.shop, tier_id, body["revision"])
    return {}
