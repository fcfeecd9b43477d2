"""Orders: a few verbs change the state of one; after each change the complete state is sent (contracts §4)."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from demo_shop.bodies import (
    BuyerBody,
    LineBody,
    OrderBody,
    RefundLineBody,
    Source,
    Status,
    stamp,
)
from demo_shop.carts import Cart
from demo_shop.database import Database
from demo_shop.money import ZERO, spread
from demo_shop.outbox import Outbox

_FIRST_NUMBER = 1001
_COLUMNS = "SELECT token, address, body FROM orders"


class OrderRefused(Exception):
    """The change is not possible in the order's state; the message has the reason."""


@dataclass(frozen=True)
class Order:
    """An order as the shop stores it: the state that it sends, and the internal token and address."""

    token: str
    address: str
    body: OrderBody

    @property
    def id(self) -> str:
        """Returns the order's id in signed messages."""
        return self.body["id"]

    @property
    def subtotal(self) -> Decimal:
        """Returns the price of all goods before discounts."""
        return sum((Decimal(line["subtotal"]) for line in self.body["lines"]), ZERO)

    @property
    def refunded(self) -> Decimal:
        """Returns the sum of all refunds."""
        return sum((Decimal(refund["amount"]) for refund in self.body["refunds"]), ZERO)

    @property
    def refundable(self) -> Decimal:
        """The amount that can still be refunded."""
        return Decimal(self.body["total"]) - self.refunded

    def units_left(self, line: LineBody) -> int:
        """The quantity of the line that is not refunded."""
        return line["quantity"] - sum(refund["quantity"] for refund in self._refunds_of(line))

    def goods_left(self, line: LineBody) -> Decimal:
        """The part of the line's net price that is not refunded."""
        return _net(line) - sum((Decimal(refund["amount"]) for refund in self._refunds_of(line)), ZERO)

    @property
    def shipping_left(self) -> Decimal:
        """The part of the shipping cost that is not refunded."""
        given_back = sum((Decimal(refund["shipping"]) for refund in self.body["refunds"]), ZERO)
        return Decimal(self.body["shipping"]) - given_back

    def can(self, verb: str) -> bool:
        """True when the verb (pay, fulfil, cancel, refund) is possible in this state."""
        return self.body["status"] in _FITS[verb] and (verb != "refund" or self.refundable > 0)

    def _refunds_of(self, line: LineBody) -> list[RefundLineBody]:
        return [part for refund in self.body["refunds"] for part in refund["lines"] if part["line_id"] == line["id"]]


_FITS: dict[str, tuple[Status, ...]] = {
    "pay": ("placed",),
    "fulfil": ("paid",),
    "cancel": ("placed", "paid", "fulfilled"),
    "refund": ("paid", "fulfilled"),
}


