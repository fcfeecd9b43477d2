"""Small acts on the card of a customer: coupons, signing out, excluding, the export and the erasure of the data."""

from flask import current_app, make_response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.documents import done, page, with_headers
from widget_server.dashboard.forms import REQUIRED, Form, KeyedForm, Line
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.refusals import text_of
from widget_server.db import atomic
from widget_server.errors import BadRequest, Refusal
from widget_server.loyalty.people import customer_edits, customers, privacy, sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.rewards import coupon_care, coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff.roles import Action

pages = Pages("care", "/customers")


@pages.act("/<customer_id>/coupons/<coupon_id>/return", Action.CARE)
def return_coupon(staff: StaffCaller, customer_id: str, coupon_id: str) -> ResponseReturnValue:
    """Exchange a coupon for its points."""
    customer, form = _customer(staff, customer_id), KeyedForm()
    try:
        with atomic():
            staff.hold_caps()
            coupon = _own(staff, customer, coupon_id)
            is_new = coupon_care.may_return(coupon)
            coupon_care.return_coupon(staff.shop, coupon_id, key=str(form.request_key.data), source=SOURCE)
            if is_new:
                staff.need_points(coupon.cost_points)
        text = _("The coupon was returned: its points are back, or come back once the shop has deleted the code.")
    except Refusal as refusal:
        text = text_of(refusal)
    return done(text, "card.card", customer_id=customer.id)


@pages.act("/<customer_id>/coupons/<coupon_id>/revoke", Action.CARE)
def revoke_coupon(staff: StaffCaller, customer_id: str, coupon_id: str) -> ResponseReturnValue:
    """End a coupon without its points."""
    customer = _customer(staff, customer_id)
    try:
        _own(staff, customer, coupon_id)
        coupon_care.revoke(staff.shop, coupon_id)
        text = _("The coupon was revoked.")
    except Refusal as refusal:
        text = text_of(refusal)
    return done(text, "card.card", customer_id=customer.id)


@pages.act("/<customer_id>/sign-out", Action.CARE)
def sign_out(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Sign the customer out of every browser."""
    customer = _customer(staff, customer_id)
    sessions.close_all(staff.shop.id, customer.id)
    return done(_("The customer is signed out everywhere."), "card.card", customer_id=customer.id)


@pages.act("/<customer_id>/export", Action.CARE)
def export(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Download all data that the customer may read about themselves, as JSON."""
    customer = _customer(staff, customer_id)
    response = make_response(current_app.json.dumps(privacy.export(staff.shop, customer), indent=2))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="customer-{customer.id}.json"'
    return with_headers(response, None)


@pages.form("/<customer_id>/exclude", Action.PEOPLE)
def exclude(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Exclude the customer from the program, or include them again, after a question."""
    customer, form = _customer(staff, customer_id), Form()
    if form.accepts():
        with form.refusals():
            customer_edits.edit(staff.shop.id, customer.id, excluded=not customer.excluded)
            text = _("The customer takes part again.") if customer.excluded else _("The customer is excluded.")
            return done(text, "card.card", customer_id=customer.id)
    return page("card/exclude.html", form=form, customer=customer)


class EraseForm(Form):
    """The name of the customer, typed to confirm."""

    typed = Line(_l("Type it here"), validators=[REQUIRED])


@pages.form("/<customer_id>/erase", Action.PEOPLE)
def erase(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Erase the data of the customer, after their name was typed."""
    customer, form = _customer(staff, customer_id), EraseForm()
    wanted = customer.name or customer.email or customer.id
    if form.accepts():
        with form.refusals():
            _confirm(form.typed.data or "", wanted)
            privacy.erase(staff.shop, customer)
            return done(_("The data of the customer was erased."), "card.card", customer_id=customer.id)
    return page("card/erase.html", form=form, customer=customer, wanted=wanted)


def _confirm(typed: str, wanted: str) -> None:
    """Raises BadRequest (typed) unless both are one text, apart from case and blanks."""
    if " ".join(typed.split()).lower() != " ".join(wanted.split()).lower():
        raise BadRequest(_("This is not the same text."), field="typed")


def _customer(staff: StaffCaller, customer_id: str) -> Customer:
    return customers.live(customers.by_id(staff.shop.id, customer_id))


def _own(staff: StaffCaller, customer: Customer, coupon_id: str) -> Coupon:
    coupon = coupons.need_coupon(staff.shop, coupon_id)
    if coupon.customer_id != customer.id:
        raise BadRequest(_("This coupon belongs to somebody else."))
    return coupon
