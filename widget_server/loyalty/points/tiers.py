"""Tiers, which members reach by the points they earned in a rolling window (contracts §2, acceptance 51)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Literal, TypedDict, Unpack

from peewee import JOIN, Check, Node, fn

from widget_server import clock, job_queue, ledger
from widget_server.db import (
    Condition,
    Int,
    Json,
    Money,
    Selection,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    new_id,
)
from widget_server.editions import kept
from widget_server.errors import TierProgramExists, TierTaken
from widget_server.events import TierChanged, TierMoved, emit
from widget_server.job_queue import JobName
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop

Status = Literal["disabled", "draft", "active", "paused"]
WINDOW_DAYS_DEFAULT = 365
GRANTED = Account.granted_until.is_null(False)
EVER_EARNED = (Account.earned > 0) | Account.tier_id.is_null(False) | GRANTED
Taken = Transaction.alias()  # the row that a clawback takes back


class Tier(Audited, ShopTable):
    """A tier. `multiplier` None means the base tier's (contracts §2).

    `benefits` is shown in the panel; `description` and `icon` belong to the admin API (wix-api §2).
    """

    id = Text(primary_key=True)
    name = Text()
    required_points = Int()
    multiplier = Money(null=True)
    benefits = Text(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    description = Text(null=True)
    icon = Json(null=True)

    class Meta:
        indexes = ((("shop_id", "required_points"), True), (("shop_id", "name"), True))
        constraints = [Check("required_points > 0")]


class TierProgram(Audited, ShopTable):
    """The shop's tier settings: whether tiers are active, their window, and the base tier.

    The window is `window_months` of the shop's calendar where they are set, else `window_days`. `active` decides;
    `status` only distinguishes the reasons for not being active, and is empty when there is none to distinguish.
    """

    id = Text(primary_key=True)
    active = Int(default=0)
    window_days = Int(default=WINDOW_DAYS_DEFAULT)
    base_name = Text(null=True)
    base_multiplier = Money(default=Decimal(1))
    base_benefits = Text(null=True)
    revision = Int(default=1)
    status = Text(null=True)
    window_months = Int(null=True)
    base_description = Text(null=True)
    base_icon = Json(null=True)
    created_at = UtcDateTime(default=clock.now)
    updated_at = UtcDateTime(default=clock.now)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [Check("window_days BETWEEN 1 AND 3660")]

    @property
    def state(self) -> Status:
        """The status: active, or the reason why not; then every account is in the base tier (wix-api §2)."""
        return self.status or ("active" if self.active else "disabled")

    @property
    def months(self) -> int:
        """The window in months: as set, or rounded from its days."""
        return int(self.window_months or max(1, round(self.window_days * 12 / 365)))

    def first_day(self, today: date) -> date:
        """Returns the first day of the window that ends with `today`."""
        if self.window_months:
            return clock.add_months(today, -self.window_months) + timedelta(days=1)
        return today - timedelta(days=self.window_days - 1)

    def day_it_leaves(self, day: date) -> date:
        """Returns the first day whose window does not include `day` any more."""
        if not self.window_months:
            return day + timedelta(days=self.window_days)
        leaves = clock.add_months(day, self.window_months)
        while self.first_day(leaves) <= day:  # a short month may not have this day
            leaves += timedelta(days=1)
        return leaves


@dataclass(frozen=True)
class Standing:
    """The standing of an account: its tier, the points that count, and the next tier."""

    tier: Tier | None
    program: TierProgram
    points: int
    next: Tier | None
    ends_at: datetime | None

    @property
    def name(self) -> str | None:
        """The name of the tier, as the panel shows it."""
        name: str | None = self.tier.name if self.tier else self.program.base_name
        return name

    @property
    def multiplier(self) -> Decimal:
        """The factor for the points of orders: the tier's own, else the base tier's (contracts §2)."""
        own = self.tier.multiplier if self.tier else None
        return Decimal(own if own is not None else self.program.base_multiplier)


class TierColumns(TypedDict, total=False):
    """The columns of a tier that may be changed. `required_points` are those of the window, 1 or more."""

    name: str
    required_points: int
    multiplier: Decimal | None
    benefits: str | None
    description: str | None
    icon: Mapping[str, object] | None


class TierSettings(TypedDict, total=False):
    """The columns of a shop's tier settings. `window_days` and `window_months` exclude one another."""

    active: bool | int
    status: Status | None
    window_days: int
    window_months: int | None
    base_name: str | None
    base_multiplier: Decimal
    base_benefits: str | None
    base_description: str | None
    base_icon: Mapping[str, object] | None


