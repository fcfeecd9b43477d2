"""Webhook bodies in the shape Shopify and WooCommerce document, signed; and odd ones made from them.

The one order told in both shapes: two mugs at 20.00 with 5.00 off, a bowl at 30.00, 10 % tax on goods, 6.00
shipping without tax. Goods 65.00, tax 6.50, total 77.50.
"""

import base64
import copy
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

SECRET = "whsec_test"

Json = dict[str, Any]


def encoded(body: Json) -> bytes:
    return json.dumps(body).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    """Both platforms' signature: base64 HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def goods_left(order: Json) -> Decimal:
    """Goods without tax and shipping that are neither refunded nor cancelled, read as the contract says."""
    if order["status"] == "cancelled":
        return Decimal(0)
    lines = order["lines"]
    net = sum(Decimal(line["subtotal"]) for line in lines) - Decimal(order["discount"])
    tax = Decimal(order["tax"])
    tax_inside = tax > 0 and net + Decimal(order["shipping"]) == Decimal(order["total"])
    assert tax_inside or net + Decimal(order["shipping"]) + tax == Decimal(order["total"])
    back = sum(
        Decimal(refund["amount"]) - Decimal(refund["shipping"]) - (Decimal(0) if tax_inside else Decimal(refund["tax"]))
        for refund in order["refunds"]
    )
    taxless = net - sum(Decimal(line["tax"]) for line in lines) if tax_inside else net
    return taxless * max(net - back, Decimal(0)) / net


# -- Shopify --------------------------------------------------------------------------------------


def money_bag(amount: str) -> Json:
    """A `_set`: the shop's currency, and the shopper's at another rate."""
    return {
        "shop_money": {"amount": amount, "currency_code": "EUR"},
        "presentment_money": {"amount": str(Decimal(amount) * 10), "currency_code": "SEK"},
    }


def shopify_line(number: int, **changes: Any) -> Json:
    """Line 1: two mugs at 20.00 with 5.00 off and their tax; line 2: a bowl at 30.00."""
    mugs = number == 1
    return {
        "id": 9007199254740993 + number,  # beyond 2^53
        "product_id": 8000000000000 + number,
        "title": "Mug" if mugs else "Bowl",
        "name": "Mug - blue" if mugs else "Bowl",
        "quantity": 2 if mugs else 1,
        "current_quantity": 2 if mugs else 1,
        "price": "20.00" if mugs else "30.00",
        "total_discount": "0.00",
        "discount_allocations": [{"amount": "5.00", "discount_application_index": 0}] if mugs else [],
        "tax_lines": [{"title": "VAT", "price": "3.50" if mugs else "3.00", "rate": 0.1}],
        "gift_card": False,
        **changes,
    }


def shopify_order(**changes: Any) -> Json:
    """The order as `orders/*` tells it, paid, tax on top of the prices."""
    return {
        "id": 6000000000000000001,
        "name": "#1001",
        "order_number": 1001,
        "email": "ann@example.com",
        "contact_email": "ann@example.com",
        "phone": None,
        "created_at": "2026-03-01T11:00:00+01:00",
        "processed_at": "2026-03-01T11:00:00+01:00",
        "updated_at": "2026-03-01T11:05:00+01:00",
        "cancelled_at": None,
        "test": False,
        "currency": "EUR",
        "presentment_currency": "SEK",
        "financial_status": "paid",
        "fulfillment_status": None,
        "taxes_included": False,
        "total_line_items_price": "70.00",
        "total_discounts": "5.00",
        "subtotal_price": "65.00",
        "total_tax": "6.50",
        "total_price": "77.50",
        "current_subtotal_price": "65.00",
        "current_total_price": "77.50",
        "source_name": "web",
        "landing_site": "/products/mug?utm_source=x&ref=ANN-7Q",
        "discount_codes": [{"code": "LOY-AB12", "amount": "5.00", "type": "fixed_amount"}],
        "customer": {
            "id": 7000000000000000001,
            "email": "ann@example.com",
            "verified_email": True,
            "first_name": "Ann",
            "last_name": "Lee",
            "phone": None,
        },
        "line_items": [shopify_line(1), shopify_line(2)],
        "shipping_lines": [{"id": 1, "price": "6.00", "discounted_price": "6.00", "tax_lines": []}],
        "refunds": [],
        **changes,
    }


def shopify_order_tax_inside(**changes: Any) -> Json:
    """The same with the tax inside the prices: mugs at 22.00 with 5.50 off, a bowl at 33.00."""
    off = [{"amount": "5.50", "discount_application_index": 0}]
    return shopify_order(
        taxes_included=True,
        total_line_items_price="77.00",
        total_discounts="5.50",
        subtotal_price="71.50",
        line_items=[
            shopify_line(1, price="22.00", discount_allocations=off),
            shopify_line(2, price="33.00"),
        ],
        **changes,
    )


def shopify_refund_line(number: int, subtotal: float, tax: float, quantity: int = 1) -> Json:
    line = shopify_line(number)
    return {
        "id": 500 + number,
        "line_item_id": line["id"],
        "quantity": quantity,
        "subtotal": subtotal,  # a number, unlike the money elsewhere
        "total_tax": tax,
        "subtotal_set": money_bag(str(subtotal)),
        "total_tax_set": money_bag(str(tax)),
        "line_item": line,
    }


def shopify_adjustment(kind: str, amount: str, tax: str = "0.00") -> Json:
    return {"id": 1, "kind": kind, "amount": amount, "tax_amount": tax, "reason": kind}


def shopify_move(amount: str, status: str = "success", **changes: Any) -> Json:
    return {"id": 1, "kind": "refund", "status": status, "amount": amount, "test": False, **changes}


def shopify_refund(**changes: Any) -> Json:
    """One mug back, 17.50 and its tax of 1.75, as `refunds/create` tells it."""
    return {
        "id": 9100000000000000001,
        "order_id": 6000000000000000001,
        "created_at": "2026-03-02T10:00:00+01:00",
        "processed_at": "2026-03-02T10:00:00+01:00",
        "refund_line_items": [shopify_refund_line(1, 17.5, 1.75)],
        "refund_shipping_lines": [],
        "order_adjustments": [],
        "transactions": [shopify_move("19.25")],
        **changes,
    }


def shopify_customer(**changes: Any) -> Json:
    return {
        "id": 7000000000000000001,
        "email": "ann@example.com",
        "verified_email": True,
        "first_name": "Ann",
        "last_name": "Lee",
        "phone": "+4930123456",
        "created_at": "2026-02-01T09:00:00-05:00",
        "email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in"},
        **changes,
    }


def shopify_merge(kept: int = 7000000000000000001, deleted: int = 7000000000000000002, **changes: Any) -> Json:
    """Two customers were made one in the shop, as `customers/merge` tells it."""
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{deleted}",
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
        **changes,
    }


def shopify_privacy(**changes: Any) -> Json:
    return {
        "shop_id": 1,
        "shop_domain": "mugs.example.com",
        "customer": {"id": 7000000000000000001, "email": "ann@example.com", "phone": None},
        **changes,
    }


def shopify_body(topic: str) -> Json:
    """A good body for each topic."""
    other: dict[str, Json] = {
        "orders/edited": {"order_edit": {"id": 1, "order_id": 6000000000000000001, "line_items": {"additions": []}}},
        "orders/delete": {"id": 6000000000000000001},
        "customers/delete": {"id": 7000000000000000001, "phone": None, "addresses": []},
        "customers/merge": shopify_merge(),
        "customers_email_marketing_consent/update": {
            "customer_id": 7000000000000000001,
            "email_address": "ann@example.com",
            "email_marketing_consent": {"state": "subscribed", "consent_updated_at": "2026-03-01T10:00:00Z"},
        },
        "app/uninstalled": {"id": 1, "name": "Mugs", "myshopify_domain": "mugs.myshopify.com"},
    }
    if topic in other:
        return other[topic]
    if topic.startswith("orders/"):
        return shopify_order(refunds=[shopify_refund()])
    if topic == "refunds/create":
        return shopify_refund()
    return shopify_customer() if topic in ("customers/create", "customers/update") else shopify_privacy()


# -- WooCommerce ----------------------------------------------------------------------------------


def woo_order(**changes: Any) -> Json:
    """The order as `order.*` tells it, being processed; its amounts are without tax in any shop."""
    return {
        "id": 41,
        "parent_id": 0,
        "number": "41",
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": True,
        "created_via": "checkout",
        "date_created_gmt": "2026-03-01T10:00:00",
        "date_modified_gmt": "2026-03-01T10:05:00",
        "date_paid_gmt": "2026-03-01T10:05:00",
        "date_completed_gmt": None,
        "discount_total": "5.00",
        "discount_tax": "0.50",
        "shipping_total": "6.00",
        "shipping_tax": "0.00",
        "cart_tax": "6.50",
        "total_tax": "6.50",
        "total": "77.50",
        "customer_id": 5,
        "billing": {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "phone": "555"},
        "line_items": [
            {
                "id": 1,
                "name": "Mug",
                "product_id": 10,
                "quantity": 2,
                "subtotal": "40.00",
                "subtotal_tax": "4.00",
                "total": "35.00",
                "total_tax": "3.50",
                "price": 17.5,
            },
            {
                "id": 2,
                "name": "Bowl",
                "product_id": 11,
                "quantity": 1,
                "subtotal": "30.00",
                "subtotal_tax": "3.00",
                "total": "30.00",
                "total_tax": "3.00",
                "price": 30,
            },
        ],
        "fee_lines": [],
        "coupon_lines": [{"id": 3, "code": "loy-ab12", "discount": "5", "discount_tax": "0.5"}],
        "refunds": [],
        "meta_data": [{"id": 1, "key": "_loyalty_ref", "value": "ANN-7Q"}],
        **changes,
    }


def woo_refund(number: int, amount: str) -> Json:
    return {"id": number, "reason": "", "total": f"-{amount}"}


def woo_customer(**changes: Any) -> Json:
    return {
        "id": 5,
        "date_created_gmt": "2026-02-01T14:00:00",
        "date_modified_gmt": None,
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "role": "customer",
        "billing": {"first_name": "", "last_name": "", "email": "", "phone": "555"},
        "meta_data": [],
        **changes,
    }


def woo_body(topic: str) -> Json:
    """A good body for each topic."""
    if topic.endswith(".deleted"):
        return {"id": 41}
    if topic.startswith("order."):
        return woo_order(refunds=[woo_refund(42, "19.25")])
    return woo_customer()


# -- odd bodies -----------------------------------------------------------------------------------

_ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    10**400,
    "",
    "x",
    "NaN",
    "-Infinity",
    "1e999999",
    "\x00",
    "\ud800",
    "0000-00-00",
    "0001-01-01T00:00:00+14:00",
    "http://[bad?ref=x",
    [],
    [None],
    [[]],
    {},
    {"id": {}},
]


def any_json() -> st.SearchStrategy[Any]:
    """Any value JSON can write, NaN and lone surrogates with it."""
    text = st.text(st.characters(), max_size=20)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | text
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=20)


def _places(value: Any) -> list[tuple[Any, ...]]:
    """The path of each key and item in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in inner for path in [(key,), *((key, *rest) for rest in _places(item))]]


@st.composite
def mutated(draw: st.DrawFn, body: Json) -> Json:
    """The body with one to three of its keys or items dropped or replaced by something odd."""
    changed = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(_places(changed) or [("id",)]))
        holder: Any = changed
        for step in parents:
            holder = holder[step]
        if draw(st.booleans()):
            holder[last] = copy.deepcopy(draw(st.sampled_from(_ODD_VALUES)))  # a later step may change it
        else:
            del holder[last]
        if not changed:
            break
    return changed
