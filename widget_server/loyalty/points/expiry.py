"""Expiry (acceptance 50): off by default; by inactivity with a percentage, or by age, oldest points first.

Only `lots` computes which points have which age.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from peewee import Case, ColumnBase, Field

from widget_server import clock, ledger
from widget_server.db import atomic
from widget_server.ledger import BALANCE_MAX, Account, Cause
from widget_server.loyalty.people import mailing
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import lots
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class NextExpiry:
    """The points that expire next, and the first moment at which they are gone."""

    points: int
    at: datetime


def next_expiry(shop: Shop, program: Program, account: Account) -> NextExpiry | None:
    """Returns what the account loses next without further activity; None when nothing expires, or while paused."""
    rules = program.rules
    if rules.expiry == "off" or account.balance <= 0 or not program.is_active:
        return None
    earliest = _earliest(shop, program)
    if rules.expiry == "inactivity":
        at = expires_at(shop, account.last_activity_at, rules.expiry_months)
        return NextExpiry(-(-account.balance * rules.expiry_percent // 100), max(at, earliest or at))
    held = lots.of(account)
    oldest = next(held, None)
    if oldest is None:
        return None
    at = expires_at(shop, oldest.earned_at, rules.expiry_months)
    at = max(at, earliest or at)
    return NextExpiry(oldest.points + _before(held, _cutoff(shop, at, rules.expiry_months))[0], at)


@dataclass(frozen=True)
class ExpiryColumns:
    """`next_expiry` of many accounts as columns: the day is a function of `since` that never decreases.

    `to_shown` returns the day for a `since`, `at_least` the first `since` that gives a day or a later one.
    """

    since: ColumnBase
    points: ColumnBase
    to_shown: Callable[[datetime], datetime]
    at_least: Callable[[datetime], datetime]


def expiry_columns(shop: Shop) -> ExpiryColumns:
    """Returns the columns of what expires next, for filters and sorting; empty unless points expire by inactivity."""
    program = programs.of(shop.id)
    rules, earliest = program.rules, _earliest(shop, program)
    due = (
        (Account.balance > 0) if rules.expiry == "inactivity" and program.is_active else (Account.balance > BALANCE_MAX)
    )

    def to_shown(since: datetime) -> datetime:
        at = expires_at(shop, since, rules.expiry_months)
        return max(at, earliest or at)

    def at_least(moment: datetime) -> datetime:
        if earliest and moment <= earliest:
            return datetime.min.replace(tzinfo=UTC)
        return _cutoff(shop, moment - timedelta(microseconds=1), rules.expiry_months)

    rounded_up = (Account.balance * rules.expiry_percent + 99) / 100
    return ExpiryColumns(
        Case(None, [(due, Account.last_activity_at)], None), Case(None, [(due, rounded_up)], None), to_shown, at_least
    )


def expire_due(shop: Shop) -> int:
    """Book what has expired in this shop by now; returns how many accounts lost points.

    Never while the program is not active, nor within 14 days after it was paused (contracts §2).
    """
    program = programs.of(shop.id)
    rules = program.rules
    grace = _grace_end(shop, program)
    if rules.expiry == "off" or not program.is_active or (grace and clock.now() < grace):
        return 0
    cutoff = _cutoff(shop, clock.now(), rules.expiry_months)
    count = 0
    for account in _may_lose(shop, rules, cutoff):
        count += _expire(shop, program, account.id, cutoff)
    return count


def remind(shop: Shop) -> None:
    """Mail each member who may get it (mailing.py) and whose next points expire in exactly `expiry_reminder_days` of
    the program, in local days. A second run mails nobody twice.
    """
    program = programs.of(shop.id)
    rules = program.rules
    if rules.expiry == "off" or not rules.expiry_reminder_days or not mailing.is_on(program, "points_expire"):
        return
    today = clock.local_date(clock.now(), shop.timezone)
    horizon = clock.start_of(today + timedelta(days=max(rules.expiry_reminder_days)), shop.timezone)
    for account in _may_lose(shop, rules, _cutoff(shop, horizon, rules.expiry_months)):
        expiry = next_expiry(shop, program, account)
        days = (clock.local_date(expiry.at, shop.timezone) - today).days if expiry else 0
        if expiry and days in rules.expiry_reminder_days:
            _remind(shop, account, expiry, days)


def _remind(shop: Shop, account: Account, expiry: NextExpiry, days: int) -> None:
    customer = Customer.need(shop, Customer.id == account.customer_id)
    ends = clock.iso(expiry.at)
    key = f"points_expire:{account.id}:{ends}:{days}"
    mailing.send(shop, customer, "points_expire", {"points": expiry.points, "expires_at": ends}, key=key)


def _may_lose(shop: Shop, rules: programs.ProgramSettings, cutoff: datetime) -> list[Account]:
    """Returns the accounts that may lose points earned, or by inactivity, before `cutoff`."""
    since = Account.last_activity_at if rules.expiry == "inactivity" else holds_points_since()
    return list(Account.of(shop.id).where(Account.balance > 0, since < cutoff))


def holds_points_since() -> Field:
    """Returns the column of the time before which nothing of an account can expire by age.

    No unspent credit is older, also when it was reported late.
    """
    return Account.unspent_since


def _expire(shop: Shop, program: Program, account_id: str, cutoff: datetime) -> int:
    rules = program.rules
    with atomic():
        account = ledger.locked(shop.id, account_id)
        if rules.expiry == "inactivity":
            is_due = account.last_activity_at < cutoff
            return _book(shop, program, account, -(-account.balance * rules.expiry_percent // 100) if is_due else 0)
        points, since = _before(lots.of(account), cutoff)
        count = _book(shop, program, account, points)
        ledger.note_unspent_since(shop.id, account_id, since)
        return count


def _book(shop: Shop, program: Program, account: Account, points: int) -> int:
    """Book `points` as expired; returns how many accounts lost points by it."""
    if points <= 0:
        return 0
    mode: Literal["inactivity", "age"] = program.rules.expiry  # type: ignore[assignment]
    ledger.post(
        shop.id,
        account.id,
        "expire",
        -points,
        source="job",
        key=f"expire:{account.id}:{account.sequence}",
        cause=Cause("expired", snapshot={"by": mode, "months": program.rules.expiry_months}),
    )
    return 1


def _before(held: Iterator[lots.Lot], cutoff: datetime) -> tuple[int, datetime | None]:
    """Returns how many of these points were earned before `cutoff`, and when the oldest of the others was earned."""
    points = 0
    for lot in held:
        if lot.earned_at >= cutoff:
            return points, lot.earned_at
        points += lot.points
    return points, None


def expires_at(shop: Shop, moment: datetime, months: int) -> datetime:
    """Returns the first moment after the last local day on which points of `moment` are still valid."""
    day = clock.add_months(clock.local_date(moment, shop.timezone), months) + timedelta(days=1)
    return clock.start_of(day, shop.timezone)


def _cutoff(shop: Shop, moment: datetime, months: int) -> datetime:
    """Returns the time before which earned points have expired at `moment`: the inverse of `expires_at`."""
    today = clock.local_date(moment, shop.timezone)
    day = clock.add_months(today, -months)
    while clock.add_months(day, months) < today:  # the last days of a long month may share an expiry day
        day += timedelta(days=1)
    return clock.start_of(day, shop.timezone)


def _earliest(shop: Shop, program: Program) -> datetime | None:
    """Returns the time before which nothing expires, of any age: the end of the grace, or of a day already run."""
    today = clock.local_date(clock.now(), shop.timezone)
    next_run = (
        clock.start_of(today + timedelta(days=1), shop.timezone) if shop.daily_done == today.isoformat() else None
    )
    return max(filter(None, (_grace_end(shop, program), next_run)), default=None)


def _grace_end(shop: Shop, program: Program) -> datetime | None:
    if program.resumed_at is None:
        return None
    day = clock.local_date(program.resumed_at, shop.timezone)
    return clock.start_of(day + timedelta(days=programs.PAUSE_GRACE_DAYS + 1), shop.timezone)