def program_of(shop_id: str) -> TierProgram | None:
    """Returns the shop's tier settings, or None while there are no tiers."""
    program = _programs.first(shop_id)
    return program if program is not None and program.active else None


@kept
def _programs(shop_id: str) -> Selection[TierProgram]:
    return TierProgram.of(shop_id)


def listed(shop_id: str) -> list[Tier]:
    """Returns the shop's tiers by their required points, lowest first, without the base tier."""
    return _listed.rows(shop_id)


@kept
def _listed(shop_id: str) -> Selection[Tier]:
    return Tier.of(shop_id).order_by(Tier.required_points)


def need(shop: Shop, tier_id: str) -> Tier:
    """Returns the shop's tier with this id; raises NotFound."""
    return Tier.need(shop, Tier.id == tier_id)


def create(
    shop: Shop,
    name: str,
    required_points: int,
    *,
    multiplier: Decimal | None = None,
    benefits: str | None = None,
    description: str | None = None,
    icon: Mapping[str, object] | None = None,
) -> Tier:
    """Create a tier that is reached by `required_points`; a job moves accounts into it.

    Raises TierTaken (name, required_points).
    """
    with atomic():
        programs.locked(shop.id)
        _check_free(shop, None, name, required_points)
        moment = clock.now()
        tier = Tier(
            id=new_id(),
            shop_id=shop.id,
            name=name,
            required_points=required_points,
            multiplier=multiplier,
            benefits=benefits,
            description=description,
            icon=icon,
            created_at=moment,
            updated_at=moment,
        )
        tier.save(force_insert=True)
        emit(TierChanged(shop.id, tier.id, "created"))
        _move_accounts(shop)
        return tier


def change(shop: Shop, tier_id: str, revision: int | None, **columns: Unpack[TierColumns]) -> Tier:
    """Change the given columns; a job moves accounts when `required_points` differ.

    `revision` is the one the caller read (None: not checked). Raises NotFound, StaleRevision, TierTaken.
    """
    with atomic():
        programs.locked(shop.id)
        tier = _current(shop, tier_id, revision)
        if changed := revisions.set_columns(tier, columns):
            _check_free(shop, tier.id, tier.name, tier.required_points)
            tier.save()
            emit(TierChanged(shop.id, tier.id, "updated", changed))
        if "required_points" in changed:
            _move_accounts(shop)
        return tier


def remove(shop: Shop, tier_id: str, revision: int | None) -> None:
    """Delete the tier: its accounts are in the base tier until a job moves them to the right one.

    Raises NotFound, StaleRevision.
    """
    with atomic():
        programs.locked(shop.id)
        tier = _current(shop, tier_id, revision)
        Tier.remove(shop, Tier.id == tier.id)
        emit(TierChanged(shop.id, tier.id, "deleted"))
        _move_accounts(shop)


def save_program(shop: Shop, **settings: Unpack[TierSettings]) -> TierProgram:
    """Set the given tier settings of the shop; creates them, with defaults for the rest, when there are none yet.

    Give `status` or `active`, and `window_months` or `window_days`: the other one is derived.
    """
    with atomic():
        programs.locked(shop.id)
        stored = TierProgram.one(shop)
        program = stored or program_settings(shop)
        changed = revisions.set_columns(program, _agreeing(settings))
        if stored is None:
            program.revision = 1
        if changed or stored is None:
            program.save(force_insert=stored is None)
        if {"active", "window_days", "window_months"} & set(changed):
            _move_accounts(shop)
        return program


