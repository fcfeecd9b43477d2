"""Imports: a CSV file is sent, its columns are matched, a preview says what it would do, and a job does it."""

from datetime import datetime
from typing import Any, cast

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from widget_server import clock
from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.documents import done, fragment, page, to
from widget_server.dashboard.files import csv_file
from widget_server.dashboard.forms import Form
from widget_server.dashboard.import_forms import (
    FIELD_NAMES,
    MODES,
    WITH_DAYS,
    ColumnsForm,
    FileForm,
    ImportForm,
    mode_of,
)
from widget_server.dashboard.import_words import PROBLEMS, unreadable
from widget_server.dashboard.pages import Pages
from widget_server.db import atomic
from widget_server.errors import ImportNotParsed
from widget_server.loyalty.imports import imports, progress, uploads
from widget_server.loyalty.imports.columns import FIELDS, in_order
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.uploads import FILE_BYTES_MAX
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.staff import point_caps
from widget_server.loyalty.staff.roles import Action

pages = Pages("imports", "/imports")

STATES = {
    "reading": _l("Being read"),
    "unreadable": _l("Cannot be read"),
    "columns": _l("Columns to confirm"),
    "looking": _l("Preview under way"),
    "preview": _l("To be confirmed"),
    "importing": _l("Being imported"),
    "imported": _l("Imported"),
    "failed": _l("Failed"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
}
WAITING = ("reading", "looking", "importing", "undoing")


@pages.before_request
def allow_files() -> None:
    """Accept a whole file where one is sent; the form is read after the role was checked."""
    if request.endpoint == "dashboard_imports.import_new":
        request.max_content_length = FILE_BYTES_MAX + 100_000


@pages.page("", Action.BULK)
def import_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the imports, newest first."""
    found = progress.newest(staff.shop, before=_moment(request.args.get("before")), limit=progress.PAGE + 1)
    shown, more = found[: progress.PAGE], len(found) > progress.PAGE
    older = url_for(".import_list", before=clock.iso(shown[-1][0].created_at)) if more else None
    rows = [(made, batch, state_of(made, batch)) for made, batch in shown]
    return page("imports/list.html", rows=rows, older=older, modes=MODES, states=STATES)


@pages.form("/new", Action.BULK)
def import_new(staff: StaffCaller) -> ResponseReturnValue:
    """Send a file, and say what its rows are."""
    form = FileForm(mode=mode_of(request.args.get("mode")))
    if form.accepts():
        with form.refusals():
            made = _created(staff, form)
            return to("imports.import_page", import_id=made.id)
    return page("imports/new.html", form=form, modes=MODES)


@pages.page("/template/<mode>.csv", Action.BULK)
def template(staff: StaffCaller, mode: str) -> ResponseReturnValue:
    """Download a file with the fields of a mode and examples."""
    return csv_file([FIELDS[mode_of(mode)].template], f"{mode_of(mode)}.csv")


@pages.page("/<import_id>", Action.BULK)
def import_page(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Show the import at its present step."""
    return page("imports/import.html", **_step(staff, import_id, again=request.args.get("step")))


@pages.page("/<import_id>/state", Action.BULK)
def import_state(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Show the present step alone, for a page that waits."""
    return fragment("imports/_step.html", **_step(staff, import_id))


@pages.act("/<import_id>/columns", Action.BULK)
def match_columns(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Take the columns of the fields, and begin the preview."""
    made = Import.need(staff.shop, Import.id == import_id)
    form = ColumnsForm.of(made, imports.proposed(made, made.mode))
    if form.accepts():
        with form.refusals():
            imports.begin_preview(
                staff.shop,
                made.id,
                mode=made.mode,
                mapping=form.mapping(made.mode),
                creates_customers=bool(form.creates_customers.data),
                day_first=form.day_first,
            )
            return to("imports.import_page", import_id=made.id)
    return page("imports/import.html", **_values(made, None, "columns", form))


@pages.act("/<import_id>/execute", Action.BULK)
def execute(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Begin the import as its preview showed it."""
    made, form = Import.need(staff.shop, Import.id == import_id), ImportForm()
    if form.accepts():
        with form.refusals(), atomic():
            _count_preview(staff, made)
            imports.execute(
                staff.shop,
                made.id,
                source=SOURCE,
                mapping=made.mapping,
                mode=made.mode,
                again=bool(form.again.data),
                creates_customers=made.creates_customers,
                day_first=made.day_first,
                annotation=staff.annotation(form.reason.data, form.own_comment),
            )
            return done(_("The points are being imported."), "imports.import_page", import_id=made.id)
    return page("imports/import.html", **_values(made, None, "preview", form))


@pages.page("/<import_id>/errors.csv", Action.BULK)
def errors(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Download the rows that were not imported, each with its problem."""
    return csv_file(imports.error_file(staff.shop, import_id, PROBLEMS), "errors.csv", streams=True)


@pages.form("/<import_id>/undo", Action.BULK)
def undo(staff: StaffCaller, import_id: str) -> ResponseReturnValue:
    """Undo the import, after a question."""
    made, form = Import.need(staff.shop, Import.id == import_id), Form()
    batch = Batch.need(staff.shop, Batch.id == made.batch_id)
    if form.accepts():
        with form.refusals(), atomic():
            point_caps.need_undoing_within(staff.shop, staff.member, batch)
            batches.undo(staff.shop, batch.id)
            return done(_("The import is being undone."), "imports.import_page", import_id=made.id)
    return page("imports/undo.html", form=form, made=made, batch=batch)


def state_of(made: Import, batch: Batch | None) -> str:
    """Returns the step at which the import is, of STATES."""
    if batch is not None and batch.status in ("undoing", "undone"):
        return str(batch.status)
    if made.status == "parsed":
        return {"running": "looking", "done": "preview", "failed": "columns"}.get(made.preview_status or "", "columns")
    if made.status == "failed" and batch is None:
        return "unreadable"
    return {"parsing": "reading"}.get(made.status, str(made.status))


def _count_preview(staff: StaffCaller, made: Import) -> None:
    """Count what the preview says against the caps of the role.

    Raises PointsCapReached, and ImportNotParsed for a member with caps while there is no preview.
    """
    if staff.member.is_capped and made.status == "parsed":
        if made.preview_status != "done" or made.preview is None:
            raise ImportNotParsed()
        staff.need_points(int(made.preview["points_added"]) + int(made.preview["points_removed"]))


def _created(staff: StaffCaller, form: FileForm) -> Import:
    """Store the file that was sent; returns its import, which a job reads. Raises FileTooLarge."""
    sent = cast(FileStorage, form.file.data)
    upload = uploads.receive(uploads.new_upload(staff.shop).id, sent.stream)  # type: ignore[arg-type]  # of werkzeug
    name = (sent.filename or "")[:200] or None
    return imports.create(staff.shop, upload.id, file_name=name, mode=mode_of(form.mode.data))


def _step(staff: StaffCaller, import_id: str, again: str | None = None) -> dict[str, Any]:
    """Returns what the import's present step shows; `again` goes back to the columns from the preview."""
    made = Import.need(staff.shop, Import.id == import_id)
    batch = progress.batch_of(made)
    state = state_of(made, batch)
    if state == "preview" and again == "columns":
        state = "columns"
    form: Form | None = None
    if state == "columns":
        form = ColumnsForm.of(made, made.mapping or imports.proposed(made, made.mode))
    elif state == "preview":
        form = ImportForm()
    return _values(made, batch, state, form)


def _values(made: Import, batch: Batch | None, state: str, form: Form | None) -> dict[str, Any]:
    return {
        "made": made,
        "batch": batch,
        "phase": state,
        "form": form,
        "progress": progress.of(made, batch),
        "waits": state in WAITING,
        "states": STATES,
        "modes": MODES,
        "fields": [(name, FIELD_NAMES[name], name in FIELDS[made.mode].needed) for name in FIELDS[made.mode].names],
        "mapped": [name for name, _at in in_order(made.mode, made.mapping or {})],
        "field_names": FIELD_NAMES,
        "has_days": made.mode in WITH_DAYS,
        "reasons": PROBLEMS,
        "unreadable": unreadable,
        "has_errors": batch is not None and bool(batch.failed) and imports.has_error_file(made),
    }


def _moment(text: str | None) -> datetime | None:
    """Returns the moment of a link to older imports; None for anything else."""
    try:
        return clock.parse(text) if text else None
    except ValueError:
        return None
