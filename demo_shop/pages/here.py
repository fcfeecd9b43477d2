"""Who is looking at the page and what is in the cart, out of the session."""

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
    """The shop this request came to."""
    return cast(Shop, current_app.extensions["demo_shop"])


def customer() -> Customer | None:
    """Who is logged in."""
    if "customer" not in g:
        number = session.get("customer")
        g.customer = shop().customers.find(number) if number else None
    return cast(Customer | None, g.customer)


def log_in(who: Customer) -> None:
    """From now on the browser is this customer's; the cart stays."""
    _change_shopper(who.number)


def log_out() -> None:
    """From now on the browser is nobody's; the cart stays."""
    _change_shopper(None)


def _change_shopper(number: int | None) -> None:
    cast(StoredSession, session).renew()
    session.pop("csrf", None)
    session["customer"] = number
    g.pop("customer", None)
    ask_about_coupons()  # a code may be this shopper's or not


def quantities() -> dict[str, int]:
    """What is in the cart, by product id."""
    return dict(session.get("cart", {}))


def put(product_id: str, quantity: int) -> None:
    """Have this many of the product in the cart; none takes it out."""
    cart = {**quantities(), product_id: min(max(quantity, 0), QUANTITY_MOST)}
    session["cart"] = {id: count for id, count in cart.items() if count and id in PRODUCTS}
    ask_about_coupons()


def codes() -> list[str]:
    """The codes in the cart."""
    return list(session.get("codes", []))


def coupons() -> list[Coupon]:
    """The codes in the cart with the loyalty server's word on each, fetched once a request."""
    if "coupons" not in g:
        g.coupons = _ask(codes())
    return cast(list[Coupon], g.coupons)


def ask_about_coupons() -> None:
    """Forget what was said of the codes: the cart or the shopper changed."""
    g.pop("coupons", None)


def add_code(code: str) -> str | None:
    """Put one more code in the cart, or say in words why not.

    While the cart is empty, or the server is away, the code is kept and checked later.
    """
    if code in codes():
        return None
    requested = _ask([*codes(), code])
    answer = requested[-1]
    if not answer.valid and answer.reason:
        return answer.words(price(quantities()).subtotal, shop().config.currency)
    g.coupons = requested
    session["codes"] = [*codes(), code]
    return None


def drop_code(code: str) -> None:
    """Take a code out of the cart."""
    session["codes"] = [kept for kept in codes() if kept != code]
    ask_about_coupons()


def cart() -> Cart:
    """The cart with its valid codes taken off."""
    return price(quantities(), coupons())


def empty_cart() -> None:
    """Everything was bought."""
    session["cart"], session["codes"] = {}, []
    ask_about_coupons()


def form() -> Mapping[str, str]:
    """The sent form, its fields stripped."""
    return {name: value.strip() for name, value in request.form.items()}


def path_back(otherwise: str) -> str:
    """Where `next` says to go on, when that is a page of this shop."""
    path = request.values.get("next", "")
    return path if _LOCAL_PATH.fullmatch(path) else otherwise


def _ask(codes: list[str]) -> list[Coupon]:
    """Each code's standing for the cart as it is before any discount; unknown while the server is away."""
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
    """Codes that must stand alone give way to the one that came first."""
    taken: list[Coupon] = []
    for coupon in coupons:
        beside = [other for other in taken if other.valid]
        if coupon.valid and beside and not all(other.combines for other in (*beside, coupon)):
            taken.append(replace(coupon, valid=False, reason="This code cannot be used together with the other one."))
        else:
            taken.append(coupon)
    return taken
