"""Replays past orders under today's program and under a draft, with the scoring of the live path. Writes nothing.

Customers are taken one by one, in the order of their ids, each with all their orders of the span by the time they
were placed: caps, first orders and tiers depend on a customer's own orders alone, so memory stays flat. `replay` takes
a slice and returns how far it came, from which the next call goes on.

What it leaves out: orders that came while the program was not active, in another currency or without a customer; the
orders of customers who are excluded or erased now; caps and tiers see nothing of orders before the span but their
booked points; every customer counts as the guest or member that they are today; expiry, debts, referrals, and
actions other than orders.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from peewee import fn

from widget_server import clock, money
from widget_server.json_types import JsonObject
from widget_server.ledger import Account
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.backtest.standings import Earned, Ladder, earned_otherwise
from widget_server.loyalty.earning import new_customers, order_points, rules
from widget_server.loyalty.earning.caps import Budget
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.order_states import ZERO, OrderState
from widget_server.loyalty.earning.orders import BEFORE_PROGRAM, Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.scoring import score
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

MONTHS_MAX = 12
ORDERS_AT_ONCE = 1_000  # about a second of one processor
CUSTOMERS_AT_ONCE = 100


@dataclass
class Outcome:
    """What one version gives: points in all, of which `pending` still wait, and to how many customers.

    `tiers` counts the replayed customers by the tier that they are in today, by its id; "" is the base tier.
    """

    points: int = 0
    pending: int = 0
    customers: int = 0
    tiers: dict[str, int] = field(default_factory=dict)


@dataclass
class Progress:
    """How far a backtest came, and its figures so far.

    `after` is the last customer that was replayed, `done` is True after the last one. `orders` were replayed,
    `left_out` were not; `sales` is what was paid for the replayed ones, less refunds; `booked` is what the awards of
    all these orders hold in fact.
    """

    after: str = ""
    done: bool = False
    orders: int = 0
    left_out: int = 0
    sales: Decimal = ZERO
    booked: int = 0
    today: Outcome = field(default_factory=Outcome)
    draft: Outcome = field(default_factory=Outcome)

    def as_json(self) -> JsonObject:
        """Returns the figures by field name, money as text, which `from_json` reads back."""
        return {**asdict(self), "sales": str(self.sales)}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Progress":
        """Returns the progress from the form of `as_json`."""
        values: dict[str, Any] = dict(stored)
        today, draft = Outcome(**values["today"]), Outcome(**values["draft"])
        return cls(**{**values, "sales": Decimal(values["sales"]), "today": today, "draft": draft})


def start_of(shop: Shop, months: int) -> datetime:
    """Returns the first moment of the span: `months` (1 to 12) of the shop's calendar before today."""
    today = clock.local_date(clock.now(), shop.timezone)
    return clock.start_of(clock.add_months(today, -min(max(months, 1), MONTHS_MAX)), shop.timezone)


def replay(
    shop: Shop, today: Draft, draft: Draft, start: datetime, so_far: Progress, *, most: int = ORDERS_AT_ONCE
) -> Progress:
    """Replay the orders placed since `start` of the customers after `so_far.after`, until `most` orders are passed.

    Returns the new progress; `so_far` is not changed.
    """
    sums = replace(
        so_far,
        today=replace(so_far.today, tiers=dict(so_far.today.tiers)),
        draft=replace(so_far.draft, tiers=dict(so_far.draft.tiers)),
    )
    if not so_far.after:
        sums.left_out += Order.of(shop).where(Order.placed_at >= start, Order.customer_id.is_null()).count()
    passed = sums.orders + sums.left_out
    while sums.orders + sums.left_out - passed < most:
        ids = _customers_after(shop, start, sums.after)
        if not ids:
            sums.done = True
            break
        _replay_some(shop, (today, draft), start, ids, sums)
        sums.after = ids[-1]
    return sums


def _customers_after(shop: Shop, start: datetime, after: str) -> list[str]:
    """The next customers with orders since `start`, by their ids."""
    rows = Order.of(shop, Order.customer_id).where(Order.customer_id > after, Order.placed_at >= start)
    named = rows.group_by(Order.customer_id).order_by(Order.customer_id).limit(CUSTOMERS_AT_ONCE)
    return [customer_id for (customer_id,) in named.tuples()]


