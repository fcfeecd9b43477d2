"""The parts of an audit: what is read in which order, page by page, from any page on."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from widget_server import journal, ledger
from widget_server.json_types import Json
from widget_server.ledger import Account
from widget_server.loyalty import reports
from widget_server.loyalty.points import adjustments, awards
from widget_server.loyalty.rewards import checkout, coupons

Good: TypeAlias = tuple[int, str]  # number and digest of the journal's entry up to which all was found good
Steps: TypeAlias = Iterator[tuple[Json, list[str]]]  # for each page the place after it, and its findings


@dataclass(frozen=True)
class Slice:
    """What was found in some pages of a part, and the place after them."""

    findings: list[str]
    place: Json
    is_last: bool


def names(is_whole: bool, *, after: str = "") -> list[str]:
    """Returns the parts of an audit in their order, from the part `after` on."""
    listed = [*WHOLE, *SUMS] if is_whole else list(SINCE)
    return listed[listed.index(after) :] if after else listed


def is_sum(name: str) -> bool:
    """Whether a part compares rows with one another: it means nothing while rows are wrong."""
    return name in SUMS


def read(name: str, shop_id: str, place: Json, *, good: Good, seconds: float) -> Slice:
    """Read pages of a part from `place` on (None: from its beginning) for about so many seconds, at least one.

    Raises UnicodeDecodeError for text that this server did not write, where nothing else was found.
    """
    until, findings, reached = time.monotonic() + seconds, list[str](), place
    pages = {**WHOLE, **SINCE}.get(name)
    if pages is None:
        return Slice(list(SUMS[name](shop_id)), None, is_last=True)
    try:
        for reached, found in pages(shop_id, place, good):
            findings += found
            if time.monotonic() > until:
                return Slice(findings, reached, is_last=False)
    except UnicodeDecodeError:
        if not findings:
            raise
    return Slice(findings, reached, is_last=True)


def _chain(shop_id: str, place: Any, good: Good) -> Steps:
    yield from journal.chain_steps(shop_id, tuple(place) if place else good)


def _rows(shop_id: str, place: Any, good: Good) -> Steps:
    after = (place[0], place[1], tuple(place[2])) if place else None
    yield from journal.row_steps(shop_id, after)


def _accounts(shop_id: str, place: Any, good: Good) -> Steps:
    yield from ledger.account_steps(shop_id, place or "")


def _written(shop_id: str, place: Any, good: Good) -> Steps:
    """The rows that were written since the last audit, and their accounts."""
    for number, keys, found in journal.written_steps(shop_id, place or good[0]):
        accounts = [account_id for (account_id,) in keys.get(Account, [])]
        yield number, [*found, *ledger.audit_some(shop_id, accounts)]


WHOLE: dict[str, Callable[[str, Any, Good], Steps]] = {"chain": _chain, "rows": _rows, "accounts": _accounts}
SINCE: dict[str, Callable[[str, Any, Good], Steps]] = {"chain": _chain, "written": _written}
PROOFS: tuple[Callable[[str], Iterable[str]], ...] = (  # each row is as this server wrote it
    journal.audit_chain,
    journal.audit_rows,
    ledger.audit,
)
SUMS: dict[str, Callable[[str], Iterable[str]]] = {
    "pending": awards.audit_pending,
    "notes": adjustments.audit_notes,
    "coupons": coupons.audit_coupons,
    "discounts": checkout.audit_discounts,
    "days": reports.audit_days,
}  # the rows agree with one another
