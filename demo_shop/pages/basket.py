"""The cart page: quantities, coupon codes and totals."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug import Response

from demo_shop.carts import FREE_SHIPPING_FROM
from demo_shop.catalogue import PRODUCTS
from demo_shop.pages import here

pages = Blueprint("cart", __name__)
_CODE_MOST = 64


@pages.get("/cart")
def cart() -> str:
    """Show the cart."""
    return render_template(
        "cart.html",
        cart=here.cart(),
        coupons=here.coupons(),
        products=PRODUCTS,
        free_from=FREE_SHIPPING_FROM,
        currency=here.shop().config.currency,
    )


@pages.post("/cart/lines")
def add() -> Response:
    """Add a quantity of a product to the cart."""
    product_id, quantity = _line()
    here.put(product_id, here.quantities().get(product_id, 0) + quantity)
    return redirect(url_for(".cart"))


@pages.post("/cart/quantity")
def set_quantity() -> Response:
    """Set the quantity of a product; 0 removes it."""
    here.put(*_line())
    return redirect(url_for(".cart"))


@pages.get("/cart/apply")
def apply() -> Response:
    """Add a coupon code to the cart; the target of the widget's “Use it now”."""
    return _apply(request.args.get("code", "").strip())


@pages.post("/cart/coupons")
def add_coupon() -> Response:
    """Add a coupon code that the customer typed."""
    return _apply(here.form().get("code", ""))


@pages.post("/cart/coupons/remove")
def remove_coupon() -> Response:
    """Remove a coupon code from the cart."""
    here.drop_code(here.form().get("code", ""))
    return redirect(url_for(".cart"))


def _apply(code: str) -> Response:
    if not 0 < len(code) <= _CODE_MOST:
        flash("Type the code first.")
    elif refusal := here.add_code(code):
        flash(refusal)
    elif not here.quantities():
        flash("Your code is kept. It is applied once there is something in the cart.")
    return redirect(url_for(".cart"))


def _line() -> tuple[str, int]:
    form = here.form()
    product_id, quantity = form.get("product", ""), form.get("quantity", "1")
    if product_id not in PRODUCTS or not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 3):
        abort(400, "This is not a valid product and quantity.")
    return product_id, int(quantity)
