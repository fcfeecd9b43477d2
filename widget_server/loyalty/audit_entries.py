"""Reading the audit log: entries by who, what and when, newest first, and as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from peewee import fn

from widget_server import clock
from widget_server.db import Condition, canonical
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.imports import csv_files
from widget_server.loyalty.program.shops import Shop

PAGE_SIZE = 50
CSV_PAGE_SIZE = 1000
CSV_ROWS_MAX = 50_000
COLUMNS = ("time", "actor", "actor_id", "actor_name", "address", "verb", "noun", "subject_id", "before", "after")


@dataclass(frozen=True)
class Chosen:
    """Which entries: by the kind of actor, the noun, and days of the shop's zone (both included); None: any."""

    actor: str | None = None
    noun: str | None = None
    first_day: date | None = None
    last_day: date | None = None


def listed(shop: Shop, chosen: Chosen, *, below: str | None = None, limit: int = PAGE_SIZE) -> list[AuditEntry]:
    """Returns entries, newest first; `below` is the id of the last one of the page before, for paging.

    Without such an entry, for example because it became too old, the list starts with the newest.
    """
    rows = AuditEntry.of(shop)
    for condition in _conditions(shop, chosen):
        rows = rows.where(condition)
    last = AuditEntry.one(shop, AuditEntry.id == below) if below else None
    if last is not None:
        same_time = (AuditEntry.created_at == last.created_at) & (AuditEntry.id < last.id)
        rows = rows.where(AuditEntry.created_at <= last.created_at)  # by itself, so that the index serves it
        rows = rows.where((AuditEntry.created_at < last.created_at) | same_time)
    return list(rows.order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc()).limit(limit))


def nouns(shop: Shop) -> list[str]:
    """Returns each noun of the shop's log once, in order: one look-up in the index for each."""
    found: list[str] = []
    while True:
        rest = AuditEntry.of(shop, fn.MIN(AuditEntry.noun)).where(AuditEntry.noun > (found[-1] if found else ""))
        following = rest.scalar()
        if following is None:
            return found
        found.append(str(following))


def csv_lines(shop: Shop, chosen: Chosen) -> Iterator[str]:
    """Yields the chosen entries as lines of CSV with a header, the newest CSV_ROWS_MAX at most."""
    yield csv_files.line(list(COLUMNS), ",")
    below = None
    for _ in range(CSV_ROWS_MAX // CSV_PAGE_SIZE):
        rows = listed(shop, chosen, below=below, limit=CSV_PAGE_SIZE)
        for row in rows:
            yield csv_files.line(_cells(row), ",")
        if len(rows) < CSV_PAGE_SIZE:
            return
        below = rows[-1].id


def _cells(row: AuditEntry) -> list[str]:
    texts = (row.actor, row.actor_id, row.actor_name, row.address, row.verb, row.noun, row.subject_id)
    facts = ("" if value is None else canonical(value) for value in (row.before, row.after))
    return [clock.iso(row.created_at), *(text or "" for text in texts), *facts]


def _conditions(shop: Shop, chosen: Chosen) -> Iterator[Condition]:
    if chosen.actor is not None:
        yield AuditEntry.actor == chosen.actor
    if chosen.noun is not None:
        yield AuditEntry.noun == chosen.noun
    if chosen.first_day is not None:
        yield AuditEntry.created_at >= clock.start_of(chosen.first_day, shop.timezone)
    if chosen.last_day is not None:
        yield AuditEntry.created_at < clock.start_of(chosen.last_day + timedelta(days=1), shop.timezone)
