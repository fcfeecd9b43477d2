"""Edits: how a rule, a reward or a tier is changed. Each change increments the revision and names what it changed.

Rules and rewards are stored in the same way: in the merchant's order, under a handle, archived instead of deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypedDict, TypeVar

from widget_server import clock
from widget_server.db import new_id
from widget_server.errors import StaleRevision
from widget_server.events import Change, RewardChanged, RuleChanged, emit

Event = type[RuleChanged] | type[RewardChanged]  # what is emitted for a change


class Counted(Protocol):
    """A row with a revision that counts its changes."""

    revision: int


class Revised(Counted, Protocol):
    """A row that also has the time of its last change."""

    updated_at: datetime


class Listed(Revised, Protocol):
    """A rule or a reward: a row that is archived, never deleted."""

    id: str
    shop_id: str
    position: int
    created_at: datetime
    archived_at: datetime | None

    def save(self, *, force_insert: bool = ...) -> object:
        """Write the row, as peewee's models do."""


Thing = TypeVar("Thing", bound=Listed)


class Place(TypedDict):
    """The columns that say where a rule or reward is: its handle, and its position in the merchant's order."""

    handle: str
    position: int


def check_revision(row: Counted, revision: int | None) -> None:
    """Compare the revision that the caller read with the row's; None: no check (wix-api §3).

    Raises StaleRevision when they differ.
    """
    if revision not in (None, row.revision):
        raise StaleRevision()


def set_columns(row: Revised, columns: Mapping[str, object]) -> tuple[str, ...]:
    """Set the columns that differ, as one change of the row, without saving it; returns their names."""
    changed = tuple(name for name, value in columns.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.revision += 1
        row.updated_at = clock.now()
    return changed


def create(thing: Thing, event: Event) -> Thing:
    """Save a new rule or reward under a fresh id, and emit that it was created; returns it."""
    thing.id = new_id()
    thing.created_at = thing.updated_at = clock.now()
    thing.save(force_insert=True)
    emit(event(thing.shop_id, thing.id, "created"))
    return thing


def update(thing: Thing, columns: Mapping[str, object], event: Event) -> Thing:
    """Set the columns of a rule or reward that differ and, if any does, save it and emit the change; returns it."""
    was_archived = thing.archived_at is not None
    changed = set_columns(thing, columns)
    if changed:
        thing.save()
        kind = kind_of_change(was_archived=was_archived, is_archived=thing.archived_at is not None)
        emit(event(thing.shop_id, thing.id, kind, changed))
    return thing


def archive(thing: Listed, event: Event) -> None:
    """Archive a rule or reward; the points and coupons it gave stay."""
    update(thing, {"active": False, "archived_at": clock.now()}, event)


def move(listed: Sequence[Listed], thing_id: str, steps: int) -> None:
    """Move one of these rules or rewards, all that are listed, by so many places; those that moved are saved.

    The place in a list is no part of a revision: nothing else about them changes.
    """
    ordered = list(listed)
    at = next(place for place, one in enumerate(ordered) if one.id == thing_id)
    ordered.insert(max(at + steps, 0), ordered.pop(at))
    for position, one in enumerate(ordered):
        if one.position != position:
            one.position = position
            one.save()


def last_place(positions: Mapping[str, int], base: str) -> Place:
    """Returns the place after all `positions` (by handle) in the merchant's order, with a free handle from `base`."""
    return {"handle": free_handle(base, positions), "position": max(positions.values(), default=-1) + 1}


def kind_of_change(*, was_archived: bool, is_archived: bool) -> Change:
    """Returns the change to emit: archiving counts as the end of the object, restoring as its creation."""
    if was_archived == is_archived:
        return "updated"
    return "deleted" if is_archived else "created"


def free_handle(base: str, taken: Iterable[str]) -> str:
    """Returns a handle for the program file that is not `taken`: `review`, then `review-2` and so on."""
    known = set(taken)
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(known) + 2))
    return next(name for name in names if name not in known)
