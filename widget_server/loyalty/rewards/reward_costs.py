"""What a reward costs the shop: the money it takes off, beside what a customer spends for its points."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from widget_server import money
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.rewards.rewards import Reward, sliding_worth

ZERO = Decimal(0)


@dataclass(frozen=True)
class RewardCost:
    """`points` are worth `worth` of money; customers spend `spend` for them, of which the worth is `percent`.

    `worth` is None for a reward without an amount of money; `spend` and `percent` while orders give no points by money.
    """

    points: int
    worth: Decimal | None
    spend: Decimal | None
    percent: Decimal | None


def cost(reward: Reward, per_money: Decimal | None, currency: str) -> RewardCost:
    """Returns the cost of a reward in the base tier; `per_money` are the points that an order gives for 1 of money."""
    points, worth = reward.cost_points, None
    if reward.slides:
        worth = sliding_worth(reward, points, currency)
    elif reward.amount is not None:
        worth = money.whole_coins(reward.amount, currency)
    spend = money.whole_coins(points / per_money, currency) if per_money else None
    percent = round(100 * worth / spend, 1) if worth is not None and spend else None
    return RewardCost(points, worth, spend, percent)


def points_per_money(rules: Iterable[EarningRule]) -> Decimal | None:
    """Returns the points that 1 of money gives in any order of the base tier, by these rules; None when it gives none.

    Rules for some products, collections or tiers alone, and those for a first order, are left out.
    """
    everywhere = [
        rule.figure_for(None)
        for rule in rules
        if rule.kind == "order"
        and rule.active
        and rule.archived_at is None
        and not (rule.terms.include_products or rule.terms.include_collections or rule.terms.tier_ids)
    ]
    total = sum((one.points / one.per for one in everywhere if one.per), ZERO)
    return total or None


def worth_of_a_point(rewards: Iterable[Reward]) -> Decimal | None:
    """Returns the most money that one point takes off by any of these rewards that is active; None when by none."""
    found = [
        reward.point_value if reward.slides else reward.amount / reward.cost_points
        for reward in rewards
        if reward.active and reward.archived_at is None and (reward.point_value if reward.slides else reward.amount)
    ]
    return max(found, default=None)
