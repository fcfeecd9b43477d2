"""What each order of a customer gave, gives once it is due, or why it gave nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from widget_server.ledger import Account
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.history import missed_orders
from widget_server.loyalty.history.missed_orders import Missed
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

NEWEST = 10


@dataclass(frozen=True)
class OrderResult:
    """An order: the points that it `gave`, those of it that wait, and why nothing where both are 0."""

    order: Order
    gave: int
    waiting: int
    missed: Missed | None


def newest(shop: Shop, customer: Customer, account: Account | None, *, limit: int = NEWEST) -> list[OrderResult]:
    """Returns the customer's newest orders, by the time they were placed; four queries, however many there are."""
    rows = Order.of(shop).where(Order.customer_id == customer.id)
    return of_orders(shop, customer, account, rows.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit))


def of_orders(shop: Shop, customer: Customer, account: Account | None, orders: Iterable[Order]) -> list[OrderResult]:
    """Returns what these orders of one customer gave, in their order."""
    orders = list(orders)
    awards: dict[str, list[Award]] = {order.id: [] for order in orders}
    for award in Award.of(shop).where(Award.order_id.in_(list(awards))) if awards else ():
        awards[award.order_id].append(award)
    rules = list(EarningRule.of(shop).where(EarningRule.kind.in_(ORDER_KINDS)))
    program, found = programs.of(shop.id), []
    for order in orders:
        given = awards[order.id]
        gave = sum(award.points for award in given if award.status == "matured")
        waiting = sum(award.points for award in given if award.status == "waiting")
        missed = None
        if not gave and not waiting:
            missed = missed_orders.why(shop, order, given, rules, customer, account, program)
        found.append(OrderResult(order, gave, waiting, missed))
    return found
