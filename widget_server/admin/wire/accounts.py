"""LoyaltyAccount on the wire (wix-api §2): a customer's points, seen by the merchant."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tiers
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import (
    BALANCE_MAX,
    NEVER,
    NOT_0,
    POINTS_MAX,
    Image,
    Move,
    OneOf,
    Revision,
    Rule,
    Wire,
    WireTime,
    guid,
    page_of,
    text,
    wrapped,
)
from widget_server.web.wire import Points as Count


class AccountPoints(Wire):
    """The counters: balance = earned + adjusted - redeemed - expired."""

    balance, earned, adjusted, redeemed, expired = Count(), Count(), Count(), Count(), Count()


class AccountTier(Wire):
    """The tier the customer is in, without an id when it is the base tier; `points` are those that count for it."""

    id = guid()
    updated_date = WireTime()
    points = Count()


class Contact(Wire):
    """The person behind the account."""

    id = guid()
    name = fields.String()
    picture = fields.Nested(schema_of(Image, Wire))
    email = fields.String()
    display_name = fields.String()


class AccountExpiry(Wire):
    """What expires next if nothing happens, and when."""

    expiration_date = WireTime()
    expiring_points_amount = Count()


class LoyaltyAccount(Wire):
    """An account. Nothing of it is set directly: points are earned, adjusted, redeemed."""

    id, contact_id, member_id = guid(), guid(), guid()
    points = fields.Nested(AccountPoints)
    reward_available = fields.Boolean()
    last_activity_date = WireTime()
    tier = fields.Nested(AccountTier)
    contact = fields.Nested(Contact)
    points_expiration = fields.Nested(AccountExpiry)
    revision = Revision()
    created_date, updated_date = WireTime(), WireTime()


class CreateAccount(Wire):
    """Whose account."""

    contact_id = guid(required=True)


class AmountOrBalance(Rule):
    """When both are there the balance counts (wix-api §1a), and the amount may be anything."""

    def check(self, data: dict[str, Any], partial: bool) -> None:
        if "balance" not in data and not data.get("amount"):
            raise ValidationError("A balance, or an amount that is not 0.", field_name="amount")

    def shape(self, partial: bool) -> dict[str, Any]:
        amount = {"required": ["amount"], "properties": {"amount": {"anyOf": NOT_0}, "balance": NEVER}}
        return {"oneOf": [amount, {"required": ["balance"]}]}


class AdjustPoints(Wire):
    """To a balance, or by an amount."""

    description = text(1, 100)
    revision = Revision()
    balance = Count(low=0, high=BALANCE_MAX)
    amount = Count(low=-POINTS_MAX, high=POINTS_MAX)
    reason = text(1, 500)

    rules = (AmountOrBalance(),)


class FollowedSocialMedia(Wire):
    """A channel that was followed."""

    channel = text(1, 32)


class EarnPoints(Wire):
    """Points for something done, once for an `idempotencyKey`."""

    amount = Count(low=1, high=POINTS_MAX, required=True)
    description = text(1, 100)
    app_id = text(1, 100, required=True)
    idempotency_key = text(1, 256, required=True)
    activity_type = text(1, 100)
    order_id = text(1, 512)
    followed_social_media = fields.Nested(FollowedSocialMedia)


class AccountMoved(Wire):
    """The account as it is now, and the transaction that did it (absent when nothing had to be moved)."""

    account = fields.Nested(LoyaltyAccount, required=True)
    transaction_id = guid()


class SecondaryId(Wire):
    """One of the two."""

    contact_id, member_id = text(1, 50), text(1, 50)

    rules = (OneOf(("contact_id", "member_id")),)


class ListAccounts(Wire):
    """Which accounts, and where to go on."""

    contact_ids = fields.List(guid(), validate=validate.Length(max=50))
    limit = fields.Integer(data_key="cursorPaging.limit", validate=validate.Range(min=1, max=100))
    cursor = fields.String(data_key="cursorPaging.cursor", validate=validate.Length(max=16_000))


class Counted(Wire):
    """How many there are."""

    count = fields.Integer(required=True)


class BulkAdjust(Wire):
    """To which balance, or by which amount."""

    balance = Count(low=0, high=BALANCE_MAX)
    amount = Move()
    description = text(1, 100)
    reason = text(1, 500)

    rules = (OneOf(("amount", "balance")),)


class JobStarted(Wire):
    """The work goes on behind the answer: `/loyalty-batches/v1/batches/{asyncJobId}` tells how far it is."""

    async_job_id = guid()


class TierTotal(Wire):
    """How many accounts are in a tier; without an id: in the base tier."""

    id = guid()
    number_of_accounts = fields.Integer(required=True)


class ProgramTotals(Wire):
    """The counters of all accounts together."""

    points = fields.Nested(AccountPoints, required=True)
    tier_totals = fields.List(fields.Nested(TierTotal), required=True)


AccountBody = wrapped("account", LoyaltyAccount)
AccountsPage = page_of("loyalty_accounts", LoyaltyAccount)
AccountsFound = page_of("accounts", LoyaltyAccount, aggregation_data=fields.Raw(metadata={"type": "object"}))
AccountsListed = page_of("accounts", LoyaltyAccount, offset=True)


@dataclass(frozen=True)
class Surroundings:
    """What every account of a shop is seen against, read once for a whole page."""

    shop: Shop
    program: Program
    with_tiers: bool
    catalogue: list[rewards.Reward]

    @classmethod
    def of(cls, shop: Shop) -> "Surroundings":
        """As they are now."""
        return cls(shop, programs.of(shop.id), tiers.program_of(shop.id) is not None, list(rewards.in_force(shop)))


def account(row: Account, customer: Customer, around: Surroundings, *, alone: bool = True) -> dict[str, Any]:
    """The row as LoyaltyAccount writes it.

    In a list (`alone=False`) points that expire by age are not dated: that takes a look at each history.
    """
    tier_id = row.tier_id if around.with_tiers else None
    by_age = around.program.rules.expiry == "age"
    coming = expiry.next_expiry(around.shop, around.program, row) if alone or not by_age else None
    return {
        "id": row.id,
        "contact_id": row.customer_id,
        "member_id": row.customer_id if customer.is_member else None,
        "points": {name: getattr(row, name) for name in ("balance", "earned", "adjusted", "redeemed", "expired")},
        "reward_available": around.program.is_active
        and any(price <= row.balance for price in _prices(around, tier_id)),
        "last_activity_date": row.last_activity_at,
        "tier": {"id": tier_id, "points": row.tier_points, "updated_date": row.updated_at},
        "contact": contact(customer),
        "points_expiration": {"expiration_date": coming.at, "expiring_points_amount": coming.points} if coming else {},
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def contact(customer: Customer) -> dict[str, Any]:
    """The person as an account shows them."""
    return {"id": customer.id, "name": customer.name, "email": customer.email, "display_name": customer.name}


def _prices(around: Surroundings, tier_id: str | None) -> list[int]:
    prices = (rewards.price_for(reward, tier_id) for reward in around.catalogue)
    return [price.cost_points for price in prices if price is not None]
