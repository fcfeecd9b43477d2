"""The ordinary forms of the program on a draft: what they save goes into the draft alone.

A form reads its entry from a row in memory; what was typed becomes facts of the draft's file. The revision that a form
sends is the draft's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from widget_server import clock
from widget_server.dashboard import earning_rules, referral_program, rewards
from widget_server.dashboard import setting_words as words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.campaigns import USUAL_DAYS, CampaignForm
from widget_server.dashboard.documents import Link, done, page
from widget_server.dashboard.expiry import ExpiryForm
from widget_server.dashboard.forms import Form, RevisedForm
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.program import ProgramForm
from widget_server.dashboard.reward_forms import KIND_NAMES as REWARD_KINDS
from widget_server.dashboard.reward_forms import reward_form
from widget_server.dashboard.rule_forms import KIND_NAMES as RULE_KINDS
from widget_server.dashboard.rule_forms import rule_form
from widget_server.dashboard.tiers import TierForm, TiersForm
from widget_server.errors import NotFound, NotWholeCoins, Refusal
from widget_server.loyalty.points.tiers import days_of_months
from widget_server.loyalty.program import revisions
from widget_server.loyalty.program.programs import PAUSE_GRACE_DAYS, ProgramSettings
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import current, entries, stored_drafts
from widget_server.program_file.drafts import Rows, rows_of
from widget_server.program_file.facts import PROGRAM_WORDS, Facts, ProgramFile, Things
from widget_server.program_file.stored_drafts import ProgramDraft
from widget_server.program_file.writing import columns_of

pages = Pages("draft_edits", "/program/drafts/<draft_id>")

PLACE = re.compile(r"^[a-z_]+(\.levels)?\.\d+\.")  # of an entry in the draft's file
SECTION = re.compile(r"^(program|tiers|referral)\.")
FILE_NAMES = {name: column for column, name in PROGRAM_WORDS.items()}


class _Open:
    """The draft that a form is about, with its file."""

    def __init__(self, staff: StaffCaller, draft_id: str) -> None:
        self.staff = staff
        self.draft: ProgramDraft = stored_drafts.need(staff.shop, draft_id)
        self.file: ProgramFile = stored_drafts.file_of(staff.shop, self.draft)
        self.link = Link(url_for("dashboard_program_drafts.show", draft_id=draft_id), self.draft.name)

    @property
    def rows(self) -> Rows:
        """The draft's rules, rewards and tiers as rows in memory."""
        return rows_of(self.staff.shop, self.file, self.draft.revision)

    def saves(self, form: Form, what: str, facts: Facts | None) -> bool:
        """Put the facts into the draft; returns whether they fit, else the errors are beside the fields."""
        with self.refusals(form):
            revision = int(request.form.get("revision") or 0)
            stored_drafts.set_object(self.staff.shop, self.draft.id, revision, what, facts)
            return True
        return False

    @contextmanager
    def refusals(self, form: Form) -> Iterator[None]:
        """Context manager in which a refusal of the file becomes an error of the form's field."""
        with form.refusals():
            try:
                yield
            except Refusal as refusal:
                if not refusal.facts.get("faults"):
                    path = SECTION.sub("", PLACE.sub("", refusal.field or ""))
                    refusal.field = FILE_NAMES.get(path, path) or None
                raise

    def done(self) -> ResponseReturnValue:
        """Returns to the draft."""
        return done(_("It is in the draft now."), "program_drafts.show", draft_id=self.draft.id)

    def shows(self, template: str, form: Form, more: dict[str, Any]) -> ResponseReturnValue:
        """Returns an ordinary form, with `more` that its template needs; it leads back to the draft."""
        return page(template, form=form, back=self.link.address, back_name=self.link.name, **more)


