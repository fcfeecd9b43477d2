"""Drafts of the whole program: many changes that are prepared, tried on past orders, and published at once."""

from flask import Response, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms.validators import Length

from widget_server.dashboard import backtest, documents, draft_words, refusals
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import REQUIRED_TEXT, Form, Line, RevisedForm
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.program_file import FileForm
from widget_server.dashboard.reward_forms import KIND_NAMES as REWARD_KINDS
from widget_server.dashboard.rule_forms import KIND_NAMES as RULE_KINDS
from widget_server.errors import BadRequest, DraftOutdated, LowContrast, Refusal
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import stored_drafts, texts
from widget_server.program_file.drafts import of_file
from widget_server.program_file.stored_drafts import NAME_LENGTH_MAX, Outlook, Side
from widget_server.program_file.texts import Fault

pages = Pages("program_drafts", "/program/drafts")

SHOW = "program_drafts.show"


class NameForm(Form):
    """The name of a new draft."""

    name = Line(
        _l("Name"),
        validators=[REQUIRED_TEXT, Length(max=NAME_LENGTH_MAX)],
        description=_l("Only for you, as Spring or More for members."),
    )


class DraftFileForm(FileForm, RevisedForm):
    """A program file that is loaded into a draft."""


@pages.page("", Action.SEE)
def draft_list(staff: StaffCaller) -> ResponseReturnValue:
    """List the drafts, newest first."""
    return page("drafts/list.html", drafts=stored_drafts.all_of(staff.shop))


@pages.form("/new", Action.PROGRAM)
def create(staff: StaffCaller) -> ResponseReturnValue:
    """Make a draft of today's program."""
    form = NameForm()
    if form.accepts():
        with form.refusals():
            draft = stored_drafts.create(staff.shop, str(form.name.data))
            return done(_("The draft is made. Customers see nothing of it."), SHOW, draft_id=draft.id)
    return page("drafts/new.html", form=form)


@pages.page("/<draft_id>", Action.SEE)
def show(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Show what the draft changes, what stands against it, and everything that can be edited in it. Raises NotFound."""
    draft = stored_drafts.need(staff.shop, draft_id)
    return page(
        "drafts/show.html",
        draft=draft,
        file=stored_drafts.file_of(staff.shop, draft),
        rule_kinds=RULE_KINDS,
        reward_kinds=REWARD_KINDS,
        told=_told(stored_drafts.outlook(staff.shop, draft)),
    )


@pages.form("/<draft_id>/publish", Action.PROGRAM)
def publish(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Publish the draft, after showing what that changes. Raises NotFound."""
    draft = stored_drafts.need(staff.shop, draft_id)
    form = RevisedForm(revision=draft.revision)
    if form.accepts():
        try:
            made = stored_drafts.publish(staff.shop, draft_id, form.read_revision)
        except DraftOutdated:
            return to(SHOW, draft_id=draft_id)  # it shows both sides
        except Refusal as refusal:
            form.form_errors.append(_sentence(refusal))
        else:
            text = ngettext("Published: %(num)s change is made.", "Published: %(num)s changes are made.", len(made))
            return done(text, "versions.version_list")
    found = stored_drafts.outlook(staff.shop, draft)
    if found.conflicts:
        return to(SHOW, draft_id=draft_id)
    return page("drafts/publish.html", form=form, draft=draft, told=_told(found))


@pages.act("/<draft_id>/settle", Action.PROGRAM)
def settle(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Settle one conflict: what the draft has, or what the shop has now. Raises NotFound, StaleRevision."""
    form, what = RevisedForm(), request.form.get("what", "")
    side: Side = "live" if request.form.get("side") == "live" else "draft"
    stored_drafts.settle(staff.shop, draft_id, form.read_revision, {what: side})
    text = _("It stays as it is today.") if side == "live" else _("The draft decides.")
    return done(text, SHOW, draft_id=draft_id)


@pages.act("/<draft_id>/try", Action.PROGRAM)
def try_it(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Try the whole draft on past orders. Raises NotFound."""
    draft = stored_drafts.need(staff.shop, draft_id)
    try:
        tried = of_file(staff.shop, stored_drafts.outlook(staff.shop, draft).file)
    except Refusal as refusal:
        return done(_sentence(refusal), SHOW, draft_id=draft_id)
    back = url_for("dashboard_program_drafts.show", draft_id=draft_id)
    return backtest.result(staff, tried, back, saves_at=None, mark=f"{draft.id} {draft.revision}")


@pages.form("/<draft_id>/discard", Action.PROGRAM)
def discard(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Delete the draft, after a question. Raises NotFound."""
    draft, form = stored_drafts.need(staff.shop, draft_id), Form()
    if form.accepts():
        stored_drafts.discard(staff.shop, draft_id)
        return done(_("%(name)s is deleted.", name=draft.name), "program_drafts.draft_list")
    return page("drafts/discard.html", form=form, draft=draft)


@pages.page("/<draft_id>/download", Action.SEE)
def download(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Return the draft as a program file. Raises NotFound."""
    response: Response = make_response(stored_drafts.need(staff.shop, draft_id).document)
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = "attachment; filename=program-draft.yaml"
    return documents.with_headers(response, None)


@pages.form("/<draft_id>/file", Action.PROGRAM)
def load(staff: StaffCaller, draft_id: str) -> ResponseReturnValue:
    """Load a program file into the draft: pasted, or chosen. Raises NotFound."""
    draft = stored_drafts.need(staff.shop, draft_id)
    form, faults, text = DraftFileForm(text=draft.document, revision=draft.revision), list[Fault](), ""
    if form.accepts():
        try:
            text = form.content
            stored_drafts.set_text(staff.shop, draft_id, form.read_revision, text)
            return done(_("It is in the draft now."), SHOW, draft_id=draft_id)
        except (BadRequest, LowContrast) as refused:
            faults = texts.faults(text, refused)
        except Refusal as refused:
            form.form_errors.append(refusals.text_of(refused))
    return page("drafts/file.html", form=form, draft=draft, faults=faults, status=422 if faults else 200)


def _told(found: Outlook) -> draft_words.Told:
    parts = draft_words.parts(found.changes, found.file)
    return draft_words.Told(parts, [draft_words.clash(one) for one in found.conflicts])


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.field}: {refusal.message}" if refusal.field else refusals.text_of(refusal)
