"""Customers: the people a shop knows. Visitors earn, only members redeem.

An e-mail is a person's own only once it is verified (acceptance 15, 45): whoever merely typed an address
never sees what belongs to its owner.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from peewee import Check

from widget_server import clock, ledger
from widget_server.db import Bool, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import EmailInvalid
from widget_server.events import CustomerChanged, CustomerJoined, SamePerson, emit

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
EMAIL_LENGTH_MAX = 254
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no look-alikes
REFERRAL_CODE_LENGTH = 7


class Customer(ShopTable):
    """A person. `external_id` is the shop's own id of her; `email` is kept as typed, `email_key` folded, `mailbox` what
    lies behind it (see `mailbox()`)."""

    id = Text(primary_key=True)
    status = Text(default="visitor")
    external_id = Text(null=True)
    email = Text(null=True)
    email_key = Text(null=True)
    mailbox = Text(null=True)
    email_verified = Bool(default=False)
    name = Text(null=True)
    phone = Text(null=True)
    birthday = Text(null=True)
    birthday_set_at = UtcDateTime(null=True)
    locale = Text(null=True)
    accepts_marketing = Bool(default=False)
    excluded = Bool(default=False)
    referral_code = Text(null=True)
    password_hash = Text(null=True)
    rewards_seen_at = UtcDateTime(null=True)
    merged_into = Text(null=True)
    erased_at = UtcDateTime(null=True)
    joined_at = UtcDateTime(null=True)
    left_at = UtcDateTime(null=True)
    registered_at = UtcDateTime(null=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = (
            (("shop_id", "external_id"), True),
            (("shop_id", "referral_code"), True),
            (("shop_id", "email_key"), False),
            (("shop_id", "mailbox"), False),
            (("shop_id", "created_at"), False),
        )
        constraints = [Check("status IN ('visitor', 'pending', 'member')")]

    @property
    def is_member(self) -> bool:
        """True while she may redeem."""
        return bool(self.status == "member")


@dataclass(frozen=True)
class Person:
    """What somebody tells us of a customer; None means not told."""

    external_id: str | None = None
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    phone: str | None = None
    birthday: date | None = None
    locale: str | None = None
    accepts_marketing: bool | None = None
    registered_at: datetime | None = None


def email_key(email: str) -> str:
    """An address folded for comparison: case never matters."""
    return email.strip().casefold()


def clean_email(email: str) -> str:
    """The address without blanks around it; raises EmailInvalid when it is not complete."""
    cleaned = email.strip()
    if len(cleaned) > EMAIL_LENGTH_MAX or not EMAIL.fullmatch(cleaned):
        raise EmailInvalid()
    return cleaned


def mailbox(email: str) -> str:
    """The mailbox behind an address: without +tags, and without dots where the host ignores them.

    Used to find one person behind several addresses (acceptance 44), never to sign anybody in.
    """
    local, _, host = email_key(email).partition("@")
    host = {"googlemail.com": "gmail.com"}.get(host, host)
    local = local.split("+", 1)[0]
    return f"{local.replace('.', '') if host == 'gmail.com' else local}@{host}"


def by_id(shop_id: str, customer_id: str) -> Customer:
    """The customer; raises NotFound."""
    return Customer.need(shop_id, Customer.id == customer_id)


def by_verified_email(shop_id: str, email: str) -> Customer | None:
    """Who owns this address, for certain."""
    return Customer.one(
        shop_id,
        Customer.email_key == email_key(email),
        Customer.email_verified == True,
        _present(),
    )


def by_referral_code(shop_id: str, code: str) -> Customer | None:
    """The member with this code; case does not matter."""
    return Customer.one(shop_id, Customer.referral_code == code.strip().upper(), Customer.status == "member")


def recognise(shop_id: str, person: Person) -> Customer:
    """Find whom `person` describes, or make her as a visitor, and note what is new.

    Who she is follows from the shop's id of her, else from a verified address, else from an address that
    nobody owns yet. When a verified address shows that two rows are one person, they are merged into the
    row with the shop's id (privacy: two adjusts and her orders).
    """
    with atomic():
        known = _by_external_id(shop_id, person.external_id)
        owner = _by_email(shop_id, person)
        if known is None and owner is not None and _may_be(owner, person):
            customer = owner
        elif known is None:
            customer = _make(shop_id)
        else:
            customer = known
        _note(customer, person)
        if person.email_verified and person.email:
            _gather(customer, person.email)
        return customer


def verify_email(customer: Customer, email: str) -> Customer:
    """She showed that `email` is hers: what visitors earned with it is hers too (acceptance 15)."""
    with atomic():
        _set(customer, email=email, email_key=email_key(email), mailbox=mailbox(email), email_verified=True)
        _gather(customer, email)
        return customer


def join(customer: Customer) -> bool:
    """Make her a member; the account is opened now. True when she was not one before."""
    with atomic():
        row = lock_rows(Customer.of(customer.shop_id).where(Customer.id == customer.id)).get()
        if row.is_member:
            return False
        moment = clock.now()
        _set(
            customer,
            status="member",
            joined_at=row.joined_at or moment,
            left_at=None,
            referral_code=row.referral_code or _fresh_code(customer.shop_id),
        )
        ledger.open_account(customer.shop_id, customer.id)
        emit(CustomerJoined(customer.shop_id, customer.id))
        return True


def leave(customer: Customer) -> None:
    """She leaves the program: a visitor again, her points stay until she joins again (acceptance 52)."""
    with atomic():
        _set(customer, status="visitor", left_at=clock.now(), password_hash=None)


def update(customer: Customer, **facts: Any) -> None:
    """Note facts about her and tell which ones changed."""
    with atomic():
        changed = _set(customer, **facts)
        if changed:
            emit(CustomerChanged(customer.shop_id, customer.id, changed))


def _present() -> Any:
    return Customer.merged_into.is_null() & Customer.erased_at.is_null()


def _by_external_id(shop_id: str, external_id: str | None) -> Customer | None:
    if external_id is None:
        return None
    return Customer.one(shop_id, Customer.external_id == external_id)


def _by_email(shop_id: str, person: Person) -> Customer | None:
    """The owner of the address, else the visitor who so far only used it."""
    if not person.email:
        return None
    owner = by_verified_email(shop_id, person.email)
    if owner is not None:
        return owner
    return Customer.one(
        shop_id,
        Customer.email_key == email_key(person.email),
        Customer.external_id.is_null(),
        Customer.status == "visitor",
        _present(),
    )


def _may_be(owner: Customer, person: Person) -> bool:
    """May somebody described as `person` be the row `owner`?

    A guest order with her address earns for her. Somebody registered with the shop is her only when the
    address is verified: who registers with another's address must not inherit her points (contracts §5).
    """
    if person.external_id is None:
        return True
    return person.email_verified and owner.external_id is None


def _make(shop_id: str) -> Customer:
    moment = clock.now()
    customer = Customer(id=new_id(), shop_id=shop_id, created_at=moment, updated_at=moment)
    customer.save(force_insert=True)
    return customer


def _note(customer: Customer, person: Person) -> None:
    facts: dict[str, Any] = {}
    if person.external_id and customer.external_id is None:
        facts["external_id"] = person.external_id
    own_word = person.external_id is not None or customer.email is None
    if person.email and own_word and not (customer.email_verified and not person.email_verified):
        facts |= {
            "email": person.email.strip(),
            "email_key": email_key(person.email),
            "mailbox": mailbox(person.email),
            "email_verified": person.email_verified,
        }
    for name in ("name", "phone", "locale"):
        if getattr(person, name) and (own_word or getattr(customer, name) is None):
            facts[name] = getattr(person, name)
    if person.birthday and customer.birthday is None:
        facts |= {"birthday": person.birthday.isoformat(), "birthday_set_at": clock.now()}
    if person.accepts_marketing is not None:
        facts["accepts_marketing"] = person.accepts_marketing
    if person.registered_at and customer.registered_at is None:
        facts["registered_at"] = person.registered_at
    update(customer, **facts)


def _gather(customer: Customer, email: str) -> None:
    """Merge into `customer` every other row that is the same person by this verified address."""
    others = Customer.of(customer.shop_id).where(
        Customer.email_key == email_key(email),
        Customer.id != customer.id,
        Customer.external_id.is_null() | (Customer.email_verified == True),
        _present(),
    )
    for other in others.order_by(Customer.id):
        if other.external_id is None:
            emit(SamePerson(customer.shop_id, other.id, customer.id))
        elif customer.external_id is not None:
            # two accounts of the shop with one verified address: the newer word owns it, points stay apart
            _set(other, email_verified=False)


def _set(customer: Customer, **facts: Any) -> tuple[str, ...]:
    changed = tuple(name for name, value in facts.items() if getattr(customer, name) != value)
    if changed:
        for name in changed:
            setattr(customer, name, facts[name])
        customer.updated_at = clock.now()
        customer.save()
    return changed


def _fresh_code(shop_id: str) -> str:
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(REFERRAL_CODE_LENGTH))
        if Customer.one(shop_id, Customer.referral_code == code) is None:
            return code


def touch_rewards_seen(customer: Customer) -> None:
    """She opened My rewards: the launcher's dot goes."""
    Customer.change(customer.shop_id, {Customer.rewards_seen_at: clock.now()}, Customer.id == customer.id)