def program_settings(shop: Shop) -> TierProgram:
    """Returns the shop's tier settings in any state; the defaults, disabled, when it never set any."""
    made_at = programs.of(shop.id).created_at
    return TierProgram.one(shop) or TierProgram(id=shop.id, shop_id=shop.id, created_at=made_at, updated_at=made_at)


def create_program(shop: Shop, **settings: Unpack[TierSettings]) -> TierProgram:
    """Create the tier settings of a shop that never set any, like `save_program`. Raises TierProgramExists."""
    with atomic():
        programs.locked(shop.id)
        if TierProgram.one(shop) is not None:
            raise TierProgramExists()
        return save_program(shop, **settings)


def change_program(shop: Shop, revision: int | None, **settings: Unpack[TierSettings]) -> TierProgram:
    """Like `save_program`, for a caller who read `revision` (None: not checked). Raises StaleRevision."""
    with atomic():
        programs.locked(shop.id)
        program = program_settings(shop)
        revisions.check_revision(program, revision)
        if TierProgram.one(shop) is None:
            program.save(force_insert=True)
        return save_program(shop, **settings)


def _current(shop: Shop, tier_id: str, revision: int | None) -> Tier:
    tier = need(shop, tier_id)
    revisions.check_revision(tier, revision)
    return tier


def days_of_months(months: int) -> int:
    """Returns the days of a window that is given in months."""
    return round(months * 365 / 12)


def _agreeing(settings: TierSettings) -> TierSettings:
    """Returns the settings with what they imply: `active` from the status, `window_days` from the months."""
    if "status" in settings:
        settings = {**settings, "active": int(settings["status"] == "active")}
    elif "active" in settings:
        settings = {**settings, "status": None}
    months = settings.get("window_months")
    if months:
        return {**settings, "window_days": days_of_months(months)}
    return {**settings, "window_months": None} if "window_days" in settings else settings


def _check_free(shop: Shop, tier_id: str | None, name: str, required_points: int) -> None:
    """Raises TierTaken when another tier has this name or these required points."""
    for field, value in (("name", name), ("required_points", required_points)):
        if Tier.of(shop).where(getattr(Tier, field) == value, Tier.id != (tier_id or "")).exists():
            raise TierTaken(field=field)


def _move_accounts(shop: Shop) -> None:
    """Move accounts out of deleted or inactive tiers at once; a job does the rest."""
    active = program_of(shop.id) is not None
    standing = [tier.id for tier in listed(shop.id)] if active else []
    Account.change(
        shop,
        {
            Account.tier_id: None,
            Account.tier_until: None,
            Account.revision: Account.revision + 1,
            Account.updated_at: clock.now(),
        },
        Account.tier_id.is_null(False),
        Account.tier_id.not_in(standing),
    )
    if active and Account.one(shop, EVER_EARNED) is not None:
        job_queue.enqueue_once(JobName.RECHECK_TIERS, {"shop_id": shop.id})


def standing(shop_id: str, account: Account | None) -> Standing | None:
    """Returns the present standing of `account`; None while the shop has no tiers.

    The stored tier counts: it is rechecked on every booking and daily.
    """
    program = program_of(shop_id)
    if program is None:
        return None
    tiers = listed(shop_id)
    points = account.tier_points if account else 0
    tier = next((one for one in tiers if account and one.id == account.tier_id), None)
    above = tier.required_points if tier else 0
    following = next((one for one in tiers if one.required_points > above), None)
    return Standing(tier, program, points, following, account.tier_until if tier and account else None)


def window_start(shop: Shop, program: TierProgram) -> datetime:
    """Returns the first moment of the rolling window: whole days of the shop's zone, today included."""
    return clock.start_of(program.first_day(clock.local_date(clock.now(), shop.timezone)), shop.timezone)


