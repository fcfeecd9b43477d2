"""Caps on the points that a member of staff gives and deducts, each time and each day (acceptance 59).

Whatever moves points for a member of staff counts here, in the transaction that books it: on the card, at the till, in
bulk. Deducted points count like given ones, also those of a reward that staff redeem for a customer whom they know. A
reward that the customer identified for, by the code in their widget, is the customer's own act and does not count.
"""

from peewee import fn

from widget_server import clock
from widget_server.db import atomic, lock_rows
from widget_server.errors import PointsCapReached
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.points.batch_tables import Batch, BatchItem
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.members import StaffMember


def hold(shop: Shop, member: StaffMember) -> StaffMember:
    """Returns the member's row, locked until the transaction ends: of two acts at once, the second counts the first.

    An act that learns only while booking how many points it moves calls it first, so that all lock in one order.
    """
    return lock_rows(StaffMember.of(shop).where(StaffMember.id == member.id)).get()


def need_within(shop: Shop, member: StaffMember, points: int) -> None:
    """Count a change by `points` (signed) of this member, inside the transaction that books it.

    Raises PointsCapReached with what the caps still allow.
    """
    size = abs(points)
    with atomic():
        row = hold(shop, member)
        if row.change_points_max is not None and size > row.change_points_max:
            raise PointsCapReached(needs=size, has=row.change_points_max)
        moved = _moved(shop, row)
        left = size if row.day_points_max is None else max(row.day_points_max - moved, 0)
        if size > left:
            raise PointsCapReached(needs=size, has=left)
        counted = {StaffMember.moved_on: _today(shop), StaffMember.moved_points: moved + size}
        StaffMember.change(shop, counted, StaffMember.id == row.id)


def need_batch_within(shop: Shop, member: StaffMember, batch: Batch) -> None:
    """Count a bulk change, whose items are listed, as one change of all its points. Raises PointsCapReached."""
    if member.is_capped:
        balance = fn.COALESCE(Account.balance, 0) if batch.mode == "set" else 0
        items = BatchItem.of(shop, fn.COALESCE(fn.SUM(fn.ABS(BatchItem.points - balance)), 0))
        items = items.left_outer_join(Account, on=(Account.id == BatchItem.account_id))
        need_within(shop, member, int(items.where(BatchItem.batch_id == batch.id).scalar()))


def need_undoing_within(shop: Shop, member: StaffMember, batch: Batch) -> None:
    """Count the undoing of a bulk change or an import as one change of all it booked. Raises PointsCapReached."""
    if member.is_capped:
        booked = Transaction.of(shop, fn.COALESCE(fn.SUM(fn.ABS(Transaction.amount)), 0))
        of_batch = (Transaction.source == batch.source, Transaction.key == f"batch:{batch.id}")
        need_within(shop, member, int(booked.where(*of_batch).scalar()))


def moved_today(shop: Shop, member: StaffMember) -> int:
    """Returns the points that this member of staff has given and deducted on the shop's present day, added up."""
    return _moved(shop, StaffMember.need(shop, StaffMember.id == member.id))


def _moved(shop: Shop, row: StaffMember) -> int:
    return int(row.moved_points) if row.moved_on == _today(shop) else 0


def _today(shop: Shop) -> str:
    return clock.local_date(clock.now(), shop.timezone).isoformat()
