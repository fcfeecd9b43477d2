"""How far the audit of a shop's books has come: stored while it finds nothing, so that an interrupted one goes on.

`seal` is the keyed hash of the other columns. They name the audit that this one follows, so a place that somebody kept
and puts back later leads nowhere: neither an audit nor a part of one can be skipped that way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL

from widget_server import clock, journal
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime, atomic, new_id
from widget_server.json_types import Json as JsonValue
from widget_server.loyalty.program.shops import Shop

VALID = timedelta(days=1)  # what was read longer ago is read again


class AuditPlace(ShopTable):
    """The place of an audit under way: its part, and in it the last page that was read (None: not begun).

    `run` is the id of who goes on from there, `follows` the seal of the shop's last audit, `number` and `digest` the
    newest entry of the journal when it began.
    """

    shop_id = Text(primary_key=True, constraints=[SQL("REFERENCES shop (id)")])
    run = Text()
    is_whole = Int()
    follows = Text()
    number = Int()
    digest = Text()
    part = Text()
    place = Json(null=True)
    began_at = UtcDateTime()
    seal = Text()


@dataclass
class Progress:
    """An audit that runs now. `goes_on`: it continues one that was interrupted."""

    shop: Shop
    is_whole: bool
    follows: str
    newest: tuple[int, str]
    began_at: datetime
    part: str
    place: JsonValue = None
    goes_on: bool = False
    run: str = ""


def interrupted(shop: Shop, follows: str, *, is_whole: bool) -> Progress | None:
    """Returns the audit of this kind that was interrupted; None when there is none that may go on."""
    stored = AuditPlace.one(shop)
    if stored is None or not journal.is_hash_of(stored.seal, _sealed(stored)):
        return None
    if (bool(stored.is_whole), stored.follows) != (is_whole, follows) or clock.now() - stored.began_at > VALID:
        return None
    newest = stored.number, stored.digest
    return Progress(shop, is_whole, follows, newest, stored.began_at, stored.part, stored.place, goes_on=True)


def take(progress: Progress) -> None:
    """Store the place as this process's own; another one that runs the same audit goes on without storing its own."""
    progress.run = new_id()
    with atomic():
        AuditPlace.remove(progress.shop)
        _row(progress).save(force_insert=True)


def keep(progress: Progress) -> None:
    """Store how far this process has come."""
    row = _row(progress)
    changed = {AuditPlace.part: row.part, AuditPlace.place: row.place, AuditPlace.seal: row.seal}
    with atomic():
        AuditPlace.change(progress.shop, changed, AuditPlace.run == progress.run)


def end(shop: Shop) -> None:
    """Forget the place: the audit has ended, found something, or has to begin again."""
    AuditPlace.remove(shop)


def _row(progress: Progress) -> AuditPlace:
    row = AuditPlace(
        shop_id=progress.shop.id,
        run=progress.run,
        is_whole=int(progress.is_whole),
        follows=progress.follows,
        number=progress.newest[0],
        digest=progress.newest[1],
        part=progress.part,
        place=progress.place,
        began_at=progress.began_at,
    )
    row.seal = journal.hash_of(_sealed(row))
    return row


def _sealed(row: AuditPlace) -> list[Any]:
    facts = [row.shop_id, row.run, row.is_whole, row.follows, row.number, row.digest, row.part, row.place]
    return ["audit_place", *facts, clock.iso(row.began_at)]
