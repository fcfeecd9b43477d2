"""Badges: the points that a price would give, and a balance, shown on the shop's own pages (acceptance 12)."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from widget_server import clock, ledger
from widget_server.loyalty.earning import order_points, taxes
from widget_server.loyalty.earning.order_states import Line, OrderState
from widget_server.loyalty.people import sign_in
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs, shop_of_request
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop
from widget_server.web import built_files, compression, limits
from widget_server.widget import assets, boot
from widget_server.widget.headers import framed
from widget_server.widget.requests import BadgePrice, BadgesBody
from widget_server.widget.routes import ANYBODY_OR_MEMBER, Endpoints
from widget_server.widget.shapes.boot import BadgeFigures

badge_page = Blueprint("badge_page", __name__, template_folder="templates")
badges = Endpoints("badges", "badges", "Badges on the shop's pages")


@badge_page.get("/badge")
def frame() -> ResponseReturnValue:
    """Returns the embed's small helper frame: a page with a strict CSP cannot send requests to us itself."""
    shop = shop_of_request.by_embed_key(request.args.get("shop", ""))
    locale = assets.locale_for(request.args.get("lang", ""), shop.locale)
    facts = boot.facts(shop, programs.of(shop.id), locale)
    page = render_template(
        "badge.html",
        locale=locale,
        title=facts["program"]["name"],
        boot=boot.as_script({**facts, "guest": boot.NO_GUEST}),
        code=built_files.name("badge.js"),
    )
    return framed(compression.shared(page, "text/html; charset=utf-8"), shop)


@badges.route("POST", "", ANYBODY_OR_MEMBER, takes=BadgesBody, returns=BadgeFigures, limit=limits.BADGES)
def figures(shop: Shop, body: BadgesBody) -> BadgeFigures:
    """The points of each price, computed as for an order, and the balance of a member: of the one who is signed in, or
    whom the shop's identity token names.
    """
    customer = current_user.customer if current_user.is_authenticated else None
    if customer is None and body.token is not None:
        customer = sign_in.member_of(shop, body.token)
    account = ledger.account_of(shop.id, customer.id) if customer else None
    rules = programs.of(shop.id).rules
    return {
        "points": [_points(shop, rules, customer, item) for item in body.items],
        "balance": None if customer is None else account.balance if account else 0,
    }


def _points(shop: Shop, rules: ProgramSettings, customer: Customer | None, item: BadgePrice) -> int:
    """Returns the points of an order of this price alone; the tax inside it is split off as in an order."""
    price = item.price
    tax = taxes.inside(rules, price, shop.currency) if item.tax is None else min(item.tax, price)
    now = clock.now()
    line = Line("1", item.product_id, 1, price - tax, tax=tax, collection_ids=tuple(item.collection_ids))
    state = OrderState("", "", "paid", shop.currency, now, now, lines=(line,), tax=tax, total=price)
    return order_points.quote(shop, customer, state)
