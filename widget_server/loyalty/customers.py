"""Customers: the people a shop knows. Visitors earn, only members redeem.

An e-mail is a person's own only once it is verified (acceptance 15, 45): whoever merely typed an address
never sees what belongs to its owner.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from peewee import Case, Check

from widget_server import clock, ledger
from widget_server.db import (
    Bool,
    Json,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    database,
    lock_rows,
    new_id,
    on_sqlite,
)
from widget_server.errors import BadRequest, CustomerExists, EmailInvalid, NotFound
from widget_server.events import CustomerChanged, CustomerJoined, SamePerson, emit
from widget_server.loyalty import access

BLANK = r"\s\x00-\x1f\x7f-\x9f"  # controls by name: what is a blank, languages do not agree on
EMAIL = re.compile(rf"[^@{BLANK}]+@[^@{BLANK}.]+(\.[^@{BLANK}.]+)+")
EMAIL_LENGTH_MAX = 254
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no look-alikes
REFERRAL_CODE_LENGTH = 7
LABELS_MAX = 50
LABEL_LENGTH_MAX = 80
NOTES_LENGTH_MAX = 5_000
EDITABLE = frozenset(
    ("name", "phone", "locale", "accepts_marketing", "external_id", "excluded", "labels", "notes", "birthday")
)
DERIVED = ("email_key", "mailbox")  # nobody is told of what only follows from her address

Status = Literal["visitor", "pending", "member"]


class Customer(ShopTable):
    """A person. `external_id` is the shop's own id of her; `email` is kept as typed, `email_key` folded, `mailbox` what
    lies behind it (see `mailbox()`). `labels` and `notes` are the
    merchant's own: no shopper reads the notes."""

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
    labels = Json(default=list)
    notes = Text(null=True)
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
            (("referral_code",), True),
            (("shop_id", "email_key"), False),
            (("shop_id", "mailbox"), False),
            (("shop_id", "merged_into"), False),
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
    """An address folded for comparison: case never matters.

    Not casefold(), which takes weiß.de and weiss.de, two people's addresses, for one.
    """
    return email.strip().lower()


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
    """The member with this code, case apart; the code of a merged row leads to her too."""
    return _member_with(Customer.of(shop_id), code)


def by_external_id(shop_id: str, external_id: str) -> Customer | None:
    """Who has this id in the shop."""
    found = Customer.one(shop_id, Customer.external_id == external_id)
    return None if found is None else live(found)


def live(customer: Customer) -> Customer:
    """The person behind a row: a merged one is a signpost to the row it went into."""
    return by_id(customer.shop_id, customer.merged_into) if customer.merged_into else customer


def ids_of(customer: Customer) -> list[str]:
    """The ids by which this person was ever known here: of this row, and of the rows merged into it."""
    merged = Customer.of(customer.shop_id, Customer.id).where(Customer.merged_into == customer.id)
    return [customer.id, *(row.id for row in merged)]


def anywhere_by_referral_code(code: str) -> Customer | None:
    """The member with this code in whichever shop: codes are unique across shops, for our own short links."""
    return _member_with(Customer.everywhere(), code)


def recognise(shop_id: str, person: Person) -> Customer:
    """Find whom `person` describes, or make her as a visitor, and note what is new.

    Who she is follows from the shop's id of her, else from a verified address, else from an address that
    nobody owns yet. When a verified address shows that two rows are one person, they are merged into the
    row with the shop's id (privacy.merge). What is no address tells nothing: tills
    send "-" for everybody who has none.
    """
    if person.email and not EMAIL.fullmatch(person.email.strip()):
        person = replace(person, email=None)
    with atomic():
        _take_turns(shop_id, person.external_id, person.email and email_key(person.email))
        known = by_external_id(shop_id, person.external_id) if person.external_id else None
        customer = known or _by_email(shop_id, person) or _make(shop_id)
        _note(customer, person)
        return _gather(customer, person.email) if person.email_verified and person.email else customer


