"""WooCommerce's webhooks: verifies the signature and translates the body into the generic contract.

The body is rendered when the shop's queue runs, so a topic only means that something happened: the state in
the body counts. Its amounts exclude tax, whatever `prices_include_tax` is; only the order's total and its
refunds include it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from widget_server.loyalty.earning.order_states import Status
from widget_server.stores.contract import BuyerBody, CustomerBody, LineBody, OrderBody, RefundBody
from widget_server.stores.fields import (
    CENT,
    ZERO,
    Fields,
    codes_listed,
    full_name,
    header,
    matches,
    postal_address,
    referral_code,
    referral_in,
    settle,
    total_of,
    wire,
)
from widget_server.stores.messages import CustomerSeen, MalformedMessage, Message, OrderGone, OrderSeen

_PLACED = {"pending", "on-hold"}
_CANCELLED = {"cancelled", "failed", "trash"}
_ANONYMISED = ".invalid"
_POSTAL = {"address1": "address_1", "address2": "address_2", "region": "state"}
_DRAFTS = {"draft", "auto-draft", "checkout-draft"}  # the checkout page creates one when it opens
_REST = "-rest"


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """True when WooCommerce signed this body with the webhook's secret."""
    return matches(secret, body, header(headers, "X-WC-Webhook-Signature"))


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """True for the unsigned first delivery of a new webhook, which needs a 200 and no action."""
    return (
        not header(headers, "X-WC-Webhook-Signature")
        and header(headers, "Content-Type").startswith("application/x-www-form-urlencoded")
        and re.fullmatch(rb"webhook_id=\d{1,20}", body) is not None
    )


def translate(topic: str, body: bytes) -> Message:
    """Returns the message in a signed body; raises MalformedMessage when it lacks the shape of its topic."""
    if topic not in _MEANING:
        raise MalformedMessage("unknown topic")
    fields = Fields.of(body)
    if "id" not in fields.values and "code" in fields.values:
        raise MalformedMessage(f"WooCommerce sent an error instead: {fields.text('code')}")
    return _MEANING[topic](fields)


def _order_seen(order: Fields) -> Message:
    return OrderSeen(wire(_order(order)))


def _order(order: Fields) -> OrderBody:
    if "line_items" not in order.values:
        raise order.odd("line_items", "there")
    rows = order.items("line_items")
    lines = [_line(row) for row in rows]
    fees_off = [fee for fee in order.items("fee_lines") if fee.money("total", ZERO) < 0]
    total, tax = order.money("total"), order.money("total_tax", ZERO)

    goods = sum((line["subtotal"] for line in lines), ZERO)
    carried = sum((line["discount"] for line in lines), ZERO)
    discount, shipping = settle(total, goods, carried - total_of(fees_off, "total"), tax)
    goods_tax = total_of(rows, "total_tax") + total_of(fees_off, "total_tax")
    goods_tax = max(min(goods_tax, tax), ZERO)
    status = _status(order)
    modified_at = order.required_moment("date_modified_gmt", "date_completed_gmt", "date_paid_gmt", "date_created_gmt")
    return {
        "id": order.required("id"),
        "parent_id": _not_zero(order.text("parent_id")),
        "number": order.text("number") or order.required("id"),
        "status": status,
        "currency": order.required("currency"),
        "source": _source(order.text("created_via") or ""),
        "placed_at": order.required_moment("date_created_gmt"),
        "modified_at": modified_at,
        "customer": _buyer(order),
        "billing_address": postal_address(order, "billing", _POSTAL) if _billing(order) else None,
        "shipping_address": postal_address(order, "shipping", _POSTAL),
        "lines": lines,
        "shipping": shipping,
        "discount": discount,
        "loose_discount": max(discount - carried, ZERO),
        "tax": tax,
        "tax_included": False,
        "total": total,
        # cash on delivery is "processing" before it is paid; every other order has a date when it is paid
        "payment_due": order.text("status") == "processing" and not order.moment("date_paid_gmt", "date_paid"),
        "coupon_codes": codes_listed(order, "coupon_lines"),
        "landing_referral": _referral(order),
        "refunds": _refunds(
            _given_back(order, total),
            _Taxed(max(goods - discount, ZERO), goods_tax),
            _Taxed(shipping, max(tax - goods_tax, ZERO)),
            _parcel(order),
            created_at=modified_at,
        ),
        "refunds_complete": "refunds" in order.values,
    }


