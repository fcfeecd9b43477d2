"""How long bulk work may hold the write lock before it lets those who wait go first."""

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

HOLD_SECONDS = 0.05
GROUP_FIRST = 5
GROWTH = 4  # a group is at most so many times as large as the one before

Item = TypeVar("Item")


def groups(items: Sequence[Item], *, largest: int) -> Iterator[Sequence[Item]]:
    """One group of `items` after the other, until HOLD_SECONDS are over; what is left belongs to the next transaction.

    How large a group is follows from how long the items before it took; where some cost far more than others, `largest`
    is small, since the clock is looked at between groups alone. There is always a first group, so that each transaction
    gets on.
    """
    began, done, size = time.monotonic(), 0, min(GROUP_FIRST, largest)
    while done < len(items) and size:
        group = items[done : done + size]
        yield group
        done += len(group)
        spent = time.monotonic() - began
        size = min(int(max(HOLD_SECONDS - spent, 0) * done / max(spent, 1e-9)), GROWTH * size, largest)
