"""Limits how long bulk work holds the write lock before waiting writers get their turn."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

HOLD_SECONDS = 0.05
GROUP_FIRST = 5
AIM = 0.6  # the part of HOLD_SECONDS that a transaction is planned for: some rows cost more than those before them
GROWTH = 4  # a group is at most this many times as large as the one before

Item = TypeVar("Item")


def groups(items: Sequence[Item], *, largest: int) -> Iterator[Sequence[Item]]:
    """Yields groups of `items` in order until HOLD_SECONDS are over; the rest belongs to the next transaction.

    The size of a group depends on how long the items before it took. Where some items cost far more than others, use a
    small `largest`: the time is checked only between groups. There is always a first group, so that each transaction
    makes progress.
    """
    began, done, size = time.monotonic(), 0, min(GROUP_FIRST, largest)
    while done < len(items) and size:
        group = items[done : done + size]
        yield group
        done += len(group)
        spent = time.monotonic() - began
        size = min(int(max(HOLD_SECONDS - spent, 0) * done / max(spent, 1e-9)), GROWTH * size, largest)


class Pace:
    """How many items one transaction takes, so that it holds the write lock for no longer than HOLD_SECONDS.

    For work whose transactions follow each other: what each costs besides its items is part of its time, and the next
    one starts with what the former ones have shown. Never fewer than `smallest`, however slow the machine is.
    """

    def __init__(self, *, smallest: int, largest: int) -> None:
        self.size = self._smallest = min(smallest, largest)
        self._largest = largest

    def slices(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """Yields the items in order, each time as many as one transaction takes now; measure what becomes of them."""
        done = 0
        while done < len(items):
            some = items[done : done + self.size]
            yield some
            done += len(some)

    @contextmanager
    def measured(self, items: int) -> Iterator[None]:
        """Measure the block, a transaction of so many items, and set the size of the next one."""
        began = time.monotonic()
        yield
        spent = max(time.monotonic() - began, 1e-9)
        wanted = int(items * AIM * HOLD_SECONDS / spent)
        self.size = min(max(wanted, self._smallest), GROWTH * self.size, self._largest)