def _status(order: Fields) -> Status:
    """Returns our status for WooCommerce's; `refunded` and a plugin's own status are resolved by the dates."""
    status = order.required("status")
    if status in _DRAFTS:
        return "draft"
    if status in _CANCELLED:
        return "cancelled"
    if status in _PLACED:
        return "placed"
    if status == "processing":
        return "paid"
    if status == "completed" or order.moment("date_completed_gmt"):
        return "fulfilled"
    return "paid" if status == "refunded" or order.moment("date_paid_gmt") else "placed"


def _source(created_via: str) -> str:
    if created_via.startswith("pos"):
        return "pos"
    return "api" if created_via in {"rest-api", "admin"} else "web"


def _line(line: Fields) -> LineBody:
    after = line.money("total")
    # staff may raise a line's total by hand; a line below zero is a discount, with no discount of its own
    before = max(line.money("subtotal", after), after) if after >= 0 else after
    return {
        "id": line.required("id"),
        "product_id": _not_zero(line.text("product_id")),
        "collection_ids": [],  # not in the body
        "name": line.text("name") or line.required("id"),
        "quantity": line.count("quantity"),
        "subtotal": before,
        "discount": before - after,
        "tax": line.money("total_tax", ZERO),
        "gift_card": False,  # only plugins sell them
    }


def _not_zero(identity: str | None) -> str | None:
    return None if identity == "0" else identity


def _buyer(order: Fields) -> BuyerBody | None:
    """Returns the buyer; None for an anonymous sale in a physical shop. A billing e-mail address is never verified."""
    billing = _billing(order)
    identity = _not_zero(order.text("customer_id"))
    email = billing.text("email") if billing else None
    if identity is None and email is None:
        return None
    return {
        "id": identity,
        "email": email,
        "email_verified": False,
        "name": full_name(billing),
        "phone": billing.text("phone") if billing else None,
    }


def _billing(order: Fields) -> Fields | None:
    """Returns the billing details; None once WordPress' privacy clean-up has replaced them (`deleted@site.invalid`)."""
    billing = order.part("billing")
    return None if billing is None or (billing.text("email") or "").endswith(_ANONYMISED) else billing


def _referral(order: Fields) -> str | None:
    """Returns the referral code stored with the order, else the one in the landing page that WooCommerce recorded."""
    kept = referral_code(_meta(order, "_loyalty_ref"))
    return kept or referral_in(_meta(order, "_wc_order_attribution_session_entry"))


def _meta(fields: Fields, key: str) -> str | None:
    """Returns the text in the meta data under this key; plugins store values of any type there."""
    for row in fields.items("meta_data"):
        if row.values.get("key") == key and isinstance(row.values.get("value"), str):
            return row.text("value")
    return None


@dataclass(frozen=True)
class _Taxed:
    """An amount without its tax, and the tax on it."""

    net: Decimal
    tax: Decimal

    @property
    def whole(self) -> Decimal:
        """The amount with its tax."""
        return self.net + self.tax

    def tax_in(self, amount: Decimal) -> Decimal:
        """Returns the tax in a part of the whole, to the cent."""
        return (amount * self.tax / self.whole).quantize(CENT) if self.whole else ZERO

    def less(self, part: "_Taxed") -> "_Taxed":
        """Returns the rest after subtracting a part of it, not below 0."""
        return _Taxed(max(self.net - part.net, ZERO), max(self.tax - part.tax, ZERO))


def _given_back(order: Fields, total: Decimal) -> dict[str, _Taxed]:
    """Returns the refunded money by refund id, oldest first; a tax of 0 may be an unknown tax.

    WooCommerce books the rest itself when staff set `refunded`, but a payment plugin may switch that off: an
    order with the status `refunded` counts as wholly refunded, the unlisted rest under an id of ours. That one is
    provisional: a newer state, reopened or with the real refund listed, drops it.
    """
    listed = {}
    for row in order.items("refunds"):
        amount, tax = abs(row.money("total")), abs(row.money("total_tax", ZERO))
        if amount:
            listed[row.required("id")] = _Taxed(amount - min(tax, amount), min(tax, amount))
    given = {key: listed[key] for key in sorted(listed, key=lambda key: (len(key), key))}
    rest = total - sum((one.whole for one in given.values()), ZERO)
    if order.required("status") == "refunded" and rest > 0:
        given[f"{order.required('id')}{_REST}"] = _Taxed(rest, ZERO)
    return given


