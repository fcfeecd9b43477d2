"""The state of a rule for one shopper: open, done, or waiting until a day (acceptance 18)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from typing import Any, Literal

from peewee import SQL, fn

from widget_server import clock
from widget_server.db import Selection, Statement, among
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning import birthdays, caps
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class RuleState:
    """The state of a rule for one customer now; `opens_at` is when a waiting one opens again."""

    state: Literal["open", "done", "waiting"]
    opens_at: datetime | None = None


OPEN = RuleState("open")
DONE = RuleState("done")


def states(shop: Shop, customer: Customer, account: Account | None, rules: list[EarningRule]) -> dict[str, RuleState]:
    """The state of each rule for the member, by rule id; a few queries go back no further than the rules' caps."""
    done = _done(shop, account, rules) if account else {}
    return {rule.id: _state(shop, customer, rule, done.get(rule.id, {})) for rule in rules}


def _done(shop: Shop, account: Account, rules: list[EarningRule]) -> dict[str, dict[str, int]]:
    """How often and how many points each capped rule gave, by rule id; an order counts with its points of today, as
    refunds free caps.
    """
    alike: dict[tuple[bool, str], dict[str, list[str]]] = defaultdict(dict)
    for rule in rules:
        units = caps.units(caps.of_rule(rule))
        if units:
            alike[KINDS[rule.kind].per == "order", units[0]][rule.id] = units
    arguments, shapes, names = list[Any](), list[tuple[bool, int]](), dict[str, tuple[str, ...]]()
    for (orders, widest), units_of in alike.items():
        units = sorted({widest}.union(*units_of.values()))
        starts = {unit: caps.start(unit, clock.now(), shop.timezone) for unit in units}
        arguments += [list(units_of), starts[widest], *starts.values()]
        shapes.append((orders, len(units)))
        names |= dict.fromkeys(units_of, tuple(f"{what}_{unit}" for unit in units for what in ("times", "points")))
    found = _sums(tuple(shapes)).tuples(shop.id, account.id, *arguments) if shapes else []
    return {rule_id: dict(zip(names[rule_id], figures, strict=False)) for rule_id, *figures in found}


@cache
def _sums(shapes: tuple[tuple[bool, int], ...]) -> Statement[..., Any]:
    """The query of how often and how many points rules gave since their first moment, and since each of some moments.

    Each shape is a group of rules: whether they are for orders, and how many moments they have. Its arguments are their
    ids, the first moment and those moments. A group with fewer moments than another has zeros at the end.
    """
    most = max(units for _, units in shapes)
    kinds = [kind for _, units in shapes for kind in (list[str], datetime, *[datetime] * units)]

    def _query(shop_id: str, account_id: str, *arguments: Any) -> Selection[Any]:
        rest, parts = list(arguments), []
        for orders, units in shapes:
            ids, first, *starts = rest[: units + 2]
            rest = rest[units + 2 :]
            parts.append(_sums_of(orders, shop_id, account_id, ids, first, starts, zeros=2 * (most - units)))
        return reduce(lambda all_, part: all_.union_all(part), parts)  # type: ignore[no-any-return]

    return Statement(_query, [str, str, *kinds])


def _sums_of(
    orders: bool,
    shop_id: str,
    account_id: str,
    rule_ids: list[str],
    first: datetime,
    starts: list[datetime],
    *,
    zeros: int,
) -> Any:
    table: type[Award] | type[Transaction] = Award if orders else Transaction
    rule_id, points = (Award.rule_id, Award.points) if orders else (Transaction.cause_id, Transaction.amount)
    # an order counts once, though it may have an award in each of two parts
    counted = fn.DISTINCT(Award.order_id) if orders else Transaction.id
    sums = [
        fn.COALESCE(sum_.filter(table.event_at >= start), 0)
        for start in starts
        for sum_ in (fn.COUNT(counted), fn.SUM(points))
    ]
    rows = table.of(shop_id, rule_id, *sums, *[SQL("0")] * zeros).where(
        table.account_id == account_id, among(rule_id, rule_ids), table.event_at >= first, points > 0
    )
    return rows.group_by(rule_id)


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
