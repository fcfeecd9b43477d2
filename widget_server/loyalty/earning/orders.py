"""Orders: the newest state of each purchase as its platform reports it, and the messages that could not be booked."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL, Check

from widget_server import clock, config, job_queue, money
from widget_server.db import (
    Bool,
    Int,
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
from widget_server.job_queue import JobName
from widget_server.loyalty.earning.order_states import (
    ZERO,
    OrderState,
    Refund,
    add_child,
    add_refund,
    delete,
    merge,
    without_texts,
)
from widget_server.loyalty.people import customers, emails, mailing, postal_addresses, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

RECONSIDER_CHUNK = 200
PAID_MAX = 10**15  # coins: sums of them stay whole numbers of 64 bits

# why an order gives no points
PROGRAM_NOT_ACTIVE, OTHER_CURRENCY = "program_not_active", "other_currency"  # decided when it first arrives
BEFORE_PROGRAM, NO_CUSTOMER = "before_program", "no_customer"  # recomputed with every message
OF_CHECKOUT: dict[str, Any] = {"billing_email": None, "owner_as_of": None, "address_digests": []}
DECIDED = (PROGRAM_NOT_ACTIVE, OTHER_CURRENCY)


class Order(ShopTable):
    """One purchase. `ineligible_reason` says why it gives no points (`_ineligible_reason`).

    `owner_by_id` and `owner_as_of` say how its owner was identified (`Claim`). `billing_email` is the address typed
    at that checkout, `address_digests` are those of its postal addresses (postal_addresses.py). `was_paid` stays
    true for an order that was paid and then cancelled. `paid` is its total less refunds, in the smallest coin of its
    currency: reports sum it.
    """

    id = Text(primary_key=True)
    platform = Text()
    external_id = Text()
    number = Text()
    status = Text()
    customer_id = Text(null=True)
    state = Json()
    ineligible_reason = Text(null=True, column_name="why_nothing")
    placed_at = UtcDateTime()
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    owner_by_id = Bool(default=False)
    owner_as_of = Json(null=True)
    billing_email = Text(null=True)
    address_digests = Json(default=list)
    was_paid = Bool(default=False)
    paid = Int(default=0)

    class Meta:
        indexes = (
            (("shop_id", "platform", "external_id"), True),
            (("shop_id", "customer_id", "placed_at"), False),
            (("shop_id", "placed_at"), False),
            (("shop_id", "number"), False),
            (("shop_id", "status", "placed_at"), False),
        )
        constraints = [Check("status IN ('placed', 'paid', 'fulfilled', 'cancelled')")]

    @property
    def merged(self) -> OrderState:
        """The merged state of the order, as `state` holds it in JSON."""
        return OrderState.from_json(self.state)


WITH_ADDRESSES = SQL("address_digests <> '[]'")  # the condition of the index below: both must read the same
for name, column, some in (
    ("order_why_nothing", Order.ineligible_reason, Order.ineligible_reason.is_null(False)),
    ("order_with_addresses", None, WITH_ADDRESSES),
):
    Order.add_index(Order.index(*filter(None, (Order.shop_id, column, Order.placed_at)), where=some, name=name))


class Parked(ShopTable):
    """A signed message that could not be booked: waiting for its order, or malformed; the owner sees it."""

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
            (("shop_id", "received_at"), False),
            (("shop_id", "status", "received_at"), False),
        )
        constraints = [Check("status IN ('waiting', 'booked', 'dismissed')")]


Parked.add_index(
    Parked.index(
        Parked.shop_id,
        Parked.platform,
        Parked.waits_for,
        where=Parked.waits_for.is_null(False),
        name="parked_waiting",
    )
)


@dataclass(frozen=True)
class Claim:
    """How one state of an order identifies who placed it: by the shop's own id or not, as of when, and whom.

    Which claim wins follows from the set of an order's claims alone, whatever sequence its messages arrive in. One by
    id beats one without: an order that only loses the name, by a privacy clean-up or an edited billing address, does
    not move to another customer. Among claims by id the newest wins, since staff correct mistakes; among those without,
    the oldest, which is what was typed at the checkout (contracts §10).
    """

    by_id: bool
    as_of: tuple[int, str]
    who: str

    @classmethod
    def of(cls, received: OrderState, person: Person) -> "Claim":
        """The claim of a received state for `person`, who is the customer in its message."""
        return cls(
            person.external_id is not None, received.precedence, _digest(person.external_id or person.email or "")
        )

    def beats(self, order: Order) -> bool:
        """Whether this claim wins over the one that gave the order its present owner."""
        if order.customer_id is None:
            return True
        if self.by_id != order.owner_by_id:
            return self.by_id
        if order.owner_as_of is None:  # its owner dates from before claims were stored
            return self.by_id
        held: tuple[Any, ...] = tuple(order.owner_as_of)
        mine = (*self.as_of, self.who)
        return mine > held if self.by_id else mine < held


def receive(shop: Shop, platform: str, received: OrderState, person: Person | None) -> Order:
    """Book a state of an order: merged with the stored one, so late or repeated messages do not matter (acceptance 23).

    `person` is the customer that the message names, None when it names nobody. Returns the order.
    """
    with atomic():
        order = _locked(shop, platform, received)
        merged = merge(OrderState.from_json(order.state) if order.state else None, received)
        if person is not None and not _is_of_erased(shop, order):
            _claim(shop, order, Claim.of(received, person), person)
        return _store(shop, order, merged)


def receive_of(shop: Shop, platform: str, received: OrderState, customer: Customer) -> Order:
    """Book a state of an order whose customer is known by their row, as at the till (`loyalty/till`); returns it."""
    with atomic():
        order = _locked(shop, platform, received)
        merged = merge(OrderState.from_json(order.state) if order.state else None, received)
        if order.customer_id is None:
            order.customer_id, order.owner_by_id = customer.id, True
            order.owner_as_of = [*received.precedence, _digest(customer.id)]
        return _store(shop, order, merged)


def receive_refund(shop: Shop, platform: str, order_id: str, refund: Refund) -> Order | None:
    """Book a refund that was reported by itself; None when its order is not known yet (then park it)."""
    with atomic():
        order = _lock(shop, platform, order_id)
        return None if order is None else _store(shop, order, add_refund(order.merged, refund))


def receive_child(shop: Shop, platform: str, parent_id: str, received: OrderState) -> Order | None:
    """Book the state of a sub-order on the purchase it is part of; None when that is not known yet (then park it)."""
    with atomic():
        order = _lock(shop, platform, parent_id)
        return None if order is None else _store(shop, order, add_child(order.merged, received))


def receive_deletion(shop: Shop, platform: str, order_id: str) -> Order | None:
    """Book that the platform deleted the order, as a cancellation; None when it is not known yet (then park it)."""
    with atomic():
        order = _lock(shop, platform, order_id)
        return None if order is None else _store(shop, order, delete(order.merged))


def reconsider(shop: Shop) -> None:
    """The job that recomputes `ineligible_reason` of all orders, after the day from which orders count was moved.

    Orders that count now are scored, without letters; those that have given points keep them (acceptance 59).
    """
    last = ""
    while ids := _ids_after(shop, last):
        for order_id in ids:
            with atomic(), mailing.quiet():
                order = lock_rows(Order.of(shop).where(Order.id == order_id)).get()
                _store(shop, order, order.merged)
        last = ids[-1]


def _ids_after(shop: Shop, last: str) -> list[str]:
    undecided = Order.ineligible_reason.is_null() | (Order.ineligible_reason == BEFORE_PROGRAM)
    rows = Order.of(shop, Order.id).where(Order.id > last, undecided).order_by(Order.id).limit(RECONSIDER_CHUNK)
    return [row.id for row in rows]


def known_emails(shop: Shop, customer: Customer) -> list[str]:
    """The customer's e-mail addresses, as typed, each once: the account's, and those of their orders' checkouts."""
    rows = Order.of(shop, Order.billing_email).where(
        Order.customer_id == customer.id, Order.billing_email.is_null(False)
    )
    typed = [customer.email, *(row.billing_email for row in rows.order_by(Order.placed_at, Order.id))]
    found: dict[str, str] = {}
    for email in filter(emails.key_of, typed):
        found.setdefault(emails.key_of(email), str(email))
    return list(found.values())


