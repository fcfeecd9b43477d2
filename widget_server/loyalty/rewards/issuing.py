"""Issuing: creates coupons, and books the results of creating and removing their codes in a connected shop.

The checkout of such a shop must know each code (acceptance 30, 37, 39); `stores/codes.py` calls the shop.
"""

from datetime import datetime, timedelta
from typing import Unpack

from peewee import fn

from widget_server import clock, job_queue
from widget_server.db import atomic, new_id
from widget_server.events import CouponIssued, emit
from widget_server.job_queue import JobName
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import DEAD, USABLE, Coupon, CouponTerms

DETAIL_LENGTH_MAX = 500


def issue(
    shop: Shop, customer: Customer, program: Program, *, life_days: int | None, **terms: Unpack[CouponTerms]
) -> Coupon:
    """Create a coupon of these terms for the customer, valid for `life_days` days of the shop's zone (None: for ever).

    Where the shop is connected, it is usable once the shop has created its code (acceptance 30).
    """
    now = clock.now()
    today = clock.local_date(now, shop.timezone)

    def days_on(days: int | None) -> datetime | None:
        """The end of that local day; None for no end."""
        return None if days is None else clock.start_of(today + timedelta(days=days + 1), shop.timezone)

    terms = {"id": new_id(), **terms}
    code = codes.fresh_code(shop)
    coupon = Coupon(
        status="issuing" if shop.is_connected else "active",
        shop_id=shop.id,
        customer_id=customer.id,
        code=code,
        code_key=codes.key_of(code),
        created_at=now,
        expires_at=days_on(life_days),
        return_until=days_on(program.rules.return_days) if terms.get("transaction_id") else None,
        **terms,
    )
    if shop.is_connected:
        coupon.code_job = coupons.promise(JobName.ISSUE_CODE, coupon, anew=False)
    coupon.save(force_insert=True)
    emit(CouponIssued(shop.id, coupon.id))
    return coupon


def code_made(shop: Shop, coupon_id: str) -> None:
    """Book that the shop created the code: the member may use it. If the coupon has ended, the code is removed again.

    Raises NotFound.
    """
    with atomic():
        coupon = coupons.locked(shop.id, coupon_id)
        if coupon.status == "issuing":
            coupons.move(coupon, "active")
        elif coupon.status in DEAD:
            coupons.promise(JobName.KILL_CODE, coupon)


def code_refused(shop: Shop, coupon_id: str, failure: str, detail: str) -> None:
    """Book that the shop creates no code: the points come back at once, and the row stores why (acceptance 30).

    `failure` is a stable name for the shopper, `detail` the shop's message. Raises NotFound.
    """
    with atomic():
        coupon = coupons.locked(shop.id, coupon_id)
        if coupon.status != "issuing":
            return
        coupon.failure, coupon.failure_detail = failure, detail[:DETAIL_LENGTH_MAX]
        if coupon.cost_points:
            key = f"not-issued:{coupon.id}:{coupon.revision}"
            coupons.give_points_back(coupon, "failed", key=key, source="job", reason="not_issued")
        else:
            coupons.move(coupon, "failed", ended_at=clock.now())


def code_dead(shop: Shop, coupon_id: str, *, key: str, source: str) -> None:
    """Book that the shop removed the code: the points come back. Raises NotFound."""
    with atomic():
        coupon = coupons.locked(shop.id, coupon_id)
        if coupons.is_returning(coupon):
            coupons.give_points_back(coupon, "returned", key=key, source=source, reason="returned")


def code_not_killed(shop: Shop, coupon_id: str, failure: str, detail: str) -> None:
    """Book that the code could not be removed: the member keeps it and may return it again. Raises NotFound."""
    with atomic():
        coupon = coupons.locked(shop.id, coupon_id)
        if coupons.is_returning(coupon):
            coupon.failure, coupon.failure_detail = failure, detail[:DETAIL_LENGTH_MAX]
            coupon.code_job = None
            coupon.save()


def give_up_on_codes(limit: int = 1000) -> int:
    """Book a failure for coupons whose job the queue gave up: no code, or none removed. Returns how many there were."""
    at_work = job_queue.Job.everywhere(job_queue.Job.id).where(
        job_queue.Job.id == Coupon.code_job, job_queue.Job.status == "waiting"
    )
    given_up = Coupon.everywhere().where(
        Coupon.status.in_((*USABLE, "issuing")), Coupon.code_job.is_null(False), ~fn.EXISTS(at_work)
    )
    count = 0
    for coupon in list(given_up.limit(limit)):
        job = job_queue.Job.get_or_none(job_queue.Job.id == coupon.code_job)
        detail = (job and job.last_error) or "the job is gone"
        with atomic():
            fresh = coupons.locked(coupon.shop_id, coupon.id)
            if fresh.code_job != coupon.code_job:
                continue
            act = code_refused if fresh.status == "issuing" else code_not_killed
            act(shops.by_id(fresh.shop_id), fresh.id, "shop_unreachable", detail)
            count += 1
    return count
