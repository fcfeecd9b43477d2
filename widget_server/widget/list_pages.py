"""Pages of a list that is put in order in memory: each is found from the place of the last item of the page before.

A place is a tuple of whole numbers by which the list is ordered. An item that is added or removed meanwhile therefore
neither hides nor repeats another one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from widget_server.errors import BadRequest

PAGE = 20
PAGES_MAX = 10  # that one response may have
CURSOR = re.compile(r"-?[0-9]{1,18}(\.-?[0-9]{1,18}){1,5}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Place = tuple[int, ...]


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """The items of a page, and the cursor of the next one; None on the last page."""

    items: list[T]
    next_cursor: str | None


def page(items: list[T], place: Callable[[T], Place], *, cursor: str | None = None, pages: int = 1) -> ListPage[T]:
    """Returns the next `pages` pages of the items in the order of their places, from the start without a cursor.

    Raises BadRequest (cursor) for a text that is no cursor.
    """
    placed = sorted(((place(item), item) for item in items), key=lambda each: each[0])
    if cursor:
        after = place_of(cursor)
        placed = [each for each in placed if each[0] > after]
    shown = placed[: pages * PAGE]
    more = len(placed) > len(shown)
    return ListPage([item for _, item in shown], ".".join(map(str, shown[-1][0])) if more else None)


def place_of(cursor: str) -> Place:
    """Returns the place in a cursor. Raises BadRequest (cursor) for a text that is no cursor."""
    if not CURSOR.fullmatch(cursor):
        raise BadRequest("This cursor is not valid.", field="cursor")
    return tuple(map(int, cursor.split(".")))


def in_merchants_order(position: int, created_at: datetime) -> Place:
    """Returns the place in the merchant's order; of the same position, what was made first comes first."""
    return position, (created_at - EPOCH) // timedelta(microseconds=1)
