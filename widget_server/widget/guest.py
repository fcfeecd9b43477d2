"""What a guest sees beyond the panel's document: further pages of its lists."""

from flask import request

from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.widget import views
from widget_server.widget.routes import ANYBODY, CURSOR, Endpoints
from widget_server.widget.shapes.earn import EarnList
from widget_server.widget.shapes.redeem import RewardList

guest = Endpoints("guest", "guest", "What a guest sees")


@guest.route("GET", "/earn", ANYBODY, returns=EarnList, parameters=(CURSOR,))
def earn(shop: Shop) -> EarnList:
    """A page of the active rules as a guest sees them, in the merchant's order.

    Raises BadRequest for a malformed cursor.
    """
    return views.earn.guest_page(shop, programs.of(shop.id), cursor=request.args.get("cursor"))


@guest.route("GET", "/rewards", ANYBODY, returns=RewardList, parameters=(CURSOR,))
def rewards(shop: Shop) -> RewardList:
    """A page of the rewards as a guest sees them, in the merchant's order.

    Raises BadRequest for a malformed cursor.
    """
    return views.redeem.guest_page(shop, cursor=request.args.get("cursor"))
