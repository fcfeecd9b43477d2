"""The request rate of an API key: counted in memory, in each process separately (contracts §17)."""

import math
import threading
import time

from widget_server import config
from widget_server.errors import RateLimited

MINUTE_SECONDS = 60.0
KEYS_MAX = 10_000  # remembered at once; a forgotten key starts with a full rate

_lock = threading.Lock()
_left: dict[str, tuple[float, float]] = {}  # the requests that a key has left, and the time of that count


def count(key_id: str | None) -> None:
    """Count one request of this key; a caller without a key is not counted here. Raises RateLimited.

    A key may send WIDGET_KEY_RATE requests at once and as many in each minute; unused requests do not accumulate.
    """
    rate, now = config.current().key_rate, time.monotonic()
    if key_id is None or not rate:
        return
    with _lock:
        left, since = _left.pop(key_id, (float(rate), now))
        left = min(rate, left + (now - since) * rate / MINUTE_SECONDS)
        _left[key_id] = (max(left - 1, 0) if left >= 1 else left, now)
        if len(_left) > KEYS_MAX:
            del _left[next(iter(_left))]
    if left < 1:
        wait = math.ceil((1 - left) * MINUTE_SECONDS / rate)
        raise RateLimited(retry_after_seconds=max(wait, 1))


def forget() -> None:
    """Reset the counts of all keys."""
    with _lock:
        _left.clear()
