"""Orders: what arrived from the shop and the till, what each gave, why one gave nothing, and what is parked."""

from collections.abc import Mapping
from decimal import Decimal

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, KeyedForm
from widget_server.dashboard.number_fields import Amount
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.words import points as in_words
from widget_server.loyalty.earning import order_list as listing
from widget_server.loyalty.earning import orders, parked_messages
from widget_server.loyalty.earning.order_list import Wanted
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.staff.roles import Action
from widget_server.loyalty.till import sales

pages = Pages("orders", "/orders")

STATUSES = {
    "placed": _l("Placed"),
    "paid": _l("Paid"),
    "fulfilled": _l("Fulfilled"),
    "cancelled": _l("Cancelled"),
}
WHY_NOTHING = {
    "program_not_active": _l("The program was not active when it arrived"),
    "other_currency": _l("It is in another currency than the shop's"),
    "before_program": _l("It was placed before orders count"),
    "no_customer": _l("It names no customer"),
    "cancelled": _l("It was cancelled"),
    "refunded": _l("All that counted was refunded"),
    "nothing_eligible": _l("Nothing in it counts under the rules"),
    "customer_excluded": _l("The customer is excluded"),
    "only_members_earn": _l("Only members earn, and the customer is not one"),
    "no_rule": _l("No rule gave points for it then"),
}
AWARDS = {"waiting": _l("Pending"), "matured": _l("Given"), "cancelled": _l("Cancelled")}
PARKED = {"waiting": _l("Waiting"), "booked": _l("Booked"), "dismissed": _l("Dismissed")}


class RefundForm(KeyedForm):
    """How much of a purchase at the till was paid back."""

    amount = Amount(_l("Amount paid back"), validators=[OPTIONAL], description=_l("Empty: all that is left."))


@pages.page("", Action.SEE)
def order_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the orders, the newest placed first, filtered by number, status and reason."""
    stored = {code: WHY_NOTHING[code] for code in listing.STORED_REASONS}
    wanted = Wanted(
        number=request.args.get("q") or None,
        status=_known(request.args.get("status"), STATUSES),
        reason=_known(request.args.get("reason"), stored),
    )
    return page(
        "orders/list.html",
        found=listing.page(staff.shop, wanted, after=request.args.get("after")),
        wanted=wanted,
        waiting=parked_messages.waiting(staff.shop),
        statuses=STATUSES,
        reasons=stored,
        why=WHY_NOTHING,
    )


@pages.page("/parked", Action.SEE)
def parked_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the messages of the platform that could not be booked."""
    status = _known(request.args.get("status", "waiting"), PARKED)
    return page(
        "orders/parked_list.html",
        found=parked_messages.page(staff.shop, status=status, after=request.args.get("after")),
        waiting=parked_messages.waiting(staff.shop),
        status_chosen=status,
        statuses=PARKED,
    )


@pages.act("/parked/retry-all", Action.MODERATE)
def retry_all(staff: StaffCaller) -> ResponseReturnValue:
    """Try every waiting message again, in the background."""
    count = parked_messages.retry_all(staff.shop)
    text = ngettext("%(num)s message is tried again.", "%(num)s messages are tried again.", count)
    return done(text, "orders.parked_list")


@pages.page("/parked/<parked_id>", Action.SEE)
def parked(staff: StaffCaller, parked_id: str) -> ResponseReturnValue:
    """Show one message as it arrived."""
    message = Parked.need(staff.shop, Parked.id == parked_id)
    return page("orders/parked.html", message=message, statuses=PARKED)


@pages.act("/parked/<parked_id>/retry", Action.MODERATE)
def retry(staff: StaffCaller, parked_id: str) -> ResponseReturnValue:
    """Try one message again, in the background."""
    orders.retry(staff.shop, parked_id)
    return done(_("It is tried again. Reload the page in a moment."), "orders.parked", parked_id=parked_id)


@pages.act("/parked/<parked_id>/dismiss", Action.MODERATE)
def dismiss(staff: StaffCaller, parked_id: str) -> ResponseReturnValue:
    """Mark a message as handled."""
    orders.dismiss(staff.shop, parked_id)
    return done(_("The message is dismissed: it is not tried again."), "orders.parked_list")


@pages.page("/<order_id>", Action.SEE)
def order(staff: StaffCaller, order_id: str) -> ResponseReturnValue:
    """Show an order with its lines, its refunds and what each rule gave."""
    listed = listing.one(staff.shop, order_id)
    ids = {award.rule_id for award in listed.awards}
    rules = {rule.id: rule for rule in EarningRule.of(staff.shop).where(EarningRule.id.in_(ids or {""}))}
    counted = {award.id: Decimal(award.snapshot["base"]) for award in listed.awards if "base" in award.snapshot}
    may_refund = listed.order.platform == sales.PLATFORM and sales.left_of(listed.order) > 0
    return page(
        "orders/one.html",
        listed=listed,
        merged=listed.order.merged,
        rules=rules,
        counted=counted,
        statuses=STATUSES,
        awards=AWARDS,
        why=WHY_NOTHING,
        may_refund=may_refund,
    )


@pages.form("/<order_id>/refund", Action.GIVE)
def refund(staff: StaffCaller, order_id: str) -> ResponseReturnValue:
    """Book that a purchase at the till was paid back, in whole or in part."""
    sale, form = sales.need(staff.shop, order_id), RefundForm()
    if form.accepts():
        with form.refusals():
            rest = sales.refund(staff.shop, order_id, form.amount.data, key=str(form.request_key.data))
            text = _("The refund is booked. The purchase now gives %(points)s points.", points=in_words(rest.points))
            return done(text, "orders.order", order_id=order_id)
    return page("orders/refund.html", form=form, order=sale, left=sales.left_of(sale))


def _known(value: str | None, names: Mapping[str, object]) -> str | None:
    """Returns a filter of the address, None for an unknown one."""
    return value if value in names else None
