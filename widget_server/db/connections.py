"""Opens and closes the database connection of the current thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from widget_server.db.engines import database, on_sqlite

RENEW_SECONDS = 60.0  # SQLite reads the statistics by which it chooses indexes only when it opens a file (migrate.py)


class _Here(threading.local):
    opened = 0.0


_here = _Here()


def connect() -> None:
    """Make sure this thread has a live connection; it is kept open between requests, on SQLite for a minute.

    A connection that was opened when a shop was small would read all customers to find one when it has a million.
    """
    if not database.is_closed():
        if database.in_transaction() or (database.is_connection_usable() and not _is_old()):
            return
        database.close()
    database.connect()
    _here.opened = time.monotonic()


def _is_old() -> bool:
    return on_sqlite() and time.monotonic() - _here.opened > RENEW_SECONDS


def disconnect() -> None:
    """Close this thread's connection (before a fork, after a failure)."""
    if not database.is_closed():
        database.close()


@contextmanager
def connected() -> Iterator[None]:
    """Use this thread's connection; a thread without one opens it for the block only."""
    if not database.is_closed():
        yield
        return
    connect()
    try:
        yield
    finally:
        disconnect()
