"""The program as one YAML file: read it, see what a changed one would do, apply it (docs/program-file.md)."""

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import FileField
from wtforms import HiddenField, TextAreaField

from widget_server.dashboard import documents, refusals
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, Form
from widget_server.dashboard.pages import Pages
from widget_server.errors import BadRequest, Refusal
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import texts
from widget_server.program_file.changes import shown
from widget_server.program_file.texts import Fault, Plan

pages = Pages("program_file", "/program-file")


class FileForm(Form):
    """A program file: pasted, or chosen; a chosen one wins."""

    text = TextAreaField(_l("The file"), render_kw={"rows": 18, "spellcheck": "false", "class": "code"})
    file = FileField(_l("Or choose a file"), render_kw={"accept": ".yaml,.yml,text/yaml"})

    @property
    def content(self) -> str:
        """The text that was sent. Raises BadRequest (file) for a file that is not UTF-8."""
        chosen = self.file.data
        if not chosen:
            return str(self.text.data or "")
        try:
            return str(chosen.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise BadRequest(_("This file is not UTF-8 text."), field="file") from None


class ApplyForm(Form):
    """The file whose changes were shown, and the mark of these changes."""

    text = HiddenField(validators=[REQUIRED])
    mark = HiddenField(validators=[REQUIRED])


@pages.page("", Action.SETTINGS)
def program_file(staff: StaffCaller) -> ResponseReturnValue:
    """Show the present program as a file, ready to be changed."""
    return _form_page(FileForm(text=texts.present(staff.shop)))


@pages.page("/download", Action.SETTINGS)
def download(staff: StaffCaller) -> ResponseReturnValue:
    """Return the present program as a file."""
    response: Response = make_response(texts.present(staff.shop))
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = "attachment; filename=program.yaml"
    return documents.with_headers(response, None)


@pages.form("/plan", Action.SETTINGS)
def plan(staff: StaffCaller) -> ResponseReturnValue:
    """Show what a file would change; nothing is changed."""
    if request.method == "GET":
        return program_file(staff)
    form = FileForm()
    if not form.accepts():
        return _form_page(form)
    text = ""
    try:
        text = form.content
        return _plan_page(text, texts.plan_text(staff.shop, text))
    except Refusal as refused:
        return _faulty(text, refused)


@pages.form("/apply", Action.SETTINGS)
def apply(staff: StaffCaller) -> ResponseReturnValue:
    """Make the program match the file, if it still makes the changes that were shown."""
    form = ApplyForm()
    if not form.accepts():
        return program_file(staff)
    text = str(form.text.data)
    try:
        made = texts.apply_text(staff.shop, text, str(form.mark.data))
    except Refusal as refused:
        return _faulty(text, refused)
    count = len(made.changes)
    return done(ngettext("%(num)s change is made.", "%(num)s changes are made.", count), "program_file.program_file")


def _form_page(form: FileForm, faults: list[Fault] | None = None) -> ResponseReturnValue:
    return page("program_file/file.html", form=form, faults=faults or [], status=422 if faults else 200)


def _plan_page(text: str, found: Plan) -> ResponseReturnValue:
    form = ApplyForm(formdata=None, text=text, mark=found.mark)
    return page("program_file/plan.html", form=form, changes=found.changes, shown=shown)


def _faulty(text: str, refused: Refusal) -> ResponseReturnValue:
    """Returns the form again with every fault of the file, or with the refusal of the whole."""
    form = FileForm(formdata=None, text=text)
    if not isinstance(refused, BadRequest) and not refused.field:
        form.form_errors.append(refusals.text_of(refused))
        return _form_page(form)
    return _form_page(form, texts.faults(text, refused))
