"""Jobs: work that is queued in the transaction that causes it and runs after the commit, at least once.

A job is a name and a JSON value; `jobs.py` has the function for each name. A worker claims a job with a lease; when
the worker dies, the lease ends and another worker takes the job.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

import peewee

from widget_server import clock
from widget_server.db import (
    Condition,
    Int,
    Json,
    Row,
    Table,
    Text,
    UtcDateTime,
    atomic,
    insert_many,
    lock_free_rows,
    lock_rows,
    new_id,
)
from widget_server.json_types import JsonObject

LEASE_SECONDS = 60
TRIES_MAX = 12
BACKOFF_SECONDS_MAX = 3600
BEAT_DAYS = 1


class JobName(StrEnum):
    """Every kind of job; jobs.py has the function for each. A name must not change: waiting jobs are stored with it."""

    SEND_MAIL = "send_mail"
    ISSUE_CODE = "issue_code"
    RETURN_CODE = "return_code"
    KILL_CODE = "kill_code"
    RUN_BATCH = "run_batch"
    LIST_IMPORT = "list_import"
    PARSE_IMPORT = "parse_import"
    PREVIEW_IMPORT = "preview_import"
    RECHECK_TIERS = "recheck_tiers"
    RECONCILE = "reconcile"
    LEARN_REFUND_PARTS = "learn_refund_parts"
    RECONSIDER_ORDERS = "reconsider_orders"
    SETTLE_ERASURE = "settle_erasure"
    RETRY_PARKED = "retry_parked"
    RETRY_ALL_PARKED = "retry_all_parked"
    WRITE_LETTER = "write_letter"
    REWRITE_FILE = "rewrite_file"
    LIST_BATCH = "list_batch"
    REPAIR_WEBHOOKS = "repair_webhooks"
    IMPORT_STORE = "import_store"
    FORGET_STORE = "forget_store"


class _Name(Text):
    def adapt(self, value: str) -> str:
        return str(value)  # a driver may convert an enum member differently


class Job(Table):
    """One queued job: waiting (also while leased), or dead after too many tries."""

    id = Text(primary_key=True)
    name = _Name()
    payload = Json()
    status = Text(default="waiting")
    run_at = UtcDateTime()
    tries = Int(default=0)
    lease = Text(null=True)
    last_error = Text(null=True)
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("status", "run_at"), False), (("name", "status"), False))
        constraints = [peewee.Check("status IN ('waiting', 'dead')")]


def enqueue(name: JobName, payload: JsonObject, *, delay_seconds: float = 0) -> str:
    """Queue job `name` with `payload`, to run no earlier than `delay_seconds` from now. Returns its id.

    With a negative delay it runs before jobs that have waited for less than that.
    """
    moment = clock.now()
    job = Job(
        id=new_id(),
        name=name,
        payload=payload,
        run_at=moment + timedelta(seconds=delay_seconds),
        created_at=moment,
    )
    job.save(force_insert=True)
    return str(job.id)


def enqueue_many(name: JobName, payloads: Iterable[JsonObject], *, delay_seconds: float = 0) -> None:
    """Queue a job `name` with each of the payloads, by one statement, as `enqueue` does."""
    moment = clock.now()
    facts = {"name": name, "run_at": moment + timedelta(seconds=delay_seconds), "created_at": moment}
    insert_many(Job, [Row(id=new_id(), payload=payload, **facts) for payload in payloads])


def enqueue_once(name: JobName, payload: JsonObject) -> None:
    """Queue the job unless an identical one is already due and has not started.

    That job stays locked until this transaction ends, so that it sees the changes of this transaction.
    """
    same = Job.select(Job.id).where(
        Job.name == name, Job.payload == payload, Job.status == "waiting", Job.tries == 0, Job.run_at <= clock.now()
    )
    if lock_rows(same).first() is None:
        enqueue(name, payload)


def claim(*conditions: Condition) -> Job | None:
    """Take the next due job for LEASE_SECONDS; None when there is none. `conditions` filter the jobs.

    A job whose workers all died without reporting an error is dead after TRIES_MAX tries too. The check whether any job
    is due needs no write lock.
    """
    moment = clock.now()
    due = Job.everywhere().where(Job.status == "waiting", Job.run_at <= moment, *conditions)
    if not due.exists():
        return None
    with atomic():
        Job.update(status="dead", last_error="each worker that tried it died").where(
            Job.status == "waiting", Job.run_at <= moment, Job.tries >= TRIES_MAX
        ).execute()
        first = due.order_by(Job.run_at, Job.id).limit(1)
        job = lock_free_rows(first).first()
        if job is None:
            return None
        job.lease, job.tries = new_id(), job.tries + 1
        job.run_at = moment + timedelta(seconds=LEASE_SECONDS)
        job.save(only=[Job.lease, Job.tries, Job.run_at])
        return job


def finish(job: Job) -> None:
    """Delete the row of a completed job, unless another worker has claimed it since."""
    Job.delete().where(Job.id == job.id, Job.lease == job.lease).execute()


def fail(job: Job, error: str) -> None:
    """Schedule another try, with growing pauses; after TRIES_MAX tries the job is dead and its row stays."""
    dead = job.tries >= TRIES_MAX
    pause = min(2**job.tries, BACKOFF_SECONDS_MAX)
    Job.update(
        status="dead" if dead else "waiting",
        run_at=clock.now() + timedelta(seconds=pause),
        last_error=error[:500],
    ).where(Job.id == job.id, Job.lease == job.lease).execute()


class Beat(Table):
    """When each worker was last alive; read by /readyz."""

    worker = Text(primary_key=True)
    seen_at = UtcDateTime()


def beat(worker: str) -> None:
    """Record that `worker` is alive; delete workers without a record for BEAT_DAYS."""
    Beat.delete().where(Beat.seen_at < clock.now() - timedelta(days=BEAT_DAYS)).execute()
    Beat.insert(worker=worker, seen_at=clock.now()).on_conflict(
        conflict_target=[Beat.worker], update={Beat.seen_at: clock.now()}
    ).execute()


def worker_seen(within_seconds: int = 60) -> bool:
    """True when some worker was alive within the last `within_seconds`."""
    since = clock.now() - timedelta(seconds=within_seconds)
    return bool(Beat.select().where(Beat.seen_at >= since).exists())
