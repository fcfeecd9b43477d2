"""Bulk updates: points of many customers at once, tried first, then as a job with its progress, result and undoing."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField

from widget_server.dashboard import customers, refusals
from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.documents import done, fragment, page, to
from widget_server.dashboard.forms import REQUIRED, KeyedForm, Line, WholeNumber, choices
from widget_server.dashboard.import_words import PROBLEMS
from widget_server.dashboard.pages import Pages
from widget_server.db import atomic
from widget_server.errors import BadRequest, Refusal
from widget_server.loyalty.people import directory, directory_filters, selections
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import point_caps
from widget_server.loyalty.staff.roles import Action

pages = Pages("bulk", "/bulk")

LISTED_MAX = 50
STATUSES = {
    "running": _l("Running"),
    "done": _l("Done"),
    "failed": _l("Stopped"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
}
REASONS = {**PROBLEMS, "balance_too_large": _l("That is more points than an account can hold.")}


class BulkForm(KeyedForm):
    """The change, and for whom. `selection` is the JSON text of the list's selection, read again when it is sent."""

    FIELDS = {"balance": "amount", "ids": "", "reason": "reason", "comment": "comment"}
    selection = HiddenField()
    mode = RadioField(
        _l("What to do"),
        choices=choices({"add": _l("Add or subtract points"), "set": _l("Set the balance")}),
        default="add",
    )
    amount = WholeNumber(
        _l("Amount"), validators=[REQUIRED], description=_l("A negative number, such as -50, subtracts points.")
    )
    reason = Line(_l("Internal comment"), description=_l("Optional. Only staff see it."))
    comment = Line(_l("Comment for the customer"), description=_l("Optional. Customers see it in their history."))

    @property
    def change(self) -> dict[str, int]:
        """The change as an argument of `selections.bulk_adjust`."""
        return {"by" if self.mode.data == "add" else "to_balance": int(self.amount.data or 0)}


@pages.page("", Action.BULK)
def batch_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the newest bulk updates."""
    rows = Batch.of(staff.shop).where(Batch.kind == "bulk").order_by(Batch.created_at.desc(), Batch.id)
    return page("bulk/list.html", batches=list(rows.limit(LISTED_MAX)), statuses=STATUSES)


@pages.form("/new", Action.BULK)
def new(staff: StaffCaller) -> ResponseReturnValue:
    """Ask for the change of the customers who were selected in the list, try it, and start it."""
    if request.method == "GET":
        return to("customers.customer_list")
    if "selection" not in request.form:
        return _asks(staff)
    form, estimate = BulkForm(), None
    if form.accepts():
        with form.refusals():
            selection = _read(str(form.selection.data))
            if request.form.get("do") == "try":
                estimate = selections.dry_run(staff.shop, selection, **form.change)
                return _shown(staff.shop, form, estimate=estimate)
            batch = _started(staff, selection, form)
            return done(_("The bulk update has started."), "bulk.batch", batch_id=batch.id)
    return _shown(staff.shop, form)


@pages.page("/<batch_id>", Action.BULK)
def batch(staff: StaffCaller, batch_id: str) -> ResponseReturnValue:
    """Show the progress and the result of a bulk update; while it runs, the page asks for the part that changes."""
    row = Batch.need(staff.shop, Batch.id == batch_id)
    is_part = "HX-Request" in request.headers
    show = fragment if is_part else page
    return show("bulk/_progress.html" if is_part else "bulk/batch.html", **_progress(staff.shop, row))


@pages.act("/<batch_id>/undo", Action.BULK)
def undo(staff: StaffCaller, batch_id: str) -> ResponseReturnValue:
    """Book the opposite of each row of a bulk update, within the caps of the role."""
    with atomic():
        point_caps.need_undoing_within(staff.shop, staff.member, Batch.need(staff.shop, Batch.id == batch_id))
        batches.undo(staff.shop, batch_id)
    return done(_("The bulk update is being undone."), "bulk.batch", batch_id=batch_id)


def _started(staff: StaffCaller, selection: Selection, form: BulkForm) -> Batch:
    """Start the change of the form, once for its key, within the caps of the role.

    Raises what `selections.bulk_adjust` refuses, and PointsCapReached.
    """
    key, note = str(form.request_key.data), staff.annotation(form.reason.data, form.comment.data)
    with atomic():
        staff.hold_caps()
        is_new = Batch.one(staff.shop, Batch.source == SOURCE, Batch.key == key) is None
        batch = selections.bulk_adjust(staff.shop, selection, source=SOURCE, key=key, annotation=note, **form.change)
        if is_new:
            point_caps.need_batch_within(staff.shop, staff.member, batch)
        return batch


def _asks(staff: StaffCaller) -> ResponseReturnValue:
    """Returns the empty form for the selection that the list sent; the list again when nothing was selected."""
    try:
        selection = customers.selected(request.form)
    except Refusal as refusal:
        shown = customers.listing(staff.shop, request.form)
        return page(
            "customers/list.html",
            status=422,
            refusal=refusals.text_of(refusal),
            views=customers.views(staff.shop),
            form=None,
            **shown,
        )
    return _shown(staff.shop, BulkForm(formdata=None, selection=_written(selection)))


def _shown(shop: Shop, form: BulkForm, **values: object) -> ResponseReturnValue:
    """Returns the page of the form, with how many customers are selected."""
    selection = _read(str(form.selection.data))
    if selection.ids is None:
        matches = directory.match(shop, selection.chosen)
        count, is_more = matches.count, matches.is_more
    else:
        count, is_more = len(set(selection.ids)), False
    shown: dict[str, Any] = {"estimate": None, **values}
    if shown["estimate"] is not None:
        rows = directory.by_ids(shop, shown["estimate"].first_below_zero, Customer.id, Customer.name, Customer.email)
        shown["poorest"] = list(rows)
    return page("bulk/new.html", form=form, selection=selection, count=count, is_more=is_more, **shown)


def _progress(shop: Shop, row: Batch) -> dict[str, Any]:
    """Returns what the page of a bulk update shows."""
    errors = batches.errors(shop, row.id)
    ids = [item.account_id for item in errors if item.account_id]
    people = {one.account_id: one for one in Customer.of(shop).where(Customer.account_id.in_(ids))} if ids else {}
    listed = [
        (
            item,
            people.get(item.account_id),
            REASONS.get(item.code or "", item.code),
        )
        for item in errors
    ]
    at_work = row.status in ("running", "undoing")
    return {
        "batch": row,
        "statuses": STATUSES,
        "errors": listed,
        "at_work": at_work,
        "processed": row.succeeded + row.failed + row.skipped if row.status != "undoing" else row.undone + row.kept,
        "whole": row.total if row.status != "undoing" else row.succeeded,
    }


def _written(selection: Selection) -> str:
    """Returns the selection as the form holds it."""
    if selection.ids is not None:
        return json.dumps({"ids": selection.ids})
    return json.dumps({"filter": directory_filters.written(selection.chosen)})


def _read(text: str) -> Selection:
    """Returns the selection that the form holds; raises BadRequest for a text that is not one."""
    try:
        sent = json.loads(text)
        if isinstance(sent.get("ids"), list):
            return Selection(tuple(str(id) for id in sent["ids"]))
        kept: Mapping[str, str] = {str(name): str(value) for name, value in sent["filter"].items()}
    except (ValueError, KeyError, AttributeError) as malformed:
        raise BadRequest("This is not a selection of customers.", field="selection") from malformed
    return Selection(chosen=directory_filters.read(kept))
