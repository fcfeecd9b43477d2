"""Takeover: unspent coupon codes of another app become coupons of their owners, with the code as it is.

The shop's checkout knows such a code already. So it is never created there, nor deleted when the coupon ends.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from widget_server import clock, money
from widget_server.db import among, atomic, new_id
from widget_server.events import CouponIssued, emit
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import IMPORTED, USABLE, Coupon

Kind = Literal["amount", "percent", "free_shipping"]
CODE_LENGTH_MAX = 40


@dataclass(frozen=True)
class ForeignCode:
    """A code of another app: what it takes off, and until when; `expires_at` None is for ever."""

    code: str
    kind: Kind
    amount: Decimal | None = None
    percent: Decimal | None = None
    minimum_subtotal: Decimal | None = None
    expires_at: datetime | None = None


def keep(shop: Shop, customer: Customer, found: ForeignCode) -> Coupon | None:
    """Store the code as an active coupon of the customer; returns it, or None when the shop has this code already."""
    with atomic():
        if codes.by_code(shop, found.code) is not None:
            return None
        coupon = Coupon(
            id=new_id(),
            shop_id=shop.id,
            customer_id=customer.id,
            origin=IMPORTED,
            code=found.code,
            code_key=codes.key_of(found.code),
            status="active",
            kind=found.kind,
            amount=None if found.amount is None else money.whole_coins(found.amount, shop.currency),
            percent=found.percent,
            minimum_subtotal=found.minimum_subtotal,
            collections=[],
            created_at=clock.now(),
            expires_at=found.expires_at,
        )
        coupon.save(force_insert=True)
        emit(CouponIssued(shop.id, coupon.id))
        return coupon


def taken(shop: Shop, keys: set[str]) -> set[str]:
    """Returns which of these codes (`codes.key_of`) are coupons of the shop."""
    rows = Coupon.of(shop, Coupon.code_key).where(among(Coupon.code_key, keys))
    return {key for (key,) in rows.tuples()} if keys else set()


def take_back(shop_id: str, coupon_id: str) -> bool:
    """Revoke an imported coupon and free its code, as if it had not been imported. False when an order used it."""
    with atomic():
        coupon = coupons.locked(shop_id, coupon_id)
        if coupon.status in (*USABLE, "expired"):
            coupon.code = coupon.code_key = None
            coupons.move(coupon, "revoked", ended_at=clock.now())
        return bool(coupon.status != "used")
