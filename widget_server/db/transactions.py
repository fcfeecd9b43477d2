"""Transactions: each takes the write lock at its start, so that the data it read is still valid when it writes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from widget_server.db import failures
from widget_server.db.engines import READ_ONLY, database, on_sqlite

REPEATABLE = "REPEATABLE READ"  # PostgreSQL's isolation level of a snapshot

GIVE_WAY_SECONDS = 0.5
PAUSE_SECONDS = 0.0005  # between two looks whether somebody writes

_here = threading.local()
_at_commit: list[tuple[Callable[[], None], Callable[[], None]]] = []


def at_commit(act: Callable[[], None], forget: Callable[[], None]) -> None:
    """Run `act` at the end of each outermost transaction, and `forget` before and after it."""
    _at_commit.append((act, forget))


@contextmanager
def atomic() -> Iterator[None]:
    """Run the block in a transaction. The outermost one takes the write lock at its start; nested ones are savepoints.

    `away` maps its failures to an error for the caller. A failed commit may still have been applied.
    """
    if database.in_transaction():
        with database.atomic():
            yield
        return
    for _, forget in _at_commit:
        forget()
    _afterwards().clear()
    try:
        with database.atomic():
            yield
            for act, _ in _at_commit:
                act()
    finally:
        for _, forget in _at_commit:
            forget()
    failures.forget()
    promised = list(_afterwards())
    _afterwards().clear()
    for one in promised:
        one()


@contextmanager
def snapshot() -> Iterator[None]:
    """Read in the block what was committed when it first read, whatever others write meanwhile; nothing is locked.

    The block must not write. Inside a transaction it reads what that one sees.
    """
    if database.in_transaction():
        yield
        return
    with database.obj.transaction(READ_ONLY if on_sqlite() else REPEATABLE):
        yield


@contextmanager
def in_transaction() -> Iterator[None]:
    """Use the open transaction, without a savepoint; start one when none is open."""
    if database.in_transaction():
        yield
    else:
        with atomic():
            yield


def give_way() -> None:
    """Call it often in a long read: pauses while a thread of this process writes to SQLite, GIVE_WAY_SECONDS at most.

    Python runs one thread at a time, so the reader would make each transaction hold the write lock twice as long. In a
    transaction of its own it does not pause: then it is the writer.
    """
    if on_sqlite() and not database.in_transaction() and database.obj.writers.waiting():
        until = time.monotonic() + GIVE_WAY_SECONDS
        while database.obj.writers.waiting() and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)


def when_committed(act: Callable[[], object]) -> None:
    """Run `act` in this thread right after the commit of the current transaction, and never after a rollback.

    It is lost when the process ends in between: essential work is also queued as a job (job_queue.py).
    """
    _afterwards().append(act)


def _afterwards() -> list[Callable[[], object]]:
    if not hasattr(_here, "afterwards"):
        _here.afterwards = []
    found: list[Callable[[], object]] = _here.afterwards
    return found
