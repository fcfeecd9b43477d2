"""Granting a customer a tier by hand, until a day."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField

from widget_server import clock, ledger
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, Form, choices
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import tier_grants, tiers
from widget_server.loyalty.staff.roles import Action

pages = Pages("tier_grant", "/customers")


class GrantForm(Form):
    """The tier, and the last day of it."""

    tier_id = SelectField(_l("Tier"), validate_choice=False)
    last_day = DateField(_l("Last day"), validators=[REQUIRED])


@pages.form("/<customer_id>/tier", Action.PROGRAM)
def grant(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Grant the customer at least a tier until the end of a day."""
    customer = customers.live(customers.by_id(staff.shop.id, customer_id))
    now = tier_grants.of_account(staff.shop, ledger.account_of(staff.shop.id, customer.id))
    today = clock.local_date(clock.now(), staff.shop.timezone)
    form = GrantForm(
        tier_id=now.tier.id if now else None, last_day=now.last_day if now else today.replace(month=12, day=31)
    )
    steps = tiers.listed(staff.shop.id)
    form.tier_id.choices = choices({one.id: one.name for one in steps})
    if form.accepts():
        with form.refusals():
            tier_grants.grant(staff.shop, customer.id, str(form.tier_id.data), form.last_day.data or today)
            return done(_("The tier was granted."), "card.card", customer_id=customer.id)
    return page("card/tier.html", form=form, customer=customer, now=now, steps=steps)


@pages.act("/<customer_id>/tier/end", Action.PROGRAM)
def end(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """End the granted tier."""
    tier_grants.end(staff.shop, customer_id)
    return done(_("The granted tier has ended."), "card.card", customer_id=customer_id)
