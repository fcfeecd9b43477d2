"""One kind of transaction: it takes the write lock at once, so that what it read is still true when it writes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from widget_server.db import failures
from widget_server.db.engines import database

_here = threading.local()
_at_commit: list[tuple[Callable[[], None], Callable[[], None]]] = []


def at_commit(act: Callable[[], None], forget: Callable[[], None]) -> None:
    """Run `act` as the last part of each outermost transaction, and `forget` before one begins and when it is over."""
    _at_commit.append((act, forget))


@contextmanager
def atomic() -> Iterator[None]:
    """All or nothing. The outermost one takes the write lock at once; nested ones are savepoints.

    What its failures mean for the caller is said by `away`. A commit that failed may have been done all the same.
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
def in_transaction() -> Iterator[None]:
    """In the transaction that is open, without a savepoint; in one of its own when none is."""
    if database.in_transaction():
        yield
    else:
        with atomic():
            yield


def when_committed(act: Callable[[], object]) -> None:
    """Run `act` in this thread right after the transaction that is under way is committed, and never after a rollback.

    It is lost when the process ends in between: what must happen is a job (job_queue.py) as well.
    """
    _afterwards().append(act)


def _afterwards() -> list[Callable[[], object]]:
    if not hasattr(_here, "afterwards"):
        _here.afterwards = []
    found: list[Callable[[], object]] = _here.afterwards
    return found
