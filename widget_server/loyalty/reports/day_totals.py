"""The points of each day, by what happened to them: read from the totals, whatever the length of the ledger."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from peewee import Expression, fn

from widget_server import ledger, totals
from widget_server.db import Column, Selection
from widget_server.ledger import Account, Kind, Transaction
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.spans import span_of

REVERSED = (Transaction.kind == "earn") & (Transaction.amount < 0)
PARTS: dict[str, Expression] = {  # each booking is in exactly one of them; a merge's pairs, which add up to 0, in none
    "earned": (Transaction.kind == "earn") & (Transaction.amount > 0),
    "reversed": REVERSED,  # clawbacks of earned points, and repayments of debt
    "redeemed": Transaction.kind == "redeem",
    "returned": Transaction.kind == "refund",
    "expired": Transaction.kind == "expire",
    "adjusted": Transaction.kind == "adjust",
}
COUNTERS: dict[Kind, tuple[str, ...]] = {
    "earn": ("earned", "reversed"),
    "redeem": ("redeemed", "returned"),
    "adjust": ("adjusted",),
    "expire": ("expired",),
}


def bookings(shop: Shop, *columns: Column) -> Selection[Any]:
    """Selects the shop's bookings but for the pairs of merges, which move no points."""
    return Transaction.of(shop, *columns).where(Transaction.source != ledger.MERGE)


def sums_of_spans(shop: Shop, spans: Sequence[tuple[date | None, date | None]]) -> list[dict[str, int]]:
    """Returns the points by part of each of these spans of days; None is unlimited."""
    for days in spans:
        span_of(shop, *days)
    return totals.of_spans(shop.id, PARTS, spans)


def sums_of_days(shop: Shop, first: date, last: date) -> dict[str, dict[str, int]]:
    """Returns the points by part of each day from `first` to `last` on which something was booked, by ISO date."""
    found = totals.each_day_of(shop.id, PARTS, first, last)
    return {day: dict.fromkeys(PARTS, 0) | sums for day, sums in found.items()}


def first_day(shop: Shop) -> date | None:
    """Returns the first local day on which something was booked; None before the first booking."""
    return totals.first_day(shop.id, PARTS)


def audit_days(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each counter of a shop whose days do not add up to the sum of its accounts."""
    some = Shop.everywhere().order_by(Shop.id)
    for shop in some if shop_id is None else some.where(Shop.id == shop_id):
        booked = _of_all_days(shop)
        names = {ledger.COUNTER_OF[kind]: parts for kind, parts in COUNTERS.items()}
        sums = [fn.COALESCE(fn.SUM(getattr(Account, name)), 0) for name, _ in names]
        held = Account.of(shop, *sums).tuples().get()
        for (name, sign), parts, value in zip(names, names.values(), held, strict=True):
            if any(sign * sum(found[part] for part in parts) != int(value) for found in booked):
                yield f"shop {shop.id}: the points {name} of its days are not those of its accounts"


def _of_all_days(shop: Shop) -> list[dict[str, int]]:
    """The points by part: as kept in all, and as the sums of the days."""
    return totals.of_spans(shop.id, PARTS, [(None, None), (date.min, None)])
