"""The first program of a new shop: what an order gives, one reward, and gifts for joining and for a referral.

A point is always worth a hundredth of the currency's unit (a point for each 100 yen where there are no coins), so
that an owner can compute with it: the generosity, in percent of sales, is the number of points for one unit.
"""

from dataclasses import dataclass
from decimal import Decimal

from widget_server import money
from widget_server.db import atomic
from widget_server.loyalty.earning import rules
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import ON_AT_FIRST
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.gifts import Gift

POINTS_PER_UNIT = 100
UNIT_WITHOUT_COINS = Decimal(100)
GENEROSITY_MAX = 50


@dataclass(frozen=True)
class FirstProgram:
    """What the owner chose. `generosity` is in percent of sales, the others are in units of the currency."""

    name: str
    points_name: str | None = None
    generosity: int = 5
    reward_units: int = 5
    joining_units: int = 1
    referral_units: int = 5

    @property
    def reward_points(self) -> int:
        """What the first reward costs."""
        return self.reward_units * POINTS_PER_UNIT

    @property
    def joining_points(self) -> int:
        """What joining gives."""
        return self.joining_units * POINTS_PER_UNIT

    @property
    def units_to_reward(self) -> Decimal:
        """How many units of the currency a customer spends until the first reward, without other points."""
        return round(Decimal(self.reward_points) / self.generosity, 2)


def unit_of(currency: str) -> Decimal:
    """Returns what a customer thinks of as one: 1 of EUR, 100 of JPY."""
    return Decimal(1) if money.decimals(currency) else UNIT_WITHOUT_COINS


def save(shop: Shop, first: FirstProgram) -> None:
    """Write the program as a draft: its rules, its reward and its referral program. Done again, it replaces them.

    Raises BadRequest for a name that is not one line.
    """
    unit = unit_of(shop.currency)
    with atomic():
        settings = ProgramSettings(point_value=unit / POINTS_PER_UNIT, letters=ON_AT_FIRST)
        programs.update(shop.id, name=first.name, points_name=first.points_name or "", settings=settings)
        rules.save_rule(
            shop, "order", kind="order", rate_points=first.generosity, rate_per=unit, position=0,
            settings=rules.Terms().as_json(),
        )  # fmt: skip
        rules.save_rule(
            shop, "join", kind="join", points=max(first.joining_points, 1), active=first.joining_units > 0, position=1,
            settings=rules.Terms().as_json(),
        )  # fmt: skip
        rewards.save_reward(
            shop, "first-reward", kind="amount", cost_points=first.reward_points, amount=first.reward_units * unit,
            position=0,
        )  # fmt: skip
        gift = Gift("amount", amount=first.referral_units * unit).as_json() if first.referral_units else None
        referral_programs.save_program(
            shop,
            active=gift is not None,
            friend_gift=gift,
            advocate_gift=gift,
        )
