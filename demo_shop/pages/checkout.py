"""Checkout, as a guest or logged in; coupon codes are bound to the order before it is placed."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, session, url_for
from werkzeug import Response

from demo_shop.bodies import BuyerBody, now
from demo_shop.coupons import CouponRefused
from demo_shop.loyalty import Unreachable
from demo_shop.orders import Order, OrderRefused
from demo_shop.pages import here
from demo_shop.pages.fields import email_error, text_error

pages = Blueprint("checkout", __name__)


@pages.get("/checkout")
def checkout() -> Response | str:
    """Show the form for buyer and address."""
    if not here.quantities():
        return redirect(url_for("cart.cart"))
    who = here.customer()
    known = {"email": who.email, "name": who.name, "phone": who.phone or ""} if who else {}
    return _form({**known, "pay": "yes"}, {})


@pages.post("/checkout")
def place() -> Response | tuple[str, int]:
    """Place the order and, if selected, pay it. The same form sent twice makes one order."""
    form = here.form()
    key = form.get("key", "")
    if not key:
        abort(400, "This form is incomplete. Load the page again.")
    order_id = here.shop().orders.number_for(key)
    if placed := here.shop().orders.find(order_id):
        return _page_of(placed)
    if not here.quantities():
        return redirect(url_for("cart.cart"))
    errors = _errors(form)
    if errors:
        return _form(form, errors), 422
    refusal = _hold_coupons(order_id)
    if refusal:
        flash(refusal)
        return redirect(url_for("cart.cart"))
    order = _place(order_id, form)
    here.empty_cart()
    return _page_of(order)


@pages.get("/orders/<token>")
def order(token: str) -> str:
    """Show an order; its URL is secret, so that guests can use it too."""
    shown = here.shop().orders.by_token(token)
    if shown is None:
        abort(404)
    return render_template("order.html", order=shown)


def _place(order_id: str, form: Mapping[str, str]) -> Order:
    shop, at = here.shop(), now()
    coupon_codes = here.codes()
    try:
        order = shop.orders.place(
            order_id,
            here.cart(),
            _buyer(form),
            at=at,
            address=form["address"],
            coupon_codes=coupon_codes,
            landing_referral=session.get("ref"),
        )
    except Exception:
        shop.orders.abandon(order_id, coupon_codes)
        raise
    if form.get("pay"):
        try:
            order = shop.orders.pay(order_id, at)
        except OrderRefused:  # the same form, sent twice at once: already paid
            order = shop.orders.find(order_id) or order
    here.shop().mails.send(
        order.body["customer"]["email"],
        f"Your order {order.body['number']}",
        f"Thank you for your order.\n\n{shop.config.origin}{url_for('.order', token=order.token)}\n",
    )
    return order


def _hold_coupons(order_id: str) -> str | None:
    """Bind every code in the cart to the order and return None; or bind none and return the reason."""
    shop, held = here.shop(), list[str]()
    cart = here.cart()
    for coupon in here.coupons():
        try:
            if not coupon.valid:
                raise CouponRefused(coupon.words(cart.subtotal, shop.config.currency))
            held.append(coupon.code)  # even if the response is lost: a second release has no effect
            shop.coupons.use(coupon.code, order_id)
        except (CouponRefused, Unreachable) as problem:
            shop.orders.abandon(order_id, held)
            if isinstance(problem, Unreachable):
                return "Your code cannot be checked just now. Remove it, or try again in a moment."
            return str(problem)
    return None


def _buyer(form: Mapping[str, str]) -> BuyerBody:
    who = here.customer()
    guest: BuyerBody = {
        "id": None,
        "email": form.get("email", "").lower(),
        "email_verified": False,
        "name": form["name"],
        "phone": form.get("phone") or None,
    }
    if who is None:
        return guest
    return {**who.as_buyer(), "name": guest["name"], "phone": guest["phone"] or who.phone}


def _errors(form: Mapping[str, str]) -> dict[str, str]:
    found = {
        "email": None if here.customer() else email_error(form.get("email", "")),
        "name": text_error(form.get("name", ""), "Who is it for?"),
        "address": text_error(form.get("address", ""), "Where does it go?", most=500),
        "phone": text_error(form.get("phone", "") or "-", "", most=40),
    }
    return {name: message for name, message in found.items() if message}


def _form(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    key = values.get("key") or secrets.token_urlsafe(16)
    return render_template("checkout.html", cart=here.cart(), values={**values, "key": key}, errors=errors)


def _page_of(order: Order) -> Response:
    return redirect(url_for(".order", token=order.token))
