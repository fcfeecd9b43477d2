"""Discounts at checkouts of the shop: a reward bought there, or a coupon the member brings (wix-api §2).

A discount is a coupon that is applied to a checkout. Its points are the coupon's, so they are never both spent and
given back, and an order that names the code completes the discount by itself. Its changes of status:

| to | from | when | effect |
|---|---|---|---|
| applied | - | `apply` | points are spent for a coupon, or the member's coupon is taken; it is applied |
| in_progress | applied | `begin`: the order is being placed | nothing |
| completed | applied, in_progress, scheduled_for_refund | `complete` | the coupon is used |
| completed | refunded_due_to_timeout | `complete` | points that came back are spent again |
| completed | any, unless the coupon was revoked | an order carries the code (contracts §4) | as with `complete` |
| refunded_due_to_manual_discount_removal | applied | `remove` | points come back; the member's own coupon is free |
| refunded | applied, in_progress | `cancel`: no order was placed | the same |
| refunded_due_to_timeout | applied, in_progress | 24 hours later | the same |
| scheduled_for_refund | applied, in_progress | one of these, in a connected shop | nothing until the code is removed |
| failed_to_refund | scheduled_for_refund | the shop was unreachable for days | nothing: the member keeps the coupon |
| refunded | completed, failed_to_refund | the order was cancelled, the coupon returned | the points came back |
| unused | completed | the order was cancelled | nothing: the member keeps the coupon (acceptance 38) |
| unused | applied, in_progress | the coupon expired or was revoked, or another order used it | nothing |
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from peewee import SQL, Case, Check

from widget_server import clock
from widget_server.db import Int, Money, Text, UtcDateTime, atomic, insert_once, lock_rows, new_id
from widget_server.errors import BadRequest, CheckoutEnded, CheckoutTaken, CouponNotUsable, KeyReused, StaleRevision
from widget_server.events import CheckoutChanged, emit
from widget_server.journal import Journaled
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupons, redeeming
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward

Kind = Literal["discount_amount", "coupon_reward", "loyalty_coupon"]

CHECKOUT_ID_LENGTH_MAX = 200
TIMES_OUT_AFTER = timedelta(hours=24)
OPEN = ("applied", "in_progress")
TIMED_OUT = "refunded_due_to_timeout"
REMOVED = "refunded_due_to_manual_discount_removal"
REFUNDED = ("refunded", TIMED_OUT, REMOVED)
STANDING = (*OPEN, "completed", "scheduled_for_refund")
STATUSES = (*STANDING, *REFUNDED, "failed_to_refund", "unused")


class CheckoutDiscount(Journaled):
    """A coupon at a checkout. `checkout_id` is the shop's own, any text; `refund_as` is the final status of a refund
    under way.

    `kind` says where the coupon is from: a reward that exists at checkouts only, any other reward, or the member's own.
    """

    id = Text(primary_key=True)
    checkout_id = Text()
    coupon_id = Text()
    reward_id = Text(null=True)
    kind = Text()
    points = Int(default=0)
    amount = Money(null=True)
    status = Text(default="applied")
    refund_as = Text(null=True)
    order_ref = Text(null=True)
    source = Text()
    key = Text()
    applied_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = (
            (("shop_id", "source", "key"), True),
            (("shop_id", "coupon_id", "applied_at"), False),
            (("shop_id", "checkout_id", "applied_at"), False),
            (("shop_id", "applied_at"), False),
            (("status", "applied_at"), False),
        )
        constraints = [
            Check("kind IN ('discount_amount', 'coupon_reward', 'loyalty_coupon')"),
            Check(f"status IN {STATUSES}"),
        ]


CheckoutDiscount.add_index(  # one discount a checkout at a time
    CheckoutDiscount.index(
        CheckoutDiscount.shop_id,
        CheckoutDiscount.checkout_id,
        unique=True,
        name="checkoutdiscount_open",
        where=SQL(f"status IN {OPEN}"),
    )
)


def apply(
    shop: Shop,
    customer: Customer,
    checkout_id: str,
    *,
    key: str,
    source: str,
    reward_id: str | None = None,
    points: int | None = None,
    coupon_id: str | None = None,
    revision: int | None = None,
) -> CheckoutDiscount:
    """Apply a reward, bought for `points` where the member may choose, or the member's coupon to a checkout.

    `revision` is that of the reward or coupon as the member saw it. The same key again returns the first discount.
    Raises CheckoutTaken, StaleRevision, CouponNotUsable, NotFound, BadRequest, KeyReused, and what `redeeming.redeem`
    raises.
    A customer who was excluded later may still use a coupon bought before.
    """
    if not 0 < len(checkout_id) <= CHECKOUT_ID_LENGTH_MAX:
        raise BadRequest(f"A checkout's id has 1 to {CHECKOUT_ID_LENGTH_MAX} characters.", field="checkoutId")
    if (reward_id is None) == (coupon_id is None):
        raise BadRequest("Name either a reward or a coupon.", field="rewardId")
    request = (checkout_id, reward_id, coupon_id)
    with atomic():
        earlier = _applied_before(shop, source, key, request, points)
        if earlier is not None:
            return earlier
        if reward_id is not None:
            kind, coupon = _buy(shop, customer, reward_id, revision, key=key, source=source, points=points)
        else:
            kind, coupon = "loyalty_coupon", _bring(shop, customer, coupon_id or "", revision)
        made = _new_discount(shop, checkout_id, coupon, kind, reward_id=reward_id, source=source, key=key)
        if made is None and (earlier := _applied_before(shop, source, key, request, points)) is not None:
            return earlier
        taken_by = _taken_by(shop, checkout_id, but=made)
        if made is None or taken_by is not None:
            raise CheckoutTaken(discount_id=taken_by)
        emit(CheckoutChanged(shop.id, made, "applied"))
        return CheckoutDiscount.need(shop, CheckoutDiscount.id == made)


def _new_discount(
    shop: Shop, checkout_id: str, coupon: Coupon, kind: Kind, *, reward_id: str | None, source: str, key: str
) -> str | None:
    """Insert the discount, applied now. Returns its id, or None when the checkout or the key has one already."""
    moment, discount_id = clock.now(), new_id()
    inserted = insert_once(
        CheckoutDiscount,
        {
            "id": discount_id,
            "shop_id": shop.id,
            "checkout_id": checkout_id,
            "coupon_id": coupon.id,
            "reward_id": reward_id,
            "kind": kind,
            "points": coupon.cost_points if reward_id else 0,
            "amount": coupon.amount,
            "status": "applied",
            "source": source,
            "key": key,
            "applied_at": moment,
            "updated_at": moment,
        },
    )
    return discount_id if inserted else None


def begin(shop: Shop, checkout_id: str) -> CheckoutDiscount:
    """Mark that the order is being placed: the discount can no longer be removed. Raises NotFound, CheckoutEnded."""
    with atomic():
        discount, _ = _newest(shop, checkout_id)
        if discount.status not in OPEN:
            raise CheckoutEnded(status=discount.status)
        return discount if discount.status == "in_progress" else _move(discount, "in_progress")


def complete(
    shop: Shop, checkout_id: str, order_ref: str, *, source: str, order_number: str | None = None
) -> CheckoutDiscount:
    """Complete the discount: the order `order_ref` (`<platform>:<its id>`) was placed. A repeat returns the same.

    Points that a timeout gave back are spent again. Raises NotFound, CheckoutEnded.
    """
    with atomic():
        discount, coupon = _newest(shop, checkout_id)
        if discount.status in (*OPEN, TIMED_OUT, "scheduled_for_refund"):
            discount.order_ref = order_ref
            discount.save(only=[CheckoutDiscount.order_ref])
            codes.claim(shop, coupon, order_ref, order_number or order_ref, source=source)
            discount, _ = _newest(shop, checkout_id)  # `follow` has changed it with its coupon
        if (discount.status, discount.order_ref) != ("completed", order_ref):
            raise CheckoutEnded(status=discount.status)
        return discount


def cancel(shop: Shop, checkout_id: str, *, source: str) -> CheckoutDiscount:
    """Cancel the discount: no order was placed, or it was cancelled. What the discount took comes back, once.

    After an order the program says whether coupon or points come back (acceptance 38); while the order is alive and
    still lists the code, nothing does. Raises NotFound.
    """
    with atomic():
        discount, coupon = _newest(shop, checkout_id)
        if discount.status == "completed":
            codes.release(shop, coupon.code, discount.order_ref, source=source)
        elif discount.status in OPEN:
            _give_back(shop, discount, "refunded", source)
        return _newest(shop, checkout_id)[0]


def remove(shop: Shop, checkout_id: str, *, source: str) -> CheckoutDiscount:
    """Remove the discount from the checkout. A repeat returns the same. Raises NotFound, CheckoutEnded."""
    with atomic():
        discount, _ = _newest(shop, checkout_id)
        if discount.status == "applied":
            _give_back(shop, discount, REMOVED, source)
        elif REMOVED not in (discount.status, discount.refund_as):
            raise CheckoutEnded(status=discount.status)
        return _newest(shop, checkout_id)[0]


def time_out_due(limit: int = 500) -> int:
    """Give back discounts that were applied 24 hours ago without an order, in all shops, and mark refunds that failed.

    Returns how many discounts changed.
    """
    late = CheckoutDiscount.everywhere().where(
        CheckoutDiscount.status.in_(OPEN), CheckoutDiscount.applied_at <= clock.now() - TIMES_OUT_AFTER
    )
    count = 0
    for discount in list(late.order_by(CheckoutDiscount.applied_at).limit(limit)):
        with atomic():
            fresh, _ = _locked(discount)
            if fresh.status in OPEN:
                _give_back(shops.by_id(fresh.shop_id), fresh, TIMED_OUT, "job")
                count += 1
    stuck = CheckoutDiscount.everywhere().join(Coupon, on=(Coupon.id == CheckoutDiscount.coupon_id))
    stuck = stuck.where(
        CheckoutDiscount.status == "scheduled_for_refund", Coupon.status.in_(coupons.USABLE), Coupon.code_job.is_null()
    )
    for discount in list(stuck.limit(limit)):
        with atomic():
            fresh, coupon = _locked(discount)
            if fresh.status == "scheduled_for_refund" and not coupons.is_returning(coupon):
                _move(fresh, "failed_to_refund")
                count += 1
    return count


def follow(shop: Shop, coupon_id: str, status: str) -> None:
    """Change the coupon's discount to match the coupon's new status, whatever changed it."""
    rows = CheckoutDiscount.of(shop).where(CheckoutDiscount.coupon_id == coupon_id)
    discounts = list(lock_rows(rows.order_by(CheckoutDiscount.applied_at.desc())))
    if not discounts:
        return
    coupon = Coupon.need(shop, Coupon.id == coupon_id)
    if status == "used":
        _use(discounts, coupon.order_ref)
        return
    discount = next((one for one in discounts if one.status in STANDING), discounts[0])
    if status in ("returned", "failed"):
        if discount.status in (*STANDING, "failed_to_refund"):
            _move(discount, discount.refund_as or "refunded")
    elif discount.status == "completed":
        _move(discount, "unused")
    elif status in ("expired", "revoked"):
        if discount.status in OPEN:
            _move(discount, "unused")
    elif status == "active":
        _stand_again(shop, discount, coupon)


def audit_discounts(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each discount whose status contradicts its coupon's."""
    facts = (CheckoutDiscount.id, CheckoutDiscount.status, CheckoutDiscount.kind, Coupon.status, Coupon.refund_id)
    rows = CheckoutDiscount.across(shop_id, *facts).join(Coupon, on=(Coupon.id == CheckoutDiscount.coupon_id))
    for discount_id, status, kind, coupon, refund_id in rows.tuples():
        fits = {
            "completed": coupon == "used",
            **dict.fromkeys(OPEN, coupon in ("applied", "issuing")),
            **dict.fromkeys(REFUNDED, kind == "loyalty_coupon" or refund_id is not None),
        }
        if not fits.get(status, True):
            yield f"checkout_discount {discount_id}: {status} although its coupon is {coupon}"


