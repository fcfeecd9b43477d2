"""Shopify's webhooks: verifies the signature and translates the body into the generic contract.

Shopify signs only the raw body, so the topic is taken from our URL.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from widget_server.loyalty.earning.order_states import Status
from widget_server.stores.contract import BuyerBody, CustomerBody, LineBody, OrderBody, RefundBody, RefundLineBody
from widget_server.stores.fields import (
    CENT,
    ZERO,
    Fields,
    codes_listed,
    full_name,
    header,
    matches,
    postal_address,
    referral_in,
    settle,
    total_of,
    wire,
)
from widget_server.stores.messages import (
    AppUninstalled,
    CustomerErased,
    CustomerSeen,
    CustomersMerged,
    DataRequested,
    Ignored,
    MalformedMessage,
    Message,
    OrderGone,
    OrderSeen,
    RefundSeen,
    ShopErased,
)

_PLACED = {None, "pending", "authorized", "partially_paid"}
_PAID = {"paid", "partially_refunded", "refunded"}
_CANCELLED = {"voided", "expired"}
_POSTAL = {"postcode": "zip", "region": "province", "country": "country_code"}


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """True when Shopify signed this body with the shop's secret."""
    return matches(secret, body, header(headers, "X-Shopify-Hmac-Sha256"))


def translate(topic: str, body: bytes) -> Message:
    """Returns the message in a signed body; raises MalformedMessage when it lacks the shape of its topic."""
    if topic not in _MEANING:
        raise MalformedMessage("unknown topic")
    return _MEANING[topic](Fields.of(body))


def _money(fields: Fields, name: str, default: Decimal | None = None) -> Decimal:
    """Returns `name`, or the amount in the shop's currency from `name`_set where a newer version has only that."""
    both = fields.part(f"{name}_set") if fields.values.get(name) is None else None
    shop = both.part("shop_money") if both else None
    return shop.money("amount") if shop else fields.money(name, default)


def _sum(items: Iterable[Fields], name: str) -> Decimal:
    return sum((_money(item, name, ZERO) for item in items), ZERO)


def _order_seen(order: Fields) -> Message:
    if order.flag("test"):
        return Ignored("a test order")
    return OrderSeen(wire(_order(order)))


def _order(order: Fields) -> OrderBody:
    if "line_items" not in order.values:
        raise order.odd("line_items", "there")
    rows = [line for line in order.items("line_items") if not _is_tip(line)]
    ordered = [_line(row) for row in rows]
    returned = _returned(order)
    lines = [_edited(row, line, returned.get(line["id"], 0)) for row, line in zip(rows, ordered, strict=True)]
    charged = lines if _is_subtotal_of(order, lines) else ordered  # an edit may leave the order's totals as they were
    tax_inside = order.flag("taxes_included")
    tax = _money(order, "total_tax", ZERO)
    goods = sum((line["subtotal"] for line in charged), ZERO)
    # Lines have their share of each discount, except in orders older than allocations: there it follows from
    # the subtotal. Not total_discounts, which includes the discount on shipping, nor current_*, from which
    # refunds are already subtracted.
    named = sum((line["discount"] for line in charged), ZERO)
    discount = max(named, goods - _money(order, "subtotal_price", goods))
    discount, shipping = settle(_money(order, "total_price"), goods, discount, ZERO if tax_inside else tax)
    modified_at = order.required_moment("updated_at", "created_at")
    return {
        "id": order.required("id"),
        "number": order.text("name") or order.required("id"),
        "status": _status(order),
        "currency": order.required("currency"),
        "source": {"pos": "pos", "shopify_draft_order": "api"}.get(order.text("source_name") or "", "web"),
        # processed_at is the day of purchase of an imported order
        "placed_at": order.required_moment("processed_at", "created_at"),
        "modified_at": modified_at,
        "customer": _buyer(order),
        "billing_address": postal_address(order, "billing_address", _POSTAL),
        "shipping_address": postal_address(order, "shipping_address", _POSTAL),
        "lines": lines,
        "shipping": shipping,
        "discount": discount,
        "loose_discount": max(discount - named, ZERO),
        "tax": tax,
        "tax_included": tax_inside,
        "total": _money(order, "total_price"),
        "coupon_codes": codes_listed(order, "discount_codes"),
        "landing_referral": referral_in(order.text("landing_site")),
        "refunds": [
            refund
            for row in order.items("refunds")
            if (refund := _refund(row, tax_inside=tax_inside, created_at=modified_at))
        ],
        "refunds_complete": "refunds" in order.values,
    }


