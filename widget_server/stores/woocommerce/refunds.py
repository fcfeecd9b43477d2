"""The parts of WooCommerce's refunds: a webhook has only the amount, the shop's API its parts (contracts §13)."""

from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.program import shops
from widget_server.stores.calls import api_of
from widget_server.stores.codes import Payload
from widget_server.stores.contract import RefundBody, RefundLineBody
from widget_server.stores.fields import CENT, ZERO, Fields, total_of, wire
from widget_server.stores.messages import RefundSeen
from widget_server.stores.shapes import read_refund
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce.api import Row

REFUNDED_ITEM = "_refunded_item_id"  # the id of the order's line, in the meta data of a refund's line


def learn_parts(payload: Payload) -> None:
    """Job: book the parts of each refund of an order. Raises NotReached, Refused, for the queue to try again."""
    shop = shops.by_id(str(payload["shop_id"]))
    order = Order.need(shop, Order.id == payload["order_id"])
    if not shop.is_connected:
        return
    wanted = without_parts(order.merged)
    for row in woocommerce_api.refunds(api_of(shop), order.external_id):
        seen = refund_seen(order.external_id, row)
        if seen is not None and seen.refund["id"] in wanted:
            orders.receive_refund(shop, order.platform, seen.order_id, read_refund(seen.refund))


def without_parts(state: OrderState) -> set[str]:
    """Returns the ids of the order's refunds whose parts are still estimated from their amount."""
    listed = {refund.id for refund in state.refunds if not refund.provisional}
    return listed - {refund.id for refund in state.given_back if refund.parts_known}


def refund_seen(order_id: str, row: Row) -> RefundSeen | None:
    """Returns a refund with its parts, as in the generic contract; None when staff refunded an amount without naming
    its parts.

    Amounts are positive here and negative in the API. Fees count as shipping, as in the order (`webhooks.py`). The
    rest of the amount beyond its parts is goods. Raises MalformedMessage.
    """
    refund = Fields(row)
    amount = abs(refund.money("amount"))
    goods, fees, shipping = (refund.items(name) for name in ("line_items", "fee_lines", "shipping_lines"))
    lines = [_line(line) for line in goods if line.money("total", ZERO)]
    charged = [fee for fee in fees if fee.money("total", ZERO) < 0]  # a fee above 0 takes back a discount
    beside = -total_of((*charged, *shipping), "total")
    tax = -total_of((*goods, *fees, *shipping), "total_tax")
    parts = -total_of(goods, "total") + beside + tax
    if not parts or parts > amount + CENT * (len(lines) + 1) or beside < 0 or tax < 0:
        return None
    known: RefundBody = {
        "id": refund.required("id"),
        "amount": amount,
        "shipping": beside,
        "tax": tax,
        "lines": lines,
        "created_at": refund.moment("date_created_gmt"),
        "parts_known": True,
    }
    return RefundSeen(order_id, wire(known))


def _line(line: Fields) -> RefundLineBody:
    marks = [meta.text("value") for meta in line.items("meta_data") if meta.values.get("key") == REFUNDED_ITEM]
    return {
        "line_id": (marks and marks[0]) or line.required("id"),
        "quantity": abs(int(line.money("quantity", ZERO))),
        "amount": -line.money("total"),
    }
