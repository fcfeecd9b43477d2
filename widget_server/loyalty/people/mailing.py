"""Letters to customers: who may get one now. Every letter that an owner can switch on or off is sent by `send`, or by
`send_each` to many.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from widget_server import holds, idempotency
from widget_server.db import among, atomic
from widget_server.events import MailWanted, ManyMailsWanted, emit
from widget_server.json_types import JsonObject
from widget_server.loyalty.people import mail_preferences
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import LETTER_KINDS
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop

AT_LEAST, AT_MOST = 10, 200  # letters of one transaction

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Facts of this block are noted for no letter: it changes many customers, or only moves what they have."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def is_on(program: Program, *letters: str) -> bool:
    """Whether the shop sends any of these letters, and the present change is not one without letters."""
    return not _quiet.get() and not set(letters).isdisjoint(program.rules.letters)


def may_get(program: Program, customer: Customer, letter: str) -> bool:
    """Whether this customer gets this letter now.

    The shop has it on, and the customer is a member who takes part, with a verified address, and wants its topic.
    """
    kind = LETTER_KINDS[letter]
    has_address = customer.email is not None and customer.email_verified
    if not (is_on(program, letter) and customer.is_member and not customer.excluded and has_address):
        return False
    if kind.advertises and not customer.accepts_marketing:
        return False
    return kind.topic is None or mail_preferences.wants(customer, kind.topic)


def send(shop: Shop, customer: Customer, letter: str, values: JsonObject, *, key: str) -> bool:
    """Queue the letter if the customer may get it and `key`, the fact behind it, has sent none before.

    Returns whether the customer may get it. It is called in the transaction of the fact, or of the job that reads it.
    """
    if not may_get(programs.of(shop.id), customer, letter):
        return False
    wanted = _wanted(shop, customer, letter, values)
    idempotency.run_once(shop.id, "job", key, key, lambda: emit(wanted), customer_id=customer.id)
    return True


def _wanted(shop: Shop, customer: Customer, letter: str, values: JsonObject) -> MailWanted:
    locale = customer.locale or shop.locale
    return MailWanted(shop.id, letter, str(customer.email), locale, dict(values), customer_id=customer.id)


@dataclass(frozen=True)
class Letter:
    """A letter to one customer, as `send` takes it."""

    customer_id: str
    name: str
    values: JsonObject
    key: str


def send_each(shop: Shop, letters: Sequence[Letter]) -> Iterator[int]:
    """Send those whose key has sent none before, some in each transaction; yields after each how many may get theirs.

    Only new ones take the write lock.
    """
    known = idempotency.known(shop.id, "job", [letter.key for letter in letters])
    fresh = [letter for letter in letters if letter.key not in known]
    pace = holds.Pace(smallest=AT_LEAST, largest=AT_MOST)
    for some in pace.slices(fresh):
        with pace.measured(len(some)), atomic():
            sent = send_together(shop, some)
        yield sent


def send_together(shop: Shop, letters: Sequence[Letter]) -> int:
    """Do `send` for each of the letters by a few statements; returns how many customers may get theirs."""
    program = programs.of(shop.id)
    of_these = Customer.of(shop).where(among(Customer.id, {letter.customer_id for letter in letters}))
    readers = {customer.id: customer for customer in of_these}
    due = [one for one in letters if may_get(program, readers[one.customer_id], one.name)]
    by_key = {one.key: one for one in due}
    fresh = idempotency.take_many(shop.id, "job", {key: one.customer_id for key, one in by_key.items()})
    mails = [
        _wanted(shop, readers[one.customer_id], one.name, one.values) for key, one in by_key.items() if key in fresh
    ]
    if mails:
        emit(ManyMailsWanted(shop.id, tuple(mails)))
    return len(due)
