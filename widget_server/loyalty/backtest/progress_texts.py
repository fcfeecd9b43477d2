"""How far a backtest came, as a text that its reader keeps between two slices and cannot change."""

import hashlib
import json
from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

from widget_server import config
from widget_server.loyalty.backtest.replay import Progress
from widget_server.loyalty.program.shops import Shop

LENGTH_MAX = 20_000


def purpose_of(shop: Shop, months: int, facts: Sequence[object]) -> str:
    """Returns what stands for one backtest: its shop, its span, and the facts of the draft, as JSON values."""
    return hashlib.sha256(json.dumps([shop.id, months, facts]).encode()).hexdigest()


def sealed(purpose: str, progress: Progress) -> str:
    """Returns the progress as a signed text."""
    return _seal().dumps([purpose, progress.as_json()])


def read(purpose: str, text: str) -> Progress:
    """Returns the progress of this same backtest; its beginning for a text that is of another one, or was altered."""
    try:
        known, stored = _seal().loads(text)
    except BadData:
        return Progress()
    return Progress.from_json(stored) if known == purpose else Progress()


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(config.derived_key("backtest"), salt="backtest")
