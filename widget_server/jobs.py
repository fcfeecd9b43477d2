"""The function of each job, the worker, and the periodic tasks, on one page."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from widget_server import clock, db, job_queue, migrate, remains
from widget_server.db import Condition
from widget_server.delivery import mail, outbox, senders
from widget_server.job_queue import Job, JobName
from widget_server.loyalty import audit_log, books
from widget_server.loyalty.earning import birthdays, deliveries, orders
from widget_server.loyalty.imports import imports, listing, previews
from widget_server.loyalty.letters import facts as letter_facts
from widget_server.loyalty.letters import writing as letters
from widget_server.loyalty.people import access_tokens, devices, privacy, sessions, sign_in_codes
from widget_server.loyalty.points import awards, batches, expiry, tier_rechecks
from widget_server.loyalty.preview import copies
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import checkout, coupons, issuing
from widget_server.loyalty.staff import links as staff_links
from widget_server.loyalty.staff import sessions as staff_sessions
from widget_server.loyalty.till import till_codes
from widget_server.stores import codes, connecting, importing, inbox, reconcile
from widget_server.stores.shopify import redaction
from widget_server.stores.woocommerce import refunds as woocommerce_refunds
from widget_server.web import rate_limits

NEWS = (JobName.SEND_MAIL, JobName.ISSUE_CODE, JobName.RETURN_CODE)  # for which a person may be waiting
BULK = (  # slow jobs: they have their own thread, so that no mail waits for them
    JobName.RUN_BATCH,
    JobName.LIST_IMPORT,
    JobName.PARSE_IMPORT,
    JobName.PREVIEW_IMPORT,
    JobName.RECHECK_TIERS,
    JobName.RECONSIDER_ORDERS,
    JobName.SETTLE_ERASURE,
    JobName.RETRY_ALL_PARKED,
    JobName.REWRITE_FILE,
    JobName.LIST_BATCH,
    JobName.IMPORT_STORE,
    JobName.FORGET_STORE,
)
IDLE_SECONDS = 1.0
BEAT_SECONDS = 5
PERIODIC_SECONDS = 60

log = logging.getLogger(__name__)

JOBS: dict[JobName, Callable[[dict[str, Any]], object]] = {
    JobName.SEND_MAIL: mail.send,
    JobName.ISSUE_CODE: codes.issue,
    JobName.RETURN_CODE: codes.return_for_points,
    JobName.KILL_CODE: codes.kill,
    JobName.RUN_BATCH: lambda payload: batches.run(payload["batch_id"]),
    JobName.PARSE_IMPORT: lambda payload: imports.parse(payload["import_id"]),
    JobName.PREVIEW_IMPORT: lambda payload: previews.make(payload["import_id"], payload["revision"]),
    JobName.LIST_IMPORT: lambda payload: listing.list_rows(payload["batch_id"]),
    JobName.RECHECK_TIERS: lambda payload: tier_rechecks.recheck_everybody(shops.by_id(payload["shop_id"])),
    JobName.RECONCILE: reconcile.run,
    JobName.LEARN_REFUND_PARTS: woocommerce_refunds.learn_parts,
    JobName.RECONSIDER_ORDERS: lambda payload: orders.reconsider(shops.by_id(payload["shop_id"])),
    JobName.SETTLE_ERASURE: privacy.settle,
    JobName.RETRY_PARKED: lambda payload: inbox.retry(shops.by_id(payload["shop_id"]), payload["parked_id"]),
    JobName.LIST_BATCH: lambda payload: batches.list_chosen(payload["batch_id"], payload["file_id"]),
    JobName.RETRY_ALL_PARKED: lambda payload: inbox.retry_all(shops.by_id(payload["shop_id"])),
    JobName.REPAIR_WEBHOOKS: connecting.repair_webhooks,
    JobName.IMPORT_STORE: importing.run,
    JobName.FORGET_STORE: redaction.run,
    JobName.WRITE_LETTER: letters.write,
    JobName.REWRITE_FILE: remains.clear,
}


def run_next(*conditions: Condition) -> bool:
    """Run the next due job; a failed job is retried later. `conditions` filter the jobs. False when none is due."""
    job = job_queue.claim(*conditions)
    if job is not None:
        _run(job)
    return job is not None


def run_all() -> int:
    """Run every due job; returns how many there were (for tests and the command line)."""
    count = 0
    while run_next():
        count += 1
    return count


def _run(job: Job) -> None:
    try:
        JOBS[job.name](job.payload)
    except Exception as failure:
        log.warning("job %s failed: %s", job.name, type(failure).__name__)
        job_queue.fail(job, f"{type(failure).__name__}: {failure}")
    else:
        job_queue.finish(job)


def every_minute() -> None:
    """Do all that is due by time, of every shop; a failed task does not stop the others.

    The worker does the same in parallel threads (`work`).
    """
    minute()
    days = Days()
    days.begin()
    while days.round():
        pass
    audit_books()


def minute() -> None:
    """Run the tasks of each minute; none of them takes long."""
    for task in due():
        _try(all_of, task)
    _try(rate_limits.forget_old)
    _try(imports.forget_old)
    _try(deliveries.forget_old)
    _try(till_codes.forget_old)
    _try(copies.forget_old)
    _try(batches.give_up)
    _try(reconcile.promise_due)
    _try(all_of, outbox.tidy)
    _try(migrate.measure)
    _try(books.write_anchor)


def audit_books() -> None:
    """Audit the books of each shop that were not audited in its present day."""
    for _ in _audits():
        pass


def _audits() -> Iterator[int]:
    """Does `audit_books`; yields after each slice of it."""
    for shop in list(Shop.everywhere().order_by(Shop.id)):
        if books.is_due(shop):
            slices = books.audit_daily_slices(shop)
            while _try(_goes_on, slices):
                yield 0


def due() -> tuple[Callable[[], int], ...]:
    """Returns the tasks that do what became due, of every shop; `all_of` runs one."""
    return (awards.mature_due, checkout.time_out_due, coupons.expire_due, issuing.give_up_on_codes)


def begin_day(shop: Shop) -> None:
    """Do what a new day brings to the customers of a shop: birthdays, expiry and its warnings, tiers."""
    for _ in day_slices(shop):
        pass


def day_slices(shop: Shop) -> Iterator[int]:
    """Does `begin_day`, about holds.HOLD_SECONDS of it in each transaction; yields after each.

    Stopped, it can begin again: rows show what was done, so nobody gets anything twice.
    """
    yield from birthdays.pay_slices(shop)
    yield from expiry.expire_slices(shop)
    yield from expiry.remind_slices(shop)
    yield from tier_rechecks.recheck_slices(shop)
    yield from letter_facts.remind_slices(shop)


def _try(act: Callable[..., object], *arguments: object) -> object:
    """Returns what `act` returns; None when it failed."""
    try:
        return act(*arguments)
    except Exception:
        log.exception("%s %s failed; in a minute it is tried again", act.__name__, arguments)
        db.connect()
        return None


def all_of(some: Callable[[], int]) -> None:
    """Call `some`, which does a part of its work, until it returns 0."""
    while some():
        pass


class Days:
    """The days of the shops that began and are not done yet: a slice of each in turn, so that none waits for another.

    A day begins in the first minute after the shop's local midnight, or when the server runs again.
    """

    def __init__(self) -> None:
        self._open: dict[str, Iterator[int]] = {}

    def begin(self) -> None:
        """Begin the day of each shop where it is neither done nor under way."""
        for shop in list(Shop.everywhere().order_by(Shop.id)):
            day = clock.local_date(clock.now(), shop.timezone).isoformat()
            if shop.daily_done != day and shop.id not in self._open:
                self._open[shop.id] = _once_a_day(shop, day)

    def round(self) -> bool:
        """Do a slice of each open day; False when none is left. A day that fails begins again in a minute."""
        for shop_id, slices in list(self._open.items()):
            if not _try(_goes_on, slices):
                del self._open[shop_id]
        return bool(self._open)


def _goes_on(slices: Iterator[int]) -> bool:
    return next(slices, None) is not None


def _once_a_day(shop: Shop, day: str) -> Iterator[int]:
    """The daily tasks of a shop for its local `day`, which is noted as done at the end."""
    yield from day_slices(shop)
    sessions.forget_old()
    devices.forget_old()
    sign_in_codes.forget_old()
    access_tokens.forget_old()
    staff_sessions.forget_old()
    staff_links.forget_old()
    audit_log.forget_old()
    orders.forget_addresses(shop)
    shops.note_daily(shop, day)


def work(stop: threading.Event) -> None:
    """Run due jobs until `stop` is set, and the periodic tasks once a minute.

    Parallel threads, so that none waits for another: news to a person, other jobs, bulk work, the tasks of each minute,
    the days of the shops, the audit, and senders that deliver messages to receivers.
    """
    rounds = {
        "bookkeeping": OtherWork().round,
        "bulk work": BulkWork().round,
        "minute": Minutes(minute).round,
        "days": DayWork().round,
        "audit": AuditWork().round,
    }
    beside = [threading.Thread(target=_keep_at, args=(one, stop), name=name) for name, one in rounds.items()]
    beside.append(threading.Thread(target=senders.work, args=(stop,), name="senders"))
    try:
        for thread in beside:
            thread.start()
        _keep_at(QuickWork().round, stop)
    finally:
        stop.set()
        for thread in beside:
            if thread.ident is not None:  # it was started before an interrupt came
                thread.join()


class QuickWork:
    """News to a person who may be waiting for it; also records that the worker is alive."""

    def __init__(self) -> None:
        self.name, self.heartbeat = f"{socket.gethostname()}:{os.getpid()}", Interval(BEAT_SECONDS)

    def round(self) -> bool:
        """Run the next job; False when there was none."""
        if self.heartbeat.is_due():
            job_queue.beat(self.name)
        return run_next(Job.name.in_(NEWS))


class OtherWork:
    """Jobs that take a moment, or as long as another server does."""

    def round(self) -> bool:
        """Run the next job; False when there was none."""
        return run_next(Job.name.not_in((*NEWS, *BULK)))


class BulkWork:
    """Slow jobs."""

    def round(self) -> bool:
        """Run the next job; False when there was none."""
        return run_next(Job.name.in_(BULK))


class Minutes:
    """A task once a minute."""

    def __init__(self, task: Callable[[], object]) -> None:
        self.task, self.interval = task, Interval(PERIODIC_SECONDS)

    def round(self) -> bool:
        """Run the task if its minute is over."""
        if self.interval.is_due():
            self.task()
        return False


class DayWork:
    """The days of all shops."""

    def __init__(self) -> None:
        self.days, self.interval = Days(), Interval(PERIODIC_SECONDS)

    def round(self) -> bool:
        """Do a slice of each open day; False when there was none."""
        if self.interval.is_due():
            self.days.begin()
        return self.days.round()


class AuditWork:
    """The daily audits of all shops, a slice in each round: so a worker that stops ends one soon."""

    def __init__(self) -> None:
        self.interval = Interval(PERIODIC_SECONDS)
        self._slices: Iterator[int] = iter(())

    def round(self) -> bool:
        """Do a slice; False when there was none."""
        if _goes_on(self._slices):
            return True
        if self.interval.is_due():
            self._slices = _audits()
            return _goes_on(self._slices)
        return False


def _keep_at(work_round: Callable[[], bool], stop: threading.Event) -> None:
    """Repeat `work_round` until `stop` is set; after a failure, retry with a new connection."""
    while not stop.is_set():
        try:
            db.connect()
            worked = work_round()
        except Exception:
            log.exception("a step of the worker failed with an error; it continues")
            db.disconnect()
            worked = False
        if not worked:
            stop.wait(IDLE_SECONDS)
    db.disconnect()


class Interval:
    """A timer that is due at once and then every `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.next = seconds, 0.0

    def is_due(self) -> bool:
        """True at the first call, and then once in every interval."""
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + self.seconds
        return True
