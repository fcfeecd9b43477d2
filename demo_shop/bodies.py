"""The JSON bodies that the shop sends (contracts §4): money as strings, times in UTC with Z."""

from datetime import UTC, datetime
from typing import Literal, TypedDict

Status = Literal["placed", "paid", "fulfilled", "cancelled"]
Source = Literal["web", "pos", "api"]


class BuyerBody(TypedDict):
    """The buyer, review author or cart owner; `id` is null for a guest."""

    id: str | None
    email: str
    email_verified: bool
    name: str
    phone: str | None


class CustomerBody(TypedDict):
    """A customer with an account in this shop."""

    id: str
    email: str
    email_verified: bool
    name: str
    phone: str | None
    birthday: str | None
    accepts_marketing: bool
    referral_code: str | None
    registered_at: str
    deleted: bool


class LineBody(TypedDict):
    """One product of a cart or an order; `subtotal` is before `discount`."""

    id: str
    product_id: str
    collection_ids: list[str]
    name: str
    quantity: int
    subtotal: str
    discount: str
    tax: str
    gift_card: bool


class RefundLineBody(TypedDict):
    """The refund of a part of a line, goods only."""

    line_id: str
    quantity: int
    amount: str


class RefundBody(TypedDict):
    """One refund; `amount` includes goods, shipping and tax."""

    id: str
    amount: str
    shipping: str
    tax: str
    lines: list[RefundLineBody]
    created_at: str


class OrderBody(TypedDict):
    """The complete state of an order."""

    id: str
    number: str
    status: Status
    currency: str
    source: Source
    placed_at: str
    modified_at: str
    revision: int
    customer: BuyerBody
    lines: list[LineBody]
    shipping: str
    discount: str
    tax: str
    total: str
    coupon_codes: list[str]
    landing_referral: str | None
    refunds: list[RefundBody]


def now() -> datetime:
    """Returns the current time in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Returns the time as ISO 8601 text in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
