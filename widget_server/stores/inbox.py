"""Handles a shop's webhooks: each message is booked, or parked where the owner sees it, in one transaction.

A signed body never fails because of its content; one that cannot be booked is parked, with the reason
(docs/contracts.md §4).
"""

from dataclasses import dataclass
from datetime import datetime

from marshmallow import ValidationError

from widget_server import clock, config
from widget_server.db import atomic
from widget_server.errors import Refusal
from widget_server.events import CustomerPastChanged, CustomerRegistered, SamePerson, emit
from widget_server.json_types import JsonObject
from widget_server.loyalty.earning import actions, deliveries, orders, parked_messages
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.people import customers, data_requests, emails, privacy, recognition, sessions
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import notices
from widget_server.stores import messages as say
from widget_server.stores.messages import MalformedMessage
from widget_server.stores.platforms import PLATFORMS
from widget_server.stores.shapes import ActionFacts, CustomerFacts, read, read_order, read_refund
from widget_server.stores.shopify import looking as shopify_looking
from widget_server.stores.shopify import redaction
from widget_server.web.bodies import faults

NEWS = "news"  # the common meaning of all topics that report a current state


@dataclass(frozen=True)
class Outcome:
    """The result for a message: booked, parked or ignored, the reason, and the path of an invalid field."""

    status: str
    reason: str | None = None
    field: str | None = None


BOOKED = Outcome("booked")


def deliver(shop: Shop, platform: str, topic: str, body: bytes) -> Outcome:
    """Book a signed body, or park it. Returns the outcome."""
    try:
        with atomic():
            _need_first_meaning(shop, platform, topic, body)
            return _book(shop, platform, topic, body)
    except (MalformedMessage, ValidationError, Refusal) as refused:
        reason, field = _reason(refused), _field(refused)
    orders.park(shop, platform, topic, body, reason=reason)
    return Outcome("parked", reason, field)


def _need_first_meaning(shop: Shop, platform: str, topic: str, body: bytes) -> None:
    """Raises MalformedMessage when this body came before with another meaning: topics are unsigned (contracts §18)."""
    endings = PLATFORMS[platform].ENDINGS
    if endings:
        meaning = topic if topic in endings else NEWS
        first = deliveries.first_topic(shop, meaning, body)
        if first != meaning:
            raise MalformedMessage(f"this body came before, as {first}")


def retry(shop: Shop, parked_id: str) -> Outcome:
    """Try a parked message again; one that still cannot be booked stays parked, with the new reason.

    Returns the outcome; raises NotFound.
    """
    parked = Parked.need(shop, Parked.id == parked_id)
    if parked.status != "waiting":
        return Outcome(parked.status)
    try:
        with atomic():
            outcome = _book(shop, parked.platform, parked.topic, parked.body.encode())
            if outcome.status != "parked":
                orders.unpark(parked)
            return outcome
    except (MalformedMessage, ValidationError, Refusal) as refused:
        reason = _reason(refused)
    Parked.change(shop, {Parked.reason: reason[:300]}, Parked.id == parked.id)
    return Outcome("parked", reason)


def retry_all(shop: Shop) -> None:
    """The job that tries every waiting message of the shop again (`retry`), each in its own transaction."""
    last = ""
    while ids := parked_messages.waiting_after(shop, last):
        for parked_id in ids:
            retry(shop, parked_id)
        last = ids[-1]


def _reason(refused: Exception) -> str:
    """Returns why a message was not booked, as text for the owner."""
    if isinstance(refused, ValidationError):
        return ": ".join(faults(refused.normalized_messages())[0])
    return f"{refused.code}: {refused.message}" if isinstance(refused, Refusal) else str(refused)


def _field(refused: Exception) -> str | None:
    """Returns the path of the field because of which a message was not booked; None when it is not one field."""
    if isinstance(refused, ValidationError):
        return faults(refused.normalized_messages())[0][0] or None
    return refused.field if isinstance(refused, Refusal) else None


def _book(shop: Shop, platform: str, topic: str, body: bytes) -> Outcome:
    match PLATFORMS[platform].translate(topic, body):
        case say.OrderSeen(order):
            return _order(shop, platform, topic, body, order)
        case say.RefundSeen(order_id, refund):
            seen = orders.receive_refund(shop, platform, order_id, read_refund(refund))
            return BOOKED if seen else _wait(shop, platform, topic, body, order_id)
        case say.OrderGone(order_id):
            gone = orders.receive_deletion(shop, platform, order_id)
            return BOOKED if gone else _wait(shop, platform, topic, body, order_id)
        case say.CustomerSeen(customer):
            return _customer(shop, customer)
        case say.CustomersMerged(kept_id, deleted_id):
            return _merge(shop, kept_id, deleted_id)
        case say.CustomerErased(customer_id, email):
            return _erase(shop, customer_id, email)
        case say.ActionSeen(action):
            return _action(shop, platform, action)
        case say.DataRequested(customer_id, email):
            return _data_requested(shop, customer_id, email)
        case say.ShopErased(domain):
            if not redaction.is_connected_to(shop, domain):
                reason = "the platform asks to forget a shop that is not connected here"
                return _for_the_owner(shop, platform, topic, body, reason)
            redaction.demand(shop)
            return BOOKED
        case say.AppUninstalled():
            shopify_looking.note_uninstalled(shop)
            return BOOKED
        case say.Ignored(reason):
            return Outcome("ignored", reason)
    raise MalformedMessage("a message that is not used")


