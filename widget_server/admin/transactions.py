"""Transactions: `/loyalty-transactions/v1`, read-only (wix-api §1b)."""

from collections.abc import Iterable
from typing import Any

from peewee import JOIN

from widget_server.admin.routes import READ, Service
from widget_server.admin.wire.transactions import (
    TYPES,
    LoyaltyTransaction,
    TransactionResponse,
    TransactionsPage,
    transaction,
)
from widget_server.errors import NotFound
from widget_server.ledger import Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("transactions", "/loyalty-transactions/v1", "Transactions")

CREATED = Field(Transaction.created_at, "time")
ENTITY = Entity(
    "transaction",
    {
        "id": Field(Transaction.id, "id"),
        "accountId": Field(Transaction.account_id, "id"),
        "createdDate": CREATED,
        "amount": Field(Transaction.amount, "int"),
        "description": Field(Adjustment.comment, "text", nullable=True),
        "idempotencyKey": Field(Transaction.key, "text"),
        "transactionType": Field(Transaction.kind, "enum", to_stored=word_of(TYPES)),
    },
    (Field(Transaction.account_id, "id"), Field(Transaction.sequence, "int")),
    CREATED,
)


@service.route("POST", "/loyalty-transactions/query", READ, takes=query.query_body(ENTITY), returns=TransactionsPage)
def query_transactions(caller: Caller, body: query.QueryBody) -> TransactionsPage:
    """Query rows of the ledger by filter and order."""
    found = query.page(ENTITY, _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {"loyalty_transactions": _all_shown(found.rows), "paging_metadata": query.metadata(found)}


@service.route("GET", "/loyalty-transactions/<transaction_id>", READ, returns=TransactionResponse, refuses=(NotFound,))
def get_transaction(caller: Caller, transaction_id: str) -> TransactionResponse:
    """Get one row of the ledger."""
    found = _all_shown(_select(caller.shop).where(Transaction.id == transaction_id))
    if not found:
        raise NotFound("There is no such transaction here.")
    return {"loyalty_transaction": found[0]}


def _select(shop: Shop) -> Any:
    return (
        Transaction.of(shop, Transaction, Adjustment, Order.id, Order.external_id)
        .join(Adjustment, JOIN.LEFT_OUTER, on=(Adjustment.transaction_id == Transaction.id), attr="said")
        .switch(Transaction)
        .join(Order, JOIN.LEFT_OUTER, on=(Order.id == Transaction.order_id), attr="of_order")
    )


def _all_shown(rows: Iterable[Any]) -> list[LoyaltyTransaction]:
    return [transaction(row, getattr(row, "said", None), getattr(row, "of_order", None)) for row in rows]
