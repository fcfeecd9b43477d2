"""What the shop says on the wire (contracts §4); money as strings, times in UTC with Z."""

from datetime import UTC, datetime
from typing import Literal, TypedDict

Status = Literal["placed", "paid", "fulfilled", "cancelled"]
Source = Literal["web", "pos", "api"]


class BuyerBody(TypedDict):
    """Who bought, wrote or asks; `id` is null for a guest."""

    id: str | None
    email: str
    email_verified: bool
    name: str
    phone: str | None


class CustomerBody(TypedDict):
    """Somebody with an account in this shop."""

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
    """One product of a cart or an order; `subtotal` before, `discount` taken from it."""

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
    """What was given back for some of a line: goods only."""

    line_id: str
    quantity: int
    amount: str


class RefundBody(TypedDict):
    """Money given back once; `amount` is goods, shipping and tax together."""

    id: str
    amount: str
    shipping: str
    tax: str
    lines: list[RefundLineBody]
    created_at: str


class OrderBody(TypedDict):
    """The whole state of an order."""

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
    """Returns the present moment, in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Returns the moment as the wire has it: ISO 8601 in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
