"""Filters of the list of customers, and how they are written in addresses, forms and saved views."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from widget_server.errors import BadRequest
from widget_server.ledger import BALANCE_MAX
from widget_server.loyalty.people.customers import Status

TEXT_LENGTH_MAX = 200
YEARS = (1970, 2200)
NO_TIER = "none"  # the base tier
STATUSES: tuple[Status, ...] = ("visitor", "pending", "member")
Sort = Literal["newest", "name", "balance", "activity", "joined"]  # joined: not to be chosen (directory.Page)
Way = Literal["up", "down"]
SORTS: dict[Sort, Way] = {"newest": "down", "name": "up", "balance": "down", "activity": "down"}  # and its usual way


@dataclass(frozen=True)
class Filter:
    """Which customers a list shows: those who meet every condition that is given. Days are the shop's, and inclusive.

    `text` is what was typed into the search field. `tier` is the id of a tier, or NO_TIER.
    """

    text: str = ""
    status: Status | None = None
    tier: str | None = None
    balance_min: int | None = None
    balance_max: int | None = None
    excluded: bool | None = None
    label: str | None = None
    account: bool | None = None
    joined_from: date | None = None
    joined_to: date | None = None
    active_from: date | None = None
    active_to: date | None = None
    marketing: bool | None = None

    @property
    def is_empty(self) -> bool:
        """True when every customer is listed."""
        return self == Filter()

    @property
    def needs_account(self) -> bool:
        """True when only customers with an account can meet the conditions."""
        figures = (self.balance_min, self.balance_max, self.active_from, self.active_to)
        return self.account is True or self.tier is not None or any(figure is not None for figure in figures)


@dataclass(frozen=True)
class Order:
    """The order of a list."""

    by: Sort = "newest"
    way: Way = "down"


def read(values: Mapping[str, str]) -> Filter:
    """Returns the filter that these texts describe, by the names of its fields; empty texts are no condition.

    Other names are ignored. Raises BadRequest, which names the field, for a text that is no such value.
    """
    facts: dict[str, Any] = {}
    for field in fields(Filter):
        if text := values.get(field.name, "").strip():
            facts[field.name] = _value(field.name, text)
    return Filter(**facts)


def read_order(values: Mapping[str, str]) -> Order:
    """Returns the order that `sort` and `way` describe, by default the newest customers first; raises BadRequest."""
    by = next((one for one in SORTS if one == (values.get("sort") or "newest")), None)
    if by is None:
        raise BadRequest(f"Customers are sorted by one of: {', '.join(SORTS)}.", field="sort")
    ways: dict[str, Way] = {"": SORTS[by], "up": "up", "down": "down"}
    way = ways.get(values.get("way", ""))
    if way is None:
        raise BadRequest("The way of an order is up or down.", field="way")
    return Order(by, way)


def written(chosen: Filter) -> dict[str, str]:
    """Returns the texts from which `read` makes this filter."""
    found = {}
    for field in fields(Filter):
        value = getattr(chosen, field.name)
        if value is not None and value != "":
            found[field.name] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return found


def written_order(order: Order) -> dict[str, str]:
    """Returns the texts from which `read_order` makes this order."""
    return {"sort": order.by, "way": order.way}


def _value(name: str, text: str) -> object:
    readers = {
        "status": _status,
        "balance_min": _points,
        "balance_max": _points,
        "excluded": _yes_or_no,
        "account": _yes_or_no,
        "marketing": _yes_or_no,
        "joined_from": _day,
        "joined_to": _day,
        "active_from": _day,
        "active_to": _day,
    }
    if len(text) > TEXT_LENGTH_MAX:
        raise BadRequest(f"A text to search for has at most {TEXT_LENGTH_MAX} characters.", field=name)
    return readers.get(name, _text)(name, text)


def _text(_: str, text: str) -> str:
    return text


def _status(name: str, text: str) -> Status:
    for status in STATUSES:
        if status == text:
            return status
    raise BadRequest(f"A status is one of: {', '.join(STATUSES)}.", field=name)


def _points(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(BALANCE_MAX))):
        raise BadRequest("Points are a whole number, without separators.", field=name)
    return int(text)


def _yes_or_no(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise BadRequest("Choose yes or no.", field=name)
    return text == "yes"


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as malformed:
        raise BadRequest("A day is written as 2026-03-10.", field=name) from malformed
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise BadRequest(f"A day is in the years {YEARS[0]} to {YEARS[1]}.", field=name)
    return day
