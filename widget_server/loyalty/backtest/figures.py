"""The figures of a backtest: what one version's outcome means for the shop, in points and money."""

from dataclasses import dataclass
from decimal import Decimal

from widget_server import money
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.backtest.replay import Outcome
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.reward_costs import worth_of_a_point


@dataclass(frozen=True)
class Figures:
    """What one version gives.

    `liability` is the worth of all points (None while a point has no value), `reward_cost` what they take off when all
    are spent on the reward that gives most for it (None without a reward of money), `percent` that cost of the sales.
    `tiers` counts the replayed customers by the name of their tier, highest last; None is the base tier.
    """

    points: int
    pending: int
    customers: int
    liability: Decimal | None
    reward_cost: Decimal | None
    percent: Decimal | None
    tiers: dict[str | None, int]


def figures(shop: Shop, draft: Draft, outcome: Outcome, sales: Decimal) -> Figures:
    """Returns the figures of an outcome of this draft; `sales` is what was paid for the same orders."""
    value, worth = draft.program.rules.point_value, worth_of_a_point(draft.rewards)
    cost = None if worth is None else money.whole_coins(worth * outcome.points, shop.currency)
    named: dict[str | None, int] = {None: outcome.tiers.get("", 0)}
    if draft.tier_program is not None:
        named |= {tier.name: outcome.tiers.get(tier.id, 0) for tier in draft.tiers}
    return Figures(
        points=outcome.points,
        pending=outcome.pending,
        customers=outcome.customers,
        liability=None if value is None else money.whole_coins(value * outcome.points, shop.currency),
        reward_cost=cost,
        percent=round(100 * cost / sales, 1) if cost is not None and sales > 0 else None,
        tiers=named,
    )
