"""The list of orders for staff: what arrived, what each gave, and why one gave nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from widget_server import keyset
from widget_server.keyset import Page
from widget_server.loyalty.earning.orders import BEFORE_PROGRAM, NO_CUSTOMER, OTHER_CURRENCY, PROGRAM_NOT_ACTIVE, Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop

STATUSES = ("placed", "paid", "fulfilled", "cancelled")
STORED_REASONS = (PROGRAM_NOT_ACTIVE, OTHER_CURRENCY, BEFORE_PROGRAM, NO_CUSTOMER)
NUMBER_SIGN = "#"


@dataclass(frozen=True)
class Wanted:
    """Which orders: by number, status, stored reason why nothing, customer, and when they were placed.

    `number` matches the whole number, with or without its "#". `placed_before` is the first moment after the period.
    """

    number: str | None = None
    status: str | None = None
    reason: str | None = None
    customer_id: str | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """An order with its customer, its awards, the points they hold now (`waiting` is the part that is pending), and
    `why_nothing`: the code of the reason when they hold none.
    """

    order: Order
    customer: Customer | None
    awards: list[Award]
    points: int
    waiting: int
    why_nothing: str | None


def page(shop: Shop, wanted: Wanted, *, after: str | None = None, limit: int = keyset.PAGE) -> Page[Listed]:
    """Returns a page of orders, the newest placed first. Raises BadRequest (after) for a text that is no cursor.

    At most four queries, whatever the number of rows.
    """
    query = Order.of(shop)
    if wanted.number and (number := wanted.number.strip()):
        plain = number.removeprefix(NUMBER_SIGN)
        query = query.where(Order.number.in_((number, plain, f"{NUMBER_SIGN}{plain}")))
    if wanted.status:
        query = query.where(Order.status == wanted.status)
    if wanted.reason:
        query = query.where(Order.ineligible_reason == wanted.reason)
    if wanted.customer_id:
        query = query.where(Order.customer_id == wanted.customer_id)
    if wanted.placed_from:
        query = query.where(Order.placed_at >= wanted.placed_from)
    if wanted.placed_before:
        query = query.where(Order.placed_at < wanted.placed_before)
    found = keyset.page(query, Order.placed_at, Order.id, after=after, limit=limit)
    return Page(with_points(shop, found.rows), found.next)


def one(shop: Shop, order_id: str) -> Listed:
    """Returns one order with its customer and points; raises NotFound."""
    return with_points(shop, [Order.need(shop, Order.id == order_id)])[0]


def with_points(shop: Shop, rows: Iterable[Order]) -> list[Listed]:
    """Returns the orders with their customers and points; three queries, whatever the number of rows."""
    rows, rules = list(rows), programs.of(shop.id).rules
    people = Customer.of(shop).where(Customer.id.in_({row.customer_id for row in rows if row.customer_id} or {""}))
    known = {one.id: one for one in people}
    awards: dict[str, list[Award]] = {}
    for award in Award.of(shop).where(Award.order_id.in_([row.id for row in rows] or [""])).order_by(Award.created_at):
        awards.setdefault(award.order_id, []).append(award)
    return [_listed(rules, row, known.get(row.customer_id or ""), awards.get(row.id, [])) for row in rows]


def _listed(rules: ProgramSettings, order: Order, customer: Customer | None, awards: list[Award]) -> Listed:
    counted = [award for award in awards if award.status != "cancelled"]
    points = sum(award.points for award in counted)
    waiting = sum(award.points for award in counted if award.status == "waiting")
    why = None if points else _why_nothing(rules, order, customer, awards)
    return Listed(order, customer, awards, points, waiting, why)


def _why_nothing(rules: ProgramSettings, order: Order, customer: Customer | None, awards: list[Award]) -> str:
    """Returns the code of the reason why an order has no points now.

    The stored reason comes first; the others follow from the facts as they are now.
    """
    if order.ineligible_reason:
        return str(order.ineligible_reason)
    if order.status == "cancelled":
        return "cancelled"
    if customer is not None and customer.excluded:
        return "customer_excluded"
    if awards:
        return "refunded" if order.merged.given_back else "nothing_eligible"
    if customer is not None and not customer.is_member and not rules.guests_earn:
        return "only_members_earn"
    return "no_rule"
