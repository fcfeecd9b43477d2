"""Customers: the people a shop knows. Visitors can earn points, only members can redeem them.

An e-mail is a person's own only once it is verified (acceptance 15, 45): whoever merely typed an address
never sees what belongs to its owner.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypedDict, Unpack

from peewee import SQL, Check, Expression, Function, ModelSelect, fn

from widget_server import clock, ledger
from widget_server.db import Bool, Json, ShopTable, Text, UtcDateTime, atomic, database, lock_rows, new_id, on_sqlite
from widget_server.events import CustomerChanged, CustomerJoined, emit
from widget_server.loyalty.people import emails, sessions
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.people.forgetting import Forgotten

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no look-alikes
REFERRAL_CODE_LENGTH = 7
FORMER, FORMER_MAX = ("email", "phone", "name", "external_id"), 20
DERIVED = ("former", "email_key", "mailbox", "facts_as_of", "paying_at", "not_paying_at")  # bookkeeping, in no event
ADDRESS = ("email", "email_key", "mailbox")
PERSONAL = (*ADDRESS, "name", "phone", "birthday", "birthday_set_at", "locale", "notes", "password_hash")
PAST = ("facts_as_of", "paying_at", "not_paying_at")
NAMES = ("external_id", "referral_code")  # by which others know a person: a signpost keeps what its target has already
LINES: tuple[Literal["name", "phone", "locale"], ...] = ("name", "phone", "locale")  # texts of one line

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
        """True for a member: only members redeem and have a referral code."""
        return bool(self.status == "member")


def birthday_in_year() -> Function:
    """The expression of a birthday's month and day, as 03-10: the one that the index has."""
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


class CustomerFacts(TypedDict, total=False):
    """The columns of a customer that change with what is learned; `birthday` is an ISO date."""

    status: Status
    external_id: str | None
    email: str | None
    email_key: str | None
    mailbox: str | None
    email_verified: bool
    name: str | None
    phone: str | None
    birthday: str | None
    birthday_set_at: datetime | None
    locale: str | None
    labels: list[str]
    notes: str | None
    accepts_marketing: bool
    excluded: bool
    referral_code: str | None
    password_hash: str | None
    joined_at: datetime | None
    left_at: datetime | None
    registered_at: datetime | None
    facts_as_of: datetime | None
    paying_at: datetime | None
    not_paying_at: datetime | None
    former: dict[str, list[str]]


def by_id(shop_id: str, customer_id: str) -> Customer:
    """The shop's customer with this id, merged or erased ones too; raises NotFound."""
    return Customer.need(shop_id, Customer.id == customer_id)


def by_verified_email(shop_id: str, email: str) -> Customer | None:
    """The customer who owns this address, for certain: it is verified (acceptance 15). None when nobody does."""
    return Customer.one(
        shop_id,
        Customer.email_key == emails.key_of(email),
        Customer.email_verified == True,
        present(),
    )


def by_referral_code(shop_id: str, code: str) -> Customer | None:
    """The member with this code, case apart; the code of a merged customer leads to the member too."""
    return _member_with(Customer.of(shop_id), code)


def by_external_id(shop_id: str, external_id: str) -> Customer | None:
    """The customer with the shop's own id, or the one whom that was merged into; None when there is none."""
    found = Customer.one(shop_id, Customer.external_id == external_id)
    return None if found is None else live(found)


def live(customer: Customer) -> Customer:
    """The row of the person behind a row: a merged one is a signpost to the row it went into."""
    return by_id(customer.shop_id, customer.merged_into) if customer.merged_into else customer


def ids_of(customer: Customer) -> list[str]:
    """The ids by which this person was ever known here: of this row, and of the rows merged into it."""
    merged = Customer.of(customer.shop_id, Customer.id).where(Customer.merged_into == customer.id)
    return [customer.id, *(row.id for row in merged)]


def anywhere_by_referral_code(code: str) -> Customer | None:
    """The member with this code in whichever shop: codes are unique across shops, for our own short links."""
    return _member_with(Customer.everywhere(), code)


