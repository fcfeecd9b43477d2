"""How a rule stands for one shopper: open, done, or waiting until a day (acceptance 18)."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Literal

from peewee import Case, fn

from widget_server import clock
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import birthdays, caps
from widget_server.loyalty.customers import Customer
from widget_server.loyalty.earning_rules import ORDER_KINDS, EarningRule
from widget_server.loyalty.points import Award
from widget_server.loyalty.shops import Shop


@dataclass(frozen=True)
class RuleState:
    """A rule as it stands for one customer now."""

    state: Literal["open", "done", "waiting"]
    opens_at: datetime | None = None


OPEN = RuleState("open")
DONE = RuleState("done")


def states(shop: Shop, customer: Customer, account: Account | None, rules: list[EarningRule]) -> dict[str, RuleState]:
    """How each rule stands for her: at most two queries, which look at what its caps look at and no further back."""
    done = {**_done(shop, account, rules, orders=False), **_done(shop, account, rules, orders=True)} if account else {}
    return {rule.id: _state(shop, customer, rule, done.get(rule.id, {})) for rule in rules}


def _done(shop: Shop, account: Account, rules: list[EarningRule], *, orders: bool) -> dict[str, dict[str, int]]:
    """How often, and how much, each capped rule gave her; an order with what it gives today, as refunds free caps."""
    now = clock.now()
    capped = [
        (rule.id, since)
        for rule in rules
        if (rule.kind in ORDER_KINDS) == orders and (since := caps.since(caps.of_rule(rule), now, shop.timezone))
    ]
    if not capped:
        return {}
    table = Award if orders else Transaction
    rule_id, points = (Award.rule_id, Award.points) if orders else (Transaction.cause_id, Transaction.amount)
    columns = {"times_ever": fn.COUNT(points), "points_ever": fn.SUM(points)}
    for unit in ("day", "month", "year"):
        inside = table.event_at >= clock.period(now, unit, shop.timezone)[0]
        columns[f"times_{unit}"] = fn.SUM(Case(None, [(inside, 1)], 0))
        columns[f"points_{unit}"] = fn.SUM(Case(None, [(inside, points)], 0))
    rows = (
        table.of(shop, rule_id.alias("rule_id"), *[value.alias(name) for name, value in columns.items()])
        .where(
            table.account_id == account.id,
            points > 0,
            reduce(or_, [(rule_id == one) & (table.event_at >= since) for one, since in capped]),
        )
        .group_by(rule_id)
    )
    return {row.pop("rule_id"): {name: int(value) for name, value in row.items()} for row in rows.dicts()}


def _state(shop: Shop, customer: Customer, rule: EarningRule, done: dict[str, int]) -> RuleState:
    if rule.kind == "birthday":
        opens = birthdays.next_paid(shop, customer)
        return RuleState("waiting", opens) if opens else OPEN
    terms = caps.of_rule(rule)
    if (rule.kind == "join" and customer.is_member) or _is_full(done, "ever", terms.times_ever, terms.points_ever):
        return DONE
    for unit, times, most in (
        ("year", terms.times_per_year, None),
        ("month", terms.times_per_month, terms.points_per_month),
        ("day", terms.times_per_day, terms.points_per_day),
    ):
        if _is_full(done, unit, times, most):
            return RuleState("waiting", clock.period(clock.now(), unit, shop.timezone)[1])
    return OPEN


def _is_full(done: dict[str, int], unit: str, times: int | None, most: int | None) -> bool:
    return (times is not None and done.get(f"times_{unit}", 0) >= times) or (
        most is not None and done.get(f"points_{unit}", 0) >= most
    )
