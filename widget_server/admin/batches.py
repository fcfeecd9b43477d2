"""Changes of many accounts: `/loyalty-batches/v1`, our addition to Wix's API (acceptance 54, 56)."""

from widget_server.admin.routes import MANAGE, READ, Service
from widget_server.admin.wire import batches as shapes
from widget_server.admin.wire.batches import KINDS, STATUSES, batch, error
from widget_server.errors import BatchUnfinished, NotFound
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("batches", "/loyalty-batches/v1", "Changes of many accounts")

CREATED = Field(Batch.created_at, "time")
ENTITY = Entity(
    "batch",
    {
        "id": Field(Batch.id, "id"),
        "kind": Field(Batch.kind, "enum", to_stored=word_of(KINDS)),
        "status": Field(Batch.status, "enum", to_stored=word_of(STATUSES)),
        "createdDate": CREATED,
    },
    (Field(Batch.id, "id"),),
    CREATED,
)


@service.route("POST", "/batches/query", READ, takes=query.query_body(ENTITY), returns=shapes.BatchesPage)
def query_batches(caller: Caller, body: query.QueryBody) -> shapes.BatchesPage:
    """Query batches by filter and order."""
    found = query.page(ENTITY, Batch.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {"batches": [batch(row) for row in found.rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/batches/<batch_id>", READ, returns=shapes.BatchResponse, refuses=(NotFound,))
def get_batch(caller: Caller, batch_id: str) -> shapes.BatchResponse:
    """Get one batch, with its progress."""
    return {"batch": batch(Batch.need(caller.shop, Batch.id == batch_id))}


@service.route(
    "GET", "/batches/<batch_id>/errors", READ, query=shapes.ErrorsQuery, returns=shapes.BatchErrors, refuses=(NotFound,)
)
def list_errors(caller: Caller, body: shapes.ErrorsQuery, batch_id: str) -> shapes.BatchErrors:
    """List the accounts that were not changed, or whose change was not undone, with the reason."""
    Batch.need(caller.shop, Batch.id == batch_id)
    found = batches.errors(
        caller.shop, batch_id, after_line=body.after_line or 0, limit=body.limit or batches.ERRORS_MAX
    )
    return {"errors": [error(item) for item in found]}


@service.route(
    "POST", "/batches/<batch_id>/undo", MANAGE, returns=shapes.BatchResponse, refuses=(NotFound, BatchUnfinished)
)
def undo_batch(caller: Caller, batch_id: str) -> shapes.BatchResponse:
    """Book the exact opposite of each change in the background, except for accounts that spent the points."""
    return {"batch": batch(batches.undo(caller.shop, batch_id))}
