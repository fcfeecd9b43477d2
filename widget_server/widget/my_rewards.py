"""My rewards: every coupon the member ever had, using one, returning one (acceptance 34-39)."""

from urllib.parse import quote

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from widget_server.errors import BadRequest
from widget_server.loyalty.people import customers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.stores.platforms import PLATFORMS
from widget_server.web import auth
from widget_server.web.bodies import json_body, plain
from widget_server.widget import requests, shapes, views
from widget_server.widget.redeem import redemption
from widget_server.widget.routes import SOURCE, Endpoints, once

my_rewards = Endpoints("my_rewards", "my-rewards", "My rewards")


@my_rewards.get("")
@my_rewards.takes_query("cursor", "The next_cursor of the page before.")
@my_rewards.response(200, shapes.CouponPage)
def listed() -> ResponseReturnValue:
    """The member's coupons, newest first."""
    me = auth.member()
    try:
        page = views.my_rewards.page(me.shop, me.customer, cursor=request.args.get("cursor"))
    except ValueError as broken:
        raise BadRequest("This cursor is not valid.", field="cursor") from broken
    if views.my_rewards.unseen(me.shop, me.customer):  # other reads write nothing
        customers.touch_rewards_seen(me.customer)
    return jsonify(page)


@my_rewards.post("/<coupon_id>/apply")
@my_rewards.takes(requests.ApplyAsk)
@my_rewards.response(200, shapes.Application)
def apply(coupon_id: str) -> ResponseReturnValue:
    """Use it now: where the code can be taken; once the shop's page has answered, that it is in the cart."""
    me = auth.member()
    act = coupons.apply if json_body(requests.ApplyAsk())["in_cart"] else coupons.need_usable
    coupon = views.my_rewards.coupon(me.shop, act(me.shop, me.customer, coupon_id))
    template = _apply_url(me.shop)
    url = template and template.replace("{code}", quote(coupon["code"] or "", safe=""))
    return jsonify(coupon=coupon, url=url)


@my_rewards.post("/<coupon_id>/return")
@my_rewards.takes_key()
@my_rewards.response(200, shapes.Redemption)
def return_coupon(coupon_id: str) -> ResponseReturnValue:
    """An unused coupon for its points; the code dies first.

    Where the shop's own checkout knows the code, the coupon is `returning` until it is dead there; the points follow.
    """
    me = auth.member()

    def act(key: str) -> object:
        coupon = coupons.return_for_points(me.shop, me.customer, coupon_id, key=key, source=SOURCE)
        return plain(redemption(me, coupon))

    return jsonify(once(me, coupon_id, act))


def _apply_url(shop: Shop) -> str | None:
    """The address that "Use it now" opens, on the shop's home unless it names another."""
    template = shop.look.apply_url or PLATFORMS[shop.platform].APPLY_URL
    if template is None or not template.startswith("/"):
        return template
    return shop.origins[0] + template
