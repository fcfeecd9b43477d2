"""The shop's counter on the wire: our addition to Wix's API."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from widget_server.admin.wire import customers
from widget_server.admin.wire.orders import LoyaltyOrder
from widget_server.loyalty.till.code_pictures import Kind
from widget_server.loyalty.till.finding import Found
from widget_server.loyalty.till.sales import Quote
from widget_server.web.texts import line, text
from widget_server.web.wire import POINTS_MAX, Choice, Guid, Number, Points, PointsAmount

BY = {one: one.lower() for one in ("EMAIL", "PHONE", "TILL_CODE", "REFERRAL_CODE")}
KINDS = {one: one for one in ("qr", "code128", "shopify")}
Amount = Annotated[Decimal, Number(low="0", places=3)]


@dataclass(frozen=True)
class FindCustomer:
    """What was typed or scanned: an e-mail address, a phone number, a till code, a referral code or link."""

    text: Annotated[str, text(1, 300)]


@dataclass(frozen=True)
class SaleQuote:
    """A purchase whose points are wanted; `amount` is in the shop's currency, with its tax."""

    customer_id: Guid
    amount: Amount


@dataclass(frozen=True)
class NewSale:
    """A purchase; `amount` is in the shop's currency, with its tax, `receipt` the number on the receipt."""

    customer_id: Guid
    amount: Amount
    receipt: Annotated[str | None, line(0, 40)] = None


@dataclass(frozen=True)
class SaleRefund:
    """How much of a purchase was paid back; all that is left without an amount."""

    amount: Annotated[Decimal | None, Number(low="0", places=3)] = None


@dataclass(frozen=True)
class RedeemAtTill:
    """The reward for a customer who identified by `tillCode`, or whom staff have `checked`."""

    customer_id: Guid
    reward_id: Guid
    points_to_spend: Annotated[int | None, Points(low=1, high=POINTS_MAX)] = None
    till_code: Annotated[str | None, text(1, 40)] = None
    checked: bool = False


@dataclass(frozen=True)
class CodePicture:
    """How the code is drawn: as a QR code (`qr`, the default), as a barcode (`code128`), or as the QR code that Shopify
    POS reads, which has the address of the discount (`shopify`).
    """

    kind: Annotated[Kind, Choice(KINDS)] = "qr"


class FoundCustomer(TypedDict):
    """A customer, the balance, and by what they were found: only `TILL_CODE` shows that it is the customer."""

    customer: customers.Customer
    balance: PointsAmount
    by: Annotated[str, Choice(BY)]


class FoundCustomers(TypedDict):
    """The customers whom the text may mean, at most 10."""

    found: list[FoundCustomer]


class QuoteResponse(TypedDict, total=False):
    """The points that the purchase would give, and when they can be spent: at once without a date."""

    points: PointsAmount
    spendable_date: datetime | None


class SaleResponse(TypedDict):
    """The purchase as an order of the platform `till`."""

    order: LoyaltyOrder


def found(one: Found) -> FoundCustomer:
    """Returns the customer in the shape of FoundCustomer."""
    account = one.account
    shown = customers.customer(one.customer, account.id if account else None)
    return {"customer": shown, "balance": account.balance if account else 0, "by": one.by}


def quoted(quote: Quote) -> QuoteResponse:
    """Returns the quote in the shape of QuoteResponse."""
    return {"points": quote.points, "spendable_date": quote.spendable_at}
