"""Orders that gave no points, and why: what was decided when they arrived, or what follows from their rule or rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from widget_server.ledger import Account
from widget_server.loyalty.earning import order_points, rules, scoring
from widget_server.loyalty.earning.order_states import ZERO, OrderState
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.scoring import Rate
from widget_server.loyalty.history.explanations import RuleNamed, named, rule_of
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop

MissedReason = Literal[
    "program_not_active",
    "other_currency",
    "before_program",
    "no_customer",
    "cancelled",
    "refunded",
    "below_minimum",
    "no_goods",
    "too_small",
    "capped",
    "not_first",
    "excluded",
    "members_only",
    "no_rule",
    "rule_is_newer",
    "rule_off",
    "outside_dates",
    "not_for_customer",
    "unknown",
]


@dataclass(frozen=True)
class Verdict:
    """Why one rule gave nothing for an order."""

    rule: RuleNamed
    reason: MissedReason


@dataclass(frozen=True)
class Missed:
    """Why an order gave nothing. `is_certain` is False for what follows from today's settings, not from stored facts.

    `verdicts` has the reason of each rule for orders.
    """

    reason: MissedReason
    is_certain: bool
    verdicts: tuple[Verdict, ...] = ()


def why(
    shop: Shop,
    order: Order,
    awards: Sequence[Award],
    rules_of_shop: Sequence[EarningRule],
    customer: Customer,
    account: Account | None,
    program: Program,
) -> Missed:
    """Returns why the order gave nothing.

    `awards` are the order's own, which are all empty; `rules_of_shop` are the shop's rules for orders, also archived
    ones.
    """
    if order.ineligible_reason:
        return Missed(cast(MissedReason, order.ineligible_reason), is_certain=True)
    if order.status == "cancelled":
        return Missed("cancelled", is_certain=True)
    state, by_id = order.merged, {rule.id: rule for rule in rules_of_shop}
    if awards:
        found = [_of_award(state, award, by_id.get(award.rule_id)) for award in awards if "rate" in award.snapshot]
        return _summed(found, is_certain=True)
    general = _of_person(customer, program)
    if general is not None:
        return Missed(general, is_certain=False)
    found = []
    for rule in rules_of_shop:
        reason = _off(order, rule, customer, account)
        if reason is None:
            rate = order_points.rate_now(shop, program, rule, account, order.placed_at)
            reason = _of_figures(state, rate) or "unknown"
        found.append(Verdict(named(rule, rule.title, rule.revision), reason))
    return _summed(found, is_certain=False)


def _summed(verdicts: list[Verdict], *, is_certain: bool) -> Missed:
    """The reason of the first rule that pays every order decides; without one, that of any rule."""
    ranked = sorted(verdicts, key=lambda one: (one.rule.kind != "order", one.reason == "rule_off"))
    reason = ranked[0].reason if ranked else "no_rule"
    return Missed(reason, is_certain, tuple(verdicts))


def _of_award(state: OrderState, award: Award, rule: EarningRule | None) -> Verdict:
    rate = Rate.from_json(award.snapshot["rate"])
    reason = _of_figures(state, rate)
    if reason is None:
        reason = "not_first" if award.cause == "first_order" else "capped"
    return Verdict(rule_of(rate, rule), reason)


def _of_figures(state: OrderState, rate: Rate) -> MissedReason | None:
    """Why an order is worth nothing under a rate; None when it is worth something."""
    scored = scoring.score(state, rate)
    if scored.points:
        return None
    if scored.full_base <= 0:
        return "no_goods"
    if scored.full_base < (rate.terms.minimum_subtotal or ZERO):
        return "below_minimum"
    return "refunded" if scored.base <= 0 else "too_small"


def _of_person(customer: Customer, program: Program) -> MissedReason | None:
    if customer.excluded:
        return "excluded"
    return None if customer.is_member or program.rules.guests_earn else "members_only"


def _off(order: Order, rule: EarningRule, customer: Customer, account: Account | None) -> MissedReason | None:
    """Why a rule did not begin to pay an order, by the rule as it is now; None when only the figures can say."""
    if rule.created_at > order.updated_at:
        return "rule_is_newer"
    if not rule.active or rule.archived_at is not None:
        return "rule_off"
    if not rule.terms.holds_at(order.placed_at):
        return "outside_dates"
    if not rules.is_for(rule, customer, account):
        return "not_for_customer"
    return None