def _buy(
    shop: Shop, customer: Customer, reward_id: str, revision: int | None, *, key: str, source: str, points: int | None
) -> tuple[Kind, Coupon]:
    reward = Reward.need(shop, Reward.id == reward_id)
    if revision not in (None, reward.revision):
        raise StaleRevision()
    coupon = redeeming.redeem(shop, customer, reward_id, key=key, source=source, points=points, at_checkout=True)
    if coupon.status != "issuing":  # a connected shop must create the code first
        coupon = coupons.apply(shop, customer, coupon.id)
    return "discount_amount" if reward.at_checkout else "coupon_reward", coupon


def _bring(shop: Shop, customer: Customer, coupon_id: str, revision: int | None) -> Coupon:
    known = Coupon.need(shop, Coupon.id == coupon_id, Coupon.customer_id == customer.id)
    if revision not in (None, known.revision):
        raise StaleRevision()
    coupon = coupons.apply(shop, customer, coupon_id)
    elsewhere = CheckoutDiscount.one(
        shop, CheckoutDiscount.coupon_id == coupon_id, CheckoutDiscount.status.in_(STANDING)
    )
    if elsewhere is not None:
        raise CouponNotUsable(reason="applied")
    return coupon


def _applied_before(
    shop: Shop, source: str, key: str, request: tuple[str | None, ...], points: int | None
) -> CheckoutDiscount | None:
    known = CheckoutDiscount.one(shop, CheckoutDiscount.source == source, CheckoutDiscount.key == key)
    if known is None:
        return None
    same = (known.checkout_id, known.reward_id, None if known.reward_id else known.coupon_id) == request
    if not same or points not in (None, known.points):
        raise KeyReused()
    return known


