"""ONE page: job name -> what runs; the worker; what runs by the clock."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from widget_server import clock, db, queue
from widget_server.delivery import mail
from widget_server.loyalty import access, earning, points, program_files, rewards, shops, tiers
from widget_server.loyalty.shops import Shop
from widget_server.queue import Job
from widget_server.web import rate_limits

IDLE_SECONDS = 1.0
PERIODIC_SECONDS = 60

log = logging.getLogger(__name__)

JOBS: dict[str, Callable[[dict[str, Any]], object]] = {
    "send_mail": mail.send,
    "recheck_tiers": lambda payload: program_files.recheck_tiers(shops.by_id(payload["shop_id"])),
}


def run_job(job: Job) -> None:
    """Do one claimed job; what fails is tried again later."""
    try:
        JOBS[job.name](job.payload)
    except Exception as failure:
        log.warning("job %s failed: %s", job.name, type(failure).__name__)
        queue.fail(job, f"{type(failure).__name__}: {failure}")
    else:
        queue.finish(job)


def run_all() -> int:
    """Do every job that is due; answers how many there were (tests, the shell)."""
    count = 0
    while (job := queue.claim()) is not None:
        run_job(job)
        count += 1
    return count


def every_minute() -> None:
    """What follows from the passing of time alone, for every shop."""
    while points.mature_due():
        pass
    while rewards.expire_due():
        pass
    rate_limits.forget_old()
    for shop in Shop.everywhere().order_by(Shop.id):
        _once_a_day(shop)


def _once_a_day(shop: Shop) -> None:
    """The day's work of a shop, in the first minute after its local midnight or when the server is back."""
    day = clock.local_date(clock.now(), shop.timezone).isoformat()
    if shop.daily_done == day:
        return
    earning.pay_birthdays(shop)
    points.expire_due(shop)
    tiers.recheck_all(shop)
    access.forget_old()
    shops.note_daily(shop, day)


def work(stop: threading.Event) -> None:
    """Run jobs until `stop` is set: what is due at once, and once a minute what the clock asks for."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    db.connect()
    last = None
    while not stop.is_set():
        try:
            db.connect()
            queue.beat(worker)
            if last is None or (clock.now() - last).total_seconds() >= PERIODIC_SECONDS:
                every_minute()
                last = clock.now()
            run_all()
        except Exception:
            log.exception("the worker stumbled; it goes on")
            db.disconnect()
        stop.wait(IDLE_SECONDS)
    db.disconnect()
