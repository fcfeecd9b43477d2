"""How many accounts are in each tier, and the counters of all accounts together."""

from dataclasses import dataclass

from peewee import fn

from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class TierShare:
    """The accounts in one tier now; `tier_id` and `name` are None for the base tier, below the first one."""

    tier_id: str | None
    name: str | None
    accounts: int


@dataclass(frozen=True)
class ProgramTotals:
    """The counters of all accounts together; `tiers` counts the accounts in each tier, first the base tier (None)."""

    balance: int
    earned: int
    adjusted: int
    redeemed: int
    expired: int
    tiers: tuple[tuple[str | None, int], ...]


def tier_mix(shop: Shop) -> list[TierShare]:
    """Returns the accounts in each tier now, first the base tier; all are in the base tier while there are no tiers.

    An account whose customer was merged into another is in none.
    """
    known = tiers.listed(shop.id) if tiers.program_of(shop.id) else []
    counts = dict(Account.of(shop, Account.tier_id, fn.COUNT(Account.id)).group_by(Account.tier_id).tuples())
    merged = Customer.of(shop, Account.tier_id, fn.COUNT(Account.id)).join(
        Account, on=(Account.customer_id == Customer.id)
    )
    for tier_id, count in merged.where(Customer.merged_into.is_null(False)).group_by(Account.tier_id).tuples():
        counts[tier_id] -= count
    placed = [TierShare(tier.id, tier.name, int(counts.pop(tier.id, 0))) for tier in known]
    return [TierShare(None, None, sum(map(int, counts.values()))), *placed]


def program_totals(shop: Shop) -> ProgramTotals:
    """Returns the counters of all accounts, and how many are in each tier (wix-api §1b)."""
    names = ("balance", "earned", "adjusted", "redeemed", "expired")
    sums = [fn.COALESCE(fn.SUM(getattr(Account, name)), 0) for name in names]
    counters = {name: int(value) for name, value in zip(names, Account.of(shop, *sums).tuples().get(), strict=True)}
    return ProgramTotals(**counters, tiers=tuple((share.tier_id, share.accounts) for share in tier_mix(shop)))
