"""Tiers: `/loyalty-tiers/v1` (wix-api §1)."""

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire.program import kept_icon
from widget_server.admin.wire.tiers import (
    LoyaltyTier,
    NewSettingsBody,
    NewTier,
    NewTierBody,
    NewTiers,
    SettingsChange,
    SettingsResponse,
    TierChange,
    TierResponse,
    TiersProgram,
    TiersResponse,
    columns,
    settings,
    settings_columns,
    tier,
)
from widget_server.errors import NotFound, StaleRevision, TierProgramExists, TierTaken
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.web.callers import Caller
from widget_server.web.wire import BulkResults, Empty, RevisionQuery

service = Service("tiers", "/loyalty-tiers/v1", "Tiers")
ON_THE_WIRE = {"name": "tier.tierDefinition.name", "required_points": "tier.requiredPoints"}
TIER, SETTINGS = "/tiers/<string(length=36):tier_id>", "/tiers/program-settings"


@service.route("POST", "/tiers", MANAGE, takes=NewTierBody, returns=TierResponse, refuses=(TierTaken,))
def create_tier(caller: Caller, body: NewTierBody) -> TierResponse:
    """Create a tier; its name and its points must each be unique."""
    with naming(ON_THE_WIRE):
        return {"tier": _made(caller.shop, body.tier)}


@service.route(
    "POST", "/bulk/tiers/create", MANAGE, takes=NewTiers, returns=BulkResults[LoyaltyTier], refuses=(TierTaken,)
)
def bulk_create_tiers(caller: Caller, body: NewTiers) -> BulkResults[LoyaltyTier]:
    """Create up to 20 tiers; one that is refused does not affect the others."""
    return bulk(body.tiers, lambda one: _made(caller.shop, one))


@service.route("GET", "/tiers", READ, returns=TiersResponse)
def list_tiers(caller: Caller) -> TiersResponse:
    """List every tier, lowest first."""
    return {"tiers": [tier(one) for one in tiers.listed(caller.shop.id)]}


@service.route("GET", "/tiers/program", READ, returns=TiersProgram)
def get_tiers_program(caller: Caller) -> TiersProgram:
    """Get the tiers and their settings; missing settings are created as disabled."""
    return {**list_tiers(caller), **get_settings(caller)}


@service.route("GET", SETTINGS, READ, returns=SettingsResponse)
def get_settings(caller: Caller) -> SettingsResponse:
    """Get the settings of tiers; missing settings are created as disabled."""
    return {"program_settings": settings(tiers.program_settings(caller.shop))}


@service.route("POST", SETTINGS, MANAGE, takes=NewSettingsBody, returns=SettingsResponse, refuses=(TierProgramExists,))
def create_settings(caller: Caller, body: NewSettingsBody) -> SettingsResponse:
    """Create the settings of tiers where there are none."""
    row = tiers.create_program(caller.shop, **settings_columns(body.program_settings))
    return {"program_settings": settings(row)}


@service.route("PATCH", SETTINGS, MANAGE, takes=SettingsChange, returns=SettingsResponse, refuses=(StaleRevision,))
def update_settings(caller: Caller, body: SettingsChange) -> SettingsResponse:
    """Switch tiers on or off, change their window, and rename the base tier."""
    sent = body.program_settings
    row = tiers.change_program(caller.shop, sent.revision, **settings_columns(sent))
    return {"program_settings": settings(row)}


@service.route("GET", TIER, READ, returns=TierResponse, refuses=(NotFound,))
def get_tier(caller: Caller, tier_id: str) -> TierResponse:
    """Get one tier."""
    return {"tier": tier(tiers.need(caller.shop, tier_id))}


@service.route(
    "PATCH", TIER, MANAGE, takes=TierChange, returns=TierResponse, refuses=(NotFound, StaleRevision, TierTaken)
)
def update_tier(caller: Caller, body: TierChange, tier_id: str) -> TierResponse:
    """Change the fields that are sent; `revision` is the one that was read."""
    with naming(ON_THE_WIRE):
        row = tiers.change(caller.shop, tier_id, body.tier["revision"], **columns(body.tier))
    return {"tier": tier(row)}


@service.route("DELETE", TIER, MANAGE, query=RevisionQuery, returns=Empty, refuses=(NotFound, StaleRevision))
def delete_tier(caller: Caller, sent: RevisionQuery, tier_id: str) -> Empty:
    """Delete a tier; its members move to the tier that their points reach."""
    tiers.remove(caller.shop, tier_id, sent.revision)
    return {}


def _made(shop: Shop, sent: NewTier) -> LoyaltyTier:
    definition = sent.tier_definition
    row = tiers.create(
        shop,
        definition.name,
        sent.required_points,
        multiplier=sent.multiplier,
        benefits=sent.benefits,
        description=definition.description,
        icon=kept_icon(definition.icon),
    )
    return tier(row)
