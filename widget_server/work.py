"""Work that may be ended early: a statement that takes too long, or a read whose caller has disconnected.

PostgreSQL ends statements by itself (statement_timeout). SQLite calls `must_end` while it runs one. A transaction
continues when its caller disconnects: a shop's webhook must not be lost that way.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee

CALLBACK_STEPS = 10_000  # of SQLite's virtual machine: about 0.5 ms
PAUSE_SECONDS = 0.05  # SQLite never works longer between two callbacks; the rest is Python's
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
        """End the current read: nobody waits for the response any more."""
        with self._lock:
            self.is_abandoned = True
            if self._cancel is not None:
                self._cancel()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Run the block as part of this work, in the current thread."""
        _here.work = self
        try:
            yield
        finally:
            _here.work = None

    @contextmanager
    def reading(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Inside the block a statement runs that `cancel` can end."""
        with self._lock:
            self._cancel = cancel
        try:
            yield
        finally:
            with self._lock:
                self._cancel = None


class Watched(_Mixed):
    """A peewee database whose statements can be ended; `statement_timeout_ms` is for SQLite, 0 means no limit."""

    statement_timeout_ms = 0

    def watch(self, statement_timeout_ms: int) -> None:
        """End SQLite statements after this time."""
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
    """The callback of SQLite: True when it must end the current statement."""
    now, last = time.monotonic(), getattr(_here, "last", None)
    _here.spent = getattr(_here, "spent", 0.0) + (min(now - last, PAUSE_SECONDS) if last is not None else 0.0)
    _here.last = now
    limit = database.statement_timeout_ms
    too_long = limit > 0 and not getattr(_here, "unhurried", False) and _here.spent * 1000 > limit
    return too_long or is_abandoned(database)


def is_abandoned(database: Watched) -> bool:
    """True when the caller of this thread's request has disconnected and no transaction is open."""
    work: Work | None = getattr(_here, "work", None)
    return work is not None and work.is_abandoned and not database.in_transaction()


@contextmanager
def unhurried(watched: Watched) -> Iterator[None]:
    """Lift the time limit of statements in this thread, for migrations."""
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
    """True when a statement failed because it was ended, by its time limit or because the caller disconnected."""
    causes = [failure, failure.__cause__, failure.__context__]
    return any(getattr(one, "sqlstate", None) == CANCELED for one in causes) or "interrupted" in str(failure)
