"""Customers: the people a shop knows. Visitors earn, only members redeem.

An e-mail is a person's own only once it is verified (acceptance 15, 45): whoever merely typed an address
never sees what belongs to its owner.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from peewee import SQL, Case, Check, fn

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
from widget_server.errors import BadRequest, CustomerExists, NotFound
from widget_server.events import CustomerChanged, CustomerJoined, SamePerson, emit
from widget_server.loyalty.people import emails, lines, sessions
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.people.forgetting import Forgotten

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no look-alikes
REFERRAL_CODE_LENGTH = 7
LABELS_MAX = 50
LABEL_LENGTH_MAX = 80
NOTES_LENGTH_MAX = 5_000
EDITABLE = frozenset(
    ("name", "phone", "locale", "accepts_marketing", "external_id", "excluded", "labels", "notes", "birthday")
)
FORMER, FORMER_MAX = ("email", "phone", "name", "external_id"), 20
DERIVED = ("former", "email_key", "mailbox", "facts_as_of", "paying_at", "not_paying_at")  # bookkeeping, in no event
ADDRESS = ("email", "email_key", "mailbox")
PERSONAL = (*ADDRESS, "name", "phone", "birthday", "birthday_set_at", "locale", "notes", "password_hash")
PAST = ("facts_as_of", "paying_at", "not_paying_at")
NAMES = ("external_id", "referral_code")  # by which others know a person: a signpost keeps what its target has already
LINES = ("name", "phone", "locale")  # texts of one line

Status = Literal["visitor", "pending", "member"]


class Customer(ShopTable):
    """A person. `external_id` is the shop's own id of the customer; `email` is kept as typed, `email_key` and `mailbox`
    are its canonical forms (emails.py). `labels` and `notes` are the merchant's own: no shopper reads the notes.

    `facts_as_of` is the time of the newest facts on the account. `paying_at` is the earliest time as of which the
    platform reported a paid order, `not_paying_at` the latest as of which it reported none. `former` has what the
    person was known by before, by the names of FORMER: without it an erasure would not find that in texts of others.
    """

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
    facts_as_of = UtcDateTime(null=True)
    paying_at = UtcDateTime(null=True)
    not_paying_at = UtcDateTime(null=True)
    former = Json(default=dict)

    class Meta:
        indexes = (
            (("referral_code",), True),
            (("shop_id", "email_key"), False),
            (("shop_id", "mailbox"), False),
            (("shop_id", "created_at"), False),
        )
        constraints = [Check("status IN ('visitor', 'pending', 'member')")]

    @property
    def is_member(self) -> bool:
        """True while the customer may redeem."""
        return bool(self.status == "member")


def birthday_in_year() -> Any:
    """Month and day of a birthday, as 03-10: the expression that the index has."""
    return fn.SUBSTR(Customer.birthday, SQL("6"))


for name, column, kept in (
    ("customer_merged", Customer.merged_into, Customer.merged_into),
    ("customer_birthday", birthday_in_year(), Customer.birthday),
):
    Customer.add_index(Customer.index(Customer.shop_id, column, where=kept.is_null(False), name=name))
Customer.add_index(
    Customer.index(
        Customer.shop_id,
        Customer.external_id,
        unique=True,
        where=Customer.external_id.is_null(False),
        name="customer_external",
    )
)


@dataclass(frozen=True)
class Person:
    """Facts about a customer from one source; None means unknown.

    With `of_account` they are about the account itself, from a customer message, a signed token or the customer's own
    act: they replace what is known, unless that is newer than `as_of`. Without, as with what was typed at a checkout,
    they only fill in blanks. `paying`: the customer has paid for an order before, as of `as_of`. `address_digests`
    are those of the postal addresses in an order message (postal_addresses.py).
    """

    external_id: str | None = None
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    phone: str | None = None
    birthday: date | None = None
    locale: str | None = None
    accepts_marketing: bool | None = None
    registered_at: datetime | None = None
    paying: bool | None = None
    of_account: bool = False
    as_of: datetime | None = None
    address_digests: tuple[str, ...] = ()


def by_id(shop_id: str, customer_id: str) -> Customer:
    """The customer; raises NotFound."""
    return Customer.need(shop_id, Customer.id == customer_id)


def by_verified_email(shop_id: str, email: str) -> Customer | None:
    """Who owns this address, for certain."""
    return Customer.one(
        shop_id,
        Customer.email_key == emails.key_of(email),
        Customer.email_verified == True,
        _present(),
    )


def by_referral_code(shop_id: str, code: str) -> Customer | None:
    """The member with this code, case apart; the code of a merged customer leads to the member too."""
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
    """Find whom `person` describes, or create them as a visitor, and note what is new.

    Who it is follows from the shop's id, else from a verified address, else from an address that
    nobody owns yet. When a verified address shows that two rows are one person, they are merged into the
    row with the shop's id (privacy.merge). What is no address (emails.py) is ignored: tills send "-" for everybody
    who has none. Names and the like are cleaned to one line of text.
    """
    person = _cleaned(person)
    with atomic():
        take_turns(shop_id, person.external_id, emails.key_of(person.email))
        known = by_external_id(shop_id, person.external_id) if person.external_id else None
        customer = known or _by_email(shop_id, person) or _make(shop_id)
        _note(customer, person)
        owns = person.email_verified and customer.email_verified and customer.email_key == emails.key_of(person.email)
        return _gather(customer) if owns else customer


def prove_email(customer: Customer, email: str) -> Customer:
    """The customer showed that this address is their own: it is verified, and rows that only used it are merged in.

    Returns the customer as they are now. Raises EmailInvalid.
    """
    person = Person(email=emails.parse(email).typed, email_verified=True, of_account=True)
    with atomic():
        take_turns(customer.shop_id, emails.key_of(email))
        customer = _fresh(live(by_id(customer.shop_id, customer.id)))
        _note(customer, person)
        return _gather(customer)


def create(shop_id: str, person: Person, *, status: Status = "visitor") -> Customer:
    """Somebody the merchant tells us of (contracts §7). Merely to be made opens no account, a member's neither
    (contracts §1): that does the admin API's call, or the first points, such as those of joining.

    Raises EmailInvalid, CustomerExists when somebody here has this address or this id of the shop, and BadRequest for
    a name, phone or locale that is not one line of text.
    """
    if person.email is not None:
        person = replace(person, email=emails.parse(person.email).typed)
    for name in LINES:
        lines.check(name, getattr(person, name))
    with atomic():
        take_turns(shop_id, person.external_id, emails.key_of(person.email))
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
    """Staff change what is known of a customer: an address, or any of EDITABLE; what is not given stays.

    A new address counts as verified only when `email_verified` says so. The excluded earn nothing until they are
    included again (acceptance 58). Raises NotFound (also when the customer was erased), EmailInvalid, CustomerExists,
    and BadRequest for labels and notes that are too long or too many, or a text that is not one line.
    """
    if unknown := facts.keys() - EDITABLE:
        raise TypeError(f"not to be edited: {sorted(unknown)}")
    for name in LINES:
        lines.check(name, facts.get(name))
    parsed = None if email is None else emails.parse(email)
    with atomic():
        take_turns(shop_id, facts.get("external_id"), parsed.key if parsed else None)
        customer = _fresh(live(by_id(shop_id, customer_id)))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        if parsed is not None:
            known = customer.email_verified and customer.email_key == parsed.key
            facts |= _address(parsed, known if email_verified is None else email_verified)
        elif email_verified is not None and customer.email_key is not None:
            facts["email_verified"] = email_verified
        _check_new(shop_id, external_id=facts.get("external_id"), email=facts.get("email"), but=customer.id)
        if "labels" in facts:
            facts["labels"] = _clean_labels(facts["labels"])
        if "birthday" in facts:
            facts |= {"birthday": facts["birthday"].isoformat(), "birthday_set_at": clock.now()}
        if len(facts.get("notes") or "") > NOTES_LENGTH_MAX:
            raise BadRequest(f"Notes have at most {NOTES_LENGTH_MAX} characters.", field="notes")
        if facts.keys() & {"email", *LINES}:
            facts["facts_as_of"] = clock.now()
        update(customer, **facts)
        return customer


def join(customer: Customer) -> bool:
    """Make the customer a member; the account is opened now. True when they were not one before."""
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
    """The member leaves the program: a visitor again, signed out everywhere; the points stay (acceptance 52)."""
    with atomic():
        _set(_fresh(customer), status="visitor", left_at=clock.now(), password_hash=None)
        sessions.close_all(customer.shop_id, customer.id)


def forget(person: Forgotten) -> None:
    """Every fact about this person goes, in every row that was theirs; the rows stay, for the books (acceptance 58)."""
    facts: dict[str, Any] = dict.fromkeys((*PERSONAL, *NAMES, *PAST))
    facts |= {"labels": [], "former": {}, "email_verified": False, "accepts_marketing": False, "status": "visitor"}
    theirs = Customer.id.in_(person.ids)
    Customer.change(person.shop_id, facts, theirs)
    Customer.change(person.shop_id, {"erased_at": clock.now()}, theirs, Customer.merged_into.is_null())


def set_status(customer: Customer, status: Status) -> None:
    """Staff make the customer a member, take them out of the program, or keep them waiting; or nothing changes."""
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
    """Note facts about the customer and return which ones changed."""
    with atomic():
        changed = tuple(name for name in _set(_fresh(customer), **facts) if name not in DERIVED)
        if changed:
            emit(CustomerChanged(customer.shop_id, customer.id, changed))


def _check_new(shop_id: str, *, external_id: str | None, email: str | None, but: str | None = None) -> None:
    """Raise CustomerExists when somebody other than `but` has this id of the shop, or this address."""
    others = Customer.of(shop_id).where(Customer.id != but) if but else Customer.of(shop_id)
    for field, theirs in (
        ("externalId", external_id and (Customer.external_id == external_id)),
        ("email", email and (Customer.email_key == emails.key_of(email)) & _present()),
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


def _address(email: Email, verified: bool) -> dict[str, Any]:
    return {
        "email": email.typed,
        "email_key": email.key,
        "mailbox": email.mailbox,
        "email_verified": verified,
    }


def _cleaned(person: Person) -> Person:
    """The same facts in the form that is stored: an address that mail can reach or none, each text one line."""
    email = emails.find(person.email)
    texts: dict[str, Any] = {name: lines.clean(getattr(person, name)) for name in LINES}
    return replace(
        person,
        email=email.typed if email else None,
        email_verified=person.email_verified and email is not None,
        **texts,
    )


def _present() -> Any:
    return Customer.merged_into.is_null() & Customer.erased_at.is_null()


def _member_with(rows: Any, code: str) -> Customer | None:
    found: Customer | None = rows.where(Customer.referral_code == code.strip().upper()).first()
    person = None if found is None else live(found)
    return person if person is not None and person.is_member else None


def take_turns(shop_id: str, *words: str | None) -> None:
    """Serialise transactions on these words, so that two messages about a new person do not create two customers.

    The locks last until the transaction ends. SQLite's writers take turns anyway.
    """
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

    A guest order with the address earns for its owner. Somebody registered with the shop is the owner only when the
    address is verified: who registers with another's address must not inherit the points (contracts §5).
    """
    if not person.email or (person.external_id is not None and not person.email_verified):
        return None
    owner = by_verified_email(shop_id, person.email)
    if owner is not None:
        return owner if person.external_id is None or owner.external_id is None else None
    unclaimed = Customer.of(shop_id).where(
        Customer.email_key == emails.key_of(person.email), Customer.external_id.is_null(), _present()
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
    """Store what is new. Only facts on the account replace others (`replaces`); the rest fills in blanks."""
    facts: dict[str, Any] = {}
    if person.external_id and customer.external_id is None:
        facts["external_id"] = person.external_id
    newest = replaces(customer, person)
    email = emails.find(person.email)
    if email is not None and _may_be_noted(customer, email, person.email_verified, newest=newest):
        facts |= _address(email, person.email_verified)
    for name in LINES:
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
    update(customer, **facts, **_paying(customer, person))


def replaces(customer: Customer, person: Person) -> bool:
    """Whether these facts may replace stored ones: they are about the account, and not older."""
    return person.of_account and (
        person.as_of is None or customer.facts_as_of is None or person.as_of >= customer.facts_as_of
    )


def _may_be_noted(customer: Customer, email: Email, verified: bool, *, newest: bool) -> bool:
    """An unverified address never replaces a verified one; a proof of the stored address counts from any source."""
    if customer.email_key is None:
        return True
    proves = verified and customer.email_key == email.key
    return (verified or not customer.email_verified) and (newest or proves)


def _paying(customer: Customer, person: Person) -> dict[str, Any]:
    """The earliest time of a report that an order was paid, and the latest of one that none was."""
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
        _present(),
    )
    for other in list(others.order_by(Customer.id)):
        if other.external_id is None:
            emit(SamePerson(customer.shop_id, other.id, customer.id))
        else:
            # two accounts of the shop with one verified address: the newer word owns it, points stay apart
            _set(other, email_verified=False)
    return _fresh(customer)


def all_former(*rows: Customer, **replaced: Any) -> dict[str, list[str]]:
    """Everything by which the person of these rows was known before, and what is `replaced` now."""
    found: dict[str, list[str]] = {}
    for name in FORMER:
        words = [word for row in rows for word in row.former.get(name, ())]
        if words := list(dict.fromkeys(filter(None, (*words, replaced.get(name))))):
            found[name] = words[-FORMER_MAX:]
    return found


def _set(customer: Customer, **facts: Any) -> tuple[str, ...]:
    replaced = {one: getattr(customer, one) for one in FORMER if one in facts and facts[one] != getattr(customer, one)}
    facts["former"] = all_former(customer, **replaced)
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
    """The member opened My rewards: the launcher's dot goes."""
    Customer.change(customer.shop_id, {Customer.rewards_seen_at: clock.now()}, Customer.id == customer.id)
