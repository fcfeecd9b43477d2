"""Edits: how a rule, a reward or a tier is changed. Each change counts a revision, and says what it changed."""

from collections.abc import Iterable
from typing import Any

from widget_server import clock
from widget_server.errors import StaleRevision
from widget_server.events import Change


def check_revision(row: Any, revision: int | None) -> None:
    """Raises StaleRevision when the caller read another revision (None: does not care; wix-api §3)."""
    if revision not in (None, row.revision):
        raise StaleRevision()


def put(row: Any, columns: dict[str, Any]) -> tuple[str, ...]:
    """Set the columns that differ, as one change of the row, which is not saved yet; answers their names."""
    changed = tuple(name for name, value in columns.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.revision += 1
        row.updated_at = clock.now()
    return changed


def kind_of_change(*, was_archived: bool, is_archived: bool) -> Change:
    """Archiving is the end of a thing for everybody who listens, coming back a beginning."""
    if was_archived == is_archived:
        return "updated"
    return "deleted" if is_archived else "created"


def free_handle(word: str, taken: Iterable[str]) -> str:
    """A name for the program file that no other thing has: `review`, then `review-2` and so on."""
    known = set(taken)
    names = (word if number == 1 else f"{word}-{number}" for number in range(1, len(known) + 2))
    return next(name for name in names if name not in known)
