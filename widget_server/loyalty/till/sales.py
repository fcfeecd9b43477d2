"""Sales at the till: a purchase is booked as an order of the platform `till`, so that it gives points like any other.

As an order it follows the shop's own rules (rate, tier, campaign, caps, waiting time), completes a referral, stands
in the reports, and can be refunded in parts: the points that a refund takes back are those the purchase gave.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from widget_server import clock, config, money
from widget_server.db import Selection, atomic, new_id
from widget_server.editions import kept
from widget_server.errors import BadRequest, CustomerExcluded, KeyReused, NotWholeCoins
from widget_server.loyalty import audit_log
from widget_server.loyalty.earning import order_list, order_points, orders, taxes
from widget_server.loyalty.earning.order_list import Listed
from widget_server.loyalty.earning.order_states import ZERO, Line, OrderState, Refund
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, lines
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.till import finding

PLATFORM = "till"
AMOUNT_MAX = Decimal(10**9)
RECEIPT_LENGTH_MAX = 40
ID_LENGTH = 24  # hexadecimal digits of a key's digest


@dataclass(frozen=True)
class Quote:
    """The points that a purchase would give, and when they can be spent; None: at once."""

    amount: Decimal
    points: int
    spendable_at: datetime | None


def preview(shop: Shop, customer_id: str, amount: Decimal) -> Quote:
    """Returns what a purchase of `amount`, with its tax, would give this customer now; nothing is booked.

    Without the extra points of a first order. Raises NotFound, and BadRequest or NotWholeCoins (amount).
    """
    _check_amount(shop, amount)
    customer = finding.at_till(shop, customer_id)
    rules = programs.of(shop.id).rules
    points = order_points.quote(shop, customer, _state(shop, "", "", amount))
    today = clock.local_date(clock.now(), shop.timezone)
    end = clock.start_of(today + timedelta(days=rules.wait_days), shop.timezone) if rules.wait_days else None
    return Quote(amount, points, end)


def book(shop: Shop, customer_id: str, amount: Decimal, *, key: str, receipt: str | None = None) -> Listed:
    """Book a purchase of `amount`, with its tax, for a customer, once per request key; returns the order.

    `receipt` is its number on the receipt, one line. Raises NotFound, ProgramNotActive, CustomerExcluded, BadRequest
    (amount, receipt), NotWholeCoins (amount), and KeyReused when the key booked another purchase.
    """
    _check_amount(shop, amount)
    _check_receipt(receipt)
    with atomic():
        customer = finding.at_till(shop, customer_id)
        customers.take_turns(shop.id, f"till {key}")
        id, earlier = _id(shop, key), booked(shop, key)
        if earlier is not None:
            if (earlier.merged.total, earlier.customer_id) != (amount, customer.id):
                raise KeyReused()
            return order_list.one(shop, earlier.id)
        programs.need_active(shop.id)
        if customer.excluded:
            raise CustomerExcluded()
        number = (receipt or "").strip() or f"T{new_id()[-6:].upper()}"
        order = orders.receive_of(shop, PLATFORM, _state(shop, id, number, amount), customer)
        listed = order_list.one(shop, order.id)
        after = {"customer_id": customer.id, "amount": str(amount), "points": listed.points}
        audit_log.note(shop.id, "create", "till_sale", order.id, after=after)
        return listed


def booked(shop: Shop, key: str) -> Order | None:
    """Returns the purchase that this request key has booked; None before."""
    return orders.find(shop, PLATFORM, _id(shop, key))


def refund(shop: Shop, order_id: str, amount: Decimal | None = None, *, key: str) -> Listed:
    """Book that a purchase at the till was paid back, in whole (None) or in part; returns the order.

    Once per request key. Raises NotFound for any other order, BadRequest (amount) for more than is left of it,
    NotWholeCoins (amount), and KeyReused when the key refunded another amount.
    """
    with atomic():
        customers.take_turns(shop.id, f"till sale {order_id}")
        order = need(shop, order_id)
        id, given_back = _id(shop, key), order.merged.given_back
        same = next((one for one in given_back if one.id == id), None)
        if same is not None:
            if amount not in (None, same.amount):
                raise KeyReused()
            return order_list.one(shop, order.id)
        left = left_of(order)
        amount = left if amount is None else amount
        _check_amount(shop, amount)
        if amount > left:
            raise BadRequest(f"At most {money.text(left, shop.currency)} is left of this purchase.", field="amount")
        orders.receive_refund(shop, PLATFORM, order.external_id, Refund(id, amount, created_at=clock.now()))
        audit_log.note(shop.id, "refund", "till_sale", order.id, after={"amount": str(amount)})
        return order_list.one(shop, order.id)


def need(shop: Shop, order_id: str) -> Order:
    """Returns a purchase at the till; raises NotFound for any other order."""
    return Order.need(shop, Order.id == order_id, Order.platform == PLATFORM)


def left_of(order: Order) -> Decimal:
    """Returns how much of a purchase was not paid back yet."""
    state = order.merged
    return max(state.total - sum((one.amount for one in state.given_back), ZERO), ZERO)


def has_till(shop: Shop) -> bool:
    """Returns whether the widget offers a code for the till: by setting, or once a purchase was booked at the till."""
    return shop.look.till_code or bool(_of_till.rows(shop.id))


@kept
def _of_till(shop_id: str) -> Selection[Order]:
    return Order.of(shop_id, Order.id).where(Order.platform == PLATFORM).limit(1)


def recent(shop: Shop, customer: Customer, limit: int = 5) -> list[Listed]:
    """Returns the customer's newest orders, of the till or of any other platform."""
    return order_list.page(shop, order_list.Wanted(customer_id=customer.id), limit=limit).rows


def _state(shop: Shop, id: str, number: str, amount: Decimal) -> OrderState:
    """The order of a purchase: one line, paid and handed over, with the tax inside that the program's settings say."""
    now = clock.now()
    tax = taxes.inside(programs.of(shop.id).rules, amount, shop.currency)
    line = Line("1", None, 1, amount - tax, tax=tax)
    return OrderState(
        id, number, "fulfilled", shop.currency, now, now, source="till", lines=(line,), tax=tax, total=amount
    )


def _id(shop: Shop, key: str) -> str:
    return config.digest(f"till:{shop.id}:{key}")[:ID_LENGTH]


def _check_amount(shop: Shop, amount: Decimal) -> None:
    if not amount.is_finite() or not 0 < amount < AMOUNT_MAX:
        raise BadRequest("An amount of money above 0.", field="amount")
    if not money.is_whole_coins(amount, shop.currency):
        raise NotWholeCoins(shop.currency, field="amount")


def _check_receipt(receipt: str | None) -> None:
    lines.check("receipt", receipt)
    if len(receipt or "") > RECEIPT_LENGTH_MAX:
        raise BadRequest(f"A number of at most {RECEIPT_LENGTH_MAX} characters.", field="receipt")
