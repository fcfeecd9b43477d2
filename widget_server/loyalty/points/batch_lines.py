"""The lines of a batch that come next, in the order in which they are processed.

A bulk change is listed in the order of accounts, a file is not: its lines are sorted by account, some thousands at a
time. Then a transaction changes rows that are neighbours in the tables and most indexes, and writes half as many pages.
"""

from typing import NamedTuple

from widget_server.db import fetched
from widget_server.loyalty.points.batch_tables import Batch

AT_ONCE = 20_000  # lines that are read together; each time all lines of the batch are looked at
WORKED_ON = {"running": "\"status\" = 'waiting'", "undoing": "\"status\" IN ('done', 'kept')"}
DUE = {None: "", 0: ' AND "points" > 0', 1: ' AND "points" <= 0'}  # in which turn of a history
ACCOUNT = "COALESCE(\"account_id\", '')"


class Place(NamedTuple):
    """Where a line is: its account, empty for none, and its number. A bulk change needs no account for that."""

    account: str
    line: int


class BatchLines:
    """The lines that one job works on. Reading them takes no lock, so another worker may process them meanwhile."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._follows: tuple[object, ...] | None = None  # how far a batch came for which these lines come next
        self._are_last = False

    def read(self, batch: Batch) -> None:
        """Read the lines that come next, unless there are lines left to take."""
        if self._places or batch.status not in WORKED_ON:
            return
        self._places = _after(batch, AT_ONCE)
        self._follows, self._are_last = _progress_of(batch), len(self._places) < AT_ONCE

    def take(self, batch: Batch, size: int) -> list[Place] | None:
        """Returns the next lines of the locked batch, at most `size`, and sets how far it came.

        None when the batch came further than was known when they were read: read them again.
        """
        if self._follows != _progress_of(batch):
            self._places = []
            return None
        taken, self._places = self._places[:size], self._places[size:]
        if taken:
            batch.reached_account, batch.reached = taken[-1]
            self._follows = _progress_of(batch)
        return taken

    @property
    def is_over(self) -> bool:
        """True when all lines of this turn were taken."""
        return self._are_last and not self._places


def _progress_of(batch: Batch) -> tuple[object, ...]:
    return batch.status, batch.turn, batch.reached_account, batch.reached


def _after(batch: Batch, limit: int) -> list[Place]:
    """The places after the one that the batch has reached, in their order."""
    account, order, after, reached = ACCOUNT, f'{ACCOUNT}, "line"', "(?, ?)", [batch.reached_account, batch.reached]
    if batch.kind == "bulk":
        account, order, after, reached = "''", '"line"', "?", [batch.reached]
    these = f'"batch_id" = ? AND "shop_id" = ? AND {WORKED_ON[batch.status]}{DUE[batch.turn]} AND ({order}) > {after}'
    rows = fetched(
        f'SELECT {account}, "line" FROM "batch_item" WHERE {these} ORDER BY {order} LIMIT ?',  # noqa: S608
        *(batch.id, batch.shop_id, *reached, limit),
    )
    return [Place(*row) for row in rows]