def find(shop: Shop, platform: str, external_id: str) -> Order | None:
    """The order with the platform's own id; None while no message about it was booked."""
    return Order.one(shop, Order.platform == platform, Order.external_id == external_id)


def park(shop: Shop, platform: str, topic: str, body: bytes, *, reason: str, waits_for: str | None = None) -> None:
    """Store a message for the owner to see; a repeated body adds no second row."""
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
    """Mark the message as booked, after what it waited for has arrived."""
    Parked.change(parked.shop_id, {Parked.status: "booked"}, Parked.id == parked.id)


def retry(shop: Shop, parked_id: str) -> Parked:
    """Enqueue another try of the message: what was missing may exist now (stores/inbox.py). Raises NotFound."""
    with atomic():
        parked = Parked.need(shop, Parked.id == parked_id)
        if parked.status == "waiting":
            job_queue.enqueue(JobName.RETRY_PARKED, {"shop_id": shop.id, "parked_id": parked.id})
        return parked


def dismiss(shop: Shop, parked_id: str) -> Parked:
    """Mark a parked message as handled by the owner: it is not tried again. Raises NotFound."""
    Parked.change(shop, {Parked.status: "dismissed"}, Parked.id == parked_id, Parked.status == "waiting")
    return Parked.need(shop, Parked.id == parked_id)


