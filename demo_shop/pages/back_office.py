"""The back office, without a log-in because this is a demo: orders, and the outgoing mail."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug import Response

from demo_shop.bodies import now
from demo_shop.money import money
from demo_shop.orders import Order, OrderRefused
from demo_shop.pages import here

pages = Blueprint("back_office", __name__)


@pages.get("/admin/orders")
def orders() -> str:
    """List the newest orders with their possible actions."""
    shop = here.shop()
    return render_template("admin_orders.html", orders=shop.orders.newest(), waiting=shop.outbox.waiting())


@pages.post("/admin/orders/<order_id>/<verb>")
def change(order_id: str, verb: str) -> Response:
    """Apply one verb to an order: pay, fulfil, cancel, refund-line, refund-amount, refund-all."""
    verbs: dict[str, Callable[[str], Order]] = {
        "pay": lambda id: here.shop().orders.pay(id, now()),
        "fulfil": lambda id: here.shop().orders.fulfil(id, now()),
        "cancel": lambda id: here.shop().orders.cancel(id, now()),
        "refund-line": _refund_line,
        "refund-amount": _refund_amount,
        "refund-all": lambda id: here.shop().orders.refund_all(id, now()),
    }
    if verb not in verbs:
        abort(404)
    try:
        verbs[verb](order_id)
    except LookupError:
        abort(404)
    except (OrderRefused, ValueError) as refusal:
        flash(str(refusal))
    return redirect(url_for(".orders", _anchor=f"order-{order_id}"))


@pages.get("/mail")
def mail() -> str:
    """List the outgoing mail, in place of an inbox."""
    return render_template("mail.html", mails=here.shop().mails.newest())


def _refund_line(order_id: str) -> Order:
    form = here.form()
    quantity = form.get("quantity", "")
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 3):
        raise OrderRefused("Type how many to refund.")
    return here.shop().orders.refund_line(order_id, form.get("line", ""), int(quantity), now())


def _refund_amount(order_id: str) -> Order:
    try:
        amount = money(here.form().get("amount", ""))
    except ValueError:
        raise OrderRefused("Type an amount, like 5.00.") from None
    return here.shop().orders.refund_amount(order_id, amount, now())
