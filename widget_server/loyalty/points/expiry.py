"""Expiry (acceptance 50): off by default; by inactivity with a percentage, or by age, oldest points first.

Only `lots` computes which points have which age.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from peewee import SQL, Case, ColumnBase, Field

from widget_server import clock, holds, keyset, ledger
from widget_server.db import Row, Selection, among, atomic
from widget_server.ledger import BALANCE_MAX, POINTS_MAX, Account, Cause, Loss
from widget_server.loyalty.people import mailing
from widget_server.loyalty.points import lots
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop

PAGE = 200  # accounts that are read at once, and the most of one transaction
AT_LEAST = 5
HAS_POINTS = SQL('"balance" > 0')  # as the index account_with_points has it


@dataclass(frozen=True)
class NextExpiry:
    """The points that expire next, and the first moment at which they are gone."""

    points: int
    at: datetime


def next_expiry(shop: Shop, program: Program, account: Account | Row) -> NextExpiry | None:
    """Returns what the account loses next without further activity; None when nothing expires, or while paused."""
    rules = program.rules
    if rules.expiry == "off" or account.balance <= 0 or not program.is_active:
        return None
    earliest = _earliest(shop, program)
    if rules.expiry == "inactivity":
        at = expires_at(shop, account.last_activity_at, rules.expiry_months)
        return NextExpiry(-(-account.balance * rules.expiry_percent // 100), max(at, earliest or at))
    return _next_by_age(shop, program, lots.of(account))


def _next_by_age(shop: Shop, program: Program, held: Iterator[lots.Lot]) -> NextExpiry | None:
    rules, earliest = program.rules, _earliest(shop, program)
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
    return sum(expire_slices(shop))


def expire_slices(shop: Shop) -> Iterator[int]:
    """Does `expire_due`, some accounts in each transaction; yields after each how many lost points.

    What expires is read before the lock is taken: an account that was booked meanwhile is looked at again.
    """
    program = programs.of(shop.id)
    rules = program.rules
    grace = _grace_end(shop, program)
    if rules.expiry == "off" or not program.is_active or (grace and clock.now() < grace):
        return
    cutoff = _cutoff(shop, clock.now(), rules.expiry_months)
    pace = holds.Pace(smallest=AT_LEAST, largest=PAGE)
    for page in _pages(shop, rules, cutoff):
        rows = page
        while rows:
            changed: list[str] = []
            for some in pace.slices(_due(program, rows, cutoff)):
                with pace.measured(len(some)), atomic():
                    booked, others = _book(shop, program, some, cutoff)
                changed += others
                yield booked
            rows = list(_may_lose(shop, rules, cutoff).where(among(Account.id, changed))) if changed else []


def remind(shop: Shop) -> None:
    """Mail each member who may get it (mailing.py) and whose next points expire in exactly `expiry_reminder_days` of
    the program, in local days. A second run mails nobody twice.
    """
    sum(remind_slices(shop))


def remind_slices(shop: Shop) -> Iterator[int]:
    """Does `remind`, some letters in each transaction; yields after each how many there were."""
    program = programs.of(shop.id)
    rules = program.rules
    if rules.expiry == "off" or not rules.expiry_reminder_days or not mailing.is_on(program, "points_expire"):
        return
    today = clock.local_date(clock.now(), shop.timezone)
    for first, after in _spans_to_remind(shop, program, today):
        for page in _pages(shop, rules, after, first):
            letters = [
                _letter(account, expiry, days)
                for account, expiry in _next_of_many(shop, program, page)
                if (days := (clock.local_date(expiry.at, shop.timezone) - today).days) in rules.expiry_reminder_days
            ]
            yield from mailing.send_each(shop, letters)


def _spans_to_remind(shop: Shop, program: Program, today: date) -> list[tuple[datetime | None, datetime]]:
    """Returns between which times accounts were last active, or hold points since, of which some may be reminded."""
    rules = program.rules
    if rules.expiry == "age":  # the time that is stored may be too early
        day = today + timedelta(days=max(rules.expiry_reminder_days))
        return [(None, _cutoff(shop, clock.start_of(day, shop.timezone), rules.expiry_months))]
    at_least = expiry_columns(shop).at_least
    days = [today + timedelta(days=one) for one in sorted(set(rules.expiry_reminder_days), reverse=True)]
    spans = [
        tuple(at_least(clock.start_of(day + timedelta(days=more), shop.timezone)) for more in (0, 1)) for day in days
    ]
    return [(first, after) for first, after in spans if first < after]


def _next_of_many(shop: Shop, program: Program, accounts: Sequence[Row]) -> Iterator[tuple[Row, NextExpiry]]:
    """Yields each account with what it loses next; those that lose nothing are left out."""
    if program.rules.expiry == "inactivity":
        found = ((account, next_expiry(shop, program, account)) for account in accounts)
    else:
        known = {account.id: account for account in accounts}
        of_each = lots.of_many(accounts) if program.is_active else ()
        found = ((known[id], _next_by_age(shop, program, iter(held))) for id, held in of_each)
    yield from ((account, expiry) for account, expiry in found if expiry is not None)


def _letter(account: Row, expiry: NextExpiry, days: int) -> mailing.Letter:
    ends = clock.iso(expiry.at)
    key = f"points_expire:{account.id}:{ends}:{days}"
    return mailing.Letter(account.customer_id, "points_expire", {"points": expiry.points, "expires_at": ends}, key)


def _since(rules: programs.ProgramSettings) -> Field:
    return Account.last_activity_at if rules.expiry == "inactivity" else holds_points_since()


def _may_lose(shop: Shop, rules: programs.ProgramSettings, cutoff: datetime) -> Selection[Row]:
    """The accounts that may lose points earned, or by inactivity, before `cutoff`."""
    names = ("shop_id", "id", "customer_id", "balance", "sequence", "last_activity_at", "unspent_since", "created_at")
    columns = [getattr(Account, name) for name in names]
    return Account.of(shop.id, *columns).where(HAS_POINTS, _since(rules) < cutoff).objects(Row)


def _pages(
    shop: Shop, rules: programs.ProgramSettings, cutoff: datetime, first: datetime | None = None
) -> Iterator[list[Row]]:
    """Yields accounts of `_may_lose` in the order of an index, PAGE at a time, from the time `first` on."""
    key = (_since(rules), Account.id)
    ordered = _may_lose(shop, rules, cutoff).order_by(*key).limit(PAGE)
    page = list(ordered if first is None else ordered.where(key[0] >= first))
    while page:
        yield page
        page = list(ordered.where(keyset.behind(key, page[-1]))) if len(page) == PAGE else []


def holds_points_since() -> Field:
    """Returns the column of the time before which nothing of an account can expire by age.

    No unspent credit is older, also when it was reported late.
    """
    return Account.unspent_since


def _due(program: Program, accounts: Sequence[Row], cutoff: datetime) -> list["_Due"]:
    """Returns what each account loses as it was read."""
    rules = program.rules
    if rules.expiry == "inactivity":
        part = rules.expiry_percent
        return [_Due(one.id, one.sequence, -(-one.balance * part // 100), None) for one in accounts]
    known = {account.id: account for account in accounts}
    return [_Due(id, known[id].sequence, *_before(iter(held), cutoff)) for id, held in lots.of_many(accounts)]


@dataclass(frozen=True)
class _Due:
    """What an account loses while `sequence` is its last row; `rest_since` is when the oldest other points came."""

    account_id: str
    sequence: int
    points: int
    rest_since: datetime | None


def _book(shop: Shop, program: Program, due: Sequence[_Due], cutoff: datetime) -> tuple[int, list[str]]:
    """Book what these accounts lose; returns how many lost points, and the ids of those that were booked meanwhile."""
    rules = program.rules
    accounts = ledger.locked_many(shop.id, [one.account_id for one in due])
    still = {row.id for row in _may_lose(shop, rules, cutoff).where(among(Account.id, accounts))}
    same = [one for one in due if one.account_id in still and accounts[one.account_id].sequence == one.sequence]
    losses = [Loss(accounts[one.account_id], min(one.points, POINTS_MAX)) for one in same if one.points > 0]
    cause = Cause("expired", snapshot={"by": rules.expiry, "months": rules.expiry_months})
    ledger.expire_many(shop.id, losses, cause)
    if rules.expiry == "age":
        ledger.note_unspent_since_many(
            shop.id, [(one.account_id, one.rest_since) for one in same if one.points <= POINTS_MAX]
        )
    return len(losses), sorted(still - {one.account_id for one in same})


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