def join(customer: Customer) -> bool:
    """Make the customer a member; the account is opened now. True when they were not one before."""
    with atomic():
        if refresh(customer).is_member:
            return False
        ledger.open_account(customer.shop_id, customer.id)
        admit(customer)
        return True


def admit(customer: Customer) -> None:
    """Make the customer, whom the caller has locked, a member with a referral code; opens no account (contracts §1)."""
    set_facts(
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
        set_facts(refresh(customer), status="visitor", left_at=clock.now(), password_hash=None)
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


def update(customer: Customer, **facts: Unpack[CustomerFacts]) -> None:
    """Set these facts on the customer's row as it is now, and emit which of them changed."""
    with atomic():
        changed = tuple(name for name in set_facts(refresh(customer), **facts) if name not in DERIVED)
        if changed:
            emit(CustomerChanged(customer.shop_id, customer.id, changed))


def address_columns(email: Email, verified: bool) -> CustomerFacts:
    """The columns that hold an address, as typed and in its canonical forms."""
    return {
        "email": email.typed,
        "email_key": email.key,
        "mailbox": email.mailbox,
        "email_verified": verified,
    }


def present() -> Expression:
    """The condition that a row is a person: neither merged into another one nor erased."""
    here: Expression = Customer.merged_into.is_null() & Customer.erased_at.is_null()
    return here


def _member_with(rows: "ModelSelect[Customer]", code: str) -> Customer | None:
    found: Customer | None = rows.where(Customer.referral_code == code.strip().upper()).first()
    person = None if found is None else live(found)
    return person if person is not None and person.is_member else None


def refresh(customer: Customer) -> Customer:
    """The same object with the row as it is now, locked: what was read earlier may be old."""
    row = lock_rows(Customer.of(customer.shop_id).where(Customer.id == customer.id)).get()
    customer.__data__.update(row.__data__)
    return customer


def new_visitor(shop_id: str) -> Customer:
    """Insert a customer of whom nothing is known yet."""
    moment = clock.now()
    customer = Customer(id=new_id(), shop_id=shop_id, created_at=moment, updated_at=moment)
    customer.save(force_insert=True)
    return customer


def all_former(*rows: Customer, **replaced: str | None) -> dict[str, list[str]]:
    """Everything by which the person of these rows was known before, and what is `replaced` now.

    Texts by the names of FORMER, the newest last, FORMER_MAX of each.
    """
    found: dict[str, list[str]] = {}
    for name in FORMER:
        words = [word for row in rows for word in row.former.get(name, ())]
        if words := list(dict.fromkeys(filter(None, (*words, replaced.get(name))))):
            found[name] = words[-FORMER_MAX:]
    return found


def set_facts(customer: Customer, **facts: Unpack[CustomerFacts]) -> tuple[str, ...]:
    """Save the facts that differ, and what they replace in `former`; emits nothing. Returns the names of the columns.

    The caller has locked the row.
    """
    values: dict[str, Any] = dict(facts)
    replaced = {name: getattr(customer, name) for name in FORMER if name in values}
    values["former"] = all_former(customer, **{name: old for name, old in replaced.items() if old != values[name]})
    changed = tuple(name for name, value in values.items() if getattr(customer, name) != value)
    if changed:
        for name in changed:
            setattr(customer, name, values[name])
        customer.updated_at = clock.now()
        customer.save(only=[*changed, "updated_at"])  # never what somebody else changed meanwhile
    return changed


def _fresh_code() -> str:
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(REFERRAL_CODE_LENGTH))
        if not Customer.everywhere().where(Customer.referral_code == code).exists():
            return code


def touch_rewards_seen(customer: Customer) -> None:
    """Note that the member opened My rewards now: the launcher's dot goes (acceptance 34)."""
    Customer.change(customer.shop_id, {Customer.rewards_seen_at: clock.now()}, Customer.id == customer.id)


def take_turns(shop_id: str, *names: str | None) -> None:
    """Serialise transactions of the shop on these names (None: no name), until the transaction ends.

    So that two messages about a new person do not create two customers. SQLite's writers take turns anyway.
    """
    if on_sqlite():
        return
    for name in sorted(name for name in names if name):
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{shop_id}\n{name}",))
