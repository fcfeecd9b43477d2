"""Requests of customers for their data, which a platform passes on: noted in the audit log until they are answered.

A request is open until somebody of the shop exports the customer (`privacy.export`), or the customer is erased.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from widget_server import clock
from widget_server.db import atomic
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop

NOUN = "data_request"
RECEIVE, ANSWER = "receive", "answer"
TIME_TO_ANSWER = timedelta(days=30)
SHOWN_FOR = timedelta(days=365)  # an older one is no longer open
ANSWERED_BY = ("staff", "api_key", "shell")  # not the customer's own download: the request is to the shop


@dataclass(frozen=True)
class OpenRequest:
    """A request that nobody has answered yet: the customer as they are now, and when it arrived."""

    customer: Customer
    received_at: datetime

    @property
    def due_at(self) -> datetime:
        """When it has to be answered."""
        return self.received_at + TIME_TO_ANSWER


def receive(shop: Shop, customer: Customer | None) -> OpenRequest | None:
    """Note a request; returns it, or None when it is open already, or about somebody of whom nothing is known."""
    if customer is None:
        audit_log.note(shop.id, RECEIVE, NOUN, after={"known": False})
        return None
    with atomic():
        customers.take_turns(shop.id, f"{NOUN} {customer.id}")
        if of_customer(shop, customer) is not None:
            return None
        audit_log.note(shop.id, RECEIVE, NOUN, customer.id)
        return of_customer(shop, customer)


def answer(shop: Shop, customer: Customer) -> None:
    """Note that the shop has the export for an open request of this customer."""
    if audit_log.acting_now().kind in ANSWERED_BY and of_customer(shop, customer) is not None:
        audit_log.note(shop.id, ANSWER, NOUN, customer.id)


def of_customer(shop: Shop, customer: Customer) -> OpenRequest | None:
    """Returns the open request of this customer; None without one."""
    return next((one for one in open_requests(shop) if one.customer.id == customer.id), None)


def open_requests(shop: Shop) -> list[OpenRequest]:
    """Returns the requests of a year that nobody has answered yet, the oldest first."""
    entries = AuditEntry.of(shop).where(
        AuditEntry.noun == NOUN,
        AuditEntry.created_at > clock.now() - SHOWN_FOR,
        AuditEntry.subject_id.is_null(False),
    )
    rows = list(entries.order_by(AuditEntry.created_at, AuditEntry.id))
    named = Customer.of(shop).where(Customer.id.in_({row.subject_id for row in rows} or {""}))
    living = {one.id: customers.live(one) for one in named}
    since: dict[str, datetime] = {}
    for row in rows:
        customer = living.get(row.subject_id)
        if customer is None:  # deleted since
            continue
        if row.verb == ANSWER or customer.erased_at is not None:
            since.pop(customer.id, None)
        else:
            since.setdefault(customer.id, row.created_at)
    by_id = {one.id: one for one in living.values()}
    return [OpenRequest(by_id[id], received_at) for id, received_at in since.items()]
