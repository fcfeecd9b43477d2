"""LoyaltyAccount on the wire (wix-api §2): a customer's points, as the merchant sees them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tiers
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports import ProgramTotals
from widget_server.loyalty.rewards import rewards
from widget_server.web.texts import text
from widget_server.web.typed_schemas import together
from widget_server.web.wire import (
    BALANCE_MAX,
    NEVER,
    NOT_0,
    POINTS_MAX,
    CursorPagingMetadata,
    Guid,
    Image,
    Move,
    OneOf,
    PageCursor,
    PageLimit,
    PagingMetadata,
    Points,
    PointsAmount,
    Revision,
    Rule,
    guid,
)


class AccountPoints(TypedDict, total=False):
    """The counters: balance = earned + adjusted - redeemed - expired."""

    balance: PointsAmount
    earned: PointsAmount
    adjusted: PointsAmount
    redeemed: PointsAmount
    expired: PointsAmount


class AccountTier(TypedDict, total=False):
    """The tier the customer is in, without an id when it is the base tier; `points` are those that count for it."""

    id: Guid | None
    updated_date: datetime
    points: PointsAmount


class Contact(TypedDict, total=False):
    """The person behind the account."""

    id: Guid
    name: str | None
    picture: Image
    email: str | None
    display_name: str | None


class AccountExpiry(TypedDict, total=False):
    """How many points expire next if nothing happens, and when."""

    expiration_date: datetime
    expiring_points_amount: PointsAmount


class LoyaltyAccount(TypedDict, total=False):
    """An account. No field is set directly: points are earned, adjusted or redeemed."""

    id: Guid
    contact_id: Guid
    member_id: Guid | None
    points: AccountPoints
    reward_available: bool
    last_activity_date: datetime
    tier: AccountTier
    contact: Contact
    points_expiration: AccountExpiry
    revision: Annotated[int, Revision()]
    created_date: datetime
    updated_date: datetime


@dataclass(frozen=True)
class NewAccount:
    """The customer who gets the account."""

    contact_id: Guid


class AmountOrBalance(Rule):
    """If both are sent, the balance counts (wix-api §1a), and the amount may be any number."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        if "balance" not in data and not data.get("amount"):
            raise ValidationError("A balance, or an amount that is not 0.", field_name="amount")

    def shape(self, partial: bool) -> dict[str, object]:
        amount = {"required": ["amount"], "properties": {"amount": {"anyOf": NOT_0}, "balance": NEVER}}
        return {"oneOf": [amount, {"required": ["balance"]}]}


@together(AmountOrBalance())
@dataclass(frozen=True)
class AdjustPoints:
    """A change to a balance, or by an amount."""

    description: Annotated[str | None, text(1, 100)] = None
    revision: Annotated[int | None, Revision()] = None
    balance: Annotated[int | None, Points(low=0, high=BALANCE_MAX)] = None
    amount: Annotated[int | None, Points(low=-POINTS_MAX, high=POINTS_MAX)] = None
    reason: Annotated[str | None, text(1, 500)] = None


@dataclass(frozen=True)
class FollowedSocialMedia:
    """A channel that was followed."""

    channel: Annotated[str | None, text(1, 32)] = None


@dataclass(frozen=True)
class EarnPoints:
    """Points for an action, given once per `idempotencyKey`."""

    amount: Annotated[int, Points(low=1, high=POINTS_MAX)]
    app_id: Annotated[str, text(1, 100)]
    idempotency_key: Annotated[str, text(1, 256)]
    description: Annotated[str | None, text(1, 100)] = None
    activity_type: Annotated[str | None, text(1, 100)] = None
    order_id: Annotated[str | None, text(1, 512)] = None
    followed_social_media: FollowedSocialMedia | None = None


@together(OneOf(("amount", "balance")))
@dataclass(frozen=True)
class BulkAdjust:
    """The balance to set, or the amount to add."""

    balance: Annotated[int | None, Points(low=0, high=BALANCE_MAX)] = None
    amount: Annotated[int | None, Move()] = None
    description: Annotated[str | None, text(1, 100)] = None
    reason: Annotated[str | None, text(1, 500)] = None


@together(OneOf(("contact_id", "member_id")))
@dataclass(frozen=True)
class SecondaryId:
    """The contact or the member whose account is requested."""

    contact_id: Annotated[str | None, text(1, 50)] = None
    member_id: Annotated[str | None, text(1, 50)] = None

    @property
    def customer_id(self) -> str:
        """Returns the one that was sent: both are the id of a customer."""
        return self.contact_id or self.member_id or ""


