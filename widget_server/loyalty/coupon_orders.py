"""The orders that carry a coupon, and which of them uses it (acceptance 37, 38; contracts §9).

A coupon does not remember "its" order. Every order that names the code, in its own list or by a call, has a row here,
and the coupon's state is worked out from all rows: `holder` says who uses it. So news that comes late, twice or
shuffled ends the same.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from peewee import CompositeKey

from widget_server.db import Bool, ShopTable, Text, UtcDateTime
from widget_server.loyalty.shops import Shop

LIVING = ("placed", "paid", "fulfilled")  # a draft is not an order yet, a cancelled one no longer


class CouponOrder(ShopTable):
    """One order that carries, or carried, one coupon.

    `order_ref` is `<platform>:<its id>`. `since` is when the order was placed; while only a call told of it, when the
    call came. `listed`: the order's own list names the code; `called`: a call said so. Each takes back only what it
    said itself. `held`: at some time the order was alive and carried the coupon, whose `expires_at` was `coupon_end`.
    """

    coupon_id = Text()
    order_ref = Text()
    number = Text(null=True)
    since = UtcDateTime()
    living = Bool()
    listed = Bool(default=False)
    called = Bool(default=False)
    held = Bool(default=False)
    coupon_end = UtcDateTime(null=True)

    class Meta:
        primary_key = CompositeKey("coupon_id", "order_ref")
        clustered = True
        indexes = ((("shop_id", "order_ref"), False),)

    @property
    def carries(self) -> bool:
        """True while the order is alive and names the coupon."""
        return self.living and (self.listed or self.called)

    @property
    def life_left(self) -> timedelta | None:
        """How much longer the coupon would have lived when this order took it; None for a coupon without an end."""
        return None if self.coupon_end is None else self.coupon_end - self.since


def holder(rows: Iterable[CouponOrder]) -> CouponOrder | None:
    """The order that uses the coupon: the oldest living one that carries it. None: the coupon is free."""
    return min((row for row in rows if row.carries), key=_age, default=None)


def last_in_time(rows: Iterable[CouponOrder]) -> CouponOrder | None:
    """The youngest of all orders that took the coupon before its end; None when it had run out before any did."""
    in_time = (row for row in rows if row.held and (row.life_left is None or row.life_left > timedelta(0)))
    return max(in_time, key=_age, default=None)


def is_living(status: str) -> bool:
    """Whether an order in this status uses the codes that it names."""
    return status in LIVING


def of_coupon(shop: Shop, coupon_id: str) -> list[CouponOrder]:
    """Every order that carries, or carried, the coupon."""
    return list(CouponOrder.of(shop).where(CouponOrder.coupon_id == coupon_id))


def coupons_of(shop: Shop, order_ref: str) -> set[str]:
    """The ids of all coupons that the order carries, or carried."""
    rows = CouponOrder.of(shop, CouponOrder.coupon_id).where(CouponOrder.order_ref == order_ref)
    return {coupon_id for (coupon_id,) in rows.tuples()}


def find(shop: Shop, coupon_id: str, order_ref: str) -> CouponOrder | None:
    """What is known of this order and this coupon."""
    return CouponOrder.one(shop, CouponOrder.coupon_id == coupon_id, CouponOrder.order_ref == order_ref)


def note(
    shop: Shop, coupon_id: str, order_ref: str, *, coupon_end: datetime | None, carried: bool = False, **facts: Any
) -> tuple[CouponOrder, bool]:
    """Keep these facts of the pair, whose coupon the caller holds locked.

    `carried` says that the order carried it alive before this news, too. Returns the row, and whether it is by this
    very news that the order counts as one that has held the coupon.
    """
    row = find(shop, coupon_id, order_ref)
    is_new = row is None
    row = row or CouponOrder(shop_id=shop.id, coupon_id=coupon_id, order_ref=order_ref)
    for name, value in facts.items():
        setattr(row, name, value)
    begins = not row.held and (row.carries or carried)
    if begins:
        row.held, row.coupon_end = True, coupon_end
    if is_new:
        row.save(force_insert=True)
    else:
        kept = {field: getattr(row, field.name) for field in _FACTS}
        CouponOrder.change(shop, kept, CouponOrder.coupon_id == coupon_id, CouponOrder.order_ref == order_ref)
    return row, begins


_FACTS = (
    CouponOrder.number,
    CouponOrder.since,
    CouponOrder.living,
    CouponOrder.listed,
    CouponOrder.called,
    CouponOrder.held,
    CouponOrder.coupon_end,
)


def _age(row: CouponOrder) -> tuple[datetime, str]:
    return row.since, row.order_ref


def all_held() -> Iterator[str]:
    """The ids of all coupons of any shop that a living order carries."""
    carries = (CouponOrder.living == True) & ((CouponOrder.listed == True) | (CouponOrder.called == True))
    for (coupon_id,) in CouponOrder.everywhere(CouponOrder.coupon_id).where(carries).distinct().tuples():
        yield coupon_id
