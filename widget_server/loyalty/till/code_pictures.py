"""Codes as pictures: a coupon's code as a scanner at the till reads it."""

from typing import Literal
from urllib.parse import quote

from widget_server import scan_codes
from widget_server.errors import BadRequest, CouponNotUsable, NotFound
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import USABLE, Coupon
from widget_server.scan_codes import ScanCode

Kind = Literal["qr", "code128", "shopify"]


def draw(shop: Shop, code: str, kind: Kind) -> ScanCode:
    """Returns the code of a coupon of this shop, in the spelling that the checkout knows.

    `shopify` is the QR code that Shopify POS reads. Raises NotFound, CouponNotUsable for a coupon that cannot be used
    now, and BadRequest (kind) when this kind cannot hold the code, or is not for this shop.
    """
    coupon = codes.by_code(shop, code)
    if coupon is None:
        raise NotFound()
    if not _is_usable(coupon):
        raise CouponNotUsable(reason=coupons.status_now(coupon))
    return _drawn(shop, str(coupon.code), kind)


def pictures(shop: Shop, coupon: Coupon) -> dict[Kind, ScanCode]:
    """Returns the QR code and, if it can hold the code, the barcode for this shop; none for one that cannot be used."""
    if not _is_usable(coupon):
        return {}
    code = str(coupon.code)
    kinds: list[Kind] = ["shopify" if _is_shopify(shop) else "qr"]
    if scan_codes.fits_code128(code):
        kinds.append("code128")
    return {kind: _drawn(shop, code, kind) for kind in kinds}


def _drawn(shop: Shop, code: str, kind: Kind) -> ScanCode:
    if kind == "code128":
        return scan_codes.code128(code)
    return scan_codes.qr(_shopify_address(shop, code) if kind == "shopify" else code)


def _shopify_address(shop: Shop, code: str) -> str:
    """Returns what the QR codes of Shopify hold: the address of the discount, in which the code is encoded twice."""
    if not _is_shopify(shop):
        raise BadRequest("Only for a shop that is connected to Shopify.", field="kind")
    return f"{shop.api_url}/discount/{quote(quote(code, safe=''), safe='')}"


def _is_shopify(shop: Shop) -> bool:
    return shop.platform == "shopify" and shop.is_connected


def _is_usable(coupon: Coupon) -> bool:
    return coupons.status_now(coupon) in USABLE and not coupons.is_returning(coupon)