def _order(shop: Shop, platform: str, topic: str, body: bytes, order: JsonObject) -> Outcome:
    state, buyer = read_order(order)
    if is_part(state):
        return _part(shop, platform, topic, body, state)
    if state.status == "draft" and orders.find(shop, platform, state.id) is None:
        return Outcome("ignored", "a cart is not an order")
    orders.receive(shop, platform, state, buyer)
    for parked in orders.parked_for(shop, platform, state.id):
        _book(shop, platform, parked.topic, parked.body.encode())
        orders.unpark(parked)
    return BOOKED


def is_part(order: OrderState) -> bool:
    """True for a sub-order: one purchase counts once, however many records a shop splits it into."""
    return order.parent_id is not None


def _part(shop: Shop, platform: str, topic: str, body: bytes, part: OrderState) -> Outcome:
    """A sub-order is not an order of its own; its refunds and its cancellation reduce the parent order."""
    parent_id = part.parent_id or ""
    parent = orders.receive_child(shop, platform, parent_id, part)
    if parent is None:
        return _wait(shop, platform, topic, body, parent_id)
    return Outcome("ignored", f"a part of order {parent.number}, which counts as a whole")


def _customer(shop: Shop, body: JsonObject) -> Outcome:
    facts = read(CustomerFacts, body)
    if facts.deleted:
        return _detach(shop, facts.id)
    person = facts.as_person()
    if person is None:
        raise MalformedMessage("neither an id nor an e-mail")
    known = customers.by_external_id(shop.id, facts.id)
    customer = recognition.recognise(shop.id, person)
    if facts.registered_at is not None and (known is None or known.registered_at is None):
        emit(CustomerRegistered(shop.id, customer.id, facts.referral_code))
    if known is None or _past(known) != _past(customer):
        emit(CustomerPastChanged(shop.id, customer.id))
    return BOOKED


def _past(customer: Customer) -> tuple[datetime | None, datetime | None, bool]:
    """Returns the facts about the time before the first order that we know of."""
    return customer.registered_at, customer.paying_at, customer.not_paying_at is not None


def _detach(shop: Shop, external_id: str) -> Outcome:
    """The shop deleted the customer's account: its token no longer signs them in; they keep the points by e-mail."""
    customer = customers.by_external_id(shop.id, external_id)
    if customer is None:
        return Outcome("ignored", "not known")
    sessions.close_all(shop.id, customer.id)
    customers.update(customer, external_id=None)
    return BOOKED


def _merge(shop: Shop, kept_id: str, deleted_id: str) -> Outcome:
    """The shop merged two customers: merge them here too; the deleted id then leads to the one that was kept."""
    gone = customers.by_external_id(shop.id, deleted_id)
    if gone is None:
        return Outcome("ignored", "not known")
    kept = recognition.recognise(shop.id, Person(external_id=kept_id))
    if kept.id != gone.id:
        emit(SamePerson(shop.id, gone.id, kept.id))
    return BOOKED


def _data_requested(shop: Shop, external_id: str | None, email: str | None) -> Outcome:
    """Note the request for the owners, and mail them, once while it is open."""
    customer = _named(shop, external_id, email)
    request = data_requests.receive(shop, customer)
    if request is not None:
        link = f"{config.current().base_url}/dashboard/customers/{request.customer.id}"
        notices.tell_owners(shop, "staff_data_request", {"link": link, "expires_at": clock.iso(request.due_at)})
    return BOOKED if customer is not None else Outcome("ignored", "not known")


def _named(shop: Shop, external_id: str | None, email: str | None) -> Customer | None:
    """Returns the person whom the platform names: by its id, else a guest by the address."""
    customer = customers.by_external_id(shop.id, external_id) if external_id else None
    if customer is None and email:
        customer = Customer.one(
            shop, Customer.email_key == emails.key_of(email), Customer.external_id.is_null(), customers.present()
        )
    return customer


def _erase(shop: Shop, external_id: str | None, email: str | None) -> Outcome:
    customer = _named(shop, external_id, email)
    if customer is None:
        privacy.erase_unknown(shop, external_id=external_id, email=email)
        return Outcome("ignored", "not known")
    privacy.erase(shop, customer, email=email)
    return BOOKED


def _action(shop: Shop, platform: str, body: JsonObject) -> Outcome:
    facts = read(ActionFacts, body)
    person = facts.customer.as_person()
    if person is None:
        raise MalformedMessage("customer: neither an id nor an e-mail")
    customer = recognition.recognise(shop.id, person)
    kind, name = _kind_and_name(facts.type)
    action = actions.Action(kind, facts.id, name or None, facts.value, facts.occurred_at)
    booked = actions.fire(shop, customer, action, source=f"store:{platform}")
    return BOOKED if booked else Outcome("ignored", "no rule gives points for this now")


def _kind_and_name(type: str) -> tuple[str, str]:
    """Returns the kind of rule for an action, and the name within it; an unknown type is a custom action."""
    word, _, name = type.partition(":")
    kind = KINDS.get(word)
    if kind is None or kind.reported_by != "shop":
        return "custom", type
    return kind.name, name if kind.named_by else ""


def _wait(shop: Shop, platform: str, topic: str, body: bytes, order_id: str) -> Outcome:
    orders.park(shop, platform, topic, body, reason="its order is not known yet", waits_for=order_id)
    return Outcome("parked", "its order is not known yet")


def _for_the_owner(shop: Shop, platform: str, topic: str, body: bytes, reason: str) -> Outcome:
    orders.park(shop, platform, topic, body, reason=reason)
    return Outcome("parked", reason)
