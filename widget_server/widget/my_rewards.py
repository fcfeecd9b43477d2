"""My rewards: list all coupons of the member, use one, return one (acceptance 34-39)."""

from urllib.parse import quote

from widget_server import ledger
from widget_server.errors import BadRequest, CouponNotReturnable, CouponNotUsable
from widget_server.loyalty.people import customers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.stores.platforms import PLATFORMS
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.direct import Query
from widget_server.widget.redeem import redemption
from widget_server.widget.requests import ApplyBody
from widget_server.widget.routes import CURSOR, KEY, MEMBER, SOURCE, Endpoints, once
from widget_server.widget.shapes.member import Redemption
from widget_server.widget.shapes.my_rewards import Application, CouponPage

my_rewards = Endpoints("my_rewards", "my-rewards", "My rewards")


@my_rewards.read("", returns=CouponPage, parameters=(CURSOR,))
def listed(me: Shopper, query: Query) -> CouponPage:
    """The member's coupons, newest first.

    Raises BadRequest for a malformed cursor.
    """
    try:
        page = views.my_rewards.page(me.shop, me.customer, cursor=query.get("cursor"))
    except ValueError as error:
        raise BadRequest("This cursor is not valid.", field="cursor") from error
    if views.my_rewards.unseen(me.shop, me.customer):  # other reads write nothing
        customers.touch_rewards_seen(me.customer)
    return page


@my_rewards.route(
    "POST", "/<coupon_id>/apply", MEMBER, takes=ApplyBody, returns=Application, refuses=(CouponNotUsable,)
)
def apply(me: Shopper, body: ApplyBody, coupon_id: str) -> Application:
    """Use a coupon now: the address that applies its code; `in_cart` marks it as applied."""
    act = coupons.apply if body.in_cart else coupons.need_usable
    coupon = views.my_rewards.coupon(me.shop, act(me.shop, me.customer, coupon_id))
    template = _apply_url(me.shop)
    url = template and template.replace("{code}", quote(coupon["code"] or "", safe=""))
    return {"coupon": coupon, "url": url}


@my_rewards.route(
    "POST",
    "/<coupon_id>/return",
    MEMBER,
    returns=Redemption,
    refuses=(CouponNotReturnable,),
    parameters=(KEY,),
)
def return_coupon(me: Shopper, coupon_id: str) -> Redemption:
    """Return an unused coupon for its points; the code is revoked first.

    If the code exists in the shop's checkout, the coupon is `returning` until it is revoked there; then the points are
    booked.
    """

    def act(key: str) -> Redemption:
        coupon = coupons.return_for_points(me.shop, me.customer, coupon_id, key=key, source=SOURCE)
        return redemption(me, coupon, ledger.account_of(me.shop.id, me.customer.id))

    return once(me, coupon_id, act)


def _apply_url(shop: Shop) -> str | None:
    """Returns the address that "Use it now" opens; a path is taken on the shop's first origin."""
    template = shop.look.apply_url or PLATFORMS[shop.platform].APPLY_URL
    if template is None or not template.startswith("/"):
        return template
    return shop.origins[0] + template
