"""Worked examples of the ways to round (acceptance 20)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from widget_server.loyalty.earning.scoring import per_money
from widget_server.loyalty.program.programs import Rounding

POINTS, PER, GOODS = 10, Decimal(1), Decimal("4.99")


@dataclass(frozen=True)
class RoundingExample:
    """What goods of `goods` give under a rule of `points` for each `per` of money."""

    points: int
    per: Decimal
    goods: Decimal
    gives: int


def examples() -> dict[Rounding, RoundingExample]:
    """Returns an example of each way to round: 10 points for each 1.00 times 4.99 are 49, 40 or 50."""
    return {way: RoundingExample(POINTS, PER, GOODS, per_money(GOODS, POINTS, PER, way)) for way in get_args(Rounding)}
