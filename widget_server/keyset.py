"""Pages of a list, newest first, each found by an index from the last row of the page before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from peewee import Field

from widget_server import clock
from widget_server.db import ShopTable
from widget_server.db.tables import Selection
from widget_server.errors import BadRequest

PAGE = 50

R = TypeVar("R")
T = TypeVar("T", bound=ShopTable)


@dataclass(frozen=True)
class Page(Generic[R]):
    """The rows of a page, and the cursor of the next one; None on the last page."""

    rows: list[R]
    next: str | None


def page(query: Selection[T], moment: Field, key: Field, *, after: str | None = None, limit: int = PAGE) -> Page[T]:
    """Returns the next `limit` rows of `query`, newest first by the column `moment`, and by `key` at the same moment.

    `after` is the cursor of the page before. Raises BadRequest (after) for a text that is no cursor.
    """
    if after:
        at, last = _read(after)
        query = query.where((moment < at) | ((moment == at) & (key < last)), moment <= at)
    rows = list(query.order_by(moment.desc(), key.desc()).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, _cursor(getattr(rows[-1], moment.name), getattr(rows[-1], key.name)) if more else None)


def _cursor(at: datetime, last: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{last}"


def _read(after: str) -> tuple[datetime, str]:
    at, _, last = after.partition("_")
    try:
        return clock.parse(at), last
    except ValueError:
        raise BadRequest("This page does not exist.", field="after") from None
