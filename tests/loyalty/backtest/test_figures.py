"""The figures of an outcome, in points and money."""

from decimal import Decimal

from tests.make import World
from widget_server.loyalty.backtest import drafts
from widget_server.loyalty.backtest.figures import Figures, figures
from widget_server.loyalty.backtest.replay import Outcome


def test_points_become_money_by_their_value_and_by_the_best_reward(world: World) -> None:
    outcome = Outcome(points=1000, pending=200, customers=3, tiers={"": 2})
    bare = figures(world.shop, drafts.present(world.shop), outcome, Decimal(0))
    assert bare == Figures(1000, 200, 3, None, None, None, {None: 2})
    world.settings(point_value=Decimal("0.02"))
    world.reward(cost=500)
    world.reward(cost=400)
    gold = world.tier("Gold", 500)
    outcome.tiers[gold.id] = 1
    full = figures(world.shop, drafts.present(world.shop), outcome, Decimal(250))
    assert full == Figures(1000, 200, 3, Decimal(20), Decimal("12.5"), Decimal(5), {None: 2, "Gold": 1})
