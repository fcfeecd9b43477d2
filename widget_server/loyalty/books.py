"""The books: all that `audit` checks, up to where they are proven intact, and its last findings (contracts §15)."""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import SQL

from widget_server import clock, config, journal, ledger
from widget_server.db import Int, ShopTable, Text, UtcDateTime, atomic, settle, snapshot
from widget_server.errors import BooksDoNotBalance
from widget_server.ledger import Account
from widget_server.loyalty import reports
from widget_server.loyalty.points import adjustments, awards
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import checkout, coupons

WHOLE_EVERY = timedelta(days=7)

log = logging.getLogger(__name__)

PROOFS: tuple[Callable[[str], Iterable[str]], ...] = (  # each row is as this server wrote it
    journal.audit_chain,
    journal.audit_rows,
    ledger.audit,
)
SUMS: tuple[Callable[[str], Iterable[str]], ...] = (  # and the rows agree with one another
    awards.audit_pending,
    adjustments.audit_notes,
    coupons.audit_coupons,
    checkout.audit_discounts,
    reports.audit_days,
)


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
    """Audit one shop, like `audit`, and note the findings once all is read.

    All is read as it is at one moment, whatever others write meanwhile.
    """
    count, first = 0, None
    with snapshot():
        mark = mark_of(shop)
        is_whole = not since or mark is None or mark.whole_at is None or not is_ours(mark)
        newest = journal.last_of(shop.id)
        for line in _once_each(_findings(shop, mark, is_whole=is_whole)):
            count, first = count + 1, first or line
            yield line
    _note(shop, mark, newest, count, first, is_whole=is_whole)


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
    mark = mark_of(shop)
    is_whole_due = (
        mark is None or not is_ours(mark) or mark.whole_at is None or clock.now() - mark.whole_at >= WHOLE_EVERY
    )
    found = list(audit_shop(shop, since=not is_whole_due))
    if found:
        log.error("the books of shop %s do not balance: %s findings, the first: %s", shop.id, len(found), found[0])


def accept(shop: Shop) -> None:
    """Accept the shop's covered rows as they are, after the owner has checked the findings (contracts §15)."""
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


def _findings(shop: Shop, mark: BooksMark | None, *, is_whole: bool) -> Iterator[str]:
    yield from audit_anchor(shop.id)
    if mark is not None and not is_ours(mark):
        yield f"books_mark {shop.id}: was changed"
    if mark is not None and not is_whole:
        yield from journal.audit_chain(shop.id, (mark.number, mark.digest))
        yield from journal.audit_written(shop.id, mark.number)
        for keys in journal.written_since(shop.id, mark.number):
            yield from ledger.audit_some(shop.id, [account_id for (account_id,) in keys.get(Account, [])])
        return
    found = False
    try:
        for line in _all_of(PROOFS, shop):
            found = True
            yield line
    except UnicodeDecodeError:  # text that this server did not write: its row was named already
        if not found:
            raise
    if not found:  # else it would repeat the findings
        yield from _all_of(SUMS, shop)


def _all_of(checks: Iterable[Callable[[str], Iterable[str]]], shop: Shop) -> Iterator[str]:
    return (line for check in checks for line in check(shop.id))


def _once_each(lines: Iterable[str]) -> Iterator[str]:
    """Yields the first line for each wrong row, which the line names before its colon."""
    named: set[str] = set()
    for line in lines:
        row = line.partition(": ")[0]
        if row not in named:
            named.add(row)
            yield line


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