def forget_addresses(shop: Shop) -> None:
    """Delete the digests of postal addresses from orders that were placed more than KEPT_DAYS ago: a daily task."""
    edge = clock.now() - timedelta(days=postal_addresses.KEPT_DAYS)
    old = Order.of(shop, Order.id).where(Order.placed_at < edge, WITH_ADDRESSES).limit(RECONSIDER_CHUNK)
    while ids := [row.id for row in old]:
        Order.change(shop, {"address_digests": []}, Order.id.in_(ids))
        old = old.clone()


def forget(person: Forgotten) -> None:
    """Keep a person's orders without what was typed at their checkouts; delete parked messages about this person.

    Orders and messages of others keep everything except this person's referral codes.
    """
    for order in list(Order.of(person.shop_id).where(Order.customer_id.in_(person.ids))):
        state = without_texts(order.merged).as_json() if order.state else order.state
        Order.change(person.shop_id, {**OF_CHECKOUT, "state": state}, Order.id == order.id)
    for code in person.codes:
        for order in list(Order.of(person.shop_id).where(Order.state.cast("TEXT").contains(code))):
            state = json.loads(person.without_codes(canonical(order.state)))
            Order.change(person.shop_id, {Order.state: state}, Order.id == order.id)
    texts = list(Parked.of(person.shop_id, Parked.id, Parked.waits_for, Parked.body, Parked.reason).tuples())
    for parked_id, waits_for, body, reason in texts:
        this_one = Parked.id == parked_id
        if waits_for in person.order_ids or person.owns_message(body) or person.is_named_in(reason):
            Parked.remove(person.shop_id, this_one)
        elif (left := person.without_codes(body)) != body:
            Parked.change(person.shop_id, {Parked.body: left}, this_one)


def _is_of_erased(shop: Shop, order: Order) -> bool:
    """Whether the owner was erased: an old order reported again must not create this person again."""
    return order.customer_id is not None and customers.by_id(shop.id, order.customer_id).erased_at is not None