class Orders:
    """Places orders and changes them; raises LookupError for an unknown id."""

    def __init__(self, database: Database, outbox: Outbox, currency: str) -> None:
        self._database = database
        self._outbox = outbox
        self._currency = currency

    def number_for(self, checkout_key: str) -> str:
        """Returns the order id for a checkout; the same key always gets the same id."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO order_numbers (checkout_key) VALUES (?) ON CONFLICT DO NOTHING", (checkout_key,)
            )
            (number,) = connection.execute(
                "SELECT number FROM order_numbers WHERE checkout_key = ?", (checkout_key,)
            ).fetchone()
        return str(_FIRST_NUMBER - 1 + number)

    def place(
        self,
        order_id: str,
        cart: Cart,
        buyer: BuyerBody,
        *,
        at: datetime,
        address: str = "",
        source: Source = "web",
        coupon_codes: Sequence[str] = (),
        landing_referral: str | None = None,
    ) -> Order:
        """Place an order; returns the existing one when this id was placed before."""
        body: OrderBody = {
            "id": order_id,
            "number": f"#{order_id}",
            "status": "placed",
            "currency": self._currency,
            "source": source,
            "placed_at": stamp(at),
            "modified_at": stamp(at),
            "revision": 1,
            "customer": buyer,
            "lines": cart.line_bodies(),
            "shipping": str(cart.shipping),
            "discount": str(cart.discount),
            "tax": str(cart.tax),
            "total": str(cart.total),
            "coupon_codes": list(coupon_codes),
            "landing_referral": landing_referral,
            "refunds": [],
        }
        account = int(buyer["id"].removeprefix("c-")) if buyer["id"] else None
        with self._outbox.transaction() as connection:
            row = (order_id, secrets.token_urlsafe(16), account, address, json.dumps(body))
            placed = connection.execute(
                "INSERT INTO orders (id, token, customer_number, address, body) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",
                row,
            )
            if placed.rowcount:
                self._tell(connection, body)
            return _load(connection, order_id)

    def pay(self, order_id: str, at: datetime) -> Order:
        """Mark the order as paid."""
        return self._change(order_id, "pay", at, _becomes("paid"))

    def fulfil(self, order_id: str, at: datetime) -> Order:
        """Mark the order as fulfilled: it was shipped."""
        return self._change(order_id, "fulfil", at, _becomes("fulfilled"))

    def cancel(self, order_id: str, at: datetime) -> Order:
        """Cancel the whole order; its coupon codes are released."""
        return self._change(order_id, "cancel", at, _becomes("cancelled"))

    def refund_line(self, order_id: str, line_id: str, quantity: int, at: datetime) -> Order:
        """Refund a quantity of one line. Raises OrderRefused when too much, or when nothing was paid."""

        def change(order: Order) -> None:
            line = next((line for line in order.body["lines"] if line["id"] == line_id), None)
            units_left = order.units_left(line) if line else 0
            if line is None or not 1 <= quantity <= units_left:
                raise OrderRefused("This is more than can still be refunded of this line.")
            # the last units get the rounding difference
            goods = spread(order.goods_left(line), [Decimal(units_left - quantity), Decimal(quantity)])[1]
            goods = min(goods, order.refundable)
            if not goods:
                raise OrderRefused("Nothing was paid for this line, so there is nothing to give back.")
            _refund(order, at, goods, ZERO, [{"line_id": line_id, "quantity": quantity, "amount": str(goods)}])

        return self._change(order_id, "refund", at, change)

    def refund_amount(self, order_id: str, amount: Decimal, at: datetime) -> Order:
        """Refund an amount without a line. Raises OrderRefused above what can be refunded."""

        def change(order: Order) -> None:
            if not ZERO < amount <= order.refundable:
                raise OrderRefused("Only what was paid and not given back yet can be refunded.")
            _refund(order, at, amount, ZERO, [])

        return self._change(order_id, "refund", at, change)

    def refund_all(self, order_id: str, at: datetime) -> Order:
        """Refund everything that is left, including shipping."""

        def change(order: Order) -> None:
            shipping = min(order.shipping_left, order.refundable)
            goods = order.refundable - shipping
            lines = [line for line in order.body["lines"] if order.units_left(line)]
            # an earlier refund by amount has reduced what is left for the goods
            shares = spread(goods, [order.goods_left(line) for line in lines])
            parts: list[RefundLineBody] = [
                {"line_id": line["id"], "quantity": order.units_left(line), "amount": str(share)}
                for line, share in zip(lines, shares, strict=True)
            ]
            _refund(order, at, goods, shipping, parts)

        return self._change(order_id, "refund", at, change)

    def abandon(self, order_id: str, codes: Sequence[str]) -> None:
        """Give up a checkout: release its codes and never use its number again."""
        with self._outbox.transaction() as connection:
            number = int(order_id) - _FIRST_NUMBER + 1
            connection.execute("DELETE FROM order_numbers WHERE number = ?", (number,))
            self._release(connection, order_id, codes)

    def find(self, order_id: str) -> Order | None:
        """The order with this id, or None."""
        return next(iter(self._select("WHERE id = ?", order_id)), None)

    def by_token(self, token: str) -> Order | None:
        """The order whose page has this secret token, or None."""
        return next(iter(self._select("WHERE token = ?", token)), None)

    def of_customer(self, customer_number: int) -> list[Order]:
        """The customer's orders, newest first."""
        return self._select("WHERE customer_number = ? ORDER BY body ->> 'placed_at' DESC", customer_number)

    def newest(self, most: int = 100) -> list[Order]:
        """The newest orders of the shop."""
        return self._select("ORDER BY body ->> 'placed_at' DESC, id DESC LIMIT ?", most)

    def _select(self, condition: str, value: str | int) -> list[Order]:
        with self._database.read() as connection:
            return [_order(row) for row in connection.execute(f"{_COLUMNS} {condition}", (value,))]

    def _change(self, order_id: str, verb: str, at: datetime, change: Callable[[Order], object]) -> Order:
        """Apply one verb, increase the revision and send the new state."""
        with self._outbox.transaction() as connection:
            order = _load(connection, order_id)
            if not order.can(verb):
                raise OrderRefused(f"Order #{order_id} is {order.body['status']}: “{verb}” is not possible now.")
            change(order)
            order.body["revision"] += 1
            order.body["modified_at"] = stamp(at)
            connection.execute("UPDATE orders SET body = ? WHERE id = ?", (json.dumps(order.body), order_id))
            self._tell(connection, order.body)
            if verb == "cancel":
                self._release(connection, order_id, order.body["coupon_codes"])
            return order

    def _tell(self, connection: sqlite3.Connection, body: OrderBody) -> None:
        self._outbox.add(connection, "order", f"order:{body['id']}", {**body})

    def _release(self, connection: sqlite3.Connection, order_id: str, codes: Sequence[str]) -> None:
        for code in codes:
            body = {"code": code, "order_id": order_id}
            self._outbox.add(connection, "coupons/release", f"coupon:{code}", body)


def _becomes(status: Status) -> Callable[[Order], None]:
    def change(order: Order) -> None:
        order.body["status"] = status

    return change


def _refund(order: Order, at: datetime, goods: Decimal, shipping: Decimal, lines: list[RefundLineBody]) -> None:
    order.body["refunds"].append(
        {
            "id": f"{order.id}-r{len(order.body['refunds']) + 1}",
            "amount": str(goods + shipping),
            "shipping": str(shipping),
            "tax": str(ZERO),
            "lines": lines,
            "created_at": stamp(at),
        }
    )


def _net(line: LineBody) -> Decimal:
    return Decimal(line["subtotal"]) - Decimal(line["discount"])


def _load(connection: sqlite3.Connection, order_id: str) -> Order:
    row = connection.execute(f"{_COLUMNS} WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        raise LookupError(order_id)
    return _order(row)


def _order(row: sqlite3.Row) -> Order:
    return Order(row["token"], row["address"], cast(OrderBody, json.loads(row["body"])))
