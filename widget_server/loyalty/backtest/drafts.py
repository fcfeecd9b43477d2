"""A version of the program that a backtest scores orders with: the rows that the shop has, or edited copies of them."""

from dataclasses import dataclass

from widget_server import editions
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.rules import Campaign, EarningRule
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier, TierProgram
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.rewards import Reward


@dataclass(frozen=True)
class Draft:
    """One version: its settings, the rules of orders in the merchant's order, campaigns, tiers and rewards.

    `tier_program` is None while there are no tiers; `tiers` are by their required points, lowest first.
    """

    program: Program
    rules: list[EarningRule]
    campaigns: list[Campaign]
    tier_program: TierProgram | None
    tiers: list[Tier]
    rewards: list[Reward]

    @property
    def pays_first_orders(self) -> bool:
        """True when a rule pays for first orders alone."""
        return any(rule.kind == "first_order" for rule in self.rules)


def present(shop: Shop) -> Draft:
    """Returns the program as it is, but active: orders that came while it was not are left out anyway."""
    program = editions.changeable(programs.of(shop.id))
    program.status = "active"
    live = EarningRule.of(shop).where(EarningRule.kind.in_(ORDER_KINDS), EarningRule.archived_at.is_null())
    return Draft(
        program=program,
        rules=list(live.order_by(EarningRule.position, EarningRule.created_at)),
        campaigns=list(Campaign.of(shop)),
        tier_program=tiers.program_of(shop.id),
        tiers=tiers.listed(shop.id),
        rewards=list(Reward.of(shop).where(Reward.archived_at.is_null()).order_by(Reward.position)),
    )
