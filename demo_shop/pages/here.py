"""The current customer and cart, from the session."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from flask import current_app, g, request, session

from demo_shop.carts import QUANTITY_MOST, Cart, price
from demo_shop.catalogue import PRODUCTS
from demo_shop.coupons import Coupon
from demo_shop.customers import Customer
from demo_shop.loyalty import Unreachable
from demo_shop.sessions import StoredSession
from demo_shop.shop import Shop

_LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def shop() -> Shop:
    """The shop of the current request."""
    return cast(Shop, current_app.extensions["demo_shop"])


def customer() -> Customer | None:
    """The logged-in customer, or None."""
    if "customer" not in g:
        number = session.get("customer")
        g.customer = shop().customers.find(number) if number else None
    return cast(Customer | None, g.customer)


def log_in(who: Customer) -> None:
    """Log this customer in; the cart stays."""
    _change_shopper(who.number)


def log_out() -> None:
    """Log the customer out; the cart stays."""
    _change_shopper(None)


def _change_shopper(number: int | None) -> None:
    cast(StoredSession, session).renew()
    session.pop("csrf", None)
    session["customer"] = number
    g.pop("customer", None)
    ask_about_coupons()  # a code may belong to one customer


def quantities() -> dict[str, int]:
    """The quantities in the cart by product id."""
    return dict(session.get("cart", {}))


def put(product_id: str, quantity: int) -> None:
    """Set the quantity of the product in the cart; 0 removes it."""
    cart = {**quantities(), product_id: min(max(quantity, 0), QUANTITY_MOST)}
    session["cart"] = {id: count for id, count in cart.items() if count and id in PRODUCTS}
    ask_about_coupons()


def codes() -> list[str]:
    """The coupon codes in the cart."""
    return list(session.get("codes", []))


def coupons() -> list[Coupon]:
    """The coupons in the cart, checked at the loyalty server once per request."""
    if "coupons" not in g:
        g.coupons = _ask(codes())
    return cast(list[Coupon], g.coupons)


def ask_about_coupons() -> None:
    """Discard the checked coupons: the cart or the customer changed."""
    g.pop("coupons", None)


def add_code(code: str) -> str | None:
    """Add a code to the cart and return None, or return the reason for a refusal.

    While the cart is empty or the server is unreachable, the code is stored and checked later.
    """
    if code in codes():
        return None
    requested = _ask([*codes(), code])
    coupon = requested[-1]
    if not coupon.valid and coupon.reason:
        return coupon.words(price(quantities()).subtotal, shop().config.currency)
    g.coupons = requested
    session["codes"] = [*codes(), code]
    return None


def drop_code(code: str) -> None:
    """Remove a code from the cart."""
    session["codes"] = [kept for kept in codes() if kept != code]
    ask_about_coupons()


def cart() -> Cart:
    """The cart with the discounts of its valid codes."""
    return price(quantities(), coupons())


def empty_cart() -> None:
    """Empty the cart after the purchase."""
    session["cart"], session["codes"] = {}, []
    ask_about_coupons()


def form() -> Mapping[str, str]:
    """The submitted form, its values stripped of spaces."""
    return {name: value.strip() for name, value in request.form.items()}


def path_back(otherwise: str) -> str:
    """The path in `next` if it is a page of this shop, else `otherwise`."""
    path = request.values.get("next", "")
    return path if _LOCAL_PATH.fullmatch(path) else otherwise


def _ask(codes: list[str]) -> list[Coupon]:
    """Check each code for the cart before discounts; unchecked while the server is unreachable."""
    if not quantities():
        return [Coupon(code) for code in codes]
    plain = price(quantities())
    who = customer()
    buyer = who.as_buyer() if who else None
    coupons: list[Coupon] = []
    for code in codes:
        try:
            coupons.append(shop().coupons.check(code, buyer, plain.subtotal, plain.line_bodies()))
        except Unreachable:
            return [*coupons, *(Coupon(left) for left in codes[len(coupons) :])]
    return _together(coupons)


def _together(coupons: list[Coupon]) -> list[Coupon]:
    """Mark codes as invalid that cannot be combined with an earlier one."""
    taken: list[Coupon] = []
    for coupon in coupons:
        beside = [other for other in taken if other.valid]
        if coupon.valid and beside and not all(other.combines for other in (*beside, coupon)):
            taken.append(replace(coupon, valid=False, reason="This code cannot be used together with the other one."))
        else:
            taken.append(coupon)
    return taken