def _status(order: Fields) -> Status:
    paid = order.text("financial_status")
    if order.values.get("cancelled_at") or paid in _CANCELLED:
        return "cancelled"
    if paid in _PLACED:  # shipped but not paid is not yet fulfilled
        return "placed"
    if paid not in _PAID:
        raise order.odd("financial_status", "a known value")
    return "fulfilled" if order.text("fulfillment_status") == "fulfilled" else "paid"


def _is_tip(line: Fields | None) -> bool:
    return line is not None and not line.values.keys().isdisjoint({"tip_payment_gateway", "tip_payment_method"})


def _line(line: Fields) -> LineBody:
    quantity = line.count("quantity")
    allocations = line.items("discount_allocations")
    return {
        "id": line.required("id"),
        "product_id": line.text("product_id"),
        "collection_ids": [],  # not in the body
        "name": line.text("name") or line.text("title") or line.required("id"),
        "quantity": quantity,
        "subtotal": quantity * _money(line, "price"),
        # total_discount has the same money again
        "discount": _sum(allocations, "amount") if allocations else _money(line, "total_discount", ZERO),
        "tax": _sum(line.items("tax_lines"), "price"),
        "gift_card": line.flag("gift_card"),
    }


def _returned(order: Fields) -> dict[str, int]:
    """Returns how many pieces of each line (by its id) are in a refund record, paid out or not."""
    pieces: dict[str, int] = {}
    for refund in order.items("refunds"):
        for row in refund.items("refund_line_items"):
            line_id = row.text("line_item_id") or ""
            pieces[line_id] = pieces.get(line_id, 0) + row.count("quantity")
    return pieces


def _edited(row: Fields, line: LineBody, returned: int) -> LineBody:
    """Returns the line without pieces that an edit removed: such an edit has no refund, only `current_quantity`."""
    quantity = line["quantity"]
    if row.values.get("current_quantity") is None or quantity <= 0:
        return line
    left = max(min(row.count("current_quantity") + returned, quantity), 0)
    return {
        **line,
        "quantity": left,
        "subtotal": line["subtotal"] * left / quantity,
        "discount": line["discount"] * left / quantity,
        "tax": line["tax"] * left / quantity,
    }


def _is_subtotal_of(order: Fields, lines: list[LineBody]) -> bool:
    """Returns whether the order's subtotal equals the sum of these lines, to the cent."""
    value = sum((line["subtotal"] - line["discount"] for line in lines), ZERO)
    return abs(_money(order, "subtotal_price", value) - value) < CENT


def _buyer(order: Fields) -> BuyerBody | None:
    """Returns the buyer; None for an anonymous sale in a physical shop."""
    known = order.part("customer")
    own_email = known.text("email") if known else None
    email = own_email or order.text("email") or order.text("contact_email")
    identity = known.text("id") if known else None
    if identity is None and email is None:
        return None
    return {
        "id": identity,
        "email": email,
        # verified_email is about the customer's address, not the one typed at this checkout
        "email_verified": bool(known and own_email and known.flag("verified_email")),
        "name": full_name(known) or full_name(order.part("billing_address")),
        "phone": (known.text("phone") if known else None) or order.text("phone"),
    }


@dataclass(frozen=True)
class _RefundParts:
    """The parts of a refund's money; `lines` are its goods without tips."""

    lines: list[Fields]
    goods: Decimal
    shipping: Decimal
    line_tax: Decimal
    goods_tax: Decimal
    shipping_tax: Decimal

    @property
    def net(self) -> Decimal:
        """The whole refund without the tax of the lines."""
        return self.goods + self.shipping + self.goods_tax + self.shipping_tax


