"""Orders, awards and parked messages: ours beside Wix's (acceptance 22, 23; contracts §2)."""

from collections.abc import Iterable
from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service
from widget_server.admin.wire import orders as shapes
from widget_server.admin.wire.orders import AWARDS, PARKED, STATUSES, award, order, parked
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import page_of

service = Service("orders", "/loyalty-orders/v1", "Orders and parked messages")
awards = Service("awards", "/loyalty-awards/v1", "Points that wait")

AwardsPage = page_of("awards", shapes.AwardWire)
PLACED = Field(Order.placed_at, "time")
ORDER = Entity(
    "order",
    {
        "id": Field(Order.id, "id"),
        "customerId": Field(Order.customer_id, "id", nullable=True),
        "platform": Field(Order.platform, "text"),
        "externalId": Field(Order.external_id, "text"),
        "number": Field(Order.number, "text"),
        "status": Field(Order.status, "enum", to_stored=word_of(STATUSES)),
        "ineligibleReason": Field(Order.why_nothing, "text", nullable=True),
        "placedDate": PLACED,
        "createdDate": Field(Order.created_at, "time"),
        "updatedDate": Field(Order.updated_at, "time"),
    },
    (Field(Order.id, "id"),),
    PLACED,
)
RECEIVED = Field(Parked.received_at, "time")
MESSAGE = Entity(
    "parked",
    {
        "id": Field(Parked.id, "id"),
        "platform": Field(Parked.platform, "text"),
        "topic": Field(Parked.topic, "text"),
        "reason": Field(Parked.reason, "text"),
        "status": Field(Parked.status, "enum", to_stored=word_of(PARKED)),
        "receivedDate": RECEIVED,
    },
    (Field(Parked.id, "id"),),
    RECEIVED,
)
BEGAN = Field(Award.created_at, "time")
AWARD = Entity(
    "award",
    {
        "id": Field(Award.id, "id"),
        "accountId": Field(Award.account_id, "id"),
        "orderId": Field(Award.order_id, "id", nullable=True),
        "ruleId": Field(Award.rule_id, "id"),
        "status": Field(Award.status, "enum", to_stored=word_of(AWARDS)),
        "points": Field(Award.points, "int"),
        "maturesDate": Field(Award.due_at, "time", nullable=True),
        "createdDate": BEGAN,
    },
    (Field(Award.id, "id"),),
    BEGAN,
)


@service.route("POST", "/orders/query", READ, takes=query.query_body(ORDER), returns=shapes.OrdersPage)
def query_orders(caller: Caller, body: Any) -> dict[str, Any]:
    """Orders by filter and order, newest first, each with what it gives."""
    found = query.page(ORDER, Order.of(caller.shop), body.get("query"), shop_id=caller.shop.id)
    return {"orders": _with_awards(caller.shop, found.rows), "paging_metadata": query.metadata(found)}


@service.route("GET", "/orders/<order_id>", READ, returns=shapes.OrderBody)
def get_order(caller: Caller, body: Any, order_id: str) -> dict[str, Any]:
    """One order, and what it gives."""
    row = Order.need(caller.shop, Order.id == order_id)
    return {"order": _with_awards(caller.shop, [row])[0]}


@service.route("POST", "/parked/query", READ, takes=query.query_body(MESSAGE), returns=shapes.ParkedPage)
def query_parked(caller: Caller, body: Any) -> dict[str, Any]:
    """Messages of the platform that could not be booked, and why."""
    found = query.page(MESSAGE, Parked.of(caller.shop), body.get("query"), shop_id=caller.shop.id)
    return {"parked": [parked(row) for row in found.rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/parked/<parked_id>", READ, returns=shapes.ParkedBody)
def get_parked(caller: Caller, body: Any, parked_id: str) -> dict[str, Any]:
    """One message, with its body."""
    return {"parked": parked(Parked.need(caller.shop, Parked.id == parked_id), body=True)}


@service.route("POST", "/parked/<parked_id>/retry", MANAGE, returns=shapes.ParkedBody)
def retry_parked(caller: Caller, body: Any, parked_id: str) -> dict[str, Any]:
    """Try to book it again, behind the answer: what was missing may be there now."""
    return {"parked": parked(orders.retry(caller.shop, parked_id))}


@service.route("POST", "/parked/<parked_id>/dismiss", MANAGE, returns=shapes.ParkedBody)
def dismiss_parked(caller: Caller, body: Any, parked_id: str) -> dict[str, Any]:
    """It was seen to, or does not matter."""
    return {"parked": parked(orders.dismiss(caller.shop, parked_id))}


@awards.route("POST", "/awards/query", READ, takes=query.query_body(AWARD), returns=AwardsPage)
def query_awards(caller: Caller, body: Any) -> dict[str, Any]:
    """Points that wait, are spendable by now, or never will be."""
    found = query.page(AWARD, Award.of(caller.shop), body.get("query"), shop_id=caller.shop.id)
    return {"awards": [award(row) for row in found.rows], "paging_metadata": query.metadata(found)}


def _with_awards(shop: Shop, rows: Iterable[Order]) -> list[dict[str, Any]]:
    """One look at the awards of all of them."""
    rows = list(rows)
    given: dict[str, list[Award]] = {}
    for one in Award.of(shop).where(Award.order_id.in_([row.id for row in rows])).order_by(Award.created_at):
        given.setdefault(one.order_id, []).append(one)
    return [order(row, given.get(row.id, [])) for row in rows]