def _lock(shop: Shop, platform: str, external_id: str) -> Order | None:
    rows = Order.of(shop).where(Order.platform == platform, Order.external_id == external_id)
    found: Order | None = lock_rows(rows).first()
    return found


def _locked(shop: Shop, platform: str, received: OrderState) -> Order:
    """The order's row, locked until the transaction ends; created without a state when it is new."""
    moment = clock.now()
    insert_once(
        Order,
        {
            "id": new_id(),
            "shop_id": shop.id,
            "platform": platform,
            "external_id": received.id,
            "number": received.number,
            "status": _status(received),
            "state": {},
            "ineligible_reason": _decided(shop, received),
            "placed_at": received.placed_at,
            "created_at": moment,
            "updated_at": moment,
        },
    )
    order = _lock(shop, platform, received.id)
    if order is None:
        raise AssertionError("the row was there or was just made")
    return order


def _claim(shop: Shop, order: Order, claim: Claim, person: Person) -> None:
    """Make the person of this claim the owner, if the claim wins; add the digests of the postal addresses."""
    is_old = order.placed_at < clock.now() - timedelta(days=postal_addresses.KEPT_DAYS)
    if not is_old and set(person.address_digests) - set(order.address_digests):
        order.address_digests = sorted({*person.address_digests, *order.address_digests})
    if not claim.beats(order):
        return
    facts: dict[str, Any] = {
        "customer_id": recognition.recognise(shop.id, person).id,
        "owner_by_id": claim.by_id,
        "owner_as_of": [*claim.as_of, claim.who],
        "billing_email": person.email or order.billing_email,
    }
    for name, value in facts.items():
        if getattr(order, name) != value:
            setattr(order, name, value)


def _digest(who: str) -> str:
    """Distinguishes two claims of one moment without storing a name."""
    return config.digest(f"claim:{emails.key_of(who) or who}")[:16]


def _decided(shop: Shop, received: OrderState) -> str | None:
    """Why an order that arrives for the first time now can never give points; decided once (acceptance 16)."""
    if not programs.of(shop.id).is_active:
        return PROGRAM_NOT_ACTIVE
    return OTHER_CURRENCY if received.currency != shop.currency else None


def _status(state: OrderState) -> str:
    """The status for the row: an order that became a draft again counts as cancelled."""
    return "cancelled" if state.is_void else state.status


def _ineligible_reason(shop: Shop, order: Order, placed_at: datetime) -> str | None:
    """Why the order gives no points; None when it may. Recomputed with every message about the order.

    An order that has counted still counts when the beginning is moved to after it (acceptance 59).
    """
    if order.ineligible_reason in DECIDED:
        return str(order.ineligible_reason)
    before = programs.is_before_program(shop, programs.of(shop.id), placed_at)
    if before and Award.one(shop, Award.order_id == order.id) is None:
        return BEFORE_PROGRAM
    return NO_CUSTOMER if order.customer_id is None else None


def _paid(state: OrderState) -> int:
    back = sum((refund.amount for refund in state.given_back), ZERO)
    return min(money.coins_of(max(state.total - back, ZERO), state.currency), PAID_MAX)


def _store(shop: Shop, order: Order, merged: OrderState) -> Order:
    if _is_of_erased(shop, order):
        merged = without_texts(merged)
    value, why = merged.as_json(), _ineligible_reason(shop, order, merged.placed_at)
    is_new = not order.state or canonical(order.state) != canonical(value) or why != order.ineligible_reason
    if not is_new and not order.dirty_fields:
        return order
    order.state, order.status, order.number = value, _status(merged), merged.number
    order.placed_at, order.updated_at = merged.placed_at, clock.now()
    order.paid = _paid(merged)
    order.ineligible_reason, order.was_paid = why, order.was_paid or "paid" in merged.reached
    order.save()
    emit(OrderChanged(order.shop_id, order.id))
    return order
