"""What staff do with the coupon of a customer: give its points back, or revoke it. Both stand in the audit log."""

from widget_server.db import atomic
from widget_server.errors import CouponNotReturnable, CouponNotUsable
from widget_server.loyalty import audit_log
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import USABLE, Coupon


def may_return(coupon: Coupon) -> bool:
    """True while staff can exchange the coupon for its points: it is unused and points paid for it."""
    is_usable = coupons.status_now(coupon) in USABLE
    return is_usable and coupon.cost_points > 0 and not coupons.is_returning(coupon)


def may_revoke(coupon: Coupon) -> bool:
    """True while the coupon could be used."""
    return coupons.status_now(coupon) in USABLE and not coupons.is_returning(coupon)


def return_coupon(shop: Shop, coupon_id: str, *, key: str, source: str) -> Coupon:
    """Exchange an unused coupon for its points on behalf of staff, also after the days in which its owner may.

    A connected shop is called by a job: until it has removed the code, the coupon keeps its status. Raises NotFound,
    and CouponNotReturnable for a used or ended coupon, and for a gift.
    """
    with atomic():
        coupon = coupons.locked(shop.id, coupons.need_coupon(shop, coupon_id).id)
        if coupon.refund_id is not None or coupons.is_returning(coupon):
            return coupon
        if not may_return(coupon):
            raise CouponNotReturnable()
        audit_log.note(shop.id, "return", "coupon", coupon.id, before={"status": coupon.status})
        return coupons.undo(shop, coupon.id, key=key, source=source)


def revoke(shop: Shop, coupon_id: str) -> Coupon:
    """End an unused coupon on behalf of staff, without points. Raises NotFound, CouponNotUsable."""
    with atomic():
        coupon = coupons.locked(shop.id, coupons.need_coupon(shop, coupon_id).id)
        if coupon.status == "revoked":
            return coupon
        if not may_revoke(coupon):
            raise CouponNotUsable(reason=coupons.status_now(coupon))
        audit_log.note(shop.id, "revoke", "coupon", coupon.id, before={"status": coupon.status})
        coupons.revoke(coupon)
        return coupons.need_coupon(shop, coupon_id)
