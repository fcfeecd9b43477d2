"""Reads totals: of spans of days, of each day, in all."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from peewee import fn

from widget_server.totals.tables import IN_ALL, DayTotal

Days = tuple[date | None, date | None]  # the first and the last, both included; None is unlimited


def of_spans(shop_id: str, names: Iterable[str], spans: Sequence[Days]) -> list[dict[str, int]]:
    """Returns the sums of each of these spans, by name; a span without a first day is counted back from the present."""
    wanted = list(names)
    found = [dict.fromkeys(wanted, 0) for _ in spans]
    edges = [first or (last + timedelta(days=1) if last and last < date.max else None) for first, last in spans]
    begin = min((edge for edge in edges if edge is not None), default=date.max).isoformat()
    rows = DayTotal.of(shop_id, DayTotal.name, DayTotal.day, DayTotal.amount).where(
        DayTotal.name.in_(wanted), (DayTotal.day == IN_ALL) | (DayTotal.day >= begin)
    )
    limits = [(first.isoformat() if first else None, last.isoformat() if last else "9999-99") for first, last in spans]
    for name, day, amount in rows.tuples():
        for sums, (first, last) in zip(found, limits, strict=True):
            if first is None:  # all, less what came later
                sums[name] += amount if day == IN_ALL else -amount if day > last else 0
            elif first <= day <= last:
                sums[name] += amount
    return found


def each_day_of(shop_id: str, names: Iterable[str], first: date, last: date) -> dict[str, dict[str, int]]:
    """Returns the sums of each day from `first` to `last` that has any, by ISO date and name."""
    rows = DayTotal.of(shop_id, DayTotal.name, DayTotal.day, DayTotal.amount).where(
        DayTotal.name.in_(list(names)), DayTotal.day.between(first.isoformat(), last.isoformat())
    )
    found: dict[str, dict[str, int]] = {}
    for name, day, amount in rows.tuples():
        found.setdefault(day, {})[name] = int(amount)
    return found


def in_all(shop_id: str, names: Iterable[str] = (), *, beginning: str = "") -> dict[str, int]:
    """Returns the sums of all times by name: of these names, or of all that begin with a text."""
    rows = DayTotal.of(shop_id, DayTotal.name, DayTotal.amount).where(DayTotal.day == IN_ALL)
    if beginning:
        rows = rows.where(DayTotal.name >= beginning, DayTotal.name < beginning + "\U0010ffff")
        return {name: int(amount) for name, amount in rows.tuples()}
    wanted = list(names)
    return dict.fromkeys(wanted, 0) | dict(rows.where(DayTotal.name.in_(wanted)).tuples())


def first_day(shop_id: str, names: Iterable[str]) -> date | None:
    """Returns the first day on which any of these totals changed; None when there is none."""
    days = [
        DayTotal.of(shop_id, fn.MIN(DayTotal.day)).where(DayTotal.name == name, DayTotal.day > IN_ALL).scalar()
        for name in names
    ]
    found = min(filter(None, days), default=None)
    return date.fromisoformat(found) if found else None
