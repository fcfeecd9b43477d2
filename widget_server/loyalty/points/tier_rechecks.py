"""Rechecks the tiers of many accounts: each day of those whose points leave the window, and after a change of all.

Points, tier and end of a page of accounts are read without a lock; only those that differ are written, many in a
transaction. So a recheck that was stopped goes on where it was at the price of reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

from peewee import SQL

from widget_server import clock, holds, keyset, ledger
from widget_server.db import Condition, Row, among, atomic, lock_rows
from widget_server.events import ManyTiersMoved, TierMoved, emit
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import EVER_EARNED, GRANTED, Taken, Tier, TierProgram
from widget_server.loyalty.program.shops import Shop

PAGE = 200  # accounts that are read at once, and the most of one transaction
AT_LEAST = 5
EARNED = SQL('"t1"."kind" = \'earn\'')  # as the index transaction_earned has it
MARGIN = timedelta(days=1)  # in case the shop's time zone changed
READ = ("shop_id", "id", "customer_id", "sequence", "debt", "tier_id", "tier_points", "tier_until", "granted_until")
SAME = ("sequence", "debt", "tier_id", "granted_until")


def recheck_all(shop: Shop) -> int:
    """Recheck every account that has points of the window or a grant; returns how many there were."""
    return sum(_rechecked(shop, _pages(shop, (Account.tier_points > 0) | GRANTED), tells=True))


def recheck_everybody(shop: Shop) -> int:
    """The job `recheck_tiers`: move each account that ever earned to its tier; returns how many accounts there were.

    Nobody is written a letter.
    """
    return sum(_rechecked(shop, _pages(shop, EVER_EARNED), tells=False))


def recheck_some(shop: Shop, account_ids: Iterable[str]) -> None:
    """Do `tiers.recheck` for accounts that the caller has locked in this transaction, by a few statements."""
    program = tiers.program_of(shop.id)
    if program is not None:
        accounts = list(Account.of(shop.id, *_columns()).where(among(Account.id, account_ids)).objects(Row))
        changed = [one for one in _standings(shop, program, accounts) if one.differs]
        if changed:
            _store(shop, changed, tells=True)


def recheck_slices(shop: Shop) -> Iterator[int]:
    """The daily recheck: of accounts whose points left the window since the shop's last day, or whose grant ended.

    Yields after each transaction how many accounts were looked at. Without an earlier day all are rechecked.
    """
    program = tiers.program_of(shop.id)
    if program is None:
        return
    if shop.daily_done is None:
        yield from _rechecked(shop, _pages(shop, (Account.tier_points > 0) | GRANTED), tells=True)
        return
    first = clock.start_of(program.first_day(date.fromisoformat(shop.daily_done)) - MARGIN, shop.timezone)
    leaving = _pages_leaving(shop, first, tiers.window_start(shop, program))
    yield from _rechecked(shop, leaving, tells=True)
    ended = _pages(shop, GRANTED & (Account.granted_until <= clock.now()))
    yield from _rechecked(shop, ended, tells=True)


@dataclass(frozen=True)
class _Standing:
    """What an account should have, as it was read."""

    account: Row
    tier_id: str | None
    points: int
    until: datetime | None

    @property
    def differs(self) -> bool:
        """Whether the account has another standing, or a grant, which `tiers.recheck` respects."""
        one = self.account
        stored = (one.tier_id, one.tier_points, one.tier_until)
        return one.granted_until is not None or stored != (self.tier_id, self.points, self.until)


def _pages(shop: Shop, chosen: Condition) -> Iterator[list[Row]]:
    last = ""
    ordered = Account.of(shop.id, *_columns()).where(chosen).order_by(Account.id).limit(PAGE)
    while page := list(ordered.where(Account.id > last).objects(Row)):
        yield page
        last = page[-1].id


def _pages_leaving(shop: Shop, first: datetime, after: datetime) -> Iterator[list[Row]]:
    """Yields the accounts that earned points between these times; one who did so often may come several times."""
    key = (Transaction.event_at, Transaction.account_id)
    of_shop = Transaction.of(shop.id, *key).where(EARNED, Transaction.event_at >= first, Transaction.event_at < after)
    ordered = of_shop.order_by(*key).limit(PAGE).objects(Row)
    found = list(ordered)
    while found:
        ids = {row.account_id for row in found}
        yield list(Account.of(shop.id, *_columns()).where(among(Account.id, ids)).order_by(Account.id).objects(Row))
        found = list(ordered.where(keyset.behind(key, found[-1]))) if len(found) == PAGE else []


def _columns() -> list[Condition]:
    return [getattr(Account, name) for name in READ]


def _rechecked(shop: Shop, pages: Iterator[list[Row]], *, tells: bool) -> Iterator[int]:
    """Recheck these accounts, some in each transaction; yields how many were looked at."""
    program = tiers.program_of(shop.id)
    if program is None:
        return
    pace = holds.Pace(smallest=AT_LEAST, largest=PAGE)
    for page in pages:
        changed = [one for one in _standings(shop, program, page) if one.differs]
        for some in pace.slices(changed):
            with pace.measured(len(some)), atomic():
                _store(shop, some, tells=tells)
            yield 0
        yield len(page)


def _standings(shop: Shop, program: TierProgram, accounts: Sequence[Row]) -> Iterator[_Standing]:
    steps, rows = tiers.listed(shop.id), _earned(shop, program, accounts)
    for account in accounts:
        newest_first = sorted(rows.get(account.id, []), key=itemgetter(0), reverse=True)
        points = max(sum(amount for _, amount in newest_first) - account.debt, 0)
        tier: Tier | None = next((one for one in reversed(steps) if one.required_points <= points), None)
        if tier is None:
            yield _Standing(account, None, points, None)
        else:
            until = tiers.last_until(shop, program, newest_first, account.debt, tier.required_points)
            yield _Standing(account, tier.id, points, until)


def _earned(shop: Shop, program: TierProgram, accounts: Sequence[Row]) -> dict[str, list[tuple[datetime, int]]]:
    """Returns the points of the window by account, each with the time at which they count."""
    these = among(Transaction.account_id, [account.id for account in accounts])
    columns = (Transaction.account_id, Transaction.event_at, Taken.event_at, Transaction.amount)
    rows = tiers.earned_since(shop, these, tiers.window_start(shop, program), *columns)
    ordered = rows.order_by(Transaction.account_id).tuples()
    return {
        account_id: [(was or at, amount) for _, at, was, amount in some]
        for account_id, some in groupby(ordered, key=itemgetter(0))
    }


def _store(shop: Shop, standings: Sequence[_Standing], *, tells: bool) -> None:
    """Write these standings; an account that changed since it was read, or has a grant, is rechecked by itself."""
    read = {one.account.id: one for one in standings}
    these = Account.of(shop.id, *_columns()).where(among(Account.id, read)).order_by(Account.id)
    written = []
    for row in list(lock_rows(these).objects(Row)):
        one = read[row.id]
        is_same = all(getattr(row, name) == getattr(one.account, name) for name in SAME)
        if row.granted_until is not None or not is_same:
            tiers.recheck(shop, row.id, tells=tells)
        else:
            written.append(one)
    ledger.set_tiers(shop.id, [(one.account.id, one.tier_id, one.points, one.until) for one in written])
    moves = tuple(
        TierMoved(shop.id, one.account.id, one.account.customer_id, one.account.tier_id, one.tier_id)
        for one in written
        if one.tier_id != one.account.tier_id
    )
    if moves and tells:
        emit(ManyTiersMoved(shop.id, moves))
