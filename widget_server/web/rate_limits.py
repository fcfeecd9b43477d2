"""Rate limits, with the algorithms of the library `limits`.

`limit` protects a secret or the sending of mail: it counts in the database, for all processes together.
`limit_flood` only keeps one caller from taking all threads: it counts in memory, without any database lock, in each
process separately. Both count a person; for network addresses use `limit_address` and `limit_address_flood`, which
count them by their networks (networks.py, contracts §19).
"""

import math
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from peewee import EXCLUDED, Case

from widget_server import clock, config
from widget_server.db import Int, Table, Text, UtcDateTime, database, delete_before
from widget_server.errors import RateLimited, WrongCredentials
from widget_server.web import networks


class Hit(Table):
    """How often an action was counted since its window began."""

    key = Text(primary_key=True)
    count = Int()
    ends_at = UtcDateTime(index=True)


class DatabaseStorage(Storage):
    """A storage for `limits` in the server's own database."""

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count once more in the window under `key`, with one statement; an expired window starts again."""
        now = clock.now()
        is_over = Hit.ends_at <= now
        insert = Hit.insert(key=key, count=amount, ends_at=now + timedelta(seconds=expiry))
        counted = insert.on_conflict(
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

    def give_back(self, key: str) -> None:
        """Subtract one count in the window under `key`, unless it has expired."""
        Hit.update(count=Hit.count - 1).where(Hit.key == key, Hit.count > 0, Hit.ends_at > clock.now()).execute()

    def check(self) -> bool:
        return not database.is_closed()

    def reset(self) -> int | None:
        return int(Hit.delete().execute())

    def clear(self, key: str) -> None:
        Hit.delete().where(Hit.key == key).execute()

    def _row(self, key: str) -> Hit | None:
        found: Hit | None = Hit.select().where(Hit.key == key, Hit.ends_at > clock.now()).first()
        return found


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
        """Count once more in the window under `key`; an expired window starts again."""
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


_storage = DatabaseStorage()
_tries = FixedWindowRateLimiter(_storage)
_floods = FixedWindowRateLimiter(ProcessStorage())


def limit(rate: str, *who: str) -> None:
    """Count one more try of `who` in all processes; raises RateLimited beyond `rate` (as "5 per minute").

    Values that identify a person (above all an e-mail address) are stored hashed.
    """
    _count(_tries, parse(rate), who)


def limit_address(rate: str, *who: str) -> None:
    """Count as `limit` does, by the caller's network address together with `who` (what is limited, the shop)."""
    for bucket, factor in networks.buckets(networks.client_address()):
        _count(_tries, _times(parse(rate), factor), (*who, bucket))


def limit_flood(rate: str, *who: str) -> None:
    """Count one more request of `who` in this process; raises RateLimited beyond `rate`. Not for secrets."""
    _count(_floods, parse(rate), who)


def limit_address_flood(rate: str, *who: str) -> None:
    """Count as `limit_flood` does, by the caller's network address together with `who`."""
    for bucket, factor in networks.buckets(networks.client_address()):
        _count(_floods, _times(parse(rate), factor), (*who, bucket))


@contextmanager
def failures(rate: str, *who: str) -> Iterator[None]:
    """Count the block if it raises WrongCredentials; raises RateLimited when `rate` of such blocks were counted.

    It is counted before the block and subtracted after a success, so that parallel tries are all counted.
    """
    with _failing(parse(rate), who):
        yield


@contextmanager
def address_failures(rate: str, *who: str) -> Iterator[None]:
    """Count as `failures` does, by the caller's network address together with `who`."""
    with ExitStack() as counts:
        for bucket, factor in networks.buckets(networks.client_address()):
            counts.enter_context(_failing(_times(parse(rate), factor), (*who, bucket)))
        yield


@contextmanager
def _failing(item: RateLimitItem, who: tuple[str, ...]) -> Iterator[None]:
    key = _count(_tries, item, who)
    has_failed = False
    try:
        yield
    except WrongCredentials:
        has_failed = True
        raise
    finally:
        if not has_failed:
            _storage.give_back(item.key_for(key))


def _times(item: RateLimitItem, factor: int) -> RateLimitItem:
    return type(item)(item.amount * factor, item.multiples, item.namespace)


def _count(limiter: FixedWindowRateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> str:
    """Count once; returns the counted key, raises RateLimited."""
    key = config.digest("\n".join((str(item), *who)))
    if not limiter.hit(item, key):
        ends = datetime.fromtimestamp(limiter.storage.get_expiry(item.key_for(key)), UTC)
        raise RateLimited(retry_after_seconds=max(math.ceil((ends - clock.now()).total_seconds()), 1))
    return key


def forget_all() -> None:
    """Reset all windows, in the database and in this process (for tests)."""
    for limiter in (_tries, _floods):
        limiter.storage.reset()


def forget_old() -> None:
    """Delete expired windows from the database."""
    delete_before(Hit, Hit.ends_at, clock.now())
