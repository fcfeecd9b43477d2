"""Orders: the state of each purchase as the platform last told it, and the inbox of what we could not book."""

import hashlib
from dataclasses import replace

from peewee import Check

from widget_server import clock, queue
from widget_server.db import (
    Json,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    canonical,
    insert_once,
    lock_rows,
    new_id,
)
from widget_server.events import OrderChanged, emit
from widget_server.loyalty import customers, programs
from widget_server.loyalty.customers import Person
from widget_server.loyalty.order_states import OrderState, Refund, add_refund, merge
from widget_server.loyalty.shops import Shop

RETRY_JOB = "retry_parked"


class Order(ShopTable):
    """One purchase. `why_nothing` says why it can never give points; `counts_from` when it first came."""

    id = Text(primary_key=True)
    platform = Text()
    external_id = Text()
    number = Text()
    status = Text()
    customer_id = Text(null=True)
    state = Json()
    why_nothing = Text(null=True)
    placed_at = UtcDateTime()
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = (
            (("shop_id", "platform", "external_id"), True),
            (("shop_id", "customer_id", "placed_at"), False),
            (("shop_id", "placed_at"), False),
        )
        constraints = [Check("status IN ('placed', 'paid', 'fulfilled', 'cancelled')")]

    @property
    def told(self) -> OrderState:
        """The merged state."""
        return OrderState.from_json(self.state)


class Parked(ShopTable):
    """A signed message we could not book: waiting for its order, or odd; the owner sees it."""

    id = Text(primary_key=True)
    platform = Text()
    topic = Text()
    waits_for = Text(null=True)
    reason = Text()
    body = Text()
    fingerprint = Text()
    status = Text(default="waiting")
    received_at = UtcDateTime()

    class Meta:
        indexes = (
            (("shop_id", "platform", "fingerprint"), True),
            (("shop_id", "platform", "waits_for"), False),
        )
        constraints = [Check("status IN ('waiting', 'booked', 'dismissed')")]


def receive(shop: Shop, platform: str, told: OrderState, person: Person | None) -> Order:
    """Book the state of an order: merged with what is known, so that late or repeated news cannot matter."""
    with atomic():
        order = _locked(shop, platform, told)
        merged = merge(OrderState.from_json(order.state) if order.state else None, told)
        newest = merged.precedence == told.precedence
        if person is not None and (newest or order.customer_id is None) and not _is_of_erased(shop, order):
            customer_id = customers.recognise(shop.id, person).id
            if customer_id != order.customer_id:
                order.customer_id = customer_id
        return _store(order, merged)


def receive_refund(shop: Shop, platform: str, order_id: str, refund: Refund) -> Order | None:
    """Book a refund that was told by itself; None when its order is not known yet (then park it)."""
    with atomic():
        order = _lock(shop, platform, order_id)
        return None if order is None else _store(order, add_refund(order.told, refund))


def receive_deletion(shop: Shop, platform: str, order_id: str) -> Order | None:
    """The platform deleted the order: it counts as cancelled. None when it is not known yet (then park it)."""
    with atomic():
        order = _lock(shop, platform, order_id)
        if order is None:
            return None
        return _store(order, merge(order.told, replace(order.told, status="cancelled", coupon_codes=None)))


def find(shop: Shop, platform: str, external_id: str) -> Order | None:
    """The order with the platform's id."""
    return Order.one(shop, Order.platform == platform, Order.external_id == external_id)


def park(shop: Shop, platform: str, topic: str, body: bytes, *, reason: str, waits_for: str | None = None) -> None:
    """Keep a message where the owner sees it; the same body again is the same row."""
    insert_once(
        Parked,
        {
            "id": new_id(),
            "shop_id": shop.id,
            "platform": platform,
            "topic": topic,
            "waits_for": waits_for,
            "reason": reason[:300],
            "body": body.decode("utf-8", "replace").replace("\0", ""),
            "fingerprint": hashlib.sha256(topic.encode() + b"\n" + body).hexdigest(),
            "status": "waiting",
            "received_at": clock.now(),
        },
    )


def parked_for(shop: Shop, platform: str, external_id: str) -> list[Parked]:
    """The messages that wait for this order, oldest first."""
    waiting = Parked.of(shop).where(
        Parked.platform == platform, Parked.waits_for == external_id, Parked.status == "waiting"
    )
    return list(waiting.order_by(Parked.received_at, Parked.id))


def unpark(parked: Parked) -> None:
    """What the message waited for has come, and it is booked."""
    Parked.change(parked.shop_id, {Parked.status: "booked"}, Parked.id == parked.id)


def retry(shop: Shop, parked_id: str) -> Parked:
    """Promise that the message is tried again: what it lacked may be there now (stores/inbox.py). Raises NotFound."""
    with atomic():
        parked = Parked.need(shop, Parked.id == parked_id)
        if parked.status == "waiting":
            queue.enqueue(RETRY_JOB, {"shop_id": shop.id, "parked_id": parked.id})
        return parked


def dismiss(shop: Shop, parked_id: str) -> Parked:
    """The owner has seen to it. Raises NotFound."""
    Parked.change(shop, {Parked.status: "dismissed"}, Parked.id == parked_id, Parked.status == "waiting")
    return Parked.need(shop, Parked.id == parked_id)


def _is_of_erased(shop: Shop, order: Order) -> bool:
    """An old order told again must not make somebody anew who asked to be forgotten."""
    return order.customer_id is not None and customers.by_id(shop.id, order.customer_id).erased_at is not None


def _lock(shop: Shop, platform: str, external_id: str) -> Order | None:
    rows = Order.of(shop).where(Order.platform == platform, Order.external_id == external_id)
    found: Order | None = lock_rows(rows).first()
    return found


def _locked(shop: Shop, platform: str, told: OrderState) -> Order:
    """The order's row, made empty when it is new, locked until the transaction ends."""
    moment = clock.now()
    insert_once(
        Order,
        {
            "id": new_id(),
            "shop_id": shop.id,
            "platform": platform,
            "external_id": told.id,
            "number": told.number,
            "status": told.status,
            "state": {},
            "why_nothing": _why_nothing(shop, told),
            "placed_at": told.placed_at,
            "created_at": moment,
            "updated_at": moment,
        },
    )
    order = _lock(shop, platform, told.id)
    if order is None:
        raise AssertionError("the row was there or was just made")
    return order


def _why_nothing(shop: Shop, told: OrderState) -> str | None:
    """Why an order first seen now can never give points: decided once, acceptance 16."""
    if not programs.of(shop.id).is_active:
        return "program_not_active"
    if told.currency != shop.currency:
        return "other_currency"
    return None


def _store(order: Order, merged: OrderState) -> Order:
    value = merged.as_json()
    if order.state and canonical(order.state) == canonical(value) and not order.dirty_fields:
        return order
    order.state, order.status, order.number = value, merged.status, merged.number
    order.placed_at, order.updated_at = merged.placed_at, clock.now()
    order.save()
    emit(OrderChanged(order.shop_id, order.id))
    return order
