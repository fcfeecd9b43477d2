"""Coupons: rewards that were bought (`redeeming`) or given (`gifts`), their statuses and their owner's actions.

What a shop's checkout needs to know of their codes is in `codes`, what a connected shop reports in `issuing`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from peewee import SQL, Check

from widget_server import clock, job_queue, json_types, ledger
from widget_server.db import Bool, Int, Json, Money, Selection, Text, UtcDateTime, atomic, lock_rows, statement
from widget_server.errors import CouponNotReturnable, CouponNotUsable
from widget_server.events import CouponChanged, CouponDeleted, emit
from widget_server.job_queue import JobName
from widget_server.journal import Journaled
from widget_server.ledger import Cause
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program import revisions
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupon_orders

USABLE = ("active", "applied")
DEAD = ("expired", "returned", "revoked", "failed")
IMPORTED = "import"  # the origin of a code that another app made: its shop knows it already
APPLIED_FORGOTTEN_AFTER = timedelta(hours=24)


class Coupon(Journaled):
    """A reward that a customer owns. Its terms are stored as bought; `origin` says whether points or a gift paid it.

    `code` is spelt as on every surface and in a connected shop; it is looked up by `code_key`.
    `code_job` is the job that creates the code in a connected shop (issuing), or removes it to return its points.
    `failure` is a stable name for the shopper; `failure_detail` is the shop's message, for its owner.
    `order_ref` is the order that uses it, or whose end gave the points back (codes). `when_free` is the status it gets
    instead of usable when that order releases it: its points were back before that order, or its reason was gone.
    """

    id = Text(primary_key=True)
    customer_id = Text()
    reward_id = Text(null=True)
    origin = Text(default="reward")
    code = Text(null=True)
    code_key = Text(null=True)
    status = Text(default="active")
    kind = Text()
    title = Text(null=True)
    amount = Money(null=True)
    percent = Money(null=True)
    product_id = Text(null=True)
    product_name = Text(null=True)
    cost_points = Int(default=0)
    transaction_id = Text(null=True)
    refund_id = Text(null=True)
    minimum_subtotal = Money(null=True)
    collections = Json()
    combines = Bool(default=False)
    shareable = Bool(default=False)
    order_ref = Text(null=True)
    order_number = Text(null=True)
    when_free = Text(null=True)
    failure = Text(null=True)
    failure_detail = Text(null=True)
    code_job = Text(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(null=True)
    return_until = UtcDateTime(null=True)
    applied_at = UtcDateTime(null=True)
    ended_at = UtcDateTime(null=True)
    revision = Int(default=1)
    updated_at = UtcDateTime(default=clock.now)
    deleted_at = UtcDateTime(null=True)

    class Meta:
        indexes = (
            (("shop_id", "code"), True),
            (("shop_id", "code_key"), True),
            (("shop_id", "customer_id", "created_at"), False),
            (("shop_id", "created_at"), False),
            (("shop_id", "reward_id"), False),
        )
        constraints = [
            Check("kind IN ('amount', 'percent', 'free_shipping', 'free_product')"),
            Check("status IN ('issuing', 'active', 'applied', 'used', 'expired', 'returned', 'revoked', 'failed')"),
            Check("when_free IN ('returned', 'revoked')"),
        ]


class CouponTerms(TypedDict, total=False):
    """The columns of a coupon that define it, stored as bought or given."""

    id: str
    reward_id: str
    origin: str
    kind: str
    title: str | None
    amount: Decimal | None
    percent: Decimal | None
    product_id: str | None
    product_name: str | None
    cost_points: int
    transaction_id: str
    minimum_subtotal: Decimal | None
    collections: Sequence[json_types.JsonObject]
    combines: bool
    shareable: bool


class CouponChanges(TypedDict, total=False):
    """The columns of a coupon that change with its status."""

    order_ref: str | None
    order_number: str | None
    when_free: str | None
    applied_at: datetime | None
    ended_at: datetime | None
    code_job: str


# a database uses a partial index only for the same literal text, not for a value bound to the query
IDLE = SQL("code_job IS NULL")
IN_USE, APPLIED = SQL(f"status IN {USABLE}"), SQL("status = 'applied'")
for name, column, kept in (
    ("coupon_at_work", Coupon.code_job, Coupon.code_job.is_null(False)),
    ("coupon_ends", Coupon.expires_at, SQL(f"{IN_USE.sql} AND {IDLE.sql}")),
    ("coupon_applied", Coupon.applied_at, APPLIED),
):
    Coupon.add_index(Coupon.index(column, where=kept, name=name))


def my_coupons(
    shop: Shop, customer: Customer, *, after: tuple[datetime, str] | None = None, limit: int = 20
) -> list[Coupon]:
    """Every coupon the member ever had, newest first (acceptance 34); `after` is the moment and id of one of them."""
    if after is None:
        return _newest.rows(shop.id, customer.id, limit)
    return _older.rows(shop.id, customer.id, *after, limit)


@statement
def _newest(shop_id: str, customer_id: str, limit: int) -> Selection[Coupon]:
    rows = Coupon.of(shop_id).where(Coupon.customer_id == customer_id)
    return rows.order_by(Coupon.created_at.desc(), Coupon.id.desc()).limit(limit)


@statement
def _older(shop_id: str, customer_id: str, moment: datetime, coupon_id: str, limit: int) -> Selection[Coupon]:
    later = (Coupon.created_at < moment) | ((Coupon.created_at == moment) & (Coupon.id < coupon_id))
    rows = Coupon.of(shop_id).where(Coupon.customer_id == customer_id, Coupon.created_at <= moment, later)
    return rows.order_by(Coupon.created_at.desc(), Coupon.id.desc()).limit(limit)


def need_usable(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    """The customer's coupon, if its code can be used now. Raises CouponNotUsable, NotFound."""
    coupon = _own(shop, customer, coupon_id)
    if is_returning(coupon):
        raise CouponNotUsable(reason="returning")
    if status_now(coupon) not in USABLE:
        raise CouponNotUsable(reason=status_now(coupon))
    return coupon


