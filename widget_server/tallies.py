"""Tallies: small facts that reads record, collected in memory and written together, so that no read needs a lock.

A process writes its tallies every FLUSH_SECONDS and at a regular stop. A killed process loses the facts of those
seconds: nothing that points depend on may be a tally.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from widget_server import db

FLUSH_SECONDS = 3.0
KEYS_MAX = 100_000  # while the database is unavailable; further keys are not counted

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

log = logging.getLogger(__name__)


class Tally(Generic[Key, Value]):
    """Facts of one kind by key. `merge` combines an earlier and a later fact; `write` stores one in the database."""

    def __init__(self, write: Callable[[Key, Value], None], merge: Callable[[Value, Value], Value]) -> None:
        self._write, self._merge = write, merge
        self._lock = threading.Lock()
        self._facts: dict[Key, Value] = {}
        _tallies.append(self)

    def note(self, key: Key, value: Value) -> None:
        """Keep a fact until the next flush."""
        with self._lock:
            if key in self._facts:
                self._facts[key] = self._merge(self._facts[key], value)
            elif len(self._facts) < KEYS_MAX:
                self._facts[key] = value

    def take(self) -> dict[Key, Value]:
        """Remove all facts and return them."""
        with self._lock:
            taken, self._facts = self._facts, {}
        return taken

    def give_back(self, taken: dict[Key, Value]) -> None:
        """Put back facts that could not be written; they count as earlier than those noted since."""
        newer = self.take()
        for facts in (taken, newer):
            for key, value in facts.items():
                self.note(key, value)

    def write(self, facts: dict[Key, Value]) -> None:
        """Write these facts to the database, in the transaction of the caller."""
        for key, value in facts.items():
            self._write(key, value)


_tallies: list[Tally] = []  # type: ignore[type-arg]


def flush() -> None:
    """Write all tallies in one transaction; on failure they keep their facts, and the error is raised."""
    taken = [(tally, facts) for tally in _tallies if (facts := tally.take())]
    if not taken:
        return
    try:
        with db.atomic():
            for tally, facts in taken:
                tally.write(facts)
    except BaseException:
        for tally, facts in taken:
            tally.give_back(facts)
        raise


def forget() -> None:
    """Discard unwritten facts: another database is in use from now on."""
    for tally in _tallies:
        tally.take()


def keep_flushing(stop: threading.Event) -> None:
    """Flush every FLUSH_SECONDS until `stop` is set, and then once more."""
    while not stop.is_set():
        stop.wait(FLUSH_SECONDS)
        try:
            db.connect()
            flush()
        except Exception as error:
            log.warning("tallies wait: they could not be written (%s)", type(error).__name__)
            db.disconnect()
    db.disconnect()
