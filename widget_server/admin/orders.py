"""Orders, awards and parked messages: our addition to Wix's API (acceptance 22, 23; contracts §2)."""

from widget_server.admin.routes import MANAGE, READ, Service
from widget_server.admin.wire.orders import (
    AWARDS,
    PARKED,
    STATUSES,
    AwardsPage,
    OrderResponse,
    OrdersPage,
    ParkedPage,
    ParkedResponse,
    RetriedParked,
    award,
    order,
    parked,
)
from widget_server.errors import NotFound
from widget_server.loyalty.earning import order_list, orders, parked_messages
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.points.awards import Award
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("orders", "/loyalty-orders/v1", "Orders and parked messages")
awards = Service("awards", "/loyalty-awards/v1", "Points that wait")

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
        "ineligibleReason": Field(Order.ineligible_reason, "text", nullable=True),
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


@service.route("POST", "/orders/query", READ, takes=query.query_body(ORDER), returns=OrdersPage)
def query_orders(caller: Caller, body: query.QueryBody) -> OrdersPage:
    """Query orders by filter and order, newest first, each with its awards and what they give."""
    found = query.page(ORDER, Order.of(caller.shop), body.query, shop_id=caller.shop.id)
    rows = order_list.with_points(caller.shop, found.rows)
    return {"orders": [order(row) for row in rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/orders/<order_id>", READ, returns=OrderResponse, refuses=(NotFound,))
def get_order(caller: Caller, order_id: str) -> OrderResponse:
    """Get one order, with its awards."""
    return {"order": order(order_list.one(caller.shop, order_id))}


@service.route("POST", "/parked/query", READ, takes=query.query_body(MESSAGE), returns=ParkedPage)
def query_parked(caller: Caller, body: query.QueryBody) -> ParkedPage:
    """Query messages of the platform that could not be booked, with the reason."""
    found = query.page(MESSAGE, Parked.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {"parked": [parked(row) for row in found.rows], "paging_metadata": query.metadata(found)}


@service.route("GET", "/parked/<string(length=36):parked_id>", READ, returns=ParkedResponse, refuses=(NotFound,))
def get_parked(caller: Caller, parked_id: str) -> ParkedResponse:
    """Get one parked message, with its body."""
    return {"parked": parked(Parked.need(caller.shop, Parked.id == parked_id), body=True)}


@service.route("POST", "/parked/retry-all", MANAGE, returns=RetriedParked)
def retry_all_parked(caller: Caller) -> RetriedParked:
    """Try again, in the background, to book every message that waits."""
    return {"count": parked_messages.retry_all(caller.shop)}


@service.route(
    "POST", "/parked/<string(length=36):parked_id>/retry", MANAGE, returns=ParkedResponse, refuses=(NotFound,)
)
def retry_parked(caller: Caller, parked_id: str) -> ParkedResponse:
    """Try again, in the background, to book a parked message: what it waits for may have arrived."""
    return {"parked": parked(orders.retry(caller.shop, parked_id))}


@service.route(
    "POST", "/parked/<string(length=36):parked_id>/dismiss", MANAGE, returns=ParkedResponse, refuses=(NotFound,)
)
def dismiss_parked(caller: Caller, parked_id: str) -> ParkedResponse:
    """Dismiss a parked message that was handled or does not matter."""
    return {"parked": parked(orders.dismiss(caller.shop, parked_id))}


@awards.route("POST", "/awards/query", READ, takes=query.query_body(AWARD), returns=AwardsPage)
def query_awards(caller: Caller, body: query.QueryBody) -> AwardsPage:
    """Query awards: points that wait, that were booked, or that were cancelled."""
    found = query.page(AWARD, Award.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {"awards": [award(row) for row in found.rows], "paging_metadata": query.metadata(found)}