def apply(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    """Mark the coupon as applied: the shop has put its code into the cart. Raises CouponNotUsable, NotFound."""
    with atomic():
        coupon = need_usable(shop, customer, coupon_id)
        coupon.applied_at = clock.now()
        return move(coupon, "applied")


def put_back(shop: Shop, coupon_id: str) -> None:
    """Make an applied coupon active again, after its code was removed from the cart. Raises NotFound."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if coupon.status == "applied" and not is_returning(coupon):
            move(coupon, "active", applied_at=None)


def return_for_points(shop: Shop, customer: Customer, coupon_id: str, *, key: str, source: str) -> Coupon:
    """Exchange an unused coupon for its points, after its code is removed (acceptance 39).

    Raises CouponNotReturnable, NotFound.

    A connected shop is called by a job: until it has removed the code, the coupon keeps its status, returning.
    """
    with atomic():
        coupon = _own(shop, customer, coupon_id)
        if is_returning(coupon):
            return coupon
        if not is_returnable(coupon):
            raise CouponNotReturnable()
        return _return(shop, coupon, key, source)


def undo(shop: Shop, coupon_id: str, *, key: str, source: str) -> Coupon:
    """Give back the points of a coupon bought for a checkout that led to no order, even after `return_until`.

    A connected shop is called first; a coupon being issued, a used or an ended one is not changed. Raises NotFound.
    """
    with atomic():
        coupon = locked(shop.id, coupon_id)
        return coupon if coupon.status not in USABLE or is_returning(coupon) else _return(shop, coupon, key, source)


def _return(shop: Shop, coupon: Coupon, key: str, source: str) -> Coupon:
    if shop.is_connected:
        coupon.failure = coupon.failure_detail = None
        coupon.code_job = promise(JobName.RETURN_CODE, coupon, key=key, source=source)
        coupon.save()
        return coupon
    return give_points_back(coupon, "returned", key=key, source=source, reason="returned")


def revoke(coupon: Coupon) -> None:
    """Revoke a coupon without points: a gift whose reason is gone. A used one stays used while its order is alive."""
    with atomic():
        fresh = locked(coupon.shop_id, coupon.id)
        if fresh.status in (*USABLE, "issuing"):
            move(fresh, "revoked", ended_at=clock.now())
        elif fresh.status == "used":
            fresh.when_free = "revoked"
            fresh.save(only=[Coupon.when_free])


def forget(person: Forgotten) -> None:
    """Revoke the coupons of an erased person, and delete what the shop's platform reported about their codes."""
    theirs = Coupon.customer_id.in_(person.ids)
    for coupon in list(Coupon.of(person.shop_id).where(theirs)):
        revoke(coupon)
    Coupon.change(person.shop_id, {Coupon.failure_detail: None}, theirs)


def need_coupon(shop: Shop, coupon_id: str) -> Coupon:
    """The coupon. Raises NotFound, also for one that the admin API deleted."""
    return Coupon.need(shop, Coupon.id == coupon_id, Coupon.deleted_at.is_null())


def delete_coupon(shop: Shop, coupon_id: str, revision: int) -> None:
    """Remove the coupon from the admin API. Its code stays as valid as it was; its owner still sees it (wix-api §1b).

    Raises NotFound, StaleRevision.
    """
    with atomic():
        need_coupon(shop, coupon_id)
        coupon = locked(shop.id, coupon_id)
        revisions.check_revision(coupon, revision)
        coupon.deleted_at = coupon.updated_at = clock.now()
        coupon.revision += 1
        coupon.save()
        emit(CouponDeleted(shop.id, coupon.id))


def status_now(coupon: Coupon) -> str:
    """The status now: an expired coupon is "expired" even before the nightly job has stored that."""
    return "expired" if coupon.status in USABLE and has_run_out(coupon) else str(coupon.status)


def has_run_out(coupon: Coupon) -> bool:
    """True once its last day is over, whatever its stored status."""
    return coupon.expires_at is not None and clock.now() >= coupon.expires_at


def is_returnable(coupon: Coupon) -> bool:
    """True while the coupon may be exchanged for its points again."""
    return bool(
        coupon.transaction_id
        and coupon.return_until
        and clock.now() < coupon.return_until
        and status_now(coupon) in USABLE
        and not is_returning(coupon)
    )


def is_returning(coupon: Coupon) -> bool:
    """True while a job is to remove the code from the shop; its points come back afterwards."""
    return coupon.status in USABLE and coupon.code_job is not None


def expire_due(limit: int = 1000) -> int:
    """Expire coupons of all shops that are over; make those left in carts active again. Returns how many changed."""
    now, count = clock.now(), 0
    # a coupon that was returned in time, for which a job still runs, gives its points back
    ended = Coupon.everywhere().where(IN_USE, IDLE, Coupon.expires_at <= now)
    for coupon in list(ended.order_by(Coupon.expires_at).limit(limit)):  # in order, so that the index is always used
        with atomic():
            fresh = locked(coupon.shop_id, coupon.id)
            if fresh.status in USABLE and not is_returning(fresh):
                move(fresh, "expired", ended_at=fresh.expires_at)
                count += 1
    forgotten = Coupon.everywhere().where(APPLIED, IDLE, Coupon.applied_at <= now - APPLIED_FORGOTTEN_AFTER)
    for coupon in list(forgotten.order_by(Coupon.applied_at).limit(limit)):
        with atomic():
            fresh = locked(coupon.shop_id, coupon.id)
            if fresh.status == "applied" and not is_returning(fresh):
                move(fresh, "active", applied_at=None)
                count += 1
    return count


# The steps that every action with a coupon uses, here and in the modules that import this one


def locked(shop_id: str, coupon_id: str) -> Coupon:
    """The coupon as it is now, locked until the transaction ends. Raises NotFound.

    Locks its owner's account first, as does an order that earns and uses a code: this prevents deadlocks.
    """
    account = ledger.account_of(shop_id, Coupon.need(shop_id, Coupon.id == coupon_id).customer_id)
    if account is not None:
        ledger.locked(shop_id, account.id)
    coupon: Coupon = lock_rows(Coupon.of(shop_id).where(Coupon.id == coupon_id)).get()
    return coupon


def move(coupon: Coupon, status: str, **changes: Unpack[CouponChanges]) -> Coupon:
    """Give the coupon, which the caller holds locked, this status and these columns. Returns the coupon.

    Its `code_job` is cleared unless the changes name one.
    """
    coupon.code_job = None
    for name, value in changes.items():
        setattr(coupon, name, value)
    coupon.status, coupon.revision, coupon.updated_at = status, coupon.revision + 1, clock.now()
    coupon.save()
    emit(CouponChanged(coupon.shop_id, coupon.id, status))
    return coupon


def give_points_back(coupon: Coupon, status: str, *, key: str, source: str, reason: str) -> Coupon:
    """End the coupon with this status, so that its code is invalid, then book its points back, in one transaction.

    `reason` is the cause of the ledger row. Returns the coupon. Raises KeyReused when the key booked other points.
    """
    move(coupon, status, ended_at=clock.now())
    account = ledger.open_account(coupon.shop_id, coupon.customer_id)  # the present owner's: customers may be merged
    row = ledger.post(
        coupon.shop_id,
        account.id,
        "refund",
        coupon.cost_points,
        source=source,
        key=key,
        cause=Cause(reason, coupon.id, snapshot={"title": coupon.title}),
        reverses_id=coupon.transaction_id,
    )
    coupon.refund_id = row.id
    coupon.save()
    return coupon


def promise(job: JobName, coupon: Coupon, **payload: json_types.Json) -> str:
    """Enqueue a call to the shop about the coupon, after the commit (stores/codes.py). Returns the job's id.

    `payload` is what the job needs besides the ids of shop and coupon.
    """
    return job_queue.enqueue(job, {"shop_id": coupon.shop_id, "coupon_id": coupon.id, **payload})


def _own(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    Coupon.need(shop, Coupon.id == coupon_id, Coupon.customer_id == customer.id)
    return locked(shop.id, coupon_id)


def audit_coupons(shop_id: str | None = None) -> Iterable[str]:
    """Yields one sentence for each coupon that is both usable and paid back, or neither."""
    both = Coupon.across(shop_id, Coupon.id).where(
        Coupon.refund_id.is_null(False), Coupon.status.in_((*USABLE, "issuing", "used"))
    )
    for (coupon_id,) in both.tuples():
        yield f"coupon {coupon_id}: usable although its points were given back"
    neither = Coupon.across(shop_id, Coupon.id).where(
        Coupon.refund_id.is_null(), Coupon.status.in_(("failed", "returned")), Coupon.cost_points > 0
    )
    for (coupon_id,) in neither.tuples():
        yield f"coupon {coupon_id}: has no code although its points were not given back"
    yield from _audit_orders(shop_id)


def _audit_orders(shop_id: str | None) -> Iterable[str]:
    """Yields one sentence for each coupon that is used without a living order, or unused although one carries it."""
    rows = Coupon.across(shop_id, Coupon.id, Coupon.status).where(Coupon.status != "revoked")
    carried = set(coupon_orders.all_carried())
    for coupon_id, status in rows.tuples().iterator():
        if (status == "used") != (coupon_id in carried):
            yield f"coupon {coupon_id}: {status} although {'an' if coupon_id in carried else 'no'} order carries it"
