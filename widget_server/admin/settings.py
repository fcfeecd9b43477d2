"""Settings of our own: `/loyalty-settings/v1`, the sections of the program file (docs/program-file.md)."""

from collections.abc import Iterator
from contextlib import contextmanager

from marshmallow import ValidationError

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire import settings as wire
from widget_server.admin.wire.program import shown_icon
from widget_server.admin.wire.settings import (
    SECTIONS,
    CampaignsResponse,
    CampaignsToBe,
    IconBody,
    Installation,
    OriginBody,
    Origins,
    PointIcon,
    SectionChange,
    SectionResponse,
    ShopChange,
    ShopResponse,
)
from widget_server.errors import LastOrigin, NotFound
from widget_server.loyalty.program import point_pictures, programs, shops
from widget_server.loyalty.program.shops import Origin
from widget_server.program_file import apply, current, looks
from widget_server.program_file.checks import MISFITS
from widget_server.program_file.facts import ProgramFile
from widget_server.stores import installation
from widget_server.web.bodies import unfit
from widget_server.web.callers import Caller

service = Service("settings", "/loyalty-settings/v1", "Settings of the program, the widget and referrals")


@service.route("GET", "/settings/<name>", READ, returns=SectionResponse, refuses=(NotFound,))
def get_settings(caller: Caller, name: str) -> SectionResponse:
    """Get the settings of `program`, `widget` or `referral`."""
    _check(name)
    return {"settings": wire.section(name, current.of(caller.shop).single[name] or {})}


@service.route(
    "PATCH",
    "/settings/<name>",
    MANAGE,
    takes=SectionChange,
    returns=SectionResponse,
    refuses=(NotFound, *MISFITS),
)
def update_settings(caller: Caller, body: SectionChange, name: str) -> SectionResponse:
    """Change the settings that are sent, except the status of the program.

    Past rows keep the settings they were booked with. A colour of the widget that is too pale is refused with the
    nearest one that passes; a colour from before this check stays until it is changed.
    """
    _check(name)
    now = current.of(caller.shop).single[name] or {}
    with naming({"widget.colour": "settings.colour"}), _unfit_under("settings"):
        facts = wire.section_facts(name, now, body.settings)
        apply.apply(caller.shop, ProgramFile(**{name: facts}))
    return get_settings(caller, name)


@service.route("GET", "/shop", READ, returns=ShopResponse)
def get_shop(caller: Caller) -> ShopResponse:
    """Get the shop, the time of its last signed request, and the state of the connection to its own API."""
    return {"shop": wire.shop(caller.shop)}


@service.route("PATCH", "/shop", MANAGE, takes=ShopChange, returns=ShopResponse)
def update_shop(caller: Caller, body: ShopChange) -> ShopResponse:
    """Change the shop's name and the language of its mails; its currency and time zone stay."""
    sent = body.shop
    with naming({}, under="shop"):
        name, locale = sent.get("name", caller.shop.name), sent.get("locale", caller.shop.locale)
        shops.change(caller.shop, name=name, locale=locale)
    return get_shop(caller)


@service.route("GET", "/origins", READ, returns=Origins)
def list_origins(caller: Caller) -> Origins:
    """List the addresses on which the widget may be shown."""
    return {"origins": [row.origin for row in Origin.of(caller.shop).order_by(Origin.created_at, Origin.origin)]}


@service.route("POST", "/origins", MANAGE, takes=OriginBody, returns=Origins)
def add_origin(caller: Caller, body: OriginBody) -> Origins:
    """Let the pages of one more address show the widget."""
    with naming({}):
        shops.add_origin(caller.shop, body.origin)
    return list_origins(caller)


@service.route("DELETE", "/origins", MANAGE, query=OriginBody, returns=Origins, refuses=(NotFound, LastOrigin))
def remove_origin(caller: Caller, body: OriginBody) -> Origins:
    """Show the widget no longer on an address; the last one cannot be removed."""
    shops.remove_origin(caller.shop, body.origin)
    return list_origins(caller)


@service.route("GET", "/installation", READ, returns=Installation)
def get_installation(caller: Caller) -> Installation:
    """Get the script tag and the addresses of webhooks, and when a page of the shop last loaded the widget."""
    return {
        "script_tag": installation.script_tag(caller.shop),
        "webhook_urls": installation.webhook_urls(caller.shop),
        "widget_seen_date": caller.shop.widget_seen_at,
        "widget_seen_on": caller.shop.widget_seen_on,
    }


@service.route("PUT", "/widget-icon", MANAGE, takes=IconBody, returns=SectionResponse, refuses=MISFITS)
def set_widget_icon(caller: Caller, body: IconBody) -> SectionResponse:
    """Show a picture on the widget's button: a PNG of up to 16 kB, from 16 to 512 pixels wide and high."""
    with naming({"icon": "png"}):
        looks.set_icon(caller.shop, body.content)
    return get_settings(caller, "widget")


@service.route("DELETE", "/widget-icon", MANAGE, returns=SectionResponse, refuses=MISFITS)
def remove_widget_icon(caller: Caller) -> SectionResponse:
    """Show the built-in icon on the widget's button again."""
    looks.remove_icon(caller.shop)
    return get_settings(caller, "widget")


@service.route("PUT", "/point-icon", MANAGE, takes=IconBody, returns=PointIcon)
def set_point_icon(caller: Caller, body: IconBody) -> PointIcon:
    """Show a picture beside the balance in the widget: a PNG of up to 16 kB, from 16 to 512 pixels wide and high."""
    with naming({"icon": "png"}):
        point_pictures.upload(caller.shop, body.content)
    return {"icon": shown_icon(programs.of(caller.shop.id))}


@service.route("DELETE", "/point-icon", MANAGE, returns=PointIcon)
def remove_point_icon(caller: Caller) -> PointIcon:
    """Show no picture beside the balance; the program has the built-in icon in the API."""
    point_pictures.remove(caller.shop)
    return {"icon": shown_icon(programs.of(caller.shop.id))}


@service.route("GET", "/campaigns", READ, returns=CampaignsResponse)
def get_campaigns(caller: Caller) -> CampaignsResponse:
    """List the campaigns: periods in which orders give a multiple of the points."""
    return {"campaigns": wire.campaigns(current.of(caller.shop).campaigns or {})}


@service.route("PUT", "/campaigns", MANAGE, takes=CampaignsToBe, returns=CampaignsResponse)
def set_campaigns(caller: Caller, body: CampaignsToBe) -> CampaignsResponse:
    """Replace all campaigns; orders that earned in a removed one keep what they earned."""
    with naming({}), _unfit_under("campaigns"):
        facts = wire.campaign_facts(body.campaigns)
        apply.apply(caller.shop, ProgramFile(campaigns=facts))
    return get_campaigns(caller)


def _check(name: str) -> None:
    if name not in SECTIONS:
        raise NotFound(f"There are settings of {', '.join(SECTIONS)}.")


@contextmanager
def _unfit_under(field: str) -> Iterator[None]:
    """Refuses what the program file's schema rejects, and names it under this field of the body."""
    try:
        yield
    except ValidationError as wrong:
        raise unfit(wrong, under=field) from wrong
