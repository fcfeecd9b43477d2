"""Pages of a list, each found by an index from the last row of the page before; those of people are newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from peewee import Field, Tuple

from widget_server import clock
from widget_server.db import Condition, Selection, ShopTable
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


def behind(keys: Sequence[Field], row: object) -> Condition:
    """The condition that a row comes after `row` in the ascending order of these columns, found by their index."""
    values = (key.db_value(getattr(row, key.name)) for key in keys)
    after: Condition = Tuple(*keys) > Tuple(*values)
    return after


def _cursor(at: datetime, last: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{last}"


def _read(after: str) -> tuple[datetime, str]:
    at, _, last = after.partition("_")
    try:
        return clock.parse(at), last
    except ValueError:
        raise BadRequest("This page does not exist.", field="after") from None