def points_in_window(shop: Shop, program: TierProgram, account: Account) -> int:
    """Returns the points earned in the window less clawbacks (contracts §2), also those that became debt."""
    rows = (Transaction.account_id == account.id, window_start(shop, program))
    amounts = earned_since(shop, *rows, fn.COALESCE(fn.SUM(Transaction.amount), 0))
    return max(int(amounts.scalar()) - int(account.debt), 0)


def earned_since(shop: Shop, of_accounts: Condition, first: datetime, *columns: Node) -> Selection[Transaction]:
    """The earn rows of these accounts in the window. A clawback counts at the time of the earning that it takes back
    (`Taken`).
    """
    return (  # untyped: peewee's types do not know what `tuples()` yields
        Transaction.of(shop, *columns)
        .join(Taken, JOIN.LEFT_OUTER, on=(Taken.id == Transaction.reverses_id))
        .where(
            of_accounts,
            Transaction.kind == "earn",
            (Taken.event_at >= first) | (Taken.id.is_null() & (Transaction.event_at >= first)),
        )
    )


def recheck(shop: Shop, account_id: str, *, tells: bool = True) -> None:
    """Put the account into the highest tier its points in the window reach, or a higher one granted by staff (51).

    Without `tells` the change is no event: for changes of many accounts, of which nobody is written a letter.
    """
    program = program_of(shop.id)
    if program is None:
        return
    with atomic():
        account = ledger.locked(shop.id, account_id)
        points = points_in_window(shop, program, account)
        steps = listed(shop.id)
        reached = [one for one in steps if one.required_points <= points]
        tier = reached[-1] if reached else None
        until = _until(shop, program, account, tier.required_points) if tier else None
        granted = _granted(steps, account)
        if granted is None and account.granted_until is not None:
            ledger.grant_tier(shop.id, account_id, None, None)
        elif granted is not None and (tier is None or granted.required_points >= tier.required_points):
            ends = (account.granted_until, until if granted == tier else None)
            tier, until = granted, max(filter(None, ends))
        after = tier.id if tier else None
        ledger.set_tier(shop.id, account_id, after, points, until)
        if tells and after != account.tier_id:
            emit(TierMoved(shop.id, account_id, account.customer_id, account.tier_id, after))


def _granted(steps: list[Tier], account: Account) -> Tier | None:
    """Returns the tier that staff granted; None when none is, or when it has ended or was deleted."""
    if account.granted_until is None or account.granted_until <= clock.now():
        return None
    return next((one for one in steps if one.id == account.granted_tier_id), None)


def _until(shop: Shop, program: TierProgram, account: Account, required_points: int) -> datetime | None:
    """Returns when the account will lose the tier because points leave the window, if nothing more is earned."""
    of_account = Transaction.account_id == account.id
    columns = (Transaction.event_at, Taken.event_at, Transaction.amount)
    rows = earned_since(shop, of_account, window_start(shop, program), *columns)
    newest_first = rows.order_by(fn.COALESCE(Taken.event_at, Transaction.event_at).desc())
    earned = ((was or at, points) for at, was, points in newest_first.tuples())
    return last_until(shop, program, earned, account.debt, required_points)


def last_until(
    shop: Shop, program: TierProgram, newest_first: Iterable[tuple[datetime, int]], debt: int, required_points: int
) -> datetime | None:
    """Returns when these points of the window, each with its time, no longer reach `required_points`; None: never did.

    Summed from the newest day back, it is the day with which the sum reaches the tier: when it leaves, the tier ends.
    """
    lots = ((clock.local_date(at, shop.timezone), points) for at, points in newest_first)
    running = -debt
    for day, of_day in groupby(lots, key=itemgetter(0)):
        running += sum(points for _, points in of_day)
        if running >= required_points:
            return clock.start_of(program.day_it_leaves(day), shop.timezone)
    return None
