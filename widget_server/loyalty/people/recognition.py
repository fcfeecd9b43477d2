"""Recognition: whose row a message, a sign-in or an order is about, and which of its facts are new (contracts §5).

An e-mail address belongs to a person only once it is verified (acceptance 15, 45): somebody who merely typed an
address never sees what belongs to its owner.
"""

from dataclasses import replace

from peewee import Case

from widget_server import clock
from widget_server.db import atomic
from widget_server.events import SamePerson, emit
from widget_server.loyalty.people import customers, emails, lines
from widget_server.loyalty.people.customers import Customer, CustomerFacts, Person
from widget_server.loyalty.people.emails import Email


def recognise(shop_id: str, person: Person) -> Customer:
    """Find the customer whom `person` describes, or create a visitor, and store what is new; returns the customer.

    They are found by the shop's id, else by a verified address, else by an address that nobody owns yet (contracts §5).
    When a verified address shows that two rows are one person, they are merged into the row with the shop's id
    (merging.merge). A text that is not an address (emails.py) is ignored: tills send "-" for
    customers without one. Names, phones and locales are cleaned to one line of text.
    """
    person = _cleaned(person)
    with atomic():
        customers.take_turns(shop_id, person.external_id, emails.key_of(person.email))
        known = customers.by_external_id(shop_id, person.external_id) if person.external_id else None
        customer = known or _by_email(shop_id, person) or customers.new_visitor(shop_id)
        note(customer, person)
        owns = person.email_verified and customer.email_verified and customer.email_key == emails.key_of(person.email)
        return _gather(customer) if owns else customer


def prove_email(customer: Customer, email: str) -> Customer:
    """Verify the customer's own address, and merge in rows that only used it.

    Returns the customer as they are now. Raises EmailInvalid.
    """
    person = Person(email=emails.parse(email).typed, email_verified=True, of_account=True)
    with atomic():
        customers.take_turns(customer.shop_id, emails.key_of(email))
        customer = customers.refresh(customers.live(customers.by_id(customer.shop_id, customer.id)))
        note(customer, person)
        return _gather(customer)


def _cleaned(person: Person) -> Person:
    """Returns the facts in the form that is stored: a valid address or none, each text one line."""
    email = emails.find(person.email)
    return replace(
        person,
        email=email.typed if email else None,
        email_verified=person.email_verified and email is not None,
        name=lines.clean(person.name),
        phone=lines.clean(person.phone),
        locale=lines.clean(person.locale),
    )


def _by_email(shop_id: str, person: Person) -> Customer | None:
    """Returns the row of the address's owner, else one that only used it so far; or None.

    A guest order with the address earns for its owner. A customer who is registered with the shop is the owner only
    when the address is verified: registering with another person's address must not give their points (contracts §5).
    """
    if not person.email or (person.external_id is not None and not person.email_verified):
        return None
    owner = customers.by_verified_email(shop_id, person.email)
    if owner is not None:
        return owner if person.external_id is None or owner.external_id is None else None
    unclaimed = Customer.of(shop_id).where(
        Customer.email_key == emails.key_of(person.email), Customer.external_id.is_null(), customers.present()
    )
    if not person.email_verified:
        unclaimed = unclaimed.where(Customer.status != "member")
    members_first = Case(None, [(Customer.status == "member", 0)], 1)
    found: Customer | None = unclaimed.order_by(members_first, Customer.created_at, Customer.id).first()
    return found


def note(customer: Customer, person: Person) -> None:
    """Store what is new on the customer's row, which the caller has locked.

    Only facts about the account replace stored ones (`replaces`); the others only fill in blanks.
    """
    facts: CustomerFacts = {}
    if person.external_id and customer.external_id is None:
        facts["external_id"] = person.external_id
    newest = replaces(customer, person)
    email = emails.find(person.email)
    if email is not None and _may_be_noted(customer, email, person.email_verified, newest=newest):
        facts |= customers.address_columns(email, person.email_verified)
    for name in customers.LINES:
        if getattr(person, name) and (newest or getattr(customer, name) is None):
            facts[name] = getattr(person, name)
    if person.birthday and customer.birthday is None:
        facts |= {"birthday": person.birthday.isoformat(), "birthday_set_at": clock.now()}
    if person.accepts_marketing is not None and (newest or customer.facts_as_of is None):
        facts["accepts_marketing"] = person.accepts_marketing
    if person.registered_at:
        facts["registered_at"] = min(person.registered_at, customer.registered_at or person.registered_at)
    if newest and person.as_of is not None:
        facts["facts_as_of"] = person.as_of
    facts |= _paying(customer, person)
    customers.update(customer, **facts)


def replaces(customer: Customer, person: Person) -> bool:
    """Whether these facts may replace stored ones: they are about the account, and are not older."""
    return person.of_account and (
        person.as_of is None or customer.facts_as_of is None or person.as_of >= customer.facts_as_of
    )


def _may_be_noted(customer: Customer, email: Email, verified: bool, *, newest: bool) -> bool:
    """An unverified address never replaces a verified one; any source may verify the stored address."""
    if customer.email_key is None:
        return True
    proves = verified and customer.email_key == email.key
    return (verified or not customer.email_verified) and (newest or proves)


def _paying(customer: Customer, person: Person) -> CustomerFacts:
    """Returns the earliest time of a report of a paid order, or the latest time of a report of none."""
    if person.paying is None:
        return {}
    moment = person.as_of or clock.now()
    if person.paying:
        return {"paying_at": min(moment, customer.paying_at or moment)}
    return {"not_paying_at": max(moment, customer.not_paying_at or moment)}


def _gather(customer: Customer) -> Customer:
    """Merge into `customer` every other row that is the same person by their verified address."""
    others = Customer.of(customer.shop_id).where(
        Customer.email_key == customer.email_key,
        Customer.id != customer.id,
        Customer.external_id.is_null() | (Customer.email_verified == True),
        customers.present(),
    )
    for other in list(others.order_by(Customer.id)):
        if other.external_id is None:
            emit(SamePerson(customer.shop_id, other.id, customer.id))
        else:
            # two accounts of the shop with one verified address: the newer report owns it, points stay apart
            customers.set_facts(other, email_verified=False)
    return customers.refresh(customer)
