"""Settings of our own: `/loyalty-settings/v1`, the sections of the program file (docs/program-file.md)."""

from typing import Any

from marshmallow import ValidationError

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire.settings import (
    SECTIONS,
    Campaigns,
    Section,
    ShopBody,
    campaign_facts,
    campaigns,
    section,
    section_facts,
)
from widget_server.errors import NotFound
from widget_server.loyalty.earning import feeds
from widget_server.program_file import apply
from widget_server.program_file.apply import ProgramFile
from widget_server.web.bodies import unfit
from widget_server.web.callers import Caller

service = Service("settings", "/loyalty-settings/v1", "Settings of the program, the widget and referrals")


@service.route("GET", "/settings/<name>", READ, returns=Section)
def get_settings(caller: Caller, name: str) -> dict[str, Any]:
    """The settings of `program`, `widget` or `referral`."""
    _check(name)
    return {"settings": section(name, apply.of(caller.shop).single[name] or {})}


@service.route("PATCH", "/settings/<name>", MANAGE, takes=Section, returns=Section)
def update_settings(caller: Caller, body: Any, name: str) -> dict[str, Any]:
    """Change what is sent; past rows keep what they were booked with. The status of the program is not set here."""
    _check(name)
    now = apply.of(caller.shop).single[name] or {}
    with naming({}):
        try:
            facts = section_facts(name, now, body["settings"])
        except ValidationError as wrong:
            raise unfit(wrong, under="settings") from wrong
        apply.apply(caller.shop, ProgramFile(**{name: facts}))
    return get_settings(caller, name)


@service.route("GET", "/shop", READ, returns=ShopBody)
def get_shop(caller: Caller) -> dict[str, Any]:
    """The shop, when its last signed request came, and how the connection to its own API is."""
    shop = caller.shop
    names = ("id", "name", "platform", "currency", "timezone", "locale", "last_news_at")
    return {"shop": {**{name: getattr(shop, name) for name in names}, "feed": feeds.facts(shop)}}


@service.route("GET", "/campaigns", READ, returns=Campaigns)
def get_campaigns(caller: Caller) -> dict[str, Any]:
    """Times in which orders give a multiple."""
    return {"campaigns": campaigns(apply.of(caller.shop).campaigns or {})}


@service.route("PUT", "/campaigns", MANAGE, takes=Campaigns, returns=Campaigns)
def set_campaigns(caller: Caller, body: Any) -> dict[str, Any]:
    """These campaigns and no others; orders that earned in one that goes keep what they earned."""
    with naming({}):
        try:
            things = campaign_facts(body["campaigns"])
        except ValidationError as wrong:
            raise unfit(wrong, under="campaigns") from wrong
        apply.apply(caller.shop, ProgramFile(campaigns=things))
    return get_campaigns(caller)


def _check(name: str) -> None:
    if name not in SECTIONS:
        raise NotFound(f"There are settings of {', '.join(SECTIONS)}.")
