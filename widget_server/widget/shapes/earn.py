"""Earning rules, as a member or a guest sees them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypedDict

from marshmallow.validate import OneOf

from widget_server.loyalty.earning.kinds import KINDS, Unit
from widget_server.loyalty.program.programs import Rounding


class Rate(TypedDict):
    """Points for each `per` in the shop's currency."""

    points: int
    per: Decimal


class Limit(TypedDict):
    """How often a rule gives points: `times` per `period`."""

    times: int
    period: Unit


class EarnRule(TypedDict):
    """A rule with its current state for the member or guest."""

    id: str
    kind: Annotated[str, OneOf(list(KINDS))]
    title: str | None
    description: str | None
    points: int | None
    rate: Rate | None
    rounding: Rounding
    before_tax: bool
    multiplier: Decimal | None
    minimum_subtotal: Decimal | None
    url: str | None
    channel: str | None
    limit: Limit | None
    state: Literal["open", "done", "waiting"]
    opens_at: datetime | None


class EarnList(TypedDict):
    """A page of the rules that are valid for the member or guest now."""

    rules: list[EarnRule]
    next_cursor: str | None
