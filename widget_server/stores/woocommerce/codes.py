"""Codes as WooCommerce coupons, through its REST API v3 with a read/write key."""

import base64
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from widget_server import clock, money
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import PRODUCT_UNAVAILABLE, Api, Found, NotReached, Recipient, Refused, ask
from widget_server.stores.fields import amount_text
from widget_server.stores.woocommerce.rights import explained

KEYS = {"key": "Consumer key", "secret": "Consumer secret"}
OTHER_KEYS: dict[str, str] = {}
GIVES_USES_BACK = True  # a cancelled order no longer counts
TAKEN = "woocommerce_rest_coupon_code_already_exists"
GONE = "woocommerce_rest_shop_coupon_invalid_id"
NO_PRODUCT = "woocommerce_rest_product_invalid_id"
SOLD = "publish"
MARK = "loyalty_coupon"  # our coupon's id, in the meta data of WooCommerce's coupon


def is_other_key(key: str) -> bool:
    """Returns False: WooCommerce has one kind of keys."""
    return False


def check(api: Api) -> None:
    """Check that the keys may read and write coupons; an empty batch writes nothing.

    Raises NotReached, and Refused with what to do about it.
    """
    try:
        _ask(api, "GET", "coupons?per_page=1")
        _ask(api, "POST", "coupons/batch", {})
    except Refused as refused:
        raise explained(refused) from None


def try_one(api: Api) -> None:
    """Make a code that has expired already, find it, and delete it: what a redeemed reward does at the checkout.

    Raises NotReached, and Refused with what to do about it.
    """
    code = f"LOYALTY-TEST-{secrets.token_hex(4).upper()}"
    yesterday = clock.now() - timedelta(days=1)
    terms = {"code": code, "discount_type": "fixed_cart", "amount": "0.01", "usage_limit": 1}
    terms |= {"description": "A test by the loyalty program", "date_expires": f"{yesterday:%Y-%m-%dT%H:%M:%SZ}"}
    try:
        _ask(api, "POST", "coupons", terms)
        found = find(api, code)
        if found is None:
            raise NotReached("made a test code, but does not return it")
        delete(api, found)
    except Refused as refused:
        raise explained(refused) from None


def make(api: Api, coupon: Coupon, recipient: Recipient, currency: str) -> None:
    """Create the code; it is bound to the customer by e-mail.

    Raises Refused with TAKEN when it exists already, with PRODUCT_UNAVAILABLE when the free product is not sold.
    """
    terms = _terms(coupon, recipient, currency)
    if coupon.kind == "free_product":
        _check_sold(api, _number(coupon.product_id))
    _ask(api, "POST", "coupons", terms)


def find(api: Api, code: str) -> Found | None:
    """Returns the coupon with this code, in any case; None without one. Coupons in the trash have no code.

    Raises NotReached, Refused.
    """
    for row in _ask(api, "GET", "coupons?" + urlencode({"code": code})):
        if row["code"].upper() == code.upper():
            marks = [meta["value"] for meta in row["meta_data"] if meta["key"] == MARK]
            return Found(str(row["id"]), marks[0] if marks else None, row["usage_count"] > 0)
    return None


def delete(api: Api, found: Found) -> None:
    """Delete the code for good; a missing one is no error. Raises NotReached, Refused."""
    try:
        _ask(api, "DELETE", f"coupons/{found.id}?force=true")
    except Refused as refused:
        if refused.code != GONE:
            raise


def _check_sold(api: Api, product: int) -> None:
    """Raises Refused for a draft, private or deleted product: it cannot be put into a cart."""
    try:
        status = _ask(api, "GET", f"products/{product}")["status"]
    except Refused as refused:
        if refused.code != NO_PRODUCT:
            raise
        status = "not there"
    if status != SOLD:
        raise Refused(f"the product {product} is {status}", PRODUCT_UNAVAILABLE)


def _terms(coupon: Coupon, recipient: Recipient, currency: str) -> dict[str, object]:
    terms: dict[str, object] = {
        "code": coupon.code,
        "description": coupon.title or "",
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "individual_use": not coupon.combines,
        "product_categories": [_number(one["id"]) for one in coupon.collections],
        "meta_data": [{"key": MARK, "value": coupon.id}],
        **_discount(coupon, currency),
    }
    if coupon.minimum_subtotal is not None:
        terms["minimum_amount"] = amount_text(coupon.minimum_subtotal)
    if coupon.expires_at is not None:
        # date_expires_gmt is never written, despite its description; this one takes a zone, and no fraction
        terms["date_expires"] = f"{coupon.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    if recipient.emails and not coupon.shareable:
        terms["email_restrictions"] = list(recipient.emails)
    return terms


def _discount(coupon: Coupon, currency: str) -> dict[str, object]:
    match coupon.kind:
        case "amount":
            return {"discount_type": "fixed_cart", "amount": money.text(coupon.amount, currency)}
        case "percent":
            return {"discount_type": "percent", "amount": amount_text(coupon.percent)}
        case "free_shipping":
            return {"discount_type": "fixed_cart", "amount": "0", "free_shipping": True}
    free = {"product_ids": [_number(coupon.product_id)], "limit_usage_to_x_items": 1}
    return {"discount_type": "percent", "amount": "100", **free}


def _number(identity: str | None) -> int:
    if identity is None or not identity.isdecimal():
        raise Refused(f"{identity!r} is no id of WooCommerce: write the number of the product or category")
    return int(identity)


def _ask(api: Api, method: str, rest: str, body: object = None) -> Any:
    """Returns the value in the response. Any: it is not checked against WooCommerce's schema here."""
    login = base64.b64encode(f"{api.keys['key']}:{api.keys['secret']}".encode()).decode()
    return ask(method, f"{api.url}/wp-json/wc/v3/{rest}", {"Authorization": f"Basic {login}"}, body)
