"""The bodies of the generic contract (docs/contracts.md §4) as the adapters write them; amounts become text later.

Times are UTC text with Z, amounts Decimals in the order's currency.
"""

from decimal import Decimal
from typing import NotRequired, TypedDict

from widget_server.loyalty.earning.order_states import Status


class BuyerBody(TypedDict):
    """The customer of an order or an action."""

    id: str | None
    email: str | None
    email_verified: bool
    name: str | None
    phone: str | None


class AddressBody(TypedDict):
    """A billing or shipping address."""

    name: str | None
    address1: str | None
    address2: str | None
    city: str | None
    postcode: str | None
    region: str | None
    country: str | None


class LineBody(TypedDict):
    """A line of an order; `subtotal` is before `discount`."""

    id: str
    product_id: str | None
    collection_ids: list[str]
    name: str
    quantity: int
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    gift_card: bool


class RefundLineBody(TypedDict):
    """The refunded goods of one line."""

    line_id: str
    quantity: int
    amount: Decimal


class RefundBody(TypedDict):
    """A refund: `amount` is the total, which includes `shipping` and `tax`."""

    id: str
    amount: Decimal
    shipping: Decimal
    tax: Decimal
    lines: list[RefundLineBody]
    created_at: str | None
    provisional: NotRequired[bool]
    parts_known: NotRequired[bool]


class OrderBody(TypedDict):
    """The whole state of an order."""

    id: str
    parent_id: NotRequired[str | None]
    number: str
    status: Status
    currency: str
    source: str
    placed_at: str
    modified_at: str
    customer: BuyerBody | None
    billing_address: AddressBody | None
    shipping_address: AddressBody | None
    lines: list[LineBody]
    shipping: Decimal
    discount: Decimal
    loose_discount: Decimal
    tax: Decimal
    tax_included: bool
    total: Decimal
    payment_due: NotRequired[bool]
    coupon_codes: list[str] | None
    landing_referral: str | None
    refunds: list[RefundBody]
    refunds_complete: bool


class CustomerBody(TypedDict):
    """A customer of the shop; None means not known."""

    id: str
    email: str | None
    email_verified: bool
    name: str | None
    phone: str | None
    birthday: str | None
    accepts_marketing: bool | None
    referral_code: str | None
    registered_at: str | None
    modified_at: str | None
    paying: bool | None
    deleted: bool