@pages.form("/settings", Action.PROGRAM)
def settings(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Change the program's names and settings in the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    present = _settings(opened.file)
    names = {name: (opened.file.program or {})[name] for name in ("name", "points_name")}
    form = ProgramForm(revision=opened.draft.revision, **names, **vars(present))
    if form.accepts():
        typed = {"name": form.name.data, "points_name": form.points_name.data or None}
        if opened.saves(form, "program", {**typed, **current.facts_of(form.settings(present), PROGRAM_WORDS)}):
            return opened.done()
    return opened.shows("program/edit.html", form, {"groups": words.GROUPS, "example": None})


@pages.form("/expiry", Action.PROGRAM)
def expiry(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Change in the draft when points expire. Raises NotFound."""
    opened = _Open(staff, draft_id)
    form = ExpiryForm(revision=opened.draft.revision, **vars(_settings(opened.file)))
    if form.accepts():
        typed = {file_name: form[name].data for name, file_name in PROGRAM_WORDS.items() if name in form}
        facts = {name: list(value) if isinstance(value, tuple) else value for name, value in typed.items()}
        if opened.saves(form, "program", facts):
            return opened.done()
    return opened.shows("program/expiry_edit.html", form, {"grace": PAUSE_GRACE_DAYS})


@pages.form("/referral", Action.PROGRAM)
def referral(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Change the referral program in the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    row = opened.rows.referral
    form = referral_program.form_of(row)
    if form.accepts():
        for column, value in form.settings.items():
            setattr(row, column, value)
        try:
            stored_drafts.set_object(staff.shop, draft_id, form.read_revision, "referral", current.referral_facts(row))
        except NotWholeCoins as refusal:
            form.refuse_coins(is_friend="friend" in (refusal.field or ""), currency=staff.shop.currency)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return opened.done()
    return opened.shows("referral_program/edit.html", form, {"sides": referral_program.SIDES})


@pages.form("/rules/new/<kind>", Action.PROGRAM)
def new_rule(staff: StaffCaller, draft_id: str, kind: str) -> ResponseReturnValue:
    """Add a rule of this kind to the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    if kind not in RULE_KINDS:
        raise NotFound()
    return _rule(opened, _free(kind, opened.file.earning_rules), kind)


@pages.form("/rules/<handle>", Action.PROGRAM)
def rule(staff: StaffCaller, draft_id: str, handle: str) -> ResponseReturnValue:
    """Change a rule in the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    return _rule(opened, handle, str(_entry(opened.file.earning_rules, handle)["kind"]))


@pages.form("/rewards/new/<kind>", Action.PROGRAM)
def new_reward(staff: StaffCaller, draft_id: str, kind: str) -> ResponseReturnValue:
    """Add a reward of this kind to the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    if kind not in REWARD_KINDS:
        raise NotFound()
    return _reward(opened, _free(kind, opened.file.rewards), kind)


@pages.form("/rewards/<handle>", Action.PROGRAM)
def reward(staff: StaffCaller, draft_id: str, handle: str) -> ResponseReturnValue:
    """Change a reward in the draft. Raises NotFound."""
    opened = _Open(staff, draft_id)
    return _reward(opened, handle, str(_entry(opened.file.rewards, handle)["kind"]))


@pages.form("/tier-settings", Action.PROGRAM)
def tier_settings(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Change in the draft whether there are tiers, the days that count, and the base tier. Raises NotFound."""
    opened = _Open(staff, draft_id)
    present = opened.file.tiers or {}
    form = TiersForm(
        revision=opened.draft.revision, window=present["window_days"], unit="days", **_only(present, "active", "base_")
    )
    if form.accepts():
        facts = {
            "active": bool(form.active.data),
            "window_days": form.window.data if form.unit.data == "days" else days_of_months(form.window.data or 1),
            "base_name": form.base_name.data,
            "base_multiplier": form.base_multiplier.data,
            "base_benefits": form.base_benefits.data or None,
        }
        if opened.saves(form, "tiers", facts):
            return opened.done()
    return opened.shows("tiers/settings.html", form, {})


@pages.form("/tiers/new", Action.PROGRAM)
def new_tier(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Add a tier to the draft. Raises NotFound."""
    opened, form = _Open(staff, draft_id), TierForm()
    form.revision.data = form.revision.data or str(opened.draft.revision)
    return _tier(opened, form, None)


@pages.form("/tiers/<place>", Action.PROGRAM)
def tier(staff: StaffCaller, draft_id: str, place: str) -> ResponseReturnValue:
    """Change a tier in the draft; its name is what the file knows it by. Raises NotFound."""
    opened = _Open(staff, draft_id)
    name, facts = _at(opened.file.levels, place)
    form = TierForm(revision=opened.draft.revision, **facts)
    del form.name
    return _tier(opened, form, name)


@pages.form("/campaigns/new", Action.PROGRAM)
def new_campaign(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Add a campaign to the draft; at first it shows a week from tomorrow. Raises NotFound."""
    opened = _Open(staff, draft_id)
    tomorrow = clock.local_date(clock.now(), staff.shop.timezone) + timedelta(days=1)
    starts, ends = (clock.start_of(tomorrow + timedelta(days=days), staff.shop.timezone) for days in (0, USUAL_DAYS))
    form = CampaignForm(revision=opened.draft.revision, multiplier=Decimal(2), starts_at=starts, ends_at=ends)
    return _campaign(opened, form, None)


@pages.form("/campaigns/<place>", Action.PROGRAM)
def campaign(staff: StaffCaller, draft_id: str, place: str) -> ResponseReturnValue:
    """Change a campaign in the draft; its name is what the file knows it by. Raises NotFound."""
    opened = _Open(staff, draft_id)
    name, facts = _at(opened.file.campaigns, place)
    form = CampaignForm(revision=opened.draft.revision, **facts)
    del form.name
    return _campaign(opened, form, name)


@pages.act("/remove", Action.PROGRAM)
def remove(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Take an entry of a list out of the draft. Raises NotFound, StaleRevision, BadRequest."""
    opened, form, what = _Open(staff, draft_id), RevisedForm(), request.form.get("what", "")
    if not any(what == f"{section}.{name}" for section, some in opened.file.listed.items() for name in some or ()):
        raise NotFound()
    stored_drafts.set_object(staff.shop, draft_id, form.read_revision, what, None)
    return done(_("It is no longer in the draft."), "program_drafts.show", draft_id=draft_id)


def _rule(opened: _Open, handle: str, kind: str) -> ResponseReturnValue:
    rows = opened.rows
    form = rule_form(opened.staff.shop, kind, rows.rules.get(handle), among=rows.tiers)
    form.revision.data = form.revision.data or str(opened.draft.revision)
    if form.accepts():
        with opened.refusals(form):
            facts = entries.rule_facts(handle, form.entry())
            if opened.saves(form, f"earning_rules.{handle}", facts):
                return opened.done()
    return earning_rules.form_page(opened.staff, form, rows.rules.get(handle), draft=opened.link)


def _reward(opened: _Open, handle: str, kind: str) -> ResponseReturnValue:
    rows = opened.rows
    form = reward_form(opened.staff.shop, kind, rows.rewards.get(handle), among=rows.tiers)
    form.revision.data = form.revision.data or str(opened.draft.revision)
    if form.accepts() and "again" not in request.form:
        with opened.refusals(form):
            facts = entries.reward_facts(handle, form.entry())
            if opened.saves(form, f"rewards.{handle}", facts):
                return opened.done()
    return rewards.form_page(opened.staff, form, rows.rewards.get(handle), draft=opened.link)


def _tier(opened: _Open, form: TierForm, name: str | None) -> ResponseReturnValue:
    if form.accepts():
        called = name or str(form.name.data)
        facts = {
            "required_points": form.required_points.data,
            "multiplier": form.multiplier.data,
            "benefits": form.benefits.data or None,
        }
        if name is None and called in (opened.file.levels or {}):
            form.name.errors = [_("Another tier has this name.")]
        elif opened.saves(form, f"tiers.levels.{called}", facts):
            return opened.done()
    return opened.shows("tiers/form.html", form, {"tier": {"name": name} if name else None})


def _campaign(opened: _Open, form: CampaignForm, name: str | None) -> ResponseReturnValue:
    if form.accepts():
        called = name or str(form.name.data)
        if name is None and called in (opened.file.campaigns or {}):
            form.name.errors = [_("Another campaign has this name.")]
        elif opened.saves(form, f"campaigns.{called}", dict(form.terms())):
            return opened.done()
    return opened.shows("campaigns/form.html", form, {"campaign": {"name": name} if name else None})


def _settings(file: ProgramFile) -> ProgramSettings:
    return ProgramSettings(**columns_of(file.program or {}, PROGRAM_WORDS))


def _entry(things: Things | None, name: str) -> Facts:
    if name not in (things or {}):
        raise NotFound()
    return (things or {})[name]


def _at(things: Things | None, place: str) -> tuple[str, Facts]:
    some = dict(enumerate((things or {}).items()))
    if not (place.isascii() and place.isdecimal()) or int(place) not in some:
        raise NotFound()
    return some[int(place)]


def _free(kind: str, taken: Things | None) -> str:
    return revisions.free_handle(kind.replace("_", "-"), taken or {})


def _only(facts: Facts, *beginnings: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name.startswith(beginnings)}
