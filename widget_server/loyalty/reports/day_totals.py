"""The points of each past day, added up once, by what happened to them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from peewee import SQL, Case, Expression, fn

from widget_server import clock, ledger
from widget_server.db import Column, Int, Selection, Text, atomic, insert_once, new_id
from widget_server.journal import Journaled
from widget_server.ledger import Account, Kind, Transaction
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.local_days import LOCAL_DAY, sums_by_day
from widget_server.loyalty.reports.spans import BY_SPAN, DAY, number_of, span_of, today

DAYS_STILL_OPEN = 2  # today and yesterday, whose last booking may not be committed yet
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


class DayTotal(Journaled):
    """The sum of the signed amounts of one of PARTS that were booked on one past local day."""

    id = Text(primary_key=True)
    day = Text()
    part = Text()
    amount = Int()

    class Meta:
        indexes = ((("shop_id", "day", "part"), True),)


def bookings(shop: Shop, *columns: Column) -> Selection[Any]:
    """Selects the shop's bookings but for the pairs of merges, which move no points."""
    return Transaction.of(shop, *columns).where(Transaction.source != ledger.MERGE)


def sums_of_spans(shop: Shop, spans: Sequence[tuple[date | None, date | None]]) -> list[dict[str, int]]:
    """Returns the points by part of each of these spans of days, which do not overlap; None is unlimited."""
    closed = _closed_until(shop)
    sums = [dict.fromkeys(PARTS, 0) for _ in spans]
    days = Case(None, [(_days(first, last), SQL(str(index))) for index, (first, last) in enumerate(spans)], SQL("-1"))
    known = DayTotal.of(shop, days.alias("span"), DayTotal.part, fn.SUM(DayTotal.amount))
    moments = number_of(Transaction.created_at, [span_of(shop, *days) for days in spans])
    rows = _not_closed(shop, bookings(shop, moments, _part(), fn.SUM(Transaction.amount)), closed)
    queries: list[Selection[Any]] = [known.group_by(BY_SPAN, DayTotal.part), rows.group_by(BY_SPAN, SQL('"part"'))]
    for query in queries:
        for index, part, amount in query.tuples():
            if index >= 0:
                sums[index][part] += int(amount)
    return sums


def sums_of_days(shop: Shop, first: date, last: date) -> dict[str, dict[str, int]]:
    """Returns the points by part of each day from `first` to `last` on which something was booked, by ISO date."""
    closed = _closed_until(shop)
    known = DayTotal.of(shop, DayTotal.day, DayTotal.part, DayTotal.amount).where(_days(first, last))
    found: dict[tuple[str, ...], int] = {(day, part): int(amount) for day, part, amount in known.tuples()}
    open_from = first if closed is None else max(first, closed + DAY)
    if open_from <= last:

        def query(day: Column) -> Selection[Any]:
            return bookings(shop, day, _part(), fn.SUM(Transaction.amount)).group_by(LOCAL_DAY, SQL('"part"'))

        found |= sums_by_day(shop, open_from, last, Transaction.created_at, query)
    sums: dict[str, dict[str, int]] = {}
    for (day, part), amount in found.items():
        sums.setdefault(day, dict.fromkeys(PARTS, 0))[part] = amount
    return sums


def first_day(shop: Shop) -> date | None:
    """Returns the first local day on which something was booked; None before the first booking."""
    day = DayTotal.of(shop, fn.MIN(DayTotal.day)).scalar()
    if day:
        return date.fromisoformat(day)
    oldest = Transaction.of(shop, fn.MIN(Transaction.created_at)).scalar()
    return clock.local_date(oldest, shop.timezone) if oldest else None


def close_days(shop: Shop) -> int:
    """Add up past days that were not added up yet; returns how many had bookings."""
    newest, count = today(shop) - timedelta(days=DAYS_STILL_OPEN), 0
    while True:
        oldest = _not_closed(shop, Transaction.of(shop), _closed_until(shop)).order_by(Transaction.created_at).first()
        day = clock.local_date(oldest.created_at, shop.timezone) if oldest else None
        if day is None or day > newest:
            return count
        _close(shop, day)
        count += 1


def audit_days(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each counter of a shop whose days do not add up to the sum of its accounts."""
    some = Shop.everywhere().order_by(Shop.id)
    for shop in some if shop_id is None else some.where(Shop.id == shop_id):
        (booked,) = sums_of_spans(shop, [(None, None)])
        names = {ledger.COUNTER_OF[kind]: parts for kind, parts in COUNTERS.items()}
        sums = [fn.COALESCE(fn.SUM(getattr(Account, name)), 0) for name, _ in names]
        held = Account.of(shop, *sums).tuples().get()
        for (name, sign), parts, value in zip(names, names.values(), held, strict=True):
            if sign * sum(booked[part] for part in parts) != int(value):
                yield f"shop {shop.id}: the points {name} of its days are not those of its accounts"


def _close(shop: Shop, day: date) -> None:
    """Add up one day. A day that had merges only gets a total of 0, so that it counts as added up."""
    with atomic():
        rows = bookings(shop, _part(), fn.SUM(Transaction.amount)).where(
            span_of(shop, day, day).holds(Transaction.created_at)
        )
        found = {part: int(amount) for part, amount in rows.group_by(SQL('"part"')).tuples()}
        for part, amount in (found or {"earned": 0}).items():
            total = {"day": day.isoformat(), "part": part, "amount": amount}
            insert_once(DayTotal, {"id": new_id(), "shop_id": shop.id, **total})


def _part() -> Column:
    part: Column = Case(None, [(condition, SQL(f"'{name}'")) for name, condition in PARTS.items()]).alias("part")
    return part


def _days(first: date | None, last: date | None) -> Expression:
    condition: Expression = DayTotal.day >= (first.isoformat() if first else "")
    return condition & (DayTotal.day <= last.isoformat()) if last else condition


def _closed_until(shop: Shop) -> date | None:
    day = DayTotal.of(shop, fn.MAX(DayTotal.day)).scalar()
    return date.fromisoformat(day) if day else None


def _not_closed(shop: Shop, rows: Selection[Any], closed: date | None) -> Selection[Any]:
    """The bookings of days that are not added up."""
    if closed is None:
        return rows
    return rows.where(Transaction.created_at >= clock.start_of(closed + DAY, shop.timezone))
