"""How many accounts are in each tier, and the counters of all accounts together."""

from dataclasses import dataclass

from peewee import fn

from widget_server.ledger import Account
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.figure_rows import TIER
from widget_server.totals import in_all


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
    sums = in_all(shop.id, beginning=TIER)
    counts = {name.removeprefix(TIER): count for name, count in sums.items()}
    placed = [TierShare(tier.id, tier.name, counts.pop(tier.id, 0)) for tier in known]
    return [TierShare(None, None, sum(counts.values())), *placed]


def program_totals(shop: Shop) -> ProgramTotals:
    """Returns the counters of all accounts, and how many are in each tier (wix-api §1b)."""
    names = ("balance", "earned", "adjusted", "redeemed", "expired")
    sums = [fn.COALESCE(fn.SUM(getattr(Account, name)), 0) for name in names]
    counters = {name: int(value) for name, value in zip(names, Account.of(shop, *sums).tuples().get(), strict=True)}
    return ProgramTotals(**counters, tiers=tuple((share.tier_id, share.accounts) for share in tier_mix(shop)))
