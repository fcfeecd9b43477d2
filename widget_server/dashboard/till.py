"""At the till: find a customer, give points for a purchase, redeem a reward and show its code."""

from decimal import Decimal

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from widget_server import ledger
from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, KeyedForm, Line, WholeNumber
from widget_server.dashboard.number_fields import NO_AMOUNT, Amount, read
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.refusals import text_of
from widget_server.dashboard.reward_names import namer
from widget_server.dashboard.words import points as in_words
from widget_server.db import atomic
from widget_server.errors import NotFound, Refusal
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.redeeming import Offer
from widget_server.loyalty.staff.roles import Action
from widget_server.loyalty.till import code_pictures, finding, sales, till_codes, till_rewards
from widget_server.loyalty.till.sales import Quote

pages = Pages("till", "/till")

BY = {
    "email": _l("e-mail"),
    "phone": _l("phone"),
    "till_code": _l("code for the till"),
    "referral_code": _l("referral code"),
}

KINDS = {
    "qr": _l("The code as a QR code"),
    "shopify": _l("The code as a QR code"),
    "code128": _l("The code as a barcode"),
}


class SaleForm(KeyedForm):
    """A purchase: its amount, and the number on the receipt."""

    amount = Amount(_l("Amount paid"), validators=[REQUIRED])
    receipt = Line(_l("Receipt number"), validators=[OPTIONAL])


class RedeemForm(KeyedForm):
    """How the customer identified, and how many points a sliding reward costs."""

    points = WholeNumber(_l("Points"), validators=[OPTIONAL])
    till_code = Line(_l("Code in the customer's widget"), validators=[OPTIONAL])
    checked = BooleanField(_l("I have checked who this is"))


@pages.page("", Action.GIVE)
def till(staff: StaffCaller) -> ResponseReturnValue:
    """Find a customer; a text that means one customer leads straight to them."""
    text = request.args.get("q", "").strip()
    found = finding.find(staff.shop, text) if text else []
    if len(found) == 1:
        code = till_codes.plain(text) if found[0].by == "till_code" else None
        return to("till.customer", customer_id=found[0].customer.id, code=code)
    return page("till/find.html", text=text, found=found, by=BY)


@pages.page("/<customer_id>", Action.GIVE)
def customer(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Show a customer at the till: the balance, the form of a purchase with its points, and the rewards."""
    person, typed = finding.at_till(staff.shop, customer_id), request.args.get("amount", "").strip()
    quote, error = _quote(staff, person, typed)
    form = SaleForm(formdata=None, amount=quote.amount if quote else None, receipt=request.args.get("receipt"))
    account = ledger.account_of(staff.shop.id, person.id)
    return page(
        "till/customer.html",
        person=person,
        account=account,
        typed=typed,
        receipt=request.args.get("receipt", ""),
        quote=quote,
        error=error,
        sale=form,
        code=_shown_code(staff, person),
        offers=till_rewards.offers(staff.shop, person),
        recent=sales.recent(staff.shop, person),
        reward_name=namer(staff.shop.currency),
    )


@pages.act("/<customer_id>/sale", Action.GIVE)
def sale(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Book a purchase, within the caps of the role."""
    form, person = SaleForm(), finding.at_till(staff.shop, customer_id)
    if form.accepts():
        with form.refusals(), atomic():
            amount, key = form.amount.data or Decimal(0), str(form.request_key.data)
            staff.hold_caps()
            is_new = sales.booked(staff.shop, key) is None
            listed = sales.book(staff.shop, person.id, amount, key=key, receipt=form.receipt.data)
            if is_new:
                staff.need_points(listed.points)  # what was booked: a first order may give more than its preview
            text = _("%(points)s points for this purchase.", points=in_words(listed.points))
            return done(text, "till.customer", customer_id=person.id, code=request.args.get("code"))
    return page("till/sale.html", form=form, person=person, status=422)


@pages.form("/<customer_id>/redeem/<reward_id>", Action.GIVE)
def redeem(staff: StaffCaller, customer_id: str, reward_id: str) -> ResponseReturnValue:
    """Redeem a reward for a customer who identified."""
    person = finding.at_till(staff.shop, customer_id)
    offer, code = _offer(staff, person, reward_id), _shown_code(staff, person)
    form = RedeemForm(till_code=code, points=offer.price.cost_points)
    if form.accepts():
        with form.refusals():
            coupon = _redeemed(staff, person, offer, form)
            return to("till.coupon", customer_id=person.id, coupon_id=coupon.id)
    name = namer(staff.shop.currency)
    return page("till/redeem.html", form=form, person=person, offer=offer, code=code, reward_name=name)


@pages.page("/<customer_id>/coupon/<coupon_id>", Action.GIVE)
def coupon(staff: StaffCaller, customer_id: str, coupon_id: str) -> ResponseReturnValue:
    """Show the code of a reward that was redeemed, large, and as a scanner reads it."""
    person = finding.at_till(staff.shop, customer_id)
    row = Coupon.need(staff.shop, Coupon.id == coupon_id, Coupon.customer_id == person.id)
    account = ledger.account_of(staff.shop.id, person.id)
    pictures = code_pictures.pictures(staff.shop, row)
    name = namer(staff.shop.currency)
    return page(
        "till/coupon.html", person=person, coupon=row, account=account, reward_name=name, pictures=pictures, names=KINDS
    )


def _redeemed(staff: StaffCaller, person: Customer, offer: Offer, form: RedeemForm) -> Coupon:
    """Redeem the reward, within the caps of the role unless the customer identified by the code in their widget.

    Raises what `till_rewards.redeem` refuses, and PointsCapReached.
    """
    key, till_code = str(form.request_key.data), form.till_code.data
    with atomic():
        staff.hold_caps()
        is_new = ledger.find_by_key(staff.shop.id, SOURCE, key) is None
        coupon = till_rewards.redeem(
            staff.shop,
            person.id,
            offer.reward.id,
            key=key,
            source=SOURCE,
            till_code=till_code,
            checked=bool(form.checked.data),
            points=form.points.data if offer.reward.slides else None,
        )
        if is_new and not till_code:
            staff.need_points(coupon.cost_points)
        return coupon


def _quote(staff: StaffCaller, person: Customer, typed: str) -> tuple[Quote | None, str | None]:
    """Returns what the typed amount would give, or the error to show."""
    if not typed:
        return None, None
    amount = read(typed)
    if amount is None:
        return None, str(NO_AMOUNT)
    try:
        return sales.preview(staff.shop, person.id, amount), None
    except Refusal as refused:
        return None, text_of(refused)


def _shown_code(staff: StaffCaller, person: Customer) -> str | None:
    """Returns the till code of the address while it identifies this customer."""
    code = request.args.get("code", "")
    holder = till_codes.holder(staff.shop, code) if code else None
    return code if holder is not None and holder.id == person.id else None


def _offer(staff: StaffCaller, person: Customer, reward_id: str) -> Offer:
    """Returns the reward as it is for this customer; raises NotFound."""
    for offer in till_rewards.offers(staff.shop, person):
        if offer.reward.id == reward_id:
            return offer
    raise NotFound()
