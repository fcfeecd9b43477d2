"""Caps on the points that a member of staff gives and deducts by hand, each time and each day (acceptance 59)."""

from peewee import fn

from widget_server import clock
from widget_server.db import atomic, lock_rows
from widget_server.errors import PointsCapReached
from widget_server.ledger import Transaction
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.members import StaffMember


def need_within(shop: Shop, member: StaffMember, points: int) -> None:
    """Check a change by `points` (signed) against the caps of its author, inside the transaction that books it.

    Raises PointsCapReached with what the cap still allows. Deducted points count like given ones.
    """
    size = abs(points)
    if member.change_points_max is not None and size > member.change_points_max:
        raise PointsCapReached(needs=size, has=member.change_points_max)
    if member.day_points_max is None:
        return
    with atomic():
        lock_rows(StaffMember.of(shop).where(StaffMember.id == member.id)).get()  # two changes at once count both
        left = max(member.day_points_max - moved_today(shop, member), 0)
        if size > left:
            raise PointsCapReached(needs=size, has=left)


def moved_today(shop: Shop, member: StaffMember) -> int:
    """Returns the points that this member of staff has given and deducted on the shop's present day, added up."""
    start, _ = clock.period(clock.now(), "day", shop.timezone)
    mine = Adjustment.of(shop, fn.COALESCE(fn.SUM(fn.ABS(Transaction.amount)), 0)).join(
        Transaction, on=(Transaction.id == Adjustment.transaction_id)
    )
    return int(mine.where(Adjustment.staff == member.id, Adjustment.created_at >= start).scalar())
