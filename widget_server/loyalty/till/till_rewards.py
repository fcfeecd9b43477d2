"""Rewards at the till: staff redeem one for a customer who has identified, and show the code."""

from widget_server import ledger
from widget_server.db import atomic
from widget_server.errors import NotIdentified
from widget_server.loyalty import audit_log
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import redeeming
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.redeeming import Offer
from widget_server.loyalty.till import finding, till_codes


def offers(shop: Shop, customer: Customer) -> list[Offer]:
    """Returns the rewards that can be redeemed at the till, the affordable ones first."""
    return redeeming.offers(shop, customer, ledger.account_of(shop.id, customer.id))


def redeem(
    shop: Shop,
    customer_id: str,
    reward_id: str,
    *,
    key: str,
    source: str,
    till_code: str | None = None,
    checked: bool = False,
    points: int | None = None,
) -> Coupon:
    """Buy a reward for the customer at the till, once per request key; returns the coupon with its code.

    The customer identifies by the `till_code` in their widget, which is used up; or staff have `checked` who it is,
    which the audit log names. `points` is the cost of a sliding reward. Raises NotFound, NotIdentified,
    TillCodeInvalid, and the refusals of `redeeming.redeem`.
    """
    with atomic():
        customer = finding.at_till(shop, customer_id)
        is_new = ledger.find_by_key(shop.id, source, key) is None
        if is_new and till_code:
            till_codes.use(shop, customer, till_code)
        elif not checked and not till_code:
            raise NotIdentified()
        coupon = redeeming.redeem(shop, customer, reward_id, key=key, source=source, points=points)
        if is_new:
            identified = "till_code" if till_code else "checked_by_staff"
            after = {"customer_id": customer.id, "cost": coupon.cost_points, "identified": identified}
            audit_log.note(shop.id, "redeem", "coupon", coupon.id, after=after)
        return coupon
