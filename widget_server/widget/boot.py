"""The data in the panel's document: shop, program, texts, colours, and everything that a guest sees."""

import json
from decimal import Decimal

from flask import current_app
from markupsafe import Markup

from widget_server import money
from widget_server.json_types import JsonObject
from widget_server.loyalty.program import colours, point_pictures
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.widget import assets, views
from widget_server.widget.shapes.boot import Boot, GuestFacts, Theme, Worth

WORTH_POINTS = 100
NO_GUEST: GuestFacts = {  # of a frame that shows nothing of it
    "earn": [],
    "earn_cursor": None,
    "rewards": [],
    "rewards_cursor": None,
    "referral": None,
    "worth": None,
}


def facts(shop: Shop, program: Program, locale: str, tab: str = "") -> Boot:
    """Returns the data for the document, including the texts of `tab` when the panel opens on a tab."""
    look = shop.look
    earn, redeem = views.earn.guest_page(shop, program), views.redeem.guest_page(shop)
    return {
        "shop": {
            "name": shop.name,
            "embed_key": shop.embed_key,
            "currency": shop.currency,
            "decimals": money.decimals(shop.currency),
            "timezone": shop.timezone,
            "origins": shop.origins,
            "sign_in": look.sign_in,
            "sign_in_url": look.sign_in_url,
            "sign_up_url": look.sign_up_url,
        },
        "program": {"name": program.name, "status": program.status, "points_name": program.points_name},
        "locale": locale,
        "dir": assets.direction(locale),
        "strings": assets.early(assets.strings(locale, look.strings), tab),
        "theme": _theme(program, look),
        "guest": {
            "earn": earn["rules"],
            "earn_cursor": earn["next_cursor"],
            "rewards": redeem["rewards"],
            "rewards_cursor": redeem["next_cursor"],
            "referral": views.referral.offer(shop),
            "worth": _worth(program.rules.point_value, shop.currency),
        },
    }


def _theme(program: Program, look: WidgetSettings) -> Theme:
    light, dark = colours.accents(look.colour)
    theme: Theme = {"mode": look.mode, "light": light, "dark": dark}
    if path := point_pictures.path(program):
        drawn = f"background:url({path}) 50%/contain no-repeat"
        theme["point"] = f'.sum:has(b):before{{content:"";inline-size:24px;block-size:24px;align-self:center;{drawn}}}'
    return theme


def as_script(value: Boot | JsonObject) -> Markup:
    """Returns JSON for a script element of type application/json; no text in it can close the element."""
    text = json.dumps(value, default=current_app.json.default, ensure_ascii=False, separators=(",", ":"))  # type: ignore[attr-defined]
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _worth(point_value: Decimal | None, currency: str) -> Worth | None:
    if point_value is None:
        return None
    return {"points": WORTH_POINTS, "money": money.whole_coins(point_value * WORTH_POINTS, currency)}
