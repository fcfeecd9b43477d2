"""Tiers: their list with how many customers are in each, their settings, and each tier's form."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.validators import Length

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import (
    OPTIONAL,
    REQUIRED,
    REQUIRED_TEXT,
    Line,
    RevisedForm,
    WholeNumber,
    choices,
)
from widget_server.dashboard.number_fields import Amount, between, plain
from widget_server.dashboard.pages import Pages
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty import reports
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.campaigns import MULTIPLIER_MAX
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import TierProgram, TierSettings
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file.fields import DAYS_MAX

pages = Pages("tiers", "/tiers")

MONTHS_MAX = 120
BENEFITS = _l("What members of the tier have besides, in your words. The widget shows it.")
MULTIPLIER = _l("1.5 gives 15 points where others get 10. A way to earn may have its own figures for a tier.")


class TierForm(RevisedForm):
    """One tier."""

    name = Line(_l("Name"), validators=[REQUIRED_TEXT, Length(max=100)])
    required_points = WholeNumber(
        _l("Points needed"),
        validators=[REQUIRED, between(1, POINTS_MAX)],
        description=_l("Points earned in the period that counts; spending them does not lower the tier."),
    )
    multiplier = Amount(
        _l("Multiplier"), validators=[OPTIONAL, between(0, int(MULTIPLIER_MAX))], description=MULTIPLIER
    )
    benefits = TextAreaField(_l("Benefits"), validators=[Length(max=1000)], description=BENEFITS)


class TiersForm(RevisedForm):
    """Whether there are tiers, the period that counts, and the base tier."""

    active = BooleanField(
        _l("There are tiers"), description=_l("Off: everybody is in the base tier, no points change.")
    )
    window = WholeNumber(
        _l("Points count for"),
        validators=[REQUIRED],
        description=_l("A tier is reached by the points earned in this period up to today, and checked every day."),
    )
    unit = SelectField(_l("Unit"), choices=choices({"months": _l("months"), "days": _l("days")}))
    base_name = Line(
        _l("Name of the base tier"), validators=[OPTIONAL, Length(max=100)], description=_l("Empty: it has no name.")
    )
    base_multiplier = Amount(_l("Multiplier of the base tier"), validators=[REQUIRED, between(0, int(MULTIPLIER_MAX))])
    base_benefits = TextAreaField(_l("Benefits of the base tier"), validators=[Length(max=1000)], description=BENEFITS)

    def validate_window(self, field: WholeNumber) -> None:
        """The period has a limit for each unit. Raises ValidationError."""
        between(1, MONTHS_MAX if self.unit.data == "months" else DAYS_MAX)(self, field)

    def settings(self, present: TierProgram) -> TierSettings:
        """Returns what was typed; a program that stays off keeps its reason."""
        typed = TierSettings(
            base_name=self.base_name.data,
            base_multiplier=self.base_multiplier.data,
            base_benefits=self.base_benefits.data or None,
        )
        if self.unit.data == "months":
            typed["window_months"] = self.window.data
        else:
            typed["window_days"] = self.window.data or 1
        if self.active.data != bool(present.active):
            typed["active"] = self.active.data
        return typed


@pages.page("", Action.SEE)
def tier_list(staff: StaffCaller) -> ResponseReturnValue:
    """List the tiers, lowest first, with how many customers are in each."""
    counts = dict(reports.program_totals(staff.shop).tiers)
    return page(
        "tiers/list.html",
        program=tiers.program_settings(staff.shop),
        tiers=tiers.listed(staff.shop.id),
        counts=counts,
        plain=plain,
    )


@pages.form("/settings", Action.PROGRAM)
def settings(staff: StaffCaller) -> ResponseReturnValue:
    """Switch tiers on or off; set the period that counts and the base tier."""
    present = tiers.program_settings(staff.shop)
    form = TiersForm(
        revision=present.revision,
        active=bool(present.active),
        window=present.window_months or present.window_days,
        unit="months" if present.window_months else "days",
        base_name=present.base_name,
        base_multiplier=present.base_multiplier,
        base_benefits=present.base_benefits,
    )
    if form.accepts():
        with form.refusals():
            tiers.change_program(staff.shop, form.read_revision, **form.settings(present))
            return done(_("Saved. Members move to the tier that their points reach."), "tiers.tier_list")
    return page("tiers/settings.html", form=form)


@pages.form("/new", Action.PROGRAM)
def create(staff: StaffCaller) -> ResponseReturnValue:
    """Create a tier."""
    form = TierForm()
    if form.accepts():
        with form.refusals():
            tiers.create(
                staff.shop,
                str(form.name.data),
                int(form.required_points.data or 0),
                multiplier=form.multiplier.data,
                benefits=form.benefits.data or None,
            )
            return done(_("The tier is created. Members move into it as their points reach it."), "tiers.tier_list")
    return page("tiers/form.html", form=form, tier=None)


@pages.form("/<tier_id>", Action.PROGRAM)
def edit(staff: StaffCaller, tier_id: str) -> ResponseReturnValue:
    """Change a tier."""
    tier = tiers.need(staff.shop, tier_id)
    form = TierForm(obj=tier)
    if form.accepts():
        with form.refusals():
            tiers.change(
                staff.shop,
                tier_id,
                form.read_revision,
                name=str(form.name.data),
                required_points=int(form.required_points.data or 0),
                multiplier=form.multiplier.data,
                benefits=form.benefits.data or None,
            )
            return done(_("Saved. Members move to the tier that their points reach."), "tiers.tier_list")
    return page("tiers/form.html", form=form, tier=tier)


@pages.form("/<tier_id>/delete", Action.PROGRAM)
def delete(staff: StaffCaller, tier_id: str) -> ResponseReturnValue:
    """Delete a tier, after saying who is in it and what names it."""
    tier = tiers.need(staff.shop, tier_id)
    form = RevisedForm(revision=tier.revision)
    if form.accepts():
        with form.refusals():
            tiers.remove(staff.shop, tier_id, form.read_revision)
            return done(_("%(name)s is deleted.", name=tier.name), "tiers.tier_list")
    count = dict(reports.program_totals(staff.shop).tiers).get(tier_id, 0)
    return page("tiers/delete.html", form=form, tier=tier, count=count, named_by=_named_by(staff, tier_id))


def _named_by(staff: StaffCaller, tier_id: str) -> list[str]:
    """Returns the titles of the rules and rewards that have something of their own for the tier."""
    by_rules = [
        one.title or one.kind
        for one in rules.listed_all(staff.shop)
        if one.has_own(tier_id) or tier_id in one.terms.tier_ids
    ]
    by_rewards = [
        one.title or one.kind
        for one in rewards.listed(staff.shop)
        if tier_id == one.tier_id or tier_id in (one.by_tier or {})
    ]
    return [*by_rules, *by_rewards]
