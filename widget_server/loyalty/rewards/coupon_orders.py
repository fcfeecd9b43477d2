"""The orders that carry a coupon, and which of them uses it (acceptance 37, 38; contracts §9).

A coupon does not store "its" order. Every order that names the code, in its own list or by a call, has a row here,
and the coupon's state is computed from all rows: `holder` is the order that uses it. So late, repeated or reordered
messages give the same result.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from peewee import Check, CompositeKey

from widget_server import clock
from widget_server.db import Bool, Text, UtcDateTime
from widget_server.journal import Journaled
from widget_server.loyalty.program.shops import Shop

LIVING = ("placed", "paid", "fulfilled")  # a draft is not an order yet, a cancelled one no longer
HOLDING, OVER = "holding", "over"


class CouponOrder(Journaled):
    """One order that carries, or carried, one coupon.

    `order_ref` is `<platform>:<its id>`. `since` is when the order was placed; until the order itself arrives, when a
    call named it. `listed`: the order's own list names the code; `called`: a call named it. Each of the two sources
    sets and clears only its own. `hold` is null until the order carries the coupon while it is alive; then `holding`
    until the coupon is free, and `over` afterwards. `taken_at` is when the order took it: `since`, or the present time
    when it takes it again; `coupon_end` is when the coupon was due to expire at that time.
    """

    coupon_id = Text()
    order_ref = Text()
    number = Text(null=True)
    since = UtcDateTime()
    living = Bool()
    listed = Bool(default=False)
    called = Bool(default=False)
    hold = Text(null=True)
    taken_at = UtcDateTime(null=True)
    coupon_end = UtcDateTime(null=True)

    class Meta:
        primary_key = CompositeKey("coupon_id", "order_ref")
        clustered = True
        indexes = ((("shop_id", "order_ref"), False),)
        constraints = [Check("hold IN ('holding', 'over')")]

    @property
    def carries(self) -> bool:
        """True while the order is alive and names the coupon."""
        return bool(self.living and (self.listed or self.called))

    @property
    def came_in_time(self) -> bool:
        """False when the coupon had expired before the order took it."""
        return self.coupon_end is None or self.coupon_end > self.taken_at

    @property
    def life_due(self) -> timedelta | None:
        """The validity left when the order took the coupon, if that expired meanwhile; None: nothing is due."""
        if self.coupon_end is None or self.coupon_end > clock.now() or not self.came_in_time:
            return None
        life: timedelta = self.coupon_end - self.taken_at
        return life


def holder(rows: Iterable[CouponOrder]) -> CouponOrder | None:
    """The order that uses the coupon: the oldest living one that carries it. None: the coupon is free."""
    return min((row for row in rows if row.carries), key=lambda row: (row.since, row.order_ref), default=None)


def is_living(status: str) -> bool:
    """Whether an order in this status is alive, and so uses the codes that it names."""
    return status in LIVING


def of_coupon(shop: Shop, coupon_id: str) -> list[CouponOrder]:
    """Every order that carries, or carried, the coupon."""
    return list(CouponOrder.of(shop).where(CouponOrder.coupon_id == coupon_id))


def coupons_of(shop: Shop, order_ref: str) -> set[str]:
    """The ids of all coupons that the order carries, or carried."""
    rows = CouponOrder.of(shop, CouponOrder.coupon_id).where(CouponOrder.order_ref == order_ref)
    return {coupon_id for (coupon_id,) in rows.tuples()}


def find(shop: Shop, coupon_id: str, order_ref: str) -> CouponOrder | None:
    """The row of this order and this coupon; None when the order never named it."""
    return CouponOrder.one(shop, CouponOrder.coupon_id == coupon_id, CouponOrder.order_ref == order_ref)


class OrderFacts(TypedDict, total=False):
    """New facts about one order and one coupon: columns of `CouponOrder`."""

    number: str | None
    since: datetime
    living: bool
    listed: bool
    called: bool


def note(
    shop: Shop,
    coupon_id: str,
    order_ref: str,
    *,
    coupon_end: datetime | None,
    carried: bool = False,
    **facts: Unpack[OrderFacts],
) -> tuple[CouponOrder, bool]:
    """Store these facts of the pair, whose coupon the caller holds locked; `coupon_end` is its present expiry.

    `carried` says that the order carried it while alive, at some time. Returns the row, and whether the order counts
    as one that took the coupon because of these facts.
    """
    rows = of_coupon(shop, coupon_id)
    known = next((row for row in rows if row.order_ref == order_ref), None)
    row = known or CouponOrder(shop_id=shop.id, coupon_id=coupon_id, order_ref=order_ref)
    for name, value in facts.items():
        setattr(row, name, value)
    begins = row.hold is None and (row.carries or carried)
    if begins:
        ends = filter(None, (coupon_end, *(one.coupon_end for one in rows)))
        row.coupon_end = min((end for end in ends if end > row.since), default=coupon_end)
        row.hold, row.taken_at = HOLDING, row.since
    elif row.hold == OVER and row.carries:
        row.hold, row.taken_at, row.coupon_end = HOLDING, clock.now(), coupon_end
    row.save(force_insert=known is None)
    return row, begins


def holding(rows: Iterable[CouponOrder]) -> list[CouponOrder]:
    """The orders that took the coupon since it was last free."""
    return [row for row in rows if row.hold == HOLDING]


def let_go(shop: Shop, coupon_id: str) -> None:
    """Mark the coupon as free: no order holds it any longer."""
    CouponOrder.change(shop, {CouponOrder.hold: OVER}, CouponOrder.coupon_id == coupon_id, CouponOrder.hold == HOLDING)


def all_carried() -> Iterator[str]:
    """Yields the ids of the coupons, of all shops, that a living order carries."""
    carries = (CouponOrder.living == True) & ((CouponOrder.listed == True) | (CouponOrder.called == True))
    for (coupon_id,) in CouponOrder.everywhere(CouponOrder.coupon_id).where(carries).distinct().tuples():
        yield coupon_id
