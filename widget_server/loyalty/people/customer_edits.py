"""Edits of customers by the merchant: adding a customer, and changing what is known of one (contracts §7)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypedDict, Unpack, cast

from widget_server import clock
from widget_server.db import atomic
from widget_server.errors import BadRequest, CustomerExists, NotFound
from widget_server.loyalty.people import customers, emails, lines, recognition
from widget_server.loyalty.people.customers import Customer, CustomerFacts, Person, Status
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.program.letter_kinds import TOPICS_OFF, turned_off

LABELS_MAX = 50
LABEL_LENGTH_MAX = 80
NOTES_LENGTH_MAX = 5_000


class EditableFacts(TypedDict, total=False):
    """What staff may change of a customer besides the address; only staff see `notes` and `labels`.

    `mails_off` are topics of mails, or `all` (letter_kinds.py).
    """

    name: str | None
    phone: str | None
    locale: str | None
    accepts_marketing: bool
    external_id: str | None
    excluded: bool
    labels: Sequence[str]
    notes: str | None
    birthday: date
    mails_off: Sequence[str]


class CustomerEdits(EditableFacts, total=False):
    """The keyword arguments of `edit`: the facts, and the address."""

    email: str | None
    email_verified: bool


def create(shop_id: str, person: Person, *, status: Status = "visitor") -> Customer:
    """Add a customer whom the merchant names (contracts §7). This opens no account, not for a member either.

    An account is opened by the admin API's call, or with the first points, such as those for joining (contracts §1).
    Raises EmailInvalid, CustomerExists when another customer has this address or this id of the shop, and BadRequest
    for a name, phone or locale that is not one line of text.
    """
    if person.email is not None:
        person = replace(person, email=emails.parse(person.email).typed)
    for name in customers.LINES:
        lines.check(name, getattr(person, name))
    with atomic():
        customers.take_turns(shop_id, person.external_id, emails.key_of(person.email))
        _check_new(shop_id, external_id=person.external_id, email=person.email)
        customer = customers.new_visitor(shop_id)
        recognition.note(customer, person)
        if status == "pending":
            customers.update(customer, status=status)
        elif status == "member":
            customers.admit(customer)
        return customer


def edit(
    shop_id: str,
    customer_id: str,
    *,
    email: str | None = None,
    email_verified: bool | None = None,
    **edits: Unpack[EditableFacts],
) -> Customer:
    """Change what is known of a customer, on behalf of staff; what is not given stays.

    A new address counts as verified only when `email_verified` says so. Excluded customers earn nothing until they are
    included again (acceptance 58). Raises NotFound (also when the customer was erased), EmailInvalid, CustomerExists,
    and BadRequest for labels and notes that are too long or too many, a text that is not one line, or an
    unknown topic of mails.
    """
    if unknown := edits.keys() - EditableFacts.__annotations__.keys():
        raise TypeError(f"not to be edited: {sorted(unknown)}")
    for name in customers.LINES:
        lines.check(name, edits.get(name))
    parsed = None if email is None else emails.parse(email)
    with atomic():
        customers.take_turns(shop_id, edits.get("external_id"), parsed.key if parsed else None)
        customer = customers.refresh(customers.live(customers.by_id(shop_id, customer_id)))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        address = _address_facts(customer, parsed, email_verified)
        _check_new(shop_id, external_id=edits.get("external_id"), email=address.get("email"), but=customer.id)
        facts = _cleaned(edits) | address
        if "birthday" in edits:
            facts["birthday_set_at"] = clock.now()
        if facts.keys() & {"email", *customers.LINES}:
            facts["facts_as_of"] = clock.now()
        customers.update(customer, **facts)
        return customer


def _address_facts(customer: Customer, email: Email | None, verified: bool | None) -> CustomerFacts:
    """Returns the columns of a new address, or the new `email_verified` of the present one."""
    if email is not None:
        known = customer.email_verified and customer.email_key == email.key
        return customers.address_columns(email, known if verified is None else verified)
    if verified is not None and customer.email_key is not None:
        return {"email_verified": verified}
    return {}


def _cleaned(edits: EditableFacts) -> CustomerFacts:
    """Returns the edits as stored; raises BadRequest for labels and notes that are too long or too many."""
    facts = cast(CustomerFacts, dict(edits))
    if "labels" in edits:
        facts["labels"] = _clean_labels(edits["labels"])
    if "birthday" in edits:
        facts["birthday"] = edits["birthday"].isoformat()
    if "mails_off" in edits:
        facts["mails_off"] = _topics_off(edits["mails_off"])
    if len(edits.get("notes") or "") > NOTES_LENGTH_MAX:
        raise BadRequest(f"Notes have at most {NOTES_LENGTH_MAX} characters.", field="notes")
    return facts


def _topics_off(topics: Sequence[str]) -> list[str]:
    """Returns the topics as stored; raises BadRequest for an unknown one."""
    if not set(topics) <= set(TOPICS_OFF):
        raise BadRequest(f"Topics are {', '.join(TOPICS_OFF)}.", field="mailsOff")
    return turned_off(topics)


def _check_new(shop_id: str, *, external_id: str | None, email: str | None, but: str | None = None) -> None:
    """Raises CustomerExists when a customer other than `but` has this id of the shop, or this address."""
    others = Customer.of(shop_id).where(Customer.id != but) if but else Customer.of(shop_id)
    for field, theirs in (
        ("externalId", external_id and (Customer.external_id == external_id)),
        ("email", email and (Customer.email_key == emails.key_of(email)) & customers.present()),
    ):
        other = others.where(theirs).first() if theirs else None
        if other is not None:
            raise CustomerExists(field=field, customer_id=other.id)


def _clean_labels(labels: Iterable[str]) -> list[str]:
    """Returns each label once, ignoring case, in the order given."""
    kept = {label.strip().lower(): label.strip() for label in reversed(list(labels)) if label.strip()}
    if len(kept) > LABELS_MAX or any(len(label) > LABEL_LENGTH_MAX for label in kept.values()):
        raise BadRequest(f"Up to {LABELS_MAX} labels of at most {LABEL_LENGTH_MAX} characters.", field="labels")
    return list(kept.values())[::-1]
