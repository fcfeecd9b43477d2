"""Database failures: the error for the caller, and the current state of the database."""

import shutil
import time
from pathlib import Path

from widget_server import database_errors
from widget_server.db.connections import connect, disconnect
from widget_server.db.engines import database, on_sqlite
from widget_server.errors import DatabaseAway, DatabaseState

PROBE_SECONDS = 3.0  # how long `trouble` waits for the lock in a health check
FULL_SECONDS = 60.0  # after a "full" error and no write since, the database counts as full
FREE_BYTES_MIN = 1024 * 1024


class _Failure:
    """The result of the last write in this process, and the monotonic time of its failure in seconds."""

    state: DatabaseState | None = None  # None: it succeeded
    at = 0.0


_last_failure = _Failure()


def away(error: BaseException | None) -> DatabaseAway | None:
    """The refusal for `error` when the database is not usable or the outcome is unknown; else None."""
    state = database_errors.state_of(error)
    if state is None:
        return None
    _last_failure.state, _last_failure.at = state, time.monotonic()
    return DatabaseAway(state)


def forget() -> None:
    """Clear the last failure: a write has succeeded since."""
    _last_failure.state = None


def trouble() -> DatabaseState | None:
    """Why the database cannot be written now, found by a trial write; None when it can. For `/readyz`."""
    try:
        connect()
        if on_sqlite():
            _try_to_write()
        elif _is_standby():
            return "read_only"
    except Exception as error:
        disconnect()
        return database_errors.state_of(error) or "away"
    return "full" if _is_full() else None


def _is_standby() -> bool:
    return bool(database.execute_sql("SHOW transaction_read_only").fetchone()[0] == "on")


def _try_to_write() -> None:
    """Take the write lock; after a failure write a page too, since the lock alone needs no disk."""
    with database.atomic(patience_seconds=PROBE_SECONDS):
        if _last_failure.state:
            version = database.execute_sql("PRAGMA user_version").fetchone()[0]
            database.execute_sql(f"PRAGMA user_version = {int(version)}")


def _is_full() -> bool:
    """True while the disk is full. An existing page can still be rewritten, so the last failure counts too."""
    if _last_failure.state == "full" and time.monotonic() - _last_failure.at < FULL_SECONDS:
        return True
    return on_sqlite() and shutil.disk_usage(Path(database.obj.database).parent).free < FREE_BYTES_MIN
