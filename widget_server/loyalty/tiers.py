"""Tiers: levels reached by points earned in a rolling window (contracts §2, acceptance 51)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from peewee import JOIN, Check, fn

from widget_server import clock, ledger
from widget_server.db import Int, Money, ShopTable, Text, UtcDateTime, atomic, new_id
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.shops import Shop

WINDOW_DAYS_DEFAULT = 365
Taken = Transaction.alias()  # the row that a clawback takes back


class Tier(ShopTable):
    """A level. `multiplier` None means the base tier's (contracts §2)."""

    id = Text(primary_key=True)
    name = Text()
    required_points = Int()
    multiplier = Money(null=True)
    benefits = Text(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "required_points"), True), (("shop_id", "name"), True))
        constraints = [Check("required_points > 0")]


class TierProgram(ShopTable):
    """Whether the shop has tiers at all, their window in days, and what holds for those in no tier."""

    id = Text(primary_key=True)
    active = Int(default=0)
    window_days = Int(default=WINDOW_DAYS_DEFAULT)
    base_name = Text(null=True)
    base_multiplier = Money(default=Decimal(1))
    base_benefits = Text(null=True)
    revision = Int(default=1)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [Check("window_days BETWEEN 1 AND 3660")]


@dataclass(frozen=True)
class Standing:
    """Where an account stands: its tier, the points that count, and the next tier."""

    tier: Tier | None
    program: TierProgram
    points: int
    next: Tier | None
    ends_at: datetime | None

    @property
    def name(self) -> str | None:
        """What the shopper reads as her level."""
        return self.tier.name if self.tier else self.program.base_name

    @property
    def multiplier(self) -> Decimal:
        """By what her order points are multiplied."""
        own = self.tier.multiplier if self.tier else None
        return Decimal(own if own is not None else self.program.base_multiplier)


def program_of(shop_id: str) -> TierProgram | None:
    """The shop's tier settings, or None while there are no tiers."""
    program = TierProgram.one(shop_id)
    return program if program is not None and program.active else None


def listed(shop_id: str) -> list[Tier]:
    """The shop's tiers, lowest first."""
    return list(Tier.of(shop_id).order_by(Tier.required_points))


def save_program(shop_id: str, **settings: object) -> TierProgram:
    """Set the shop's tier settings; made with their defaults when there are none yet."""
    program = TierProgram.one(shop_id)
    if program is None:
        program = TierProgram(id=shop_id, shop_id=shop_id)
        program.save(force_insert=True)
    for name, value in settings.items():
        setattr(program, name, value)
    program.save()
    return program


def create(shop_id: str, name: str, required_points: int) -> Tier:
    """A new level; its name and its points are each unique among the shop's tiers."""
    moment = clock.now()
    tier = Tier(
        id=new_id(),
        shop_id=shop_id,
        name=name,
        required_points=required_points,
        created_at=moment,
        updated_at=moment,
    )
    tier.save(force_insert=True)
    return tier


def standing(shop_id: str, account: Account | None) -> Standing | None:
    """Where `account` stands now; None while the shop has no tiers.

    The stored level is what counts: it is rechecked on every booking and daily.
    """
    program = program_of(shop_id)
    if program is None:
        return None
    levels = listed(shop_id)
    points = account.tier_points if account else 0
    tier = next((level for level in levels if account and level.id == account.tier_id), None)
    above = tier.required_points if tier else 0
    following = next((level for level in levels if level.required_points > above), None)
    return Standing(tier, program, points, following, account.tier_until if tier and account else None)


def window_start(shop: Shop, program: TierProgram) -> datetime:
    """The first moment of the rolling window: whole days of the shop's zone, today included."""
    today = clock.local_date(clock.now(), shop.timezone)
    return clock.start_of(today - timedelta(days=program.window_days - 1), shop.timezone)


def points_in_window(shop: Shop, program: TierProgram, account: Account) -> int:
    """Points earned net of clawbacks inside the window (contracts §2); what became debt was taken back too."""
    amounts = _earned_since(shop, account, window_start(shop, program), fn.COALESCE(fn.SUM(Transaction.amount), 0))
    return max(int(amounts.scalar()) - account.debt, 0)


def _earned_since(shop: Shop, account: Account, first: datetime, *columns: Any) -> Any:
    """Earn rows of the window. A clawback counts when what it takes back was earned: they come and go together."""
    return (
        Transaction.of(shop, *columns)
        .join(Taken, JOIN.LEFT_OUTER, on=(Taken.id == Transaction.takes_back))
        .where(
            Transaction.account_id == account.id,
            Transaction.kind == "earn",
            (Taken.event_at >= first) | (Taken.id.is_null() & (Transaction.event_at >= first)),
        )
    )


def recheck(shop: Shop, account_id: str) -> None:
    """Put the account into the highest tier its points in the window reach (acceptance 51)."""
    program = program_of(shop.id)
    if program is None:
        return
    with atomic():
        account = ledger.locked(shop.id, account_id)
        points = points_in_window(shop, program, account)
        reached = [level for level in listed(shop.id) if level.required_points <= points]
        tier = reached[-1] if reached else None
        Account.change(
            shop.id,
            {
                Account.tier_points: points,
                Account.tier_id: tier.id if tier else None,
                Account.tier_until: _until(shop, program, account, tier.required_points) if tier else None,
            },
            Account.id == account_id,
        )


def _until(shop: Shop, program: TierProgram, account: Account, required_points: int) -> datetime | None:
    """When the points that hold the level will have left the window, if nothing more is earned.

    Newest first, the day with which the running sum reaches the level is the one whose leaving ends it.
    """
    columns = (Transaction.event_at, Taken.event_at, Transaction.amount)
    rows = _earned_since(shop, account, window_start(shop, program), *columns)
    newest_first = rows.order_by(fn.COALESCE(Taken.event_at, Transaction.event_at).desc())
    lots = ((clock.local_date(was or at, shop.timezone), points) for at, was, points in newest_first.tuples())
    running = -account.debt
    for day, of_day in groupby(lots, key=itemgetter(0)):
        running += sum(points for _, points in of_day)
        if running >= required_points:
            return clock.start_of(day + timedelta(days=program.window_days), shop.timezone)
    return None


def recheck_all(shop: Shop) -> int:
    """The daily recheck: accounts whose points may have left the window. Answers how many were looked at."""
    if program_of(shop.id) is None:
        return 0
    due = [row.id for row in Account.of(shop.id, Account.id).where(Account.tier_points > 0)]
    for account_id in due:
        recheck(shop, account_id)
    return len(due)