def _refunds(
    given_back: dict[str, _Taxed], goods: _Taxed, shipping: _Taxed, parcel: _Taxed, *, created_at: str
) -> list[RefundBody]:
    """Returns the refunds with shipping and tax separated (contracts §8).

    The body has one amount per refund, newer versions its tax too. A refund of exactly the shipping cost is
    shipping. Every other counts as goods with their tax until those are used up, then as shipping with its tax;
    cumulative rounding over all refunds makes the cents of a whole refund fit.
    """
    refunds: list[RefundBody] = []
    upto, shipping_before, tax_before = ZERO, ZERO, ZERO
    for key, given in given_back.items():
        if _is_parcel(given, parcel):
            back = parcel
            shipping, parcel = shipping.less(parcel), _Taxed(ZERO, ZERO)
        else:
            upto += given.whole
            of_goods = min(upto, goods.whole)
            shipping_tax = shipping.tax_in(upto - of_goods)
            of_shipping, tax = upto - of_goods - shipping_tax, goods.tax_in(of_goods) + shipping_tax
            back = _Taxed(of_shipping - shipping_before, given.tax or tax - tax_before)
            shipping_before, tax_before = of_shipping, tax
        refund: RefundBody = {
            "id": key,
            "amount": given.whole,
            "shipping": back.net,
            "tax": back.tax,
            "lines": [],
            "created_at": created_at,
        }
        if key.endswith(_REST):
            refund["provisional"] = True
        refunds.append(refund)
    return refunds


def _parcel(order: Fields) -> _Taxed:
    """Returns the shipping charge of the order, without fees."""
    return _Taxed(max(order.money("shipping_total", ZERO), ZERO), max(order.money("shipping_tax", ZERO), ZERO))


def _is_parcel(given: _Taxed, parcel: _Taxed) -> bool:
    return given.whole == parcel.whole > 0 and given.tax in (parcel.tax, ZERO)


def _order_gone(order: Fields) -> Message:
    order.must_lack("line_items", "date_created", "date_modified")
    return OrderGone(order.required("id"))


def _customer_seen(customer: Fields) -> Message:
    customer.required("email")
    return CustomerSeen(wire(_customer(customer, deleted=False)))


def _customer_gone(customer: Fields) -> Message:
    customer.must_lack("email", "date_created", "date_modified", "line_items")
    return CustomerSeen(wire(_customer(customer, deleted=True)))


def _customer(customer: Fields, *, deleted: bool) -> CustomerBody:
    billing = customer.part("billing")
    return {
        "id": customer.required("id"),
        "email": customer.text("email"),
        "email_verified": False,  # WordPress lets anybody register with any address
        "name": full_name(customer) or full_name(billing),
        "phone": billing.text("phone") if billing else None,
        "birthday": None,
        "accepts_marketing": None,  # not in the body: neither yes nor no
        "referral_code": referral_code(_meta(customer, "_loyalty_ref")),
        "registered_at": customer.moment("date_created_gmt"),
        "modified_at": customer.moment("date_modified_gmt", "date_created_gmt"),
        "paying": paying if isinstance(paying := customer.values.get("is_paying_customer"), bool) else None,
        "deleted": deleted,
    }


_MEANING: dict[str, Callable[[Fields], Message]] = {
    "order.created": _order_seen,
    "order.updated": _order_seen,
    "order.deleted": _order_gone,
    "order.restored": _order_seen,
    "customer.created": _customer_seen,
    "customer.updated": _customer_seen,
    "customer.deleted": _customer_gone,
}

TOPICS: tuple[str, ...] = tuple(_MEANING)
ENDINGS = frozenset({"order.deleted", "customer.deleted"})