def _taken_by(shop: Shop, checkout_id: str, *, but: str | None) -> str | None:
    """The id of the other discount that the checkout has, or was ordered with; read after the insert, to miss none."""
    at_checkout = (CheckoutDiscount.checkout_id == checkout_id, CheckoutDiscount.id != but)
    taken_by = CheckoutDiscount.one(shop, *at_checkout, CheckoutDiscount.status.in_((*OPEN, "completed")))
    return None if taken_by is None else str(taken_by.id)


def _newest(shop: Shop, checkout_id: str) -> tuple[CheckoutDiscount, Coupon]:
    """The discount that the checkout has, or was ordered with, else the last one it had. Raises NotFound."""
    CheckoutDiscount.need(shop, CheckoutDiscount.checkout_id == checkout_id)
    rows = CheckoutDiscount.of(shop).where(CheckoutDiscount.checkout_id == checkout_id)
    rank = Case(None, [(CheckoutDiscount.status.in_(OPEN), 0), (CheckoutDiscount.status == "completed", 1)], 2)
    return _locked(rows.order_by(rank, CheckoutDiscount.applied_at.desc()).get())


def _locked(discount: CheckoutDiscount) -> tuple[CheckoutDiscount, Coupon]:
    """Lock the coupon first, then the discount, as when a coupon changes: this prevents deadlocks."""
    coupon = coupons.locked(discount.shop_id, discount.coupon_id)
    rows = CheckoutDiscount.of(discount.shop_id).where(CheckoutDiscount.id == discount.id)
    return lock_rows(rows).get(), coupon