def create(shop_id: str, person: Person, *, status: Status = "visitor") -> Customer:
    """Somebody the merchant tells us of (contracts §7). Merely to be made opens no account, a member's neither
    (contracts §1): that does the admin API's call, or her first points, such as those of joining.

    Raises EmailInvalid, CustomerExists when somebody here has this address or this id of the shop.
    """
    if person.email is not None:
        person = replace(person, email=clean_email(person.email))
    with atomic():
        _take_turns(shop_id, person.external_id, person.email and email_key(person.email))
        _check_new(shop_id, external_id=person.external_id, email=person.email)
        customer = _make(shop_id)
        _note(customer, person)
        if status == "pending":
            update(customer, status=status)
        elif status == "member":
            _admit(customer)
        return customer


def edit(
    shop_id: str, customer_id: str, *, email: str | None = None, email_verified: bool | None = None, **facts: Any
) -> Customer:
    """Staff change what is known of her: an address, or any of EDITABLE; what is not given stays.

    A new address counts as verified only when `email_verified` says so. The excluded earn nothing until they are
    included again (acceptance 58). Raises NotFound (also when she was erased), EmailInvalid, CustomerExists, and
    BadRequest for labels and notes that are too long or too many.
    """
    if unknown := facts.keys() - EDITABLE:
        raise TypeError(f"not to be edited: {sorted(unknown)}")
    with atomic():
        _take_turns(shop_id, facts.get("external_id"), email and email_key(email))
        customer = _fresh(live(by_id(shop_id, customer_id)))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        if email is not None:
            known = customer.email_verified and customer.email_key == email_key(email)
            facts |= _address(clean_email(email), known if email_verified is None else email_verified)
        elif email_verified is not None and customer.email is not None:
            facts["email_verified"] = email_verified
        _check_new(shop_id, external_id=facts.get("external_id"), email=facts.get("email"), but=customer.id)
        if "labels" in facts:
            facts["labels"] = _clean_labels(facts["labels"])
        if "birthday" in facts:
            facts |= {"birthday": facts["birthday"].isoformat(), "birthday_set_at": clock.now()}
        if len(facts.get("notes") or "") > NOTES_LENGTH_MAX:
            raise BadRequest(f"Notes have at most {NOTES_LENGTH_MAX} characters.", field="notes")
        update(customer, **facts)
        return customer


def join(customer: Customer) -> bool:
    """Make her a member; the account is opened now. True when she was not one before."""
    with atomic():
        if _fresh(customer).is_member:
            return False
        ledger.open_account(customer.shop_id, customer.id)
        _admit(customer)
        return True


def _admit(customer: Customer) -> None:
    _set(
        customer,
        status="member",
        joined_at=customer.joined_at or clock.now(),
        left_at=None,
        referral_code=customer.referral_code or _fresh_code(),
    )
    emit(CustomerJoined(customer.shop_id, customer.id))


def leave(customer: Customer) -> None:
    """She leaves the program: a visitor again, signed out everywhere; her points stay (acceptance 52)."""
    with atomic():
        _set(_fresh(customer), status="visitor", left_at=clock.now(), password_hash=None)
        access.close_all(customer.shop_id, customer.id)


def set_status(customer: Customer, status: Status) -> None:
    """Staff make her a member, take her out of the program, or keep her waiting; what she is already, she stays."""
    if status == customer.status:
        return
    if status == "member":
        join(customer)
        return
    with atomic():
        if customer.is_member:
            leave(customer)
        update(customer, status=status)


def update(customer: Customer, **facts: Any) -> None:
    """Note facts about her and tell which ones changed."""
    with atomic():
        changed = tuple(name for name in _set(_fresh(customer), **facts) if name not in DERIVED)
        if changed:
            emit(CustomerChanged(customer.shop_id, customer.id, changed))


def _check_new(shop_id: str, *, external_id: str | None, email: str | None, but: str | None = None) -> None:
    """Raise CustomerExists when somebody other than `but` has this id of the shop, or this address."""
    others = Customer.of(shop_id).where(Customer.id != but) if but else Customer.of(shop_id)
    for field, theirs in (
        ("externalId", external_id and (Customer.external_id == external_id)),
        ("email", email and (Customer.email_key == email_key(email)) & _present()),
    ):
        other = others.where(theirs).first() if theirs else None
        if other is not None:
            raise CustomerExists(field=field, customer_id=other.id)


