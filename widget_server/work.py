"""Work that may be ended before it is done: a statement that takes too long, a read whose caller has left.

PostgreSQL ends statements by itself (statement_timeout). SQLite calls back while it works on one; here is what it
hears then. What is inside a transaction goes on when its caller leaves: a shop's webhook must not be lost that way.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee

CALLBACK_STEPS = 10_000  # of SQLite's machine: about every half millisecond
PAUSE_SECONDS = 0.05  # between two callbacks there is never more work than this; the rest is Python's
CANCELED = "57014"  # PostgreSQL's code for a statement that was ended

_here = threading.local()

if TYPE_CHECKING:
    _Mixed = peewee.Database  # what it is mixed into
else:
    _Mixed = object


class Work:
    """One request, run by one thread and watched from another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        self.is_abandoned = False

    def abandon(self) -> None:
        """Nobody waits for the response any more: end the read that is under way."""
        with self._lock:
            self.is_abandoned = True
            if self._cancel is not None:
                self._cancel()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Run the block as this work: this thread does it."""
        _here.work = self
        try:
            yield
        finally:
            _here.work = None

    @contextmanager
    def reading(self, cancel: Callable[[], object]) -> Iterator[None]:
        """A statement is under way that `cancel` ends."""
        with self._lock:
            self._cancel = cancel
        try:
            yield
        finally:
            with self._lock:
                self._cancel = None


class Watched(_Mixed):
    """A database of peewee whose statements can be ended; `statement_timeout_ms` is for SQLite, 0 is no limit."""

    statement_timeout_ms = 0

    def watch(self, statement_timeout_ms: int) -> None:
        """End statements of SQLite after so long."""
        self.statement_timeout_ms = statement_timeout_ms
        sqlite: Any = self
        sqlite.progress(lambda: must_end(self), CALLBACK_STEPS)

    def _execute_cursor(self, sql: str, params: Any, **options: Any) -> Any:
        _here.spent, _here.last = 0.0, None
        execute = super()._execute_cursor  # type: ignore[misc]
        this: Any = self
        work: Work | None = getattr(_here, "work", None)
        cancel = getattr(this.connection(), "cancel", None) if work and not self.in_transaction() else None
        if work is None or cancel is None:
            return execute(sql, params, **options)
        with work.reading(cancel):
            return execute(sql, params, **options)


def must_end(database: Watched) -> bool:
    """Whether SQLite must end the statement that it is working on: the callback."""
    now, last = time.monotonic(), getattr(_here, "last", None)
    _here.spent = getattr(_here, "spent", 0.0) + (min(now - last, PAUSE_SECONDS) if last is not None else 0.0)
    _here.last = now
    limit = database.statement_timeout_ms
    too_long = limit > 0 and not getattr(_here, "unhurried", False) and _here.spent * 1000 > limit
    return too_long or is_abandoned(database)


def is_abandoned(database: Watched) -> bool:
    """True when the caller of this thread's request has left and nothing is being changed."""
    work: Work | None = getattr(_here, "work", None)
    return work is not None and work.is_abandoned and not database.in_transaction()


@contextmanager
def unhurried(watched: Watched) -> Iterator[None]:
    """In this thread no statement is ended for taking long: for migrations."""
    database: Any = watched
    _here.unhurried = True
    limited = not hasattr(database, "progress")
    if limited:
        database.execute_sql("SET statement_timeout = 0")
    try:
        yield
    finally:
        _here.unhurried = False
        if limited:
            database.execute_sql("RESET statement_timeout")


def was_ended(failure: BaseException) -> bool:
    """True when a statement failed because it was ended, by its limit or for a caller who left."""
    causes = [failure, failure.__cause__, failure.__context__]
    return any(getattr(one, "sqlstate", None) == CANCELED for one in causes) or "interrupted" in str(failure)
