"""Annotations of points that staff or an app moved: `/loyalty-adjustments/v1` (acceptance 49, 55).

`comment` is what the customer reads; `reason` is internal, and for a transaction only this service returns it.
"""

from typing import Any

from widget_server.admin.routes import READ, Service
from widget_server.admin.wire.adjustments import AdjustmentResponse, AdjustmentsPage, adjustment
from widget_server.errors import NotFound
from widget_server.ledger import Transaction
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field

service = Service("adjustments", "/loyalty-adjustments/v1", "What was said of points moved by hand")

CREATED = Field(Adjustment.created_at, "time")
ENTITY = Entity(
    "adjustment",
    {
        "transactionId": Field(Adjustment.transaction_id, "id"),
        "accountId": Field(Transaction.account_id, "id"),
        "amount": Field(Transaction.amount, "int"),
        "reason": Field(Adjustment.reason, "text", nullable=True),
        "comment": Field(Adjustment.comment, "text", nullable=True),
        "staff": Field(Adjustment.staff, "text", nullable=True),
        "appId": Field(Adjustment.app_id, "text", nullable=True),
        "createdDate": CREATED,
    },
    (Field(Adjustment.id, "id"),),
    CREATED,
)


@service.route("POST", "/adjustments/query", READ, takes=query.query_body(ENTITY), returns=AdjustmentsPage)
def query_adjustments(caller: Caller, body: query.QueryBody) -> AdjustmentsPage:
    """Query annotations by filter and order."""
    found = query.page(ENTITY, _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {"adjustments": [adjustment(row, row.row) for row in found.rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/adjustments/<transaction_id>", READ, returns=AdjustmentResponse, refuses=(NotFound,))
def get_adjustment(caller: Caller, transaction_id: str) -> AdjustmentResponse:
    """Get the annotation of one transaction."""
    Adjustment.need(caller.shop, Adjustment.transaction_id == transaction_id)
    row = _select(caller.shop).where(Adjustment.transaction_id == transaction_id).get()
    return {"adjustment": adjustment(row, row.row)}


def _select(shop: Shop) -> Any:
    joined = Adjustment.of(shop, Adjustment, Transaction.account_id, Transaction.sequence, Transaction.amount)
    return joined.join(Transaction, on=(Transaction.id == Adjustment.transaction_id), attr="row")
