"""Campaigns: periods in which orders give a multiple of the points."""

from datetime import datetime, timedelta
from decimal import Decimal

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from widget_server import clock
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, REQUIRED_TEXT, Line, RevisedForm
from widget_server.dashboard.number_fields import Amount, Moment, between, plain
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.earning import campaigns
from widget_server.loyalty.earning.campaigns import MULTIPLIER_MAX, CampaignTerms
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action

pages = Pages("campaigns", "/campaigns")

STATES = {"planned": _l("Planned"), "running": _l("Running"), "over": _l("Over")}
USUAL_DAYS = 7


class CampaignForm(RevisedForm):
    """One campaign; its times are those of the shop's clocks."""

    name = Line(
        _l("Name"),
        validators=[REQUIRED_TEXT, Length(max=100)],
        description=_l("Only for you: customers see the points of an order."),
    )
    multiplier = Amount(
        _l("Multiplier"),
        validators=[REQUIRED, between(0, int(MULTIPLIER_MAX))],
        description=_l("2 doubles the points of every order. When several campaigns run, the highest counts."),
    )
    starts_at = Moment(_l("Begins"), validators=[REQUIRED])
    ends_at = Moment(
        _l("Ends"), validators=[REQUIRED], description=_l("Orders placed before this moment count. 00:00 is midnight.")
    )

    def fits(self, shop: Shop, campaign_id: str | None = None) -> bool:
        """Returns whether the form is valid for the campaign; what is wrong stands beside its field."""
        if not self.accepts():
            return False
        if campaigns.is_taken(shop, str(self.name.data), but=campaign_id):
            self.name.errors = [_("Another campaign has this name.")]
        if self.ends_at.data <= self.starts_at.data:
            self.ends_at.errors = [_("It ends before it starts.")]
        return not (self.name.errors or self.ends_at.errors)

    def terms(self, present: CampaignTerms | None = None) -> CampaignTerms:
        """Returns what was typed; a time that shows as before stays to the second."""
        typed = CampaignTerms(multiplier=self.multiplier.data, starts_at=self.starts_at.data, ends_at=self.ends_at.data)
        if present is not None:
            typed["starts_at"] = _kept(typed["starts_at"], present["starts_at"])
            typed["ends_at"] = _kept(typed["ends_at"], present["ends_at"])
        return typed


@pages.page("", Action.SEE)
def campaign_list(staff: StaffCaller) -> ResponseReturnValue:
    """List the campaigns, newest first."""
    found = [(one, campaigns.state(one)) for one in campaigns.listed(staff.shop)]
    return page("campaigns/list.html", campaigns=found, states=STATES, plain=plain)


@pages.form("/new", Action.PROGRAM)
def create(staff: StaffCaller) -> ResponseReturnValue:
    """Create a campaign; at first it shows a week from tomorrow."""
    tomorrow = clock.local_date(clock.now(), staff.shop.timezone) + timedelta(days=1)
    starts, ends = (clock.start_of(tomorrow + timedelta(days=days), staff.shop.timezone) for days in (0, USUAL_DAYS))
    form = CampaignForm(multiplier=Decimal(2), starts_at=starts, ends_at=ends)
    if form.fits(staff.shop):
        with form.refusals():
            campaigns.create(staff.shop, str(form.name.data), **form.terms())
            return done(_("The campaign is created."), "campaigns.campaign_list")
    return page("campaigns/form.html", form=form, campaign=None)


@pages.form("/<campaign_id>", Action.PROGRAM)
def edit(staff: StaffCaller, campaign_id: str) -> ResponseReturnValue:
    """Change a campaign."""
    one = campaigns.need(staff.shop, campaign_id)
    present = CampaignTerms(multiplier=one.multiplier, starts_at=one.starts_at, ends_at=one.ends_at)
    form = CampaignForm(obj=one)
    if form.fits(staff.shop, campaign_id):
        with form.refusals():
            revision, terms = form.read_revision, form.terms(present)
            campaigns.change(staff.shop, campaign_id, revision, name=str(form.name.data), **terms)
            return done(_("Saved. Orders that were scored keep their points."), "campaigns.campaign_list")
    return page("campaigns/form.html", form=form, campaign=one, phase=campaigns.state(one))


@pages.form("/<campaign_id>/end", Action.PROGRAM)
def end(staff: StaffCaller, campaign_id: str) -> ResponseReturnValue:
    """End a running campaign now, or remove a planned one, after a question."""
    one = campaigns.need(staff.shop, campaign_id)
    form = RevisedForm(revision=one.revision)
    if form.accepts():
        with form.refusals():
            campaigns.end(staff.shop, campaign_id, form.read_revision)
            return done(_("%(name)s has ended.", name=one.name), "campaigns.campaign_list")
    return page("campaigns/end.html", form=form, campaign=one, phase=campaigns.state(one))


def _kept(typed: datetime, present: datetime) -> datetime:
    return present if typed == present.replace(second=0, microsecond=0) else typed
