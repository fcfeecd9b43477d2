"""Caps: how often, and how much, one rule gives one customer (acceptance 24)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from widget_server import clock
from widget_server.db import parsed
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.program.shops import Shop

EVER = datetime(1970, 1, 1, tzinfo=UTC)
BIRTHDAY_GAP = timedelta(days=360)  # between two payments, so that an edited date never pays twice (acceptance 25)


def of_rule(rule: EarningRule) -> Terms:
    """The rule's terms, with the built-in cap of its kind, which the owner cannot change."""
    return parsed(rule, (rule.kind, rule.terms), _capped)


def _capped(stored: tuple[str, Terms]) -> Terms:
    name, terms = stored
    kind = KINDS[name]
    if kind.limit is None or name == "birthday":  # has a minimum gap instead (birthdays.py)
        return terms
    times, unit = kind.limit
    capped: dict[str, Any] = {"times_ever" if unit == "ever" else f"times_per_{unit}": times}
    return replace(terms, **capped)


def units(terms: Terms) -> list[str]:
    """The periods that caps are set for, the widest first."""
    capped = {
        "ever": (terms.points_ever, terms.times_ever),
        "year": (terms.times_per_year,),
        "month": (terms.points_per_month, terms.times_per_month),
        "day": (terms.points_per_day, terms.times_per_day),
    }
    return [unit for unit, limits in capped.items() if any(limit is not None for limit in limits)]


def start(unit: str, at: datetime, timezone: str) -> datetime:
    """The first moment of the period (day, month, year, ever) that contains `at`, in this time zone."""
    return EVER if unit == "ever" else clock.period(at, unit, timezone)[0]


def since(terms: Terms, at: datetime, timezone: str) -> datetime | None:
    """The time from which earlier points count for the caps at `at`; None when there are no caps."""
    capped = units(terms)
    return start(capped[0], at, timezone) if capped else None


class Budget:
    """What caps still allow one customer; points are taken in the order of time (acceptance 24).

    All points taken count, also those taken before the rule had a cap.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._points: dict[tuple[str, datetime | None], int] = {}
        self._times: dict[tuple[str, datetime | None], int] = {}

    def take(self, wanted: int, at: datetime, terms: Terms) -> int:
        """Returns how many of the `wanted` points the caps allow at this time, and counts them as used."""
        allowed = wanted
        caps = self._caps(at, terms) if wanted else []
        for window, points_cap, times_cap in caps:
            if times_cap is not None and self._times.get(window, 0) >= times_cap:
                allowed = 0
            if points_cap is not None:
                allowed = min(allowed, max(points_cap - self._points.get(window, 0), 0))
        if allowed:
            for window, _, _ in caps:
                self._points[window] = self._points.get(window, 0) + allowed
                self._times[window] = self._times.get(window, 0) + 1
        return allowed

    def _caps(self, at: datetime, terms: Terms) -> list[tuple[tuple[str, datetime | None], int | None, int | None]]:
        listed = (
            ("day", terms.points_per_day, terms.times_per_day),
            ("month", terms.points_per_month, terms.times_per_month),
            ("year", None, terms.times_per_year),
            ("ever", terms.points_ever, terms.times_ever),
        )
        return [
            ((unit, None if unit == "ever" else clock.period(at, unit, self._shop.timezone)[0]), most, times)
            for unit, most, times in listed
        ]