@dataclass(frozen=True)
class AccountsQuery:
    """The contacts whose accounts to list, and the page."""

    contact_ids: Annotated[list[str] | None, fields.List(guid()), Length(max=50)] = None
    limit: PageLimit = None
    cursor: PageCursor = None


class AccountResponse(TypedDict):
    """One account."""

    account: LoyaltyAccount


class AccountMoved(TypedDict):
    """The account as it is now, and the transaction that moved points (absent if none had to move)."""

    account: LoyaltyAccount
    transaction_id: Guid | None


class AccountsPage(TypedDict):
    """Accounts of a query, and the paging metadata."""

    loyalty_accounts: list[LoyaltyAccount]
    paging_metadata: CursorPagingMetadata


class AccountsFound(TypedDict):
    """Accounts of a search, and the paging metadata; the AggregationData is of all matches (wix-api §4)."""

    accounts: list[LoyaltyAccount]
    paging_metadata: CursorPagingMetadata
    aggregation_data: NotRequired[Annotated[dict[str, object], fields.Raw(metadata={"type": "object"})]]


class AccountsListed(TypedDict):
    """Accounts of a list, and the paging metadata."""

    accounts: list[LoyaltyAccount]
    paging_metadata: PagingMetadata


class Count(TypedDict):
    """The number of matching accounts."""

    count: int


class JobStarted(TypedDict, total=False):
    """A job in the background: `/loyalty-batches/v1/batches/{asyncJobId}` returns its progress."""

    async_job_id: Guid


class TierTotal(TypedDict):
    """The number of accounts in a tier; without an id: in the base tier."""

    id: Guid | None
    number_of_accounts: int


class AccountTotals(TypedDict):
    """The counters summed over all accounts."""

    points: AccountPoints
    tier_totals: list[TierTotal]


@dataclass(frozen=True)
class Surroundings:
    """The facts of the shop that every account is shown with, read once for a whole page."""

    shop: Shop
    program: Program
    with_tiers: bool
    catalogue: list[rewards.Reward]
    cheapest: dict[str | None, int | None] = field(default_factory=dict)  # by tier, once it was computed

    @classmethod
    def of(cls, shop: Shop) -> "Surroundings":
        """Returns the facts as they are now."""
        return cls(shop, programs.of(shop.id), tiers.program_of(shop.id) is not None, rewards.in_force(shop))

    def has_reward_for(self, balance: int, tier_id: str | None) -> bool:
        """Whether a customer of this tier can buy a reward with so many points."""
        if tier_id not in self.cheapest:
            prices = (rewards.price_for(reward, tier_id) for reward in self.catalogue)
            self.cheapest[tier_id] = min((one.cost_points for one in prices if one is not None), default=None)
        price = self.cheapest[tier_id]
        return price is not None and price <= balance


def account(row: Account, customer: Customer, around: Surroundings, *, alone: bool = True) -> LoyaltyAccount:
    """Returns the row of this customer as the wire has it.

    In a list (`alone=False`) points that expire by age have no date: it would take a query per account.
    """
    tier_id = row.tier_id if around.with_tiers else None
    by_age = around.program.rules.expiry == "age"
    coming = expiry.next_expiry(around.shop, around.program, row) if alone or not by_age else None
    return {
        "id": row.id,
        "contact_id": row.customer_id,
        "member_id": row.customer_id if customer.is_member else None,
        "points": counters(row),
        "reward_available": around.program.is_active and around.has_reward_for(row.balance, tier_id),
        "last_activity_date": row.last_activity_at,
        "tier": {"id": tier_id, "points": row.tier_points, "updated_date": row.updated_at},
        "contact": contact(customer),
        "points_expiration": {"expiration_date": coming.at, "expiring_points_amount": coming.points} if coming else {},
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def counters(row: Account | ProgramTotals) -> AccountPoints:
    """Returns the counters of one account, or the sums of all accounts."""
    return {
        "balance": row.balance,
        "earned": row.earned,
        "adjusted": row.adjusted,
        "redeemed": row.redeemed,
        "expired": row.expired,
    }


def contact(customer: Customer) -> Contact:
    """Returns the person as an account shows them."""
    return {"id": customer.id, "name": customer.name, "email": customer.email, "display_name": customer.name}


def annotation(body: EarnPoints) -> Annotation:
    """Returns the annotation of points that an app gives."""
    followed = body.followed_social_media
    return Annotation(
        comment=body.description,
        app_id=body.app_id,
        activity_type=body.activity_type,
        order_ref=body.order_id,
        channel=followed.channel if followed else None,
    )
