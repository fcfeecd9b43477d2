"""Merging two customers who are one person: choose the other, see what would happen, confirm."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import Form
from widget_server.dashboard.give import find
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.people import customers, merging
from widget_server.loyalty.people.merging import MergePreview
from widget_server.loyalty.points import tiers
from widget_server.loyalty.staff.roles import Action

pages = Pages("merge", "/customers")

NAMES = {
    "email": _l("E-mail"),
    "email_verified": _l("E-mail verified"),
    "name": _l("Name"),
    "phone": _l("Phone"),
    "birthday": _l("Birthday"),
    "locale": _l("Language"),
    "status": _l("Status"),
    "external_id": _l("Id in the shop"),
    "referral_code": _l("Referral code"),
    "labels": _l("Labels"),
    "notes": _l("Notes"),
    "accepts_marketing": _l("Newsletter"),
    "mails_off": _l("E-mails turned off"),
    "excluded": _l("Excluded"),
    "joined_at": _l("Joined"),
}


class MergeForm(Form):
    """The customer who stays."""

    into = HiddenField()


@pages.form("/<customer_id>/merge", Action.PEOPLE)
def merge(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Merge this customer into another one: a GET with `into` shows the dry run, a POST does it."""
    customer = customers.live(customers.by_id(staff.shop.id, customer_id))
    form = MergeForm(into=request.args.get("into", ""))
    into, preview = str(form.into.data or ""), None
    if form.accepts() and into:
        with form.refusals():
            merging.preview(staff.shop, customer.id, into)  # refuses what `merge` would pass over in silence
            merging.merge(staff.shop, customer.id, into)
            return done(_("The two customers are one now."), "card.card", customer_id=into)
    if into and not form.form_errors:
        with form.refusals():
            preview = merging.preview(staff.shop, customer.id, into)
    text = request.args.get("q", "")
    found = [one for one in find(staff.shop, text) if one.id != customer.id]
    return page(
        "card/merge.html",
        form=form,
        customer=customer,
        text=text,
        found=found,
        preview=preview,
        names=NAMES,
        tier_names=_tiers(staff, preview),
    )


def _tiers(staff: StaffCaller, preview: MergePreview | None) -> dict[str, str]:
    return {one.id: one.name for one in tiers.listed(staff.shop.id)} if preview else {}
