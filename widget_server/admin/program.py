"""The program: `/loyalty-programs/v1` (wix-api §1a, acceptance 61)."""

from dataclasses import replace

from widget_server.admin.routes import MANAGE, READ, Service
from widget_server.admin.wire.program import (
    PREMIUM,
    PointDefinition,
    PointsExpiration,
    PremiumFeatures,
    ProgramChange,
    ProgramResponse,
    ProgramsInSites,
    kept_icon,
    program,
)
from widget_server.errors import BadTransition
from widget_server.loyalty.program import programs
from widget_server.web.callers import Caller

service = Service("program", "/loyalty-programs/v1", "The loyalty program")


@service.route("GET", "/program", READ, returns=ProgramResponse)
def get_program(caller: Caller) -> ProgramResponse:
    """Get the shop's program."""
    return {"loyalty_program": program(programs.of(caller.shop.id))}


@service.route("PATCH", "/program", MANAGE, takes=ProgramChange, returns=ProgramResponse)
def update_program(caller: Caller, body: ProgramChange) -> ProgramResponse:
    """Change the fields that are sent; the status is set by activate and pause."""
    changes = body.loyalty_program
    points: PointDefinition = changes.get("point_definition", {})
    expiry: PointsExpiration = changes.get("points_expiration", {})
    rules = programs.of(caller.shop.id).rules
    settings = replace(
        rules,
        expiry_months=expiry.get("months_of_inactivity", rules.expiry_months),
        expiry_percent=expiry.get("expiring_points_percentage", rules.expiry_percent),
    )
    row = programs.update(
        caller.shop.id,
        name=changes.get("name"),
        points_name=points.get("custom_name"),
        icon=kept_icon(points.get("icon")),
        settings=settings,
    )
    return {"loyalty_program": program(row)}


@service.route("POST", "/program/activate", MANAGE, returns=ProgramResponse)
def activate_program(caller: Caller) -> ProgramResponse:
    """Activate the program: points can be earned and redeemed; an active one does not change."""
    return {"loyalty_program": program(programs.activate(caller.shop.id))}


@service.route("POST", "/program/pause", MANAGE, returns=ProgramResponse, refuses=(BadTransition,))
def pause_program(caller: Caller) -> ProgramResponse:
    """Pause the program: nothing is earned or redeemed until it is active again; a draft is refused."""
    return {"loyalty_program": program(programs.pause(caller.shop.id))}


@service.route("GET", "/program/premium-features", READ, returns=PremiumFeatures)
def get_premium_features(caller: Caller) -> PremiumFeatures:
    """Get the features that a paid plan of Wix would unlock: here, all of them."""
    return PREMIUM


@service.route("POST", "/program/points-expiration/enable", MANAGE, returns=ProgramResponse)
def enable_points_expiration(caller: Caller) -> ProgramResponse:
    """Enable expiry: points expire after the program's number of months without activity."""
    return _set_expiry(caller, on=True)


@service.route("POST", "/program/points-expiration/disable", MANAGE, returns=ProgramResponse)
def disable_points_expiration(caller: Caller) -> ProgramResponse:
    """Disable expiry; its months and percentage are kept for the next time."""
    return _set_expiry(caller, on=False)


@service.route("GET", "/bulk/programs", READ, returns=ProgramsInSites)
def bulk_get_programs(caller: Caller) -> ProgramsInSites:
    """Get the programs of all sites of the caller; a key has one site."""
    row = programs.of(caller.shop.id)
    return {"program_in_sites": [{"meta_site_id": caller.shop.id, "loyalty_program": program(row)}]}


def _set_expiry(caller: Caller, *, on: bool) -> ProgramResponse:
    return {"loyalty_program": program(programs.set_expiry(caller.shop.id, on=on))}
