"""Rate limits, the arithmetic by `limits`.

`limit` is for whatever guards a secret or sends mail: it counts in the database and holds across processes.
`limit_flood` only keeps one caller from taking all threads: it counts in memory, without any lock of the database, and
holds in each process alone.
"""

import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from peewee import EXCLUDED, Case

from widget_server import clock, config
from widget_server.db import Int, Table, Text, UtcDateTime, database, delete_before
from widget_server.errors import RateLimited


class Hit(Table):
    """How often something was done since its window began."""

    key = Text(primary_key=True)
    count = Int()
    ends_at = UtcDateTime(index=True)


class DatabaseStorage(Storage):
    """A storage for `limits` on the house's own database."""

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count once more in the window under `key`, by one statement; a window that is over begins anew."""
        now = clock.now()
        is_over = Hit.ends_at <= now
        anew = Hit.insert(key=key, count=amount, ends_at=now + timedelta(seconds=expiry))
        counted = anew.on_conflict(
            conflict_target=[Hit.key],
            update={
                Hit.count: Case(None, [(is_over, amount)], Hit.count + amount),
                Hit.ends_at: Case(None, [(is_over, EXCLUDED.ends_at)], Hit.ends_at),
            },
        )
        (row,) = list(counted.returning(Hit.count).execute())
        return int(row.count)

    def get(self, key: str) -> int:
        row = self._row(key)
        return int(row.count) if row is not None else 0

    def get_expiry(self, key: str) -> float:
        row = self._row(key)
        return (row.ends_at if row is not None else clock.now()).timestamp()

    def check(self) -> bool:
        return not database.is_closed()

    def reset(self) -> int | None:
        return int(Hit.delete().execute())

    def clear(self, key: str) -> None:
        Hit.delete().where(Hit.key == key).execute()

    def _row(self, key: str) -> Any:
        return Hit.select().where(Hit.key == key, Hit.ends_at > clock.now()).first()


class ProcessStorage(Storage):
    """A storage for `limits` in the memory of this process; when it is full, the oldest windows are forgotten."""

    STORAGE_SCHEME = None
    WINDOWS_MAX = 100_000

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, datetime]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count once more in the window under `key`; a window that is over begins anew."""
        now = clock.now()
        with self._lock:
            count, ends_at = self._windows.get(key, (0, now))
            if ends_at <= now:
                count, ends_at = 0, now + timedelta(seconds=expiry)
                self._windows.pop(key, None)
                while len(self._windows) >= self.WINDOWS_MAX:
                    del self._windows[next(iter(self._windows))]
            self._windows[key] = count + amount, ends_at
            return count + amount

    def get(self, key: str) -> int:
        count, ends_at = self._windows.get(key, (0, clock.now()))
        return count if ends_at > clock.now() else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, clock.now()))[1].timestamp()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)


_tries = FixedWindowRateLimiter(DatabaseStorage())
_floods = FixedWindowRateLimiter(ProcessStorage())


def limit(rate: str, *who: str) -> None:
    """Count one more try of `who` in all processes; raises RateLimited beyond `rate` (as "5 per minute").

    What identifies a person (an address, a network address) is kept hashed.
    """
    _count(_tries, rate, who)


def limit_flood(rate: str, *who: str) -> None:
    """Count one more request of `who` in this process; raises RateLimited beyond `rate`. For what guards no secret."""
    _count(_floods, rate, who)


def _count(limiter: FixedWindowRateLimiter, rate: str, who: tuple[str, ...]) -> None:
    item: RateLimitItem = parse(rate)
    key = config.digest("\n".join((rate, *who)))
    if not limiter.hit(item, key):
        ends = datetime.fromtimestamp(limiter.storage.get_expiry(item.key_for(key)), UTC)
        raise RateLimited(retry_after_seconds=max(math.ceil((ends - clock.now()).total_seconds()), 1))


def forget_all() -> None:
    """Every window begins anew, in the database and in this process (tests)."""
    for limiter in (_tries, _floods):
        limiter.storage.reset()


def forget_old() -> None:
    """Drop windows that are over."""
    delete_before(Hit, Hit.ends_at, clock.now())
