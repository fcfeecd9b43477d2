"""Edits: how a rule, a reward or a tier is changed. Each change counts a revision, and says what it changed.

A rule and a reward are kept alike: made in the merchant's order, under a handle, and archived in place of deleted.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from widget_server import clock
from widget_server.db import new_id
from widget_server.errors import StaleRevision
from widget_server.events import Change, RewardChanged, RuleChanged, emit

Told = type[RuleChanged] | type[RewardChanged]  # the event by which a change is told
Thing = TypeVar("Thing")


def check_revision(row: Any, revision: int | None) -> None:
    """Raises StaleRevision when the caller read another revision (None: does not care; wix-api §3)."""
    if revision not in (None, row.revision):
        raise StaleRevision()


def set_columns(row: Any, columns: dict[str, Any]) -> tuple[str, ...]:
    """Set the columns that differ, as one change of the row, which is not saved yet; returns their names."""
    changed = tuple(name for name, value in columns.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.revision += 1
        row.updated_at = clock.now()
    return changed


def create(thing: Thing, told: Told) -> Thing:
    """Keep a new rule or reward, and tell of it."""
    row: Any = thing
    row.id = new_id()
    row.created_at = row.updated_at = clock.now()
    row.save(force_insert=True)
    emit(told(row.shop_id, row.id, "created"))
    return thing


def update(thing: Thing, columns: dict[str, Any], told: Told) -> Thing:
    """Set the columns of a rule or reward that differ and, if any does, keep it and tell of it."""
    row: Any = thing
    was_archived = row.archived_at is not None
    changed = set_columns(row, columns)
    if changed:
        row.save()
        kind = kind_of_change(was_archived=was_archived, is_archived=row.archived_at is not None)
        emit(told(row.shop_id, row.id, kind, changed))
    return thing


def archive(thing: object, told: Told) -> None:
    """It is not to be had any more; what came of it stays."""
    update(thing, {"active": False, "archived_at": clock.now()}, told)


def last_place(table: Any, shop_id: str, word: str) -> dict[str, Any]:
    """The columns that put a new rule or reward last in the merchant's order, under a handle made of `word`."""
    positions = dict(table.of(shop_id, table.handle, table.position).tuples())
    return {"handle": free_handle(word, positions), "position": max(positions.values(), default=-1) + 1}


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
