"""What came from a shop's platform about people, removed when the platform demands it: in steps, each a transaction.

Who is known only from the platform is erased. A member has joined the program, so e-mail address, name, points and
coupons stay; what only the platform knew of a member goes.
"""

from dataclasses import dataclass

from peewee import fn

from widget_server.db import atomic, canonical
from widget_server.loyalty.earning.order_states import without_texts
from widget_server.loyalty.earning.orders import OF_CHECKOUT, Order, Parked
from widget_server.loyalty.people import customers, privacy, sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop

PEOPLE, ORDERS = 20, 200  # of one step
ONLY_OF_THE_PLATFORM = ("external_id", "phone")


@dataclass(frozen=True)
class Step:
    """How many people a step erased, and of how many members it removed facts; `last` is None after the last step."""

    last: str | None
    erased: int = 0
    kept: int = 0


def forget_messages(shop: Shop) -> None:
    """Delete the platform's messages that could not be booked: their bodies name people."""
    Parked.remove(shop, Parked.platform == shop.platform)


def forget_checkouts(shop: Shop, after: str) -> Step:
    """Remove from the next orders of the platform what was typed at their checkouts; state and amounts stay."""
    orders = Order.of(shop).where(Order.platform == shop.platform, Order.id > after).order_by(Order.id).limit(ORDERS)
    with atomic():
        rows = list(orders)
        for row in rows:
            state = without_texts(row.merged).as_json() if row.state else row.state
            changed = {**OF_CHECKOUT, "state": state}
            if any(canonical(getattr(row, name)) != canonical(value) for name, value in changed.items()):
                Order.change(shop, changed, Order.id == row.id)
    return Step(rows[-1].id if len(rows) == ORDERS else None)


def forget_people(shop: Shop, after: str) -> Step:
    """Erase the next people who are known only from the platform, and remove its facts from members."""
    bought = Order.of(shop, Order.id).where(Order.platform == shop.platform, Order.customer_id == Customer.id)
    theirs = Customer.external_id.is_null(False) | fn.EXISTS(bought)
    found = Customer.of(shop).where(theirs, customers.present(), Customer.id > after).order_by(Customer.id)
    rows = list(found.limit(PEOPLE))
    for row in rows:
        if row.is_member:
            _forget_of_member(row)
        else:
            privacy.erase(shop, row)
    members = sum(row.is_member for row in rows)
    return Step(rows[-1].id if len(rows) == PEOPLE else None, len(rows) - members, members)


def _forget_of_member(member: Customer) -> None:
    with atomic():
        sessions.close_all(member.shop_id, member.id)
        customers.update(member, external_id=None, phone=None, accepts_marketing=False)
        left = {name: texts for name, texts in member.former.items() if name not in ONLY_OF_THE_PLATFORM}
        Customer.change(member.shop_id, {Customer.former: left}, Customer.id == member.id)
