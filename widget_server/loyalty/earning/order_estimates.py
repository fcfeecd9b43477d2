"""What past orders would give, for a trial of their import: nothing is written."""

from dataclasses import dataclass

from widget_server.loyalty.earning import order_points, rules
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.scoring import score
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class Estimator:
    """The program and the ways to earn that an estimate reads, once for many orders."""

    shop: Shop
    program: Program
    rules: list[EarningRule]

    @classmethod
    def of(cls, shop: Shop) -> "Estimator":
        """Returns the estimator of the shop's present program."""
        rows = EarningRule.of(shop).where(EarningRule.kind == "order", EarningRule.archived_at.is_null())
        return cls(shop, programs.of(shop.id), list(rows))

    def is_early(self, state: OrderState) -> bool:
        """Whether the order was placed before the day from which orders count."""
        return programs.is_before_program(self.shop, self.program, state.placed_at)

    def points(self, state: OrderState, external_id: str | None) -> int:
        """Returns the points of one order by the present rules, those that have to wait included.

        Without limits for each customer, tiers, and the points of a first order: these depend on other orders.
        """
        customer = customers.by_external_id(self.shop.id, external_id) if external_id else None
        if self.is_early(state) or state.currency != self.shop.currency or not self._may_earn(customer):
            return 0
        total = 0
        for rule in self.rules:
            is_open = rule.active and rule.terms.holds_at(state.placed_at) and rules.is_for(rule, customer, None)
            if is_open:
                rate = order_points.rate_now(self.shop, self.program, rule, None, state.placed_at)
                total += score(state, rate).points
        return total

    def _may_earn(self, customer: Customer | None) -> bool:
        if customer is None:
            return bool(self.program.is_active and self.program.rules.guests_earn)
        return order_points.may_earn(customer, self.program)
