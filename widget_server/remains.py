"""Remains of erased data in the file of the embedded database, and the job that removes them at night.

SQLite overwrites what is deleted (`secure_delete`), but a row that moved inside its page before may leave a copy in
unused space. Rewriting the whole file (VACUUM) removes every copy. It holds up all writers, so it runs once a day at
most, in the quiet hour of the shop, and only if something was erased since. On PostgreSQL nothing here does anything:
it rewrites no files, and reuses the space of deleted rows by itself.
"""

import logging
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from widget_server import clock, job_queue, work
from widget_server.db import database, file_of_database, on_sqlite, rewrite
from widget_server.job_queue import Job, JobName
from widget_server.json_types import JsonObject

QUIET_HOUR = 3  # of the shop's local time
AUTOMATIC_BYTES_MAX = 10**9  # a larger file holds writers up for too long: its operator chooses the time
SPARE = 1.1  # of the size of the file
DAY_SECONDS = 86_400

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rewriting:
    """What a rewriting did: the size of the file before and after, in bytes, and whether the log is empty too."""

    before: int
    after: int
    is_log_empty: bool


def note(timezone: str) -> None:
    """Queue the rewriting for the next quiet hour in this zone, unless it is queued already. Nothing on PostgreSQL."""
    waiting = Job.select().where(Job.name == JobName.REWRITE_FILE, Job.status == "waiting", Job.tries == 0)
    if on_sqlite() and not waiting.exists():
        now = clock.now()
        hour = timedelta(hours=QUIET_HOUR)
        today = clock.local_date(now, timezone)
        at = next(
            moment
            for day in (today, today + timedelta(days=1))
            if (moment := clock.start_of(day, timezone) + hour) > now
        )
        job_queue.enqueue(JobName.REWRITE_FILE, {}, delay_seconds=(at - now).total_seconds())


def clear(_payload: JsonObject) -> None:
    """The job at night: rewrite the file. One that is too large, or for which the disk has no room, is left and logged.

    Without room it is tried again a day later.
    """
    if not on_sqlite():
        return
    size = file_of_database().stat().st_size
    if size > AUTOMATIC_BYTES_MAX:
        log.warning(
            "The database file (%d MB) is too large to be rewritten while it serves, so traces of erased data may be"
            " left in it. Run `widget-server rewrite` at a quiet time.",
            size // 10**6,
        )
        return
    if lack := lacks_room():
        log.warning("%s Traces of erased data may be left in it; in a day it is tried again.", lack)
        job_queue.enqueue(JobName.REWRITE_FILE, {}, delay_seconds=DAY_SECONDS)
        return
    if not rewrite_now().is_log_empty:
        job_queue.enqueue_once(JobName.SETTLE_ERASURE, {})


def rewrite_now() -> Rewriting:
    """Rewrite the file of the embedded database; writers wait for it meanwhile. Returns what was done."""
    path = file_of_database()
    before = path.stat().st_size
    with work.unhurried(database.obj):
        is_log_empty = rewrite()
    return Rewriting(before, path.stat().st_size, is_log_empty)


def lacks_room() -> str | None:
    """Returns a sentence about the folder that has too little room for rewriting the file; None when there is enough.

    SQLite makes one copy in a temporary file, and another one in its log beside the database.
    """
    path = file_of_database()
    needed = int(path.stat().st_size * SPARE)
    here, temporary = path.parent, _temporary_folder()
    needs = {here: needed}
    if here.stat().st_dev == temporary.stat().st_dev:
        needs[here] += needed
    else:
        needs[temporary] = needed
    for folder, size in needs.items():
        free = shutil.disk_usage(folder).free
        if free < size:
            return (
                f"The database file was not rewritten: that needs {size // 10**6 + 1} MB free in {folder},"
                f" which has {free // 10**6} MB."
            )
    return None


def _temporary_folder() -> Path:
    """Returns the folder in which SQLite makes temporary files."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108
    return next((Path(one) for one in named if one and os.access(one, os.W_OK | os.X_OK)), Path())
