"""The books: all that `audit` checks, up to where they are proven intact, and its last findings (contracts §15)."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import SQL

from widget_server import clock, config, journal, ledger
from widget_server.db import Int, ShopTable, Text, UtcDateTime, atomic, settle, snapshot
from widget_server.errors import BooksDoNotBalance
from widget_server.loyalty import audit_parts, audit_places
from widget_server.loyalty.audit_places import Progress
from widget_server.loyalty.program.shops import Shop

WHOLE_EVERY = timedelta(days=7)
SLICE_SECONDS = 2.0  # of an audit: between two, SQLite can write its log back, and the worker can stop

log = logging.getLogger(__name__)


class BooksMark(ShopTable):
    """The result of a shop's last audit, and the last entry of its journal up to which all was intact.

    `number` and `digest` are that entry's; `whole_at` is when the whole books were last intact, not only what was
    written since the mark. `finding` is the first of `findings`, as the audit names it. `seal` is the keyed hash of the
    other columns: nobody else can postpone the next audit.
    """

    shop_id = Text(primary_key=True, constraints=[SQL("REFERENCES shop (id)")])
    number = Int(default=0)
    digest = Text(default="")
    checked_at = UtcDateTime()
    whole_at = UtcDateTime(null=True)
    findings = Int(default=0)
    finding = Text(null=True)
    seal = Text()


def audit(*, since: bool = False) -> Iterator[str]:
    """Audit all shops; yields one line for each finding: table, id, and what is wrong.

    With `since` it checks only what was written since the last audit without findings.
    """
    for shop in list(Shop.everywhere().order_by(Shop.id)):
        yield from audit_shop(shop, since=since)


def audit_shop(shop: Shop, *, since: bool = False) -> Iterator[str]:
    """Audit one shop, like `audit`, and note the findings once all is read."""
    for lines in audit_slices(shop, since=since):
        yield from lines


def audit_slices(shop: Shop, *, since: bool = False) -> Iterator[list[str]]:
    """Does `audit_shop`, for SLICE_SECONDS at a time; yields after each its findings.

    What a slice reads is as it was at one moment, whatever others write meanwhile. One that was interrupted before it
    found anything goes on where it was (audit_places.py).
    """
    mark = mark_of(shop)
    is_whole = not since or mark is None or mark.whole_at is None or not is_ours(mark)
    progress = under_way(shop, since=since) or _begun(shop, mark, is_whole=is_whole)
    audit_places.take(progress)
    count, first, named = 0, None, set[str]()
    for found in _slices(progress, mark):
        lines = [line for line in found if _is_new(line, named)]
        count, first = count + len(lines), first or next(iter(lines), None)
        if lines:
            audit_places.end(shop)
        yield lines
    _note(shop, mark, progress.newest, count, first, is_whole=is_whole)
    audit_places.end(shop)


def under_way(shop: Shop, *, since: bool) -> Progress | None:
    """Returns the audit of this kind that was interrupted, and goes on with the next one; None when there is none."""
    mark = mark_of(shop)
    is_whole = not since or mark is None or mark.whole_at is None or not is_ours(mark)
    return audit_places.interrupted(shop, _seal_of(mark), is_whole=is_whole)


def _begun(shop: Shop, mark: BooksMark | None, *, is_whole: bool) -> Progress:
    newest = journal.last_of(shop.id)
    return Progress(shop, is_whole, _seal_of(mark), newest, clock.now(), audit_parts.names(is_whole)[0])


def _seal_of(mark: BooksMark | None) -> str:
    return str(mark.seal) if mark is not None and is_ours(mark) else ""


def _slices(progress: Progress, mark: BooksMark | None) -> Iterator[list[str]]:
    """Yields the findings of each slice of the audit, and stores after each without one how far it has come."""
    shop, found = progress.shop, list(audit_anchor(progress.shop.id))
    if mark is not None and not is_ours(mark):
        found.append(f"books_mark {shop.id}: was changed")
    yield found
    is_wrong = bool(found)
    good = (mark.number, mark.digest) if mark is not None and not progress.is_whole else (0, "")
    for name in audit_parts.names(progress.is_whole, after=progress.part):
        if is_wrong and audit_parts.is_sum(name):  # else it would repeat the findings
            return
        place, progress.part = progress.place if name == progress.part else None, name
        while True:
            try:
                with snapshot():
                    one = audit_parts.read(name, shop.id, place, good=good, seconds=SLICE_SECONDS)
            except UnicodeDecodeError:  # text that this server did not write: its row was named already
                if not is_wrong:
                    raise
                return
            is_wrong = is_wrong or bool(one.findings)
            place = progress.place = one.place
            if not is_wrong:
                audit_places.keep(progress)
            yield one.findings
            if one.is_last:
                break


def mark_of(shop: Shop) -> BooksMark | None:
    """Returns the result of the shop's last audit; None before the first one."""
    return BooksMark.one(shop)