def _move(discount: CheckoutDiscount, status: str, **changes: str | None) -> CheckoutDiscount:
    for name, value in changes.items():
        setattr(discount, name, value)
    discount.status, discount.updated_at = status, clock.now()
    discount.save()
    emit(CheckoutChanged(discount.shop_id, discount.id, status))
    return discount


def _give_back(shop: Shop, discount: CheckoutDiscount, status: str, source: str) -> None:
    """Free a coupon that the member brought; give back the points of one bought here, once its code is removed."""
    if discount.kind == "loyalty_coupon":
        _move(discount, status)
        coupons.put_back(shop, discount.coupon_id)
        return
    discount.refund_as = status
    discount.save()
    if coupons.undo(shop, discount.coupon_id, key=f"checkout:{discount.id}", source=source).refund_id is None:
        _move(discount, "scheduled_for_refund")


def _stand_again(shop: Shop, discount: CheckoutDiscount, coupon: Coupon) -> None:
    """The coupon became active: its code was just created, or it was left in the cart for a day."""
    if discount.status == "scheduled_for_refund":
        _give_back(shop, discount, discount.refund_as or "refunded", "job")
    elif discount.status in OPEN:
        if discount.applied_at <= clock.now() - TIMES_OUT_AFTER:
            _give_back(shop, discount, TIMED_OUT, "job")
        else:
            coupons.apply(shop, customers.by_id(shop.id, coupon.customer_id), coupon.id)


def _use(discounts: list[CheckoutDiscount], order_ref: str) -> None:
    """Complete the discount of this order, else the standing one, else a refunded one that is paid for again.

    All other standing ones become unused. A coupon that the member brought and removed may be used without any.
    """
    by_claim = [
        *(one for one in discounts if one.order_ref == order_ref),
        *(one for one in discounts if one.status in STANDING),
        *(one for one in discounts if one.status in REFUNDED and one.kind != "loyalty_coupon"),
    ]
    used = by_claim[0] if by_claim else None
    for one in discounts:
        if one is not used and one.status in STANDING:
            _move(one, "unused")
    if used is not None:
        _move(used, "completed", order_ref=order_ref, refund_as=None)
