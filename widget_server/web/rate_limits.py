"""Rate limits that hold across processes: counters in the database, the arithmetic by `limits`."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from widget_server import clock, config
from widget_server.db import Int, Table, Text, UtcDateTime, database
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
        """Count once more in the window under `key`; a window that is over begins anew."""
        now = clock.now()
        ends_at = now + timedelta(seconds=expiry)
        Hit.insert(key=key, count=0, ends_at=ends_at).on_conflict_ignore().execute()
        Hit.update(count=0, ends_at=ends_at).where(Hit.key == key, Hit.ends_at <= now).execute()
        rows = Hit.update(count=Hit.count + amount).where(Hit.key == key).returning(Hit.count).execute()
        return int(next(iter(rows)).count)

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


_storage = DatabaseStorage()
_limiter = FixedWindowRateLimiter(_storage)


def limit(rate: str, *who: str) -> None:
    """Count one more request of `who`; raises RateLimited beyond `rate` (as "5 per minute").

    What identifies a person (an address, a network address) is kept hashed.
    """
    item: RateLimitItem = parse(rate)
    key = config.digest("\n".join((rate, *who)))
    if not _limiter.hit(item, key):
        ends = datetime.fromtimestamp(_storage.get_expiry(item.key_for(key)), UTC)
        raise RateLimited(retry_after_seconds=max(math.ceil((ends - clock.now()).total_seconds()), 1))


def forget_old() -> None:
    """Drop windows that are over."""
    Hit.delete().where(Hit.ends_at <= clock.now()).execute()