def _refund(refund: Fields, *, tax_inside: bool | None, created_at: str | None) -> RefundBody | None:
    """Returns a refund in the contract's format, or None while no money was paid back.

    Computed from its parts, which are in the shop's currency (transactions may be in the shopper's): lines
    minus adjustments. Adjustments are negative for money beyond the lines, positive for money withheld or not
    paid out yet. `tax_inside` None: the body does not say.
    """
    moves = [row for row in refund.items("transactions") if row.text("kind") == "refund"]
    outcomes = {row.text("status") for row in moves}
    if moves and ("pending" in outcomes or "success" not in outcomes):
        return None
    moved = total_of((row for row in moves if row.text("status") == "success"), "amount")
    parts = _refund_parts(refund, moved)
    if tax_inside is None:  # refunds/create: the money moved either includes the lines' tax or does not
        tax_inside = bool(moves) and abs(moved - parts.net) < abs(moved - parts.net - parts.line_tax)
    goods, shipping = parts.goods, parts.shipping
    if tax_inside:  # lines include their tax, adjustments do not
        goods, shipping = goods + parts.goods_tax, shipping + parts.shipping_tax
    tax = max(parts.line_tax + parts.goods_tax + parts.shipping_tax, ZERO)
    amount = goods + shipping + (ZERO if tax_inside else tax)
    if amount <= 0:
        return None
    # money withheld beyond the goods reduces the shipping, and the other way round
    goods, shipping = max(goods + min(shipping, ZERO), ZERO), max(shipping + min(goods, ZERO), ZERO)
    return {
        "id": refund.required("id"),
        "amount": amount,
        "shipping": shipping,
        "tax": tax if tax_inside else amount - goods - shipping,
        "lines": _refund_lines(parts.lines, goods),
        # not processed_at, which may be set to an earlier time: the creation of the refund counts
        "created_at": refund.moment("created_at", "processed_at") or created_at,
    }


def _refund_parts(refund: Fields, moved: Decimal) -> _RefundParts:
    """Returns the parts in the body; without any, the goods are `moved`, the money that was paid back."""
    rows = refund.items("refund_line_items")
    kept = [row for row in rows if not _is_tip(row.part("line_item"))]
    adjustments = refund.items("order_adjustments")
    sent = [row for row in adjustments if row.text("kind") == "shipping_refund"]
    others = [row for row in adjustments if row.text("kind") != "shipping_refund"]
    goods = _sum(kept, "subtotal") - _sum(others, "amount")
    # since 2024-10 shipping has lines of its own, sometimes in both places
    shipping = -_sum(sent, "amount") if sent else _sum(refund.items("refund_shipping_lines"), "subtotal_amount")
    shipping += _sum(rows, "subtotal") - _sum(kept, "subtotal")  # tips
    return _RefundParts(
        lines=kept,
        goods=goods if rows or adjustments or shipping else moved,
        shipping=shipping,
        line_tax=_sum(rows, "total_tax"),
        goods_tax=-_sum(others, "tax_amount"),
        shipping_tax=-_sum(sent, "tax_amount"),
    )


def _refund_lines(rows: list[Fields], goods: Decimal) -> list[RefundLineBody]:
    """Returns each line's money; a withheld amount reduces all lines in proportion, to the cent."""
    whole = _sum(rows, "subtotal")
    given = min(goods, whole)
    lines: list[RefundLineBody] = []
    seen, done = ZERO, ZERO
    for row in rows:
        seen += _money(row, "subtotal", ZERO)
        upto = seen if given == whole else (given * seen / whole).quantize(CENT)
        line = row.part("line_item")
        line_id = row.text("line_item_id") or (line.text("id") if line else None)
        if line_id is None:
            raise row.odd("line_item_id", "there")
        lines.append({"line_id": line_id, "quantity": row.count("quantity"), "amount": upto - done})
        done = upto
    return lines


def _refund_seen(refund: Fields) -> Message:
    order_id = refund.required("order_id")
    if any(row.flag("test") for row in refund.items("transactions")):
        return Ignored("a refund of a test order")
    translated = _refund(refund, tax_inside=None, created_at=None)
    if translated is None:
        return Ignored("a refund that gave nothing back yet: the order says so when it does")
    return RefundSeen(order_id, wire(translated))


def _customer_seen(customer: Fields) -> Message:
    return CustomerSeen(wire(_customer(customer, deleted=False)))