def _replay_some(shop: Shop, versions: tuple[Draft, Draft], start: datetime, ids: list[str], sums: Progress) -> None:
    """Replay the orders of these customers, and add them to the sums."""
    rule_ids = [one.id for one in EarningRule.of(shop, EarningRule.id).where(EarningRule.kind.in_(ORDER_KINDS))]
    others = earned_otherwise(shop, ids, rule_ids, start, versions)
    people = {one.id: one for one in Customer.of(shop).where(Customer.id.in_(ids))}
    mine = Order.of(shop).where(Order.customer_id.in_(ids), Order.placed_at >= start)
    awarded = Award.of(shop, fn.COALESCE(fn.SUM(Award.points), 0)).where(Award.rule_id.in_(rule_ids))
    sums.booked += int(awarded.where(Award.order_id.in_(mine.select(Order.id))).scalar())
    ordered = mine.order_by(Order.customer_id, Order.placed_at, Order.external_id)
    for customer_id, placed in groupby(ordered.iterator(), key=lambda order: order.customer_id):
        _replay_one(shop, versions, people[customer_id], others.get(customer_id, []), placed, sums)


def _replay_one(
    shop: Shop,
    versions: tuple[Draft, Draft],
    customer: Customer,
    others: list[Earned],
    placed: Iterator[Order],
    sums: Progress,
) -> None:
    beginning = versions[0].program.rules.orders_from
    turns = [_Turn(shop, one, customer, others, beginning != one.program.rules.orders_from) for one in versions]
    for order in placed:
        state = order.merged
        counts = [turn.take(order, state) for turn in turns]
        if any(counts):
            sums.orders, sums.sales = sums.orders + 1, sums.sales + money.of_coins(order.paid, state.currency)
        else:
            sums.left_out += 1
    for turn, outcome in zip(turns, (sums.today, sums.draft), strict=True):
        turn.close(outcome)


class _Turn:
    """One customer's orders under one version, by the time they were placed."""

    def __init__(self, shop: Shop, draft: Draft, customer: Customer, others: list[Earned], begins_anew: bool) -> None:
        self._shop, self._draft, self._customer = shop, draft, customer
        self._settings, self._begins_anew = draft.program.rules, begins_anew
        self._ladder = Ladder(shop, draft, others)
        self._budgets: dict[str, Budget] = {}
        self._first_is_past = False
        self._passed: list[str] = []  # orders that may have been the first, kept only while a rule pays for it
        self._points = self._pending = 0

    def take(self, order: Order, state: OrderState) -> bool:
        """Score one order, and count what it gives; returns False for one that gives nothing to anybody."""
        is_first = self._is_first(order, state)
        if not (self._is_eligible(order) and order_points.may_earn(self._customer, self._draft.program)):
            return False
        if self._draft.pays_first_orders and not self._first_is_past:
            self._passed.append(order.id)
        standing = self._ladder.at(order.placed_at)
        account = Account(tier_id=standing.tier.id if standing and standing.tier else None)
        campaign = rules.highest(self._draft.campaigns, order.placed_at)
        for rule in self._draft.rules:
            if rule.kind == "first_order" and not is_first:
                continue
            if order_points.open_for(rule, order.placed_at, self._customer, account, self._draft.program):
                rate = order_points.rate_of(self._settings, rule, account.tier_id, standing, campaign)
                wanted = score(state, rate).points
                if rate.terms.capped and rule.kind != "first_order":
                    budget = self._budgets.setdefault(rule.id, Budget(self._shop))
                    wanted = budget.take(wanted, order.placed_at, rate.terms)
                now, rest = order_points.split(state, rate, wanted)
                due = order_points.due(self._shop, state.reached.get(rate.earn_at), rate.wait_days)
                self._count(order.placed_at, due, now, rest)
        return True

    def close(self, outcome: Outcome) -> None:
        """Add the customer's sums to the outcome of the version."""
        outcome.points += self._points
        outcome.pending += self._pending
        outcome.customers += self._points > 0
        standing = self._ladder.at(clock.now())
        tier_id = standing.tier.id if standing and standing.tier else ""
        outcome.tiers[tier_id] = outcome.tiers.get(tier_id, 0) + 1

    def _count(self, placed_at: datetime, due: datetime | None, now: int, rest: int) -> None:
        self._points += now + rest
        is_due = due is not None and due <= clock.now()
        self._pending += rest if is_due else now + rest
        if due is not None:
            self._ladder.add(due, placed_at, now)

    def _is_eligible(self, order: Order) -> bool:
        if order.ineligible_reason == BEFORE_PROGRAM or (order.ineligible_reason is None and self._begins_anew):
            return not programs.is_before_program(self._shop, self._draft.program, order.placed_at)
        return order.ineligible_reason is None

    def _is_first(self, order: Order, state: OrderState) -> bool:
        """Whether this is the customer's first paid order, and a new customer's; cancelled ones do not count."""
        if not self._draft.pays_first_orders or self._first_is_past:
            return False
        if order.status == "cancelled" or not self._settings.stands(state, self._settings.paid_at):
            return False
        self._first_is_past = True
        return not new_customers.has_bought(self._shop, self._customer, order.placed_at, apart_from=self._passed)
