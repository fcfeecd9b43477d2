"""Customers: the list with its search, filters, orders and saved views, the selection of its rows, and their file."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import refusals
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import UNPROCESSABLE, done, fragment, page, with_headers
from widget_server.dashboard.forms import REQUIRED, Form, Line
from widget_server.dashboard.pages import Pages
from widget_server.errors import Refusal
from widget_server.loyalty.people import directory, directory_filters, saved_views, selections
from widget_server.loyalty.people.directory_filters import Filter
from widget_server.loyalty.people.saved_views import SavedView
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action

pages = Pages("customers", "/customers")

STATUSES = {"member": _l("Member"), "visitor": _l("Visitor"), "pending": _l("Pending")}
ORDERS = {
    "newest.down": _l("Newest first"),
    "newest.up": _l("Oldest first"),
    "name.up": _l("Name A to Z"),
    "name.down": _l("Name Z to A"),
    "balance.down": _l("Highest balance"),
    "balance.up": _l("Lowest balance"),
    "activity.down": _l("Active most recently"),
    "activity.up": _l("Inactive for the longest time"),
}
ALL_OF, EACH, OF_PAGE = "all", "id", "on_page"  # fields of the selection


class ViewForm(Form):
    """The name under which the filter of the page is saved."""

    name = Line(_l("Name of the view"), validators=[REQUIRED])


@pages.page("", Action.SEE)
def customer_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show a page of the list; the search field gets the part that changes while one types."""
    values, refusal = dict(request.args), None
    try:
        shown = listing(staff.shop, values)
    except Refusal as refused:
        refusal, shown = refusals.text_of(refused), listing(staff.shop, {})
        shown["values"] = values
    if "HX-Request" in request.headers:
        return fragment("customers/_results.html", refusal=refusal, **shown)
    return page(
        "customers/list.html",
        status=UNPROCESSABLE if refusal else 200,
        refusal=refusal,
        views=views(staff.shop),
        form=None,
        **shown,
    )


@pages.act("/views", Action.CARE)
def save_view(staff: StaffCaller) -> ResponseReturnValue:
    """Save the filter and the order of the page under a name, for all staff."""
    form = ViewForm()
    if form.accepts():
        with form.refusals():
            view = saved_views.save(staff.shop, str(form.name.data), query(request.form))
            return done(_("The view is saved."), "customers.customer_list", **view.query)
    return page(
        "customers/list.html", refusal=None, views=views(staff.shop), form=form, **listing(staff.shop, request.form)
    )


@pages.act("/views/<view_id>/delete", Action.CARE)
def delete_view(staff: StaffCaller, view_id: str) -> ResponseReturnValue:
    """Remove a saved view."""
    saved_views.delete(staff.shop, view_id)
    return done(_("The view is deleted."), "customers.customer_list")


@pages.act("/export", Action.BULK)
def export(staff: StaffCaller) -> ResponseReturnValue:
    """Send a CSV file of the selected customers, or of all who match when none is selected."""
    values = query(request.form)
    order = directory_filters.read_order(values)
    try:
        selection = selected(request.form)
    except Refusal:
        selection = Selection(chosen=directory_filters.read(values))
    lines = selections.export(staff.shop, selection, order)
    response = Response(stream_with_context(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return with_headers(response, None)


def selected(sent: Mapping[str, str]) -> Selection:
    """Returns the selection of the list's form: all who match, the page, or single rows. Raises BadRequest for none."""
    if sent.get(ALL_OF):
        return Selection(chosen=directory_filters.read(query(sent)))
    return Selection(tuple(request.form.getlist(OF_PAGE if sent.get("page") else EACH)))


def query(values: Mapping[str, str]) -> dict[str, str]:
    """Returns the texts of a filter and an order; the form has the order in one field, `order`."""
    by, _dot, way = values.get("order", "").partition(".")
    return {"sort": by, "way": way, **{name: text for name, text in values.items() if text}}


def listing(shop: Shop, values: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the list shows for these texts of an address. Raises BadRequest for one that is not a filter."""
    texts = query(values)
    chosen, order = directory_filters.read(texts), directory_filters.read_order(texts)
    found = directory.page(shop, chosen, order, after=values.get("after") or None, before=values.get("before") or None)
    kept = directory_filters.written(chosen) | directory_filters.written_order(order)
    here = url_for("dashboard_customers.customer_list")

    def beside(name: str, position: str | None) -> str | None:
        return f"{here}?{urlencode({**kept, name: position})}" if position else None

    return {
        "rows": found.rows,
        "matches": found.matches,
        "chosen": chosen,
        "values": directory_filters.written(chosen),
        "order": f"{order.by}.{order.way}",
        "is_by_joining": found.order.by == "joined",
        "kept": kept,
        "before": beside("before", found.before),
        "after": beside("after", found.after),
        "tiers": {tier.id: tier.name for tier in Tier.of(shop).order_by(Tier.required_points)},
        "statuses": STATUSES,
        "orders": ORDERS,
        "is_filtered": has_more(chosen),
    }


def has_more(chosen: Filter) -> bool:
    """Whether conditions are set that the page shows under "More filters"."""
    return bool(directory_filters.written(chosen).keys() - {"text", "status"})


def views(shop: Shop) -> list[tuple[SavedView, str]]:
    """Returns the saved views with their addresses."""
    here = url_for("dashboard_customers.customer_list")
    return [(view, f"{here}?{urlencode(view.query)}") for view in saved_views.all_of(shop)]