def is_ours(mark: BooksMark) -> bool:
    """True unless the mark was changed by other means than this server."""
    return journal.is_hash_of(mark.seal, _sealed(mark))


def _sealed(mark: BooksMark) -> list[Any]:
    times = [moment and clock.iso(moment) for moment in (mark.checked_at, mark.whole_at)]
    return ["books_mark", mark.shop_id, mark.number, mark.digest, *times, mark.findings, mark.finding]


def unwell() -> list[BooksMark]:
    """Returns the marks of all shops whose last audit had findings, by shop."""
    return list(BooksMark.everywhere().where(BooksMark.findings > 0).order_by(BooksMark.shop_id))


def is_due(shop: Shop) -> bool:
    """Whether the books were not audited yet in the shop's present day."""
    mark = mark_of(shop)
    if mark is None or not is_ours(mark):
        return True
    today, checked = (clock.local_date(moment, shop.timezone) for moment in (clock.now(), mark.checked_at))
    return checked != today


def audit_daily(shop: Shop) -> None:
    """The worker's daily audit: of what was written since the last one, and once a week of the whole books."""
    for _ in audit_daily_slices(shop):
        pass


def audit_daily_slices(shop: Shop) -> Iterator[int]:
    """Does `audit_daily`, for SLICE_SECONDS at a time; yields after each how many findings there are."""
    mark = mark_of(shop)
    is_whole_due = (
        mark is None or not is_ours(mark) or mark.whole_at is None or clock.now() - mark.whole_at >= WHOLE_EVERY
    )
    count, first = 0, ""
    for lines in audit_slices(shop, since=not is_whole_due):
        count, first = count + len(lines), first or next(iter(lines), "")
        yield count
    if count:
        log.error("the books of shop %s do not balance: %s findings, the first: %s", shop.id, count, first)


def accept(shop: Shop) -> None:
    """Accept the shop's covered rows as they are, after the owner has checked the findings (contracts §15)."""
    audit_places.end(shop)
    journal.accept(shop.id)


def rechain() -> None:
    """Begin new keys for the books in one transaction: the journal is chained again, the ledger from its next rows on.

    The heads of all accounts are in the journal, so the new key covers the ledger's earlier rows too. Raises
    BooksDoNotBalance when the books are not intact under the previous keys: new ones would hide it.
    """
    with atomic():
        wrong = next(audit(), None)
        if wrong is not None:
            raise BooksDoNotBalance(finding=wrong)
        with journal.rewriting():
            journal.rechain()
            for shop in list(Shop.everywhere()):
                _note(shop, mark_of(shop), journal.last_of(shop.id), 0, None, is_whole=True)
        ledger.rechain()


# The anchor: the newest entry of each shop's journal, in a file outside the database


def write_anchor() -> None:
    """Write the newest entry of each shop's journal to a file in the instance folder, readable by this user only."""
    known = {shop.id: list(journal.last_of(shop.id)) for shop in Shop.everywhere()}
    settle()  # a power cut must not leave a database that is older than the file
    path = _anchor()
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.touch(mode=0o600)
    written.write_text(json.dumps(known), "utf-8")
    written.replace(path)


def audit_anchor(shop_id: str) -> Iterator[str]:
    """Yields a sentence when the database is older than the anchor file."""
    number, digest = _anchored().get(shop_id, (0, ""))
    entries = journal.Journal.of(shop_id).where(journal.Journal.number == number, journal.Journal.digest == digest)
    if number and not entries.exists():
        yield f"journal {shop_id} {number}: is gone or was changed, although {_anchor()} has it"


def _anchor() -> Path:
    return config.current().instance / "journal-anchor.json"


def _anchored() -> dict[str, Any]:
    try:
        return dict(json.loads(_anchor().read_text("utf-8")))
    except FileNotFoundError:
        return {}


def _is_new(line: str, named: set[str]) -> bool:
    """Whether the line is the first one for its row, which it names before its colon."""
    row = line.partition(": ")[0]
    is_new = row not in named
    named.add(row)
    return is_new


def _note(
    shop: Shop, mark: BooksMark | None, newest: tuple[int, str], count: int, first: str | None, *, is_whole: bool
) -> None:
    noted = BooksMark(shop_id=shop.id, checked_at=clock.now(), findings=count, finding=first)
    good = mark if mark is not None and is_ours(mark) else BooksMark()
    noted.number, noted.digest = (good.number, good.digest) if count else newest
    noted.whole_at = good.whole_at if count or not is_whole else noted.checked_at
    noted.seal = journal.hash_of(_sealed(noted))
    with atomic():
        BooksMark.remove(shop)
        noted.save(force_insert=True)
