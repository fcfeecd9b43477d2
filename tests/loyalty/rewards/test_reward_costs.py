"""What a reward costs the shop: its worth beside what a customer spends for its points."""

from decimal import Decimal

from tests.make import World
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.rewards import reward_costs
from widget_server.loyalty.rewards.reward_costs import RewardCost


def test_the_cost_of_a_reward_beside_the_order_rule(world: World) -> None:
    world.order_rule(10)
    per_money = reward_costs.points_per_money(rules.listed_all(world.shop))
    assert per_money == 10
    fiver, percent = world.reward(cost=500), world.reward("percent", cost=333, percent=Decimal(10))
    sliding = world.reward("sliding", cost=100, point_value=Decimal("0.005"))
    costs = [reward_costs.cost(one, per_money, "EUR") for one in (fiver, percent, sliding)]
    assert costs == [
        RewardCost(500, Decimal(5), Decimal(50), Decimal(10)),
        RewardCost(333, None, Decimal("33.30"), None),
        RewardCost(100, Decimal("0.5"), Decimal(10), Decimal(5)),
    ]
    assert reward_costs.worth_of_a_point([fiver, percent, sliding]) == Decimal("0.01")
    assert reward_costs.worth_of_a_point([percent]) is None


def test_rules_of_every_order_add_up_and_others_do_not_count(world: World) -> None:
    world.order_rule(10)
    world.rule("order", rate_points=5, rate_per=Decimal(2))
    world.rule("order", rate_points=99, rate_per=Decimal(1), active=False)
    world.rule("order", rate_points=99, rate_per=Decimal(1), terms=Terms(include_products=("p1",)))
    world.rule("first_order", rate_points=99, rate_per=Decimal(1))
    world.rule("order", points=20)
    assert reward_costs.points_per_money(rules.listed_all(world.shop)) == Decimal("12.5")
    assert reward_costs.cost(world.reward(cost=500), None, "EUR") == RewardCost(500, Decimal(5), None, None)
