"""Codes: what a shop asks and tells about them (contracts §4), and how they are made and read."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from widget_server import clock, ledger
from widget_server.db import atomic
from widget_server.errors import CouponNotUsable, NotFound
from widget_server.ledger import Cause
from widget_server.loyalty import coupons, customers, emails, programs
from widget_server.loyalty.coupons import USABLE, Coupon
from widget_server.loyalty.customers import CODE_ALPHABET
from widget_server.loyalty.shops import Shop

CODE_LENGTH = 12


@dataclass(frozen=True)
class Cart:
    """What a shop asks about a code with: None for what it did not tell."""

    currency: str | None
    subtotal: Decimal | None
    collection_ids: frozenset[str]
    product_ids: frozenset[str]
    customer_external_id: str | None = None
    customer_email: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a code may be used with a cart; `reason` is a stable word when it may not."""

    coupon: Coupon | None
    reason: str | None

    @property
    def valid(self) -> bool:
        """True when nothing speaks against it."""
        return self.reason is None


def check(shop: Shop, code: str, cart: Cart) -> Verdict:
    """May this cart use this code? (acceptance 37)"""
    coupon = by_code(shop, code)
    if coupon is None:
        return Verdict(None, "unknown")
    status = coupons.status_now(coupon)
    if status not in USABLE:
        return Verdict(coupon, status)
    if not coupon.shareable and not _is_owner(shop, coupon, cart):
        return Verdict(coupon, "not_yours")
    if cart.currency is not None and cart.currency != shop.currency:
        return Verdict(coupon, "other_currency")
    if coupon.minimum_subtotal is not None and (cart.subtotal or 0) < coupon.minimum_subtotal:
        return Verdict(coupon, "below_minimum")
    wanted = {one["id"] for one in coupon.collections}
    if wanted and not wanted & cart.collection_ids:
        return Verdict(coupon, "other_collection")
    if coupon.kind == "free_product" and coupon.product_id and coupon.product_id not in cart.product_ids:
        return Verdict(coupon, "product_missing")
    return Verdict(coupon, None)


def use(shop: Shop, code: str, order_ref: str, *, order_number: str | None = None) -> Coupon:
    """The order `order_ref` used the code. Again for the same order: the same answer; one order a code.

    Raises NotFound, CouponNotUsable with its reason.
    """
    with atomic():
        coupon = _need_code(shop, code)
        status = coupons.status_now(coupon)
        if status == "used" and coupon.order_ref == order_ref:
            return coupon
        if status not in USABLE:
            raise CouponNotUsable(reason=status)
        return _mark_used(coupon, order_ref, order_number)


def release(shop: Shop, code: str, order_ref: str, *, source: str) -> Coupon:
    """The order fell through: usable again, or points back, as the program says; never both (acceptance 38).

    Does nothing unless this very order used the code.
    """
    with atomic():
        coupon = _need_code(shop, code)
        if coupon.status != "used" or coupon.order_ref != order_ref:
            return coupon
        if programs.of(shop.id).rules.coupon_after_cancel == "points" and coupon.transaction_id:
            key = f"release:{coupon.id}:{coupon.revision}"  # an order may be cancelled, come back, be cancelled
            return coupons.give_points_back(coupon, "returned", key=key, source=source, word="returned")
        coupon.order_ref = coupon.order_number = coupon.ended_at = coupon.applied_at = None
        if customers.by_id(shop.id, coupon.customer_id).erased_at:  # nobody is left to own it
            return coupons.move(coupon, "revoked")
        if shop.is_connected and not coupons.has_run_out(coupon):  # its platform may still count the use
            return coupons.move(coupon, "issuing", code_job=coupons.promise("issue_code", coupon, anew=True))
        return coupons.move(coupon, "active")


def order_says(shop: Shop, codes: Iterable[str], order_ref: str, number: str, *, cancelled: bool, source: str) -> None:
    """An order carries these codes: it uses them, or gives them free again when it is cancelled.

    A code whose points were given back meanwhile costs them again: never both.
    """
    with atomic():
        for code in codes:
            coupon = by_code(shop, code)
            if coupon is None:
                continue
            coupon = coupons.locked(shop.id, coupon.id)
            if cancelled:
                release(shop, code, order_ref, source=source)
            elif coupon.status in ("returned", "failed"):
                _charge_again(coupon, order_ref, number, source)
            elif coupon.status in (*USABLE, "issuing", "expired"):
                _mark_used(coupon, order_ref, number)


def by_code(shop: Shop, code: str) -> Coupon | None:
    """The coupon with this code; case, blanks and dashes do not matter."""
    return Coupon.one(shop, Coupon.code == code.replace("-", "").replace(" ", "").upper())


def shown(code: str) -> str:
    """A code in groups of four, as people read it."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def fresh_code(shop: Shop) -> str:
    """12 symbols without look-alikes: 30^12 codes, so that none can be guessed (acceptance 37)."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if Coupon.one(shop, Coupon.code == code) is None:
            return code


def _need_code(shop: Shop, code: str) -> Coupon:
    coupon = by_code(shop, code)
    if coupon is None:
        raise NotFound("There is no such code here.")
    return coupons.locked(shop.id, coupon.id)


def _mark_used(coupon: Coupon, order_ref: str, order_number: str | None) -> Coupon:
    return coupons.move(coupon, "used", order_ref=order_ref, order_number=order_number, ended_at=clock.now())


def _charge_again(coupon: Coupon, order_ref: str, number: str, source: str) -> None:
    """Her points pay once more; what she has no longer is owed, or goes below zero, as the program says."""
    account = ledger.open_account(coupon.shop_id, coupon.customer_id)
    account = ledger.locked(coupon.shop_id, account.id)
    key = f"used-after-return:{coupon.id}:{coupon.revision}"
    cause = Cause("redeemed", coupon.id, snapshot={"title": coupon.title})
    covered = min(coupon.cost_points, max(account.balance, 0))
    if covered:
        ledger.post(coupon.shop_id, account.id, "redeem", -covered, source=source, key=key, cause=cause)
    if coupon.cost_points > covered:
        ledger.take_back(
            coupon.shop_id,
            account.id,
            coupon.cost_points - covered,
            source=source,
            key=f"{key}:rest",
            cause=cause,
            takes_back=coupon.refund_id,
            shortfall=programs.of(coupon.shop_id).rules.shortfall,
        )
    coupon.refund_id = coupon.failure = coupon.failure_detail = None
    _mark_used(coupon, order_ref, number)


def _is_owner(shop: Shop, coupon: Coupon, cart: Cart) -> bool:
    """The shop may ask before it knows who is buying; when it knows, it must be her."""
    if cart.customer_external_id is None and not cart.customer_email:
        return True
    owner = customers.by_id(shop.id, coupon.customer_id)
    if cart.customer_external_id is not None and owner.external_id is not None:
        buyer = customers.by_external_id(shop.id, cart.customer_external_id)
        return buyer is not None and bool(buyer.id == owner.id)
    return bool(cart.customer_email and emails.key_of(cart.customer_email) == owner.email_key)
