"""The audit log: who did what, from where, and what it changed (contracts §16). Entries are only added.

`act_as` sets who acts, once for a request or a command. Changes of settings are noted by `Audited` alone; code that
moves points or touches a person's data calls `note`. Secrets are never in an entry, and people only by their ids.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from peewee import Check

from widget_server import clock, config, json_types
from widget_server.db import Condition, Json, ShopTable, Table, Text, UtcDateTime, atomic, canonical, new_id

ActorKind = Literal["api_key", "staff", "shell", "customer", "server"]
SECRET_ENDINGS = ("_sealed", "_hash")
HIDDEN = "hidden"
WITH_ADDRESS = ("api_key", "staff", "shell")  # not of shoppers: an erasure could not remove it
DOOR = "door"
OPERATIONAL = frozenset(  # columns of a row's state, which are not settings
    (
        *("id", "shop_id", "revision", "created_at", "updated_at"),
        *("last_used_at", "last_used_from", "daily_done", "last_news_at", "widget_seen_at", "widget_seen_on"),
        "token_accepted_at",
        *("moved_on", "moved_points"),
    )
)


@dataclass(frozen=True)
class Actor:
    """The actor: an API key, a member of staff, a user of the shell, a customer, or the server itself."""

    kind: ActorKind = "server"
    id: str | None = None
    name: str | None = None
    address: str | None = None


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - it is frozen


class AuditEntry(ShopTable):
    """One action. `verb` and `noun` say what was done; `before` and `after` have the fields that differ."""

    id = Text(primary_key=True)
    created_at = UtcDateTime()
    actor = Text()
    actor_id = Text(null=True)
    actor_name = Text(null=True)
    address = Text(null=True)
    verb = Text()
    noun = Text()
    subject_id = Text(null=True)
    before = Json(null=True)
    after = Json(null=True)

    class Meta:
        indexes = (
            (("shop_id", "created_at"), False),
            (("shop_id", "actor", "created_at"), False),
            (("shop_id", "noun", "created_at", "id"), False),
        )
        constraints = [Check("actor IN ('api_key', 'staff', 'shell', 'customer', 'server')")]


class AuditDoor(Table):
    """The limit for deleting: the database allows it only for entries older than `deletes_before`."""

    id = Text(primary_key=True)
    deletes_before = UtcDateTime()


class Audited:
    """A table of settings: each row that is created, changed or deleted gets an entry. Put it before ShopTable."""

    def save(self, force_insert: bool = False, only: Sequence[object] | None = None) -> int | bool:
        """Write the row, or `only` these of its columns, and note what differs from the stored row.

        Returns the number of rows written, as peewee's own `save` does.
        """
        row = cast(Table, self)
        with atomic():
            before = None if force_insert else _kept(row)
            saved: int | bool = super().save(force_insert=force_insert, only=only)  # type: ignore[misc]
            note_difference(before, _kept(row))
        return saved

    @classmethod
    def remove(cls, shop: Table | str, *conditions: Condition) -> int:
        """Delete the rows of `shop` (a Shop or its id) for which `conditions` hold, and note each; returns how many."""
        table: Any = cls
        with atomic():
            gone = list(table.of(shop).where(*conditions)) if conditions else list(table.of(shop))
            for row in gone:
                note_difference(row, None)
            return int(super().remove(shop, *conditions))  # type: ignore[misc]


def act_as(actor: Actor) -> None:
    """Set `actor` as the actor of this thread or request from now on."""
    _actor.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Context manager that sets `actor` as the actor within its block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def acting_now() -> Actor:
    """Returns the present actor; the server itself unless another one was set."""
    return _actor.get()


def note(
    shop_id: str,
    verb: str,
    noun: str,
    subject_id: str | None = None,
    *,
    before: json_types.JsonObject | None = None,
    after: json_types.JsonObject | None = None,
) -> None:
    """Add an entry. `before` and `after` hold no secret, no text about a person, and people only by their ids."""
    actor = acting_now()
    AuditEntry(
        id=new_id(),
        shop_id=shop_id,
        created_at=clock.now(),
        actor=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        address=actor.address if actor.kind in WITH_ADDRESS else None,
        verb=verb,
        noun=noun,
        subject_id=subject_id,
        before=before,
        after=after,
    ).save(force_insert=True)


def note_difference(before: Table | None, after: Table | None) -> None:
    """Note that a row was created (no `before`), changed or deleted (no `after`), if any setting differs.

    The entry has no unchanged columns, and no values of secrets.
    """
    row = after or before
    was, now = _facts(before), _facts(after)
    changed = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    if row is None or not changed:
        return
    verb = "create" if before is None else "delete" if after is None else "update"
    note(
        row.shop_id if isinstance(row, ShopTable) else _key(row),  # the row of a Shop has its own id
        verb,
        str(row._meta.table_name),
        _key(row),
        before=None if before is None else {name: _shown(name, was.get(name)) for name in changed},
        after=None if after is None else {name: _shown(name, now.get(name)) for name in changed},
    )


def facts_of(row: Table) -> json_types.JsonObject:
    """Returns the settings of a row in the form that an entry about it has, without nulls."""
    facts: json_types.JsonObject = json.loads(canonical({name: _shown(name, one) for name, one in _facts(row).items()}))
    return facts


def forget_old() -> None:
    """Delete entries older than WIDGET_AUDIT_DAYS; AuditDoor makes the database allow it."""
    limit = clock.now() - timedelta(days=config.current().audit_days)
    with atomic():
        AuditDoor.insert(id=DOOR, deletes_before=limit).on_conflict(
            conflict_target=[AuditDoor.id], update={AuditDoor.deletes_before: limit}
        ).execute()
        AuditEntry.delete().where(AuditEntry.created_at < limit).execute()
        AuditDoor.delete().execute()


def _kept(row: Table) -> Table | None:
    """Returns the row as stored in the database; None when there is none."""
    table = type(row)
    rows = table.of(row.shop_id) if isinstance(row, ShopTable) and issubclass(table, ShopTable) else table.select()
    found: Table | None = rows.where(table._meta.primary_key == _key(row)).first()
    return found


def _key(row: Table) -> str:
    return str(row.get_id())  # type: ignore[no-untyped-call]  # peewee's own


def _facts(row: Table | None) -> dict[str, json_types.Json]:
    """Returns the row's columns, without OPERATIONAL ones and nulls."""
    if row is None:
        return {}
    names = [field.name for field in row._meta.sorted_fields if field.name not in OPERATIONAL]
    values = {name: getattr(row, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> json_types.Json:
    return clock.iso(value) if isinstance(value, datetime) else value


def _shown(name: str, value: json_types.Json) -> json_types.Json:
    return HIDDEN if value is not None and name.endswith(SECRET_ENDINGS) else value
