"""What was said when points were moved by hand or by an app: `/loyalty-adjustments/v1` (acceptance 49, 55).

`comment` is what the customer reads; `reason` is internal, and leaves by this door alone.
"""

from typing import Any

from marshmallow import fields

from widget_server.admin.routes import READ, Service
from widget_server.ledger import Transaction
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field
from widget_server.web.wire import Points, Wire, WireTime, guid, page_of, wrapped

service = Service("adjustments", "/loyalty-adjustments/v1", "What was said of points moved by hand")


class AdjustmentWire(Wire):
    """The words beside a transaction, and who said them."""

    transaction_id, account_id = guid(), guid()
    amount = Points()
    reason, comment, staff, app_id = (fields.String() for _ in range(4))
    created_date = WireTime()


AdjustmentBody = wrapped("adjustment", AdjustmentWire)
AdjustmentsPage = page_of("adjustments", AdjustmentWire)
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
def query_adjustments(caller: Caller, body: query.QueryBody) -> dict[str, Any]:
    """What was said, by filter and order."""
    found = query.page(ENTITY, _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {"adjustments": [_shown(row) for row in found.rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/adjustments/<transaction_id>", READ, returns=AdjustmentBody)
def get_adjustment(caller: Caller, transaction_id: str) -> dict[str, Any]:
    """What was said of one transaction."""
    Adjustment.need(caller.shop, Adjustment.transaction_id == transaction_id)
    return {"adjustment": _shown(_select(caller.shop).where(Adjustment.transaction_id == transaction_id).get())}


def _select(shop: Shop) -> Any:
    joined = Adjustment.of(shop, Adjustment, Transaction.account_id, Transaction.sequence, Transaction.amount)
    return joined.join(Transaction, on=(Transaction.id == Adjustment.transaction_id), attr="row")


def _shown(row: Any) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("transaction_id", "reason", "comment", "staff", "app_id")},
        "account_id": row.row.account_id,
        "amount": row.row.amount,
        "created_date": row.created_at,
    }
