"""Moves the time of a copy: the tasks of the worker, at each moment at which one of them is due."""

import time
from datetime import datetime

from peewee import fn

from widget_server import clock, jobs
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.preview.steps import Move
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.coupons import USABLE, Coupon
from widget_server.preview import due_days
from widget_server.preview.watching import Watch

WITHIN = (JobName.RECHECK_TIERS, JobName.RECONSIDER_ORDERS, JobName.WRITE_LETTER)  # jobs that only change the copy


def move(shop: Shop, watch: Watch, moment: datetime, step: Move) -> datetime:
    """Move the time; returns where it is then: at `until`, at the first thing, or where its seconds were over.

    Many short moves do what one long move does: everything is done at its own moment. The tasks of a day run where
    they have something to do (due_days), and at the end.
    """
    ends = time.monotonic() + step.seconds
    while (due := next_moment(shop, moment)) <= step.until:
        moment = due
        with clock.at(moment):
            run_due(shops.by_id(shop.id))
        if (watch.look(moment) and step.is_to_first) or time.monotonic() > ends:
            return moment
    with clock.at(step.until):
        run_due(shops.by_id(shop.id))
    watch.look(step.until)
    return step.until


def next_moment(shop: Shop, moment: datetime) -> datetime:
    """Returns the first time after `moment` at which a task is due: a new day, waiting points, the end of a coupon."""
    waiting = Award.of(shop, fn.MIN(Award.due_at)).where(Award.status == "waiting", Award.due_at > moment)
    coupons = Coupon.of(shop, fn.MIN(Coupon.expires_at)).where(Coupon.status.in_(USABLE), Coupon.expires_at > moment)
    with clock.at(moment):
        day = due_days.next_day(shops.by_id(shop.id))
    found = [clock.start_of(day, shop.timezone), _time(waiting.scalar()), _time(coupons.scalar())]
    return min(filter(None, found))


def run_due(shop: Shop) -> None:
    """Do what is due now, as the worker does it: what waited, on a new day its tasks, and queued jobs."""
    for task in jobs.due():
        jobs.all_of(task)
    today = clock.local_date(clock.now(), shop.timezone).isoformat()
    if shop.daily_done != today:
        jobs.begin_day(shop)
        shops.note_daily(shop, today)
    run_jobs()


def run_jobs() -> None:
    """Run the queued jobs that only change the copy. Mails stay queued (watching.py); all others are dropped."""
    while _run_next():
        pass
    Job.delete().where(Job.name != JobName.SEND_MAIL).execute()


def _run_next() -> bool:
    """Run one job; letters do not wait for further facts, since a step has booked all there are."""
    Job.update(run_at=clock.now()).where(Job.name == JobName.WRITE_LETTER, Job.run_at > clock.now()).execute()
    return jobs.run_next(Job.name.in_(WITHIN))


def _time(value: object) -> datetime | None:
    """Returns a time that an aggregate read, which has no column type."""
    return clock.parse(value) if isinstance(value, str) else value if isinstance(value, datetime) else None