def _customer_gone(customer: Fields) -> Message:
    customer.must_lack("email", "created_at", "updated_at", "line_items")
    return CustomerSeen(wire(_customer(customer, deleted=True)))


def _customer(customer: Fields, *, deleted: bool) -> CustomerBody:
    return {
        "id": customer.required("id"),
        "email": customer.text("email"),
        "email_verified": customer.text("email") is not None and customer.flag("verified_email"),
        "name": full_name(customer),
        "phone": customer.text("phone"),
        "birthday": None,
        "accepts_marketing": _consent(customer),
        "referral_code": None,
        "registered_at": customer.moment("created_at"),
        "modified_at": customer.moment("updated_at", "created_at"),
        "paying": customer.money("total_spent") > 0 if customer.values.get("total_spent") is not None else None,
        "deleted": deleted,
    }


def _consent(customer: Fields) -> bool | None:
    """Returns whether the customer accepts the newsletter; None where the body (2025-01 and newer) does not say."""
    consent = customer.part("email_marketing_consent")
    if consent is not None:
        return consent.text("state") == "subscribed"
    return customer.flag("accepts_marketing") if customer.values.get("accepts_marketing") is not None else None


def _consent_seen(change: Fields) -> Message:
    """Only the newsletter: the body has nothing else of the customer, and no time of a state of the account."""
    consent = change.part("email_marketing_consent")
    if consent is None or consent.text("state") is None:
        raise change.odd("email_marketing_consent", "there")
    email = change.text("email_address")
    person = {"id": change.required("customer_id"), "email": email, "email_verified": False}
    return CustomerSeen(wire({**person, "accepts_marketing": consent.text("state") == "subscribed"}))


def _uninstalled(shop: Fields) -> Message:
    shop.must_lack("line_items", "customer")
    shop.required("myshopify_domain")
    return AppUninstalled()


def _customers_merged(merge: Fields) -> Message:
    if merge.text("status") not in (None, "completed"):
        return Ignored("a merge of customers that is not completed")
    kept, deleted = (
        merge.required(f"admin_graphql_api_customer_{which}_id").rpartition("/")[2] for which in ("kept", "deleted")
    )
    if not kept or not deleted:
        raise merge.odd("admin_graphql_api_customer_kept_id", "an id")
    return CustomersMerged(kept, deleted)


def _order_gone(order: Fields) -> Message:
    order.must_lack("line_items", "created_at", "updated_at")
    return OrderGone(order.required("id"))


def _order_edited(edit: Fields) -> Message:
    if edit.part("order_edit") is None:
        raise edit.odd("order_edit", "there")
    return Ignored("an edit says what changed, not what the order is: orders/updated says that")


def _person(request: Fields) -> tuple[str | None, str | None]:
    request.must_lack("line_items", "created_at", "updated_at")  # an order has a customer too
    customer = request.part("customer")
    person = (customer.text("id"), customer.text("email")) if customer else (None, None)
    if person == (None, None):
        raise request.odd("customer", "there")
    return person


def _shop_erased(request: Fields) -> Message:
    request.must_lack("customer", "line_items", "created_at", "updated_at")  # privacy topics name the shop too
    return ShopErased(request.required("shop_domain"))


_MEANING: dict[str, Callable[[Fields], Message]] = {
    "orders/create": _order_seen,
    "orders/paid": _order_seen,
    "orders/updated": _order_seen,
    "orders/cancelled": _order_seen,
    "orders/edited": _order_edited,
    "orders/delete": _order_gone,
    "refunds/create": _refund_seen,
    "customers/create": _customer_seen,
    "customers/update": _customer_seen,
    "customers/merge": _customers_merged,
    "customers/delete": _customer_gone,
    "customers_email_marketing_consent/update": _consent_seen,
    "app/uninstalled": _uninstalled,
    "customers/data_request": lambda request: DataRequested(*_person(request)),
    "customers/redact": lambda request: CustomerErased(*_person(request)),
    "shop/redact": _shop_erased,
}

TOPICS: tuple[str, ...] = tuple(_MEANING)
ENDINGS = frozenset(
    {
        "orders/delete",
        "customers/delete",
        "customers/merge",
        "app/uninstalled",
        "customers/data_request",
        "customers/redact",
        "shop/redact",
    }
)
