"""Lots: the points of an account by their age, with what is left of each (acceptance 50, contracts §11).

Every credit is a lot. A row that names a lot changes that one: a clawback reduces the lot it takes back from. Every
other debit reduces the oldest lots, and points that come back lower what was spent, so they keep their age. What is
left does not depend on the order of the bookings.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from peewee import fn

from widget_server.db import Row, among
from widget_server.ledger import CREDIT, Account, Transaction


@dataclass(frozen=True)
class Lot:
    """The points that are left of one credit, and when they were earned."""

    earned_at: datetime
    points: int


def of(account: Account | Row) -> Iterator[Lot]:
    """Yields what is left of the account's credits, the oldest first, read from the database as needed.

    Their sum is its balance. (Points that came back from a row of another account, from merges of an earlier version,
    belong to no lot here and have no age.)
    """
    if account.balance <= 0:
        return
    held = Transaction.of(account.shop_id).where(Transaction.account_id == account.id, CREDIT)
    if account.unspent_since is not None:  # all older credits are spent
        held = held.where(Transaction.event_at >= account.unspent_since)
    changes = changes_of_lots(account)
    spent = _points_in(held, changes) - account.balance
    columns = (Transaction.id, Transaction.amount, Transaction.event_at)
    oldest_first = held.select(*columns).order_by(Transaction.event_at, Transaction.sequence)
    lots = (
        Lot(earned_at, max(amount + changes.get(row_id, 0), 0))
        for row_id, amount, earned_at in oldest_first.tuples().iterator()
    )
    yield from _left(lots, spent)


def of_many(accounts: Sequence[Account | Row]) -> Iterator[tuple[str, list[Lot]]]:
    """Yields the account's id and what `of` yields for it, for each account of one shop that has points.

    Two statements read all of them; the credits of one account at a time are in memory.
    """
    some = {account.id: account for account in accounts if account.balance > 0}
    if not some:
        return
    named = Transaction.account_id, Transaction.reverses_id, fn.SUM(Transaction.amount)
    shop_id, of_these = accounts[0].shop_id, among(Transaction.account_id, some)
    changes: dict[str, dict[str, int]] = {}
    grouped = Transaction.of(shop_id, *named).where(of_these, Transaction.reverses_id.is_null(False))
    for account_id, row_id, points in grouped.group_by(*named[:2]).tuples():
        changes.setdefault(account_id, {})[row_id] = int(points)
    columns = (Transaction.account_id, Transaction.id, Transaction.amount, Transaction.event_at)
    held = Transaction.of(shop_id, *columns).where(of_these, CREDIT)
    known = [account.unspent_since for account in some.values()]
    if all(known):
        held = held.where(Transaction.event_at >= min(known))
    ordered = held.order_by(Transaction.account_id, Transaction.event_at, Transaction.sequence).tuples().iterator()
    for account_id, rows in groupby(ordered, key=itemgetter(0)):
        account, of_account = some[account_id], changes.get(account_id, {})
        lots = [
            Lot(earned_at, max(amount + of_account.get(row_id, 0), 0))
            for _, row_id, amount, earned_at in rows
            if account.unspent_since is None or earned_at >= account.unspent_since
        ]
        yield account_id, list(_left(lots, sum(lot.points for lot in lots) - account.balance))


def _left(lots: Iterable[Lot], spent: int) -> Iterator[Lot]:
    """Yields what is left of lots, the oldest first, when so many points were spent."""
    for lot in lots:
        gone = max(min(lot.points, spent), 0)
        spent -= gone
        if lot.points > gone:
            yield Lot(lot.earned_at, lot.points - gone)


def changes_of_lots(account: Account | Row) -> dict[str, int]:
    """Returns, by row id, what later rows that name a row took from it (-) or gave back to it (+)."""
    named = Transaction.of(account.shop_id, Transaction.reverses_id, fn.SUM(Transaction.amount)).where(
        Transaction.account_id == account.id, Transaction.reverses_id.is_null(False)
    )
    return {row_id: int(points) for row_id, points in named.group_by(Transaction.reverses_id).tuples()}


def _points_in(held: Any, changes: dict[str, int]) -> int:
    """Returns the points of these credits with the changes of `changes`, before any other debit."""
    total = int(held.select(fn.COALESCE(fn.SUM(Transaction.amount), 0)).scalar())
    changed = held.select(Transaction.id, Transaction.amount).where(among(Transaction.id, changes))
    for row_id, amount in changed.tuples() if changes else ():
        total += max(amount + changes[row_id], 0) - amount
    return total
