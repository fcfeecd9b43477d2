"""The list of customers: `/loyalty-customers/v1/directory`, our addition to Wix's API."""

from collections.abc import Iterator

from widget_server.admin import customers
from widget_server.admin.routes import MANAGE, READ, SOURCE, naming, request_key, said
from widget_server.admin.wire import directory as shapes
from widget_server.admin.wire.accounts import JobStarted
from widget_server.admin.wire.directory import EVERYBODY
from widget_server.errors import NotFound
from widget_server.loyalty.people import directory, saved_views, selections
from widget_server.loyalty.people.selections import Selection
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = customers.service  # its routes stand under the same prefix, for keys of the same service
UNDER_FILTER = {name: f"filter.{name}" for name in ("text", "status", "label", "excluded")}
UNDER_FILTER |= {"tier": "filter.tierId", "account": "filter.hasAccount", "marketing": "filter.acceptsMarketing"}
UNDER_FILTER |= {"joined_from": "filter.joinedFrom", "joined_to": "filter.joinedTo"}
UNDER_FILTER |= {"active_from": "filter.activeFrom", "active_to": "filter.activeTo", "ids": "customerIds"}


@service.route("POST", "/directory/list", READ, takes=shapes.DirectoryQuery, returns=shapes.DirectoryPage)
def list_directory(caller: Caller, body: shapes.DirectoryQuery) -> shapes.DirectoryPage:
    """List customers with their balances: by a typed text, filters and an order, from an index, page by page.

    The text finds the beginnings of words in names, e-mail addresses, phone numbers and referral codes, and whole order
    numbers and coupon codes.
    """
    with naming(UNDER_FILTER):
        found = directory.page(
            caller.shop,
            (body.filter or EVERYBODY).chosen,
            body.order,
            after=body.after,
            before=body.before,
            size=body.limit or directory.PAGE_SIZE,
        )
    return {
        "customers": [shapes.listed(row) for row in found.rows],
        "before": found.before,
        "after": found.after,
        "count": found.matches.count,
        "is_more": found.matches.is_more,
    }


@service.route("POST", "/directory/dry-run", READ, takes=shapes.Change, returns=shapes.DryRun)
def try_change(caller: Caller, body: shapes.Change) -> shapes.DryRun:
    """Get what a change of the points of many customers would do, without doing it."""
    with naming(UNDER_FILTER):
        found = selections.dry_run(caller.shop, body.selection, by=body.amount, to_balance=body.balance)
    return shapes.dry_run(found)


@service.route("POST", "/directory/adjust-points", MANAGE, takes=shapes.ExplainedChange, returns=JobStarted)
def adjust_selected(caller: Caller, body: shapes.ExplainedChange) -> JobStarted:
    """Change, in the background, the points of the customers who are selected at this moment."""
    with naming(UNDER_FILTER):
        batch = selections.bulk_adjust(
            caller.shop,
            body.selection,
            source=SOURCE,
            key=request_key(),
            by=body.amount,
            to_balance=body.balance,
            annotation=said(caller, body),
        )
    return {"async_job_id": batch.id}


@service.csv("/directory.csv", READ, query=shapes.ExportQuery, streams=True)
def export_directory(caller: Caller, body: shapes.ExportQuery) -> Iterator[str]:
    """Download the customers who match, with their balances, as CSV."""
    with naming({}):
        return selections.export(caller.shop, Selection(chosen=body.chosen), body.order)


@service.route("GET", "/saved-views", READ, returns=shapes.SavedViews)
def list_views(caller: Caller) -> shapes.SavedViews:
    """List the saved views of the list of customers."""
    return {"views": [shapes.saved_view(row) for row in saved_views.all_of(caller.shop)]}


@service.route("POST", "/saved-views", MANAGE, takes=shapes.NewView, returns=shapes.SavedViewResponse)
def save_view(caller: Caller, body: shapes.NewView) -> shapes.SavedViewResponse:
    """Save a filter and an order under a name; a view with the same name is replaced. A shop has at most 50."""
    with naming(UNDER_FILTER):
        return {"view": shapes.saved_view(saved_views.save(caller.shop, body.name, body.query))}


@service.route("DELETE", "/saved-views/<view_id>", MANAGE, returns=Empty, refuses=(NotFound,))
def delete_view(caller: Caller, view_id: str) -> Empty:
    """Delete a saved view."""
    saved_views.delete(caller.shop, view_id)
    return {}
