"""Lanes: each kind of costly work has its own bounded queue, so that it never uses all threads of a process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from widget_server.errors import Busy

PATIENCE_SECONDS = 5.0
RETRY_AFTER_SECONDS = 2


class Lane:
    """`at_once` run in each process and `waiting` more wait, no longer than PATIENCE_SECONDS; the rest are refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._running = threading.BoundedSemaphore(at_once)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the lane. Raises Busy when the lane is full, or after PATIENCE_SECONDS."""
        if not self._places.acquire(blocking=False):
            raise Busy(retry_after_seconds=RETRY_AFTER_SECONDS)
        try:
            if not self._running.acquire(timeout=PATIENCE_SECONDS):
                raise Busy(retry_after_seconds=RETRY_AFTER_SECONDS)
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()


HASHING = Lane(at_once=1, waiting=2)
EXPORTS = Lane(at_once=1, waiting=1)
QUERIES = Lane(at_once=2, waiting=2)