def _clean_labels(labels: Iterable[str]) -> list[str]:
    """Each label once, case apart, in the order given."""
    kept = {label.strip().lower(): label.strip() for label in reversed(list(labels)) if label.strip()}
    if len(kept) > LABELS_MAX or any(len(label) > LABEL_LENGTH_MAX for label in kept.values()):
        raise BadRequest(f"Up to {LABELS_MAX} labels of at most {LABEL_LENGTH_MAX} characters.", field="labels")
    return list(kept.values())[::-1]


def _address(email: str, verified: bool) -> dict[str, Any]:
    return {
        "email": email,
        "email_key": email_key(email),
        "mailbox": mailbox(email),
        "email_verified": verified,
    }


def _present() -> Any:
    return Customer.merged_into.is_null() & Customer.erased_at.is_null()


def _member_with(rows: Any, code: str) -> Customer | None:
    found: Customer | None = rows.where(Customer.referral_code == code.strip().upper()).first()
    person = None if found is None else live(found)
    return person if person is not None and person.is_member else None


def _take_turns(shop_id: str, *words: str | None) -> None:
    """Two messages about somebody new must not make her twice; SQLite's writers take turns anyway."""
    if on_sqlite():
        return
    for word in sorted(word for word in words if word):
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{shop_id}\n{word}",))


def _fresh(customer: Customer) -> Customer:
    """The same object with the row as it is now, locked: what was read earlier may be old."""
    row = lock_rows(Customer.of(customer.shop_id).where(Customer.id == customer.id)).get()
    customer.__data__.update(row.__data__)
    return customer


def _by_email(shop_id: str, person: Person) -> Customer | None:
    """Whose row the address leads to: its owner's, else one that only used it so far.

    A guest order with her address earns for her. Somebody registered with the shop is her only when the
    address is verified: who registers with another's address must not inherit her points (contracts §5).
    """
    if not person.email or (person.external_id is not None and not person.email_verified):
        return None
    owner = by_verified_email(shop_id, person.email)
    if owner is not None:
        return owner if person.external_id is None or owner.external_id is None else None
    unclaimed = Customer.of(shop_id).where(
        Customer.email_key == email_key(person.email), Customer.external_id.is_null(), _present()
    )
    if not person.email_verified:
        unclaimed = unclaimed.where(Customer.status != "member")
    members_first = Case(None, [(Customer.status == "member", 0)], 1)
    found: Customer | None = unclaimed.order_by(members_first, Customer.created_at, Customer.id).first()
    return found


def _make(shop_id: str) -> Customer:
    moment = clock.now()
    customer = Customer(id=new_id(), shop_id=shop_id, created_at=moment, updated_at=moment)
    customer.save(force_insert=True)
    return customer


def _note(customer: Customer, person: Person) -> None:
    facts: dict[str, Any] = {}
    if person.external_id and customer.external_id is None:
        facts["external_id"] = person.external_id
    own_word = person.external_id is not None or customer.email is None or person.email_verified
    if person.email and own_word and not (customer.email_verified and not person.email_verified):
        facts |= _address(person.email.strip(), person.email_verified)
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


def _gather(customer: Customer, email: str) -> Customer:
    """Merge into `customer` every other row that is the same person by this verified address."""
    others = Customer.of(customer.shop_id).where(
        Customer.email_key == email_key(email),
        Customer.id != customer.id,
        Customer.external_id.is_null() | (Customer.email_verified == True),
        _present(),
    )
    for other in list(others.order_by(Customer.id)):
        if other.external_id is None:
            emit(SamePerson(customer.shop_id, other.id, customer.id))
        else:
            # two accounts of the shop with one verified address: the newer word owns it, points stay apart
            _set(other, email_verified=False)
    return _fresh(customer)


def _set(customer: Customer, **facts: Any) -> tuple[str, ...]:
    changed = tuple(name for name, value in facts.items() if getattr(customer, name) != value)
    if changed:
        for name in changed:
            setattr(customer, name, facts[name])
        customer.updated_at = clock.now()
        customer.save(only=[*changed, "updated_at"])  # never what somebody else changed meanwhile
    return changed


def _fresh_code() -> str:
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(REFERRAL_CODE_LENGTH))
        if not Customer.everywhere().where(Customer.referral_code == code).exists():
            return code


def touch_rewards_seen(customer: Customer) -> None:
    """She opened My rewards: the launcher's dot goes."""
    Customer.change(customer.shop_id, {Customer.rewards_seen_at: clock.now()}, Customer.id == customer.id)
