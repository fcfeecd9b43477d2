"""A fair queue for the write lock of one SQLite file: writers of all threads and processes in order of arrival.

SQLite itself gives the lock to any writer that tries at the right moment, so a busy writer can starve the others. Here
each writer takes a ticket, the time of its arrival, and locks the byte with this number in a file beside the database.
A writer has its turn when it can lock all bytes from 0 to its own: no earlier ticket is left. The operating system
releases the locks of a process that dies. The file stays empty. Reasons: docs/decisions/009-fair-queue.md.
"""

import fcntl
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path

PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.0002, 0.001  # between two checks of the locks of other processes

log = logging.getLogger(__name__)


class TurnNotReached(Exception):
    """A writer waited for its maximum time, and other writers are still before it."""


class Place:
    """A writer's place in the queue. Its ticket is the monotonic clock of the machine, in nanoseconds."""

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket
        self.is_first_here = threading.Event()  # set when it is the first of this process


class WriteQueue:
    """The queue of one file. One object per file and process: locks belong to processes, not to threads.

    When the file cannot be opened or locked (for example in a folder of another user), only the writers of each process
    are ordered. SQLite's own lock protects the data in any case: the queue decides only the order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._door = threading.Lock()
        self._line: deque[Place] = deque()
        self._last_ticket = 0
        self._file: int | None = None
        self._is_opened = False

    def enter(self, patience_seconds: float) -> Place:
        """Wait for this writer's turn; returns the place to `leave`. Raises TurnNotReached after `patience_seconds`."""
        until = time.monotonic() + patience_seconds
        place = self._arrive()
        try:
            if not place.is_first_here.wait(until - time.monotonic()):
                raise TurnNotReached()
            pause_seconds = PAUSE_SECONDS_MIN
            while not self._is_turn(place):
                if time.monotonic() > until:
                    raise TurnNotReached()
                time.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, PAUSE_SECONDS_MAX)
        except BaseException:
            self.leave(place)
            raise
        return place

    def leave(self, place: Place) -> None:
        """Leave the queue, after the commit or when giving up: the next writer has its turn."""
        with self._door:
            if place is self._line[0]:
                self._unlock(0, place.ticket + 1)
                self._line.popleft()
                if self._line:
                    self._line[0].is_first_here.set()
            else:
                self._unlock(place.ticket, 1)
                self._line.remove(place)

    def waiting(self) -> int:
        """How many writers of this process wait or write now."""
        return len(self._line)

    def close(self) -> None:
        """Close the file; the next writer opens it again."""
        with self._door:
            if self._file is not None:
                os.close(self._file)
            self._file, self._is_opened = None, False

    def _arrive(self) -> Place:
        with self._door:
            self._open()
            place = Place(self._ticket())
            while not self._lock(place.ticket, 1):  # a later ticket has its turn already: take a new one
                place.ticket = self._ticket()
            if not self._line:
                place.is_first_here.set()
            self._line.append(place)
            return place

    def _is_turn(self, place: Place) -> bool:
        """Lock all bytes up to this ticket: True when no earlier ticket is left in another process."""
        return self._lock(0, place.ticket + 1)

    def _ticket(self) -> int:
        self._last_ticket = max(self._last_ticket + 1, time.monotonic_ns())
        return self._last_ticket

    def _open(self) -> None:
        if not self._is_opened:
            self._is_opened = True
            try:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as no:
                self._do_without(no)

    def _lock(self, first: int, length: int) -> bool:
        """Lock these bytes unless another process has one of them."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
        except (BlockingIOError, PermissionError):  # which one depends on the operating system
            return False
        except OSError as no:  # a file system without locks
            self._do_without(no)
        return True

    def _do_without(self, no: OSError) -> None:
        log.warning("%s cannot be locked (%s): writers wait in order in each process alone", self.path, no)
        self._file = None

    def _unlock(self, first: int, length: int) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, length, first)


_opened: dict[Path, WriteQueue] = {}


def of(database: Path) -> WriteQueue:
    """The queue of this SQLite file. The queue of the file that was in use before is closed."""
    path = database.with_name(f"{database.name}-queue")
    if path not in _opened:
        for other in _opened.values():
            other.close()
        _opened.clear()
        _opened[path] = WriteQueue(path)
    return _opened[path]
