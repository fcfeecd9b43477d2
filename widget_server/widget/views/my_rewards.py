"""The My rewards tab: the member's coupons."""

from datetime import UTC, datetime

from peewee import fn

from widget_server import clock, money
from widget_server.db import Selection, statement
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.widget.list_pages import PAGE
from widget_server.widget.shapes.my_rewards import Coupon as Shown
from widget_server.widget.shapes.my_rewards import CouponPage


def page(shop: Shop, customer: Customer, *, cursor: str | None = None, pages: int = 1) -> CouponPage:
    """Returns so many pages of the member's coupons, newest first (acceptance 34).

    Raises ValueError on a malformed cursor.
    """
    limit = pages * PAGE
    found = coupons.my_coupons(shop, customer, after=_after(cursor) if cursor else None, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    return {
        "coupons": [coupon(shop, one) for one in found],
        "next_cursor": _cursor(found[-1]) if more else None,
    }


def _cursor(last: Coupon) -> str:
    return f"{last.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{last.id}"


def _after(cursor: str) -> tuple[datetime, str]:
    """Returns the moment and id of the last coupon of the page before. Raises ValueError on a malformed cursor."""
    moment, _, coupon_id = cursor.partition("_")
    return clock.parse(moment), coupon_id


def coupon(shop: Shop, one: Coupon) -> Shown:
    """Returns one coupon as its owner sees it; `amount` is in whole coins of the shop's currency."""
    return {
        "id": one.id,
        "code": one.code if one.status not in ("issuing", "failed") else None,
        "status": coupons.status_now(one),
        "kind": one.kind,
        "title": one.title,
        "amount": money.coins_or_none(one.amount, shop.currency),
        "percent": one.percent,
        "product_name": one.product_name,
        "cost_points": one.cost_points,
        "minimum_subtotal": one.minimum_subtotal,
        "collections": [each["name"] for each in one.collections],
        "combines": one.combines,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "ended_at": one.ended_at,
        "order_number": one.order_number,
        "return_until": one.return_until if coupons.is_returnable(one) else None,
        "returning": coupons.is_returning(one),
        "failure": one.failure,
    }


def unseen(shop: Shop, customer: Customer) -> int:
    """Returns how many usable gifted coupons are new since the member last opened My rewards (the launcher's dot)."""
    ((count,),) = _gifts_since.tuples(shop.id, customer.id, customer.rewards_seen_at or clock.EARLIEST)
    return int(count)


@statement
def _gifts_since(shop_id: str, customer_id: str, moment: datetime) -> Selection[Coupon]:
    return Coupon.of(shop_id, fn.COUNT(Coupon.id)).where(
        Coupon.customer_id == customer_id,
        Coupon.status == "active",
        Coupon.origin != "reward",
        Coupon.created_at > moment,
    )
