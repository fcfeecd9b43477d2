"""What follows from the values of a row, computed once."""

from collections.abc import Callable
from typing import TypeVar

from widget_server.db.tables import Table

S = TypeVar("S")
R = TypeVar("R")


def parsed(row: Table, stored: S, parse: Callable[[S], R]) -> R:
    """Returns what `parse` makes of values that the row has; again only when it has others. `parse` is a constant."""
    kept: dict[Callable[[S], R], tuple[S, R]] | None = row.__dict__.get("_parsed")
    if kept is None:
        kept = row.__dict__["_parsed"] = {}
    known = kept.get(parse)
    if known is None or (known[0] is not stored and known[0] != stored):
        known = kept[parse] = (stored, parse(stored))
    return known[1]
