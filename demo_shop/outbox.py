"""Messages to the loyalty server: stored in the transaction of the change, sent until the response is 2xx.

Messages about one subject (an order, a customer) are sent in order. A refused one delays only its own subject;
a server that does not respond delays all messages, so that the order is kept.
"""

import json
import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from demo_shop.bodies import now, stamp
from demo_shop.database import Database
from demo_shop.loyalty import Loyalty, Unreachable

_log = logging.getLogger(__name__)
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 10.0
_IDLE_SECONDS = 30.0


@dataclass(frozen=True)
class Waiting:
    """The number of undelivered messages, and the last error."""

    count: int
    last_error: str | None


class Outbox:
    """The shop's outgoing messages, and the thread that sends them."""

    def __init__(self, database: Database, loyalty: Loyalty) -> None:
        self._database = database
        self._loyalty = loyalty
        self._sending = threading.Lock()
        self._nudged = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_error: str | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction whose messages are sent as soon as it is committed."""
        with self._database.write() as connection:
            yield connection
        self._nudged.set()

    def add(self, connection: sqlite3.Connection, topic: str, subject: str, body: Mapping[str, object]) -> None:
        """Queue one message in the caller's transaction."""
        connection.execute(
            "INSERT INTO outbox (message_id, topic, subject, body) VALUES (?, ?, ?, ?)",
            (f"msg_{uuid.uuid4().hex}", topic, subject, json.dumps(body, ensure_ascii=False)),
        )

    def flush(self) -> bool:
        """Send due messages, oldest first; False when the loyalty server did not respond."""
        with self._sending:
            held: set[str] = set()
            for message in self._pending():
                if message["subject"] in held:
                    continue
                if message["due_at"] > time.time():
                    held.add(message["subject"])
                    continue
                try:
                    response = self._loyalty.post(message["topic"], message["message_id"], message["body"])
                except Unreachable as problem:
                    self._last_error = str(problem)
                    return False
                self._last_error = None
                if response.accepted:
                    self._sent(message)
                else:
                    self._refused(message, f"{message['topic']}: HTTP {response.status}")
                    held.add(message["subject"])
            return True

    def waiting(self) -> Waiting:
        """Returns how many messages are not delivered yet."""
        with self._database.read() as connection:
            count, refusal = connection.execute(
                "SELECT count(*), max(last_error) FROM outbox WHERE sent_at IS NULL"
            ).fetchone()
        return Waiting(count, (refusal or self._last_error) if count else None)

    def start(self) -> None:
        """Send messages in a separate thread until `stop`."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waiting messages are sent after the next start."""
        self._stopped.set()
        self._nudged.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        failures, nudged = 0, True
        while not self._stopped.is_set():
            self._nudged.clear()
            pause = self._flush_and_look()
            if pause is not None:
                failures = 0
            elif not nudged or not failures:  # new orders during an outage do not increase the pause
                failures += 1
            nudged = self._nudged.wait(_backoff(failures) if pause is None else pause)

    def _flush_and_look(self) -> float | None:
        """Send due messages; returns the seconds until the next try, or None while the server is unreachable."""
        try:
            return self._pause() if self.flush() else None
        except Exception:  # the thread continues after any error
            _log.exception("sending stopped with an error")
            return None

    def _pause(self) -> float:
        """Seconds until the next message is due."""
        with self._database.read() as connection:
            (due_at,) = connection.execute(
                "SELECT min(due_at) FROM "
                "(SELECT max(due_at) AS due_at FROM outbox WHERE sent_at IS NULL GROUP BY subject)"
            ).fetchone()
        if due_at is None:
            return _IDLE_SECONDS
        return float(min(max(due_at - time.time(), _FIRST_WAIT_SECONDS), _IDLE_SECONDS))

    def _pending(self) -> list[sqlite3.Row]:
        with self._database.read() as connection:
            return connection.execute("SELECT * FROM outbox WHERE sent_at IS NULL ORDER BY number").fetchall()

    def _sent(self, message: sqlite3.Row) -> None:
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET sent_at = ?, last_error = NULL WHERE number = ?",
                (stamp(now()), message["number"]),
            )

    def _refused(self, message: sqlite3.Row, problem: str) -> None:
        attempts = message["attempts"] + 1
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = ?, due_at = ?, last_error = ? WHERE number = ?",
                (attempts, time.time() + _backoff(attempts), problem, message["number"]),
            )


def _backoff(failures: int) -> float:
    return float(min(_FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 10), _LONGEST_WAIT_SECONDS))
