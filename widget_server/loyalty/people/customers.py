"""Customers: the people a shop knows. Visitors can earn points, only members can redeem them.

An e-mail address belongs to a person only once it is verified (acceptance 15, 45): somebody who merely typed an
address never sees what belongs to its owner.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypedDict, Unpack

from peewee import SQL, Check, Expression, Function, ModelSelect, fn

from widget_server import clock, ledger
from widget_server.db import Bool, Json, ShopTable, Text, UtcDateTime, atomic, database, lock_rows, new_id, on_sqlite
from widget_server.events import CustomerChanged, CustomerJoined, emit
from widget_server.loyalty.people import emails, folding, former_codes, search_terms, sessions
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.people.forgetting import Forgotten

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no look-alikes
REFERRAL_CODE_LENGTH = 7
FORMER, FORMER_MAX = ("email", "phone", "name", "external_id"), 20
DERIVED = (  # bookkeeping, in no event
    *("former", "email_key", "mailbox", "name_key", "facts_as_of", "paying_at", "not_paying_at"),
)
SEARCHED = frozenset(
    ("name", "email", "email_key", "phone", "referral_code", "labels", "excluded", "accepts_marketing")
)
ADDRESS = ("email", "email_key", "mailbox")
PERSONAL = (*ADDRESS, "name", "phone", "birthday", "birthday_set_at", "locale", "notes", "password_hash")
PAST = ("facts_as_of", "paying_at", "not_paying_at")
NAMES = ("external_id", "referral_code")  # used outside: a merged row keeps those that its target has of its own
LINES: tuple[Literal["name", "phone", "locale"], ...] = ("name", "phone", "locale")  # texts of one line

FLAGS: tuple[Literal["excluded", "accepts_marketing"], ...] = ("excluded", "accepts_marketing")

Status = Literal["visitor", "pending", "member"]


class Customer(ShopTable):
    """A person. `external_id` is the shop's own id of the customer; `email` is kept as typed, `email_key` and `mailbox`
    are its canonical forms (emails.py). `labels` and `notes` are the merchant's: no shopper reads the notes.

    `facts_as_of` is the time of the newest facts on the account. `paying_at` is the earliest time as of which the
    platform reported a paid order, `not_paying_at` the latest as of which it reported none. `former` has the earlier
    values of the columns FORMER: without them an erasure would not find these values in other texts.

    `name_key` is what a list sorts by (folding.py). `account_id` is the customer's account, once there is one.
    `mails_off` are the topics of which they want no mails (mail_preferences.py).
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
    name_key = Text(default=folding.NAMELESS)
    account_id = Text(null=True)
    mails_off = Json(default=list)

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
    """Returns the SQL expression of a birthday's month and day, such as 03-10; it has an index."""
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
Customer.add_index(  # of reports: members and joins are counted in it alone
    Customer.index(
        Customer.shop_id,
        Customer.joined_at,
        Customer.status,
        Customer.left_at,
        where=Customer.joined_at.is_null(False) & Customer.merged_into.is_null(),
        name="customer_joined",
    )
)
LISTED = Customer.merged_into.is_null() & Customer.erased_at.is_null()
LABELLED = Customer.labels != SQL("'[]'")  # has a label; written as in the indexes, else they are not used
for name, columns, condition in (
    ("customer_newest", (Customer.created_at, Customer.id), LISTED),
    ("customer_by_name", (Customer.name_key, Customer.id), LISTED),
    ("customer_by_status", (Customer.status, Customer.created_at, Customer.id), LISTED),
    ("customer_without_account", (Customer.id,), Customer.account_id.is_null() & LISTED),
    ("customer_labelled", (Customer.created_at, Customer.id), LABELLED & LISTED),
    ("customer_labelled_by_name", (Customer.name_key, Customer.id), LABELLED & LISTED),
):
    Customer.add_index(Customer.index(Customer.shop_id, *columns, where=condition, name=name))


@dataclass(frozen=True)
class Person:
    """Facts about a customer from one source; None means unknown.

    With `of_account` they are about the account itself, from a customer message, a signed token or the customer's own
    action: they replace what is known, unless that is newer than `as_of`. Without it, as for what was typed at a
    checkout, they only fill in blanks. `paying`: the customer has paid for an order before, as of `as_of`.
    `address_digests` are the digests of the postal addresses in an order message (postal_addresses.py).
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
    """The columns of a customer that may be updated; `birthday` is an ISO date."""

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
    name_key: str
    mails_off: list[str]


def by_id(shop_id: str, customer_id: str) -> Customer:
    """Returns the shop's customer with this id, also a merged or erased one; raises NotFound."""
    return Customer.need(shop_id, Customer.id == customer_id)


def by_verified_email(shop_id: str, email: str) -> Customer | None:
    """Returns the customer who owns this address: it is verified (acceptance 15). None when nobody does."""
    return Customer.one(
        shop_id,
        Customer.email_key == emails.key_of(email),
        Customer.email_verified == True,
        present(),
    )


def by_referral_code(shop_id: str, code: str) -> Customer | None:
    """Returns the member with this code, ignoring case, also for the code of a merged customer; or None.

    A code of another app (former_codes.py) works too, also before its owner has joined here.
    """
    return _member_with(Customer.of(shop_id), code) or _owner_of_former(shop_id, code)


def by_external_id(shop_id: str, external_id: str) -> Customer | None:
    """Returns the customer with the shop's own id, or the one they were merged into; None when there is none."""
    found = Customer.one(shop_id, Customer.external_id == external_id)
    return None if found is None else live(found)


def live(customer: Customer) -> Customer:
    """Returns the row that now holds the person: the row itself, or the one it was merged into."""
    return by_id(customer.shop_id, customer.merged_into) if customer.merged_into else customer


def ids_of(customer: Customer) -> list[str]:
    """Returns all ids of this person: of this row, and of the rows merged into it."""
    merged = Customer.of(customer.shop_id, Customer.id).where(Customer.merged_into == customer.id)
    return [customer.id, *(row.id for row in merged)]


def anywhere_by_referral_code(code: str) -> Customer | None:
    """Returns the member with this code in any shop, or None: codes are unique across shops, for our short links."""
    return _member_with(Customer.everywhere(), code)


def join(customer: Customer) -> bool:
    """Make the customer a member and open the account. Returns True when they were not a member before."""
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
        referral_code=customer.referral_code or _fresh_code(customer.shop_id),
    )
    emit(CustomerJoined(customer.shop_id, customer.id))


def leave(customer: Customer) -> None:
    """Take the member out of the program: a visitor again, signed out everywhere; the points stay (acceptance 52)."""
    with atomic():
        set_facts(refresh(customer), status="visitor", left_at=clock.now(), password_hash=None)
        sessions.close_all(customer.shop_id, customer.id)


def forget(person: Forgotten) -> None:
    """Erase every fact about this person in all their rows; the rows stay, for the ledger (acceptance 58)."""
    facts: dict[str, Any] = dict.fromkeys((*PERSONAL, *NAMES, *PAST))
    facts |= {
        "labels": [],
        "mails_off": [],
        "former": {},
        "email_verified": False,
        "accepts_marketing": False,
        "status": "visitor",
    }
    theirs = Customer.id.in_(person.ids)
    Customer.change(person.shop_id, facts, theirs)
    Customer.change(person.shop_id, {"erased_at": clock.now()}, theirs, Customer.merged_into.is_null())
    index_again(person.shop_id, *person.ids)


def set_status(customer: Customer, status: Status) -> None:
    """Set the status, as staff do: member, visitor (leaves the program) or pending; no change when it is the same."""
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
    """Set these facts on the customer's current row, and emit which of them changed."""
    with atomic():
        changed = tuple(name for name in set_facts(refresh(customer), **facts) if name not in DERIVED)
        if changed:
            emit(CustomerChanged(customer.shop_id, customer.id, changed))


def address_columns(email: Email, verified: bool) -> CustomerFacts:
    """Returns the columns that hold an address, as typed and in its canonical forms."""
    return {
        "email": email.typed,
        "email_key": email.key,
        "mailbox": email.mailbox,
        "email_verified": verified,
    }


def present() -> Expression:
    """Returns the condition that a row is neither merged into another one nor erased."""
    here: Expression = Customer.merged_into.is_null() & Customer.erased_at.is_null()
    return here


def _member_with(rows: "ModelSelect[Customer]", code: str) -> Customer | None:
    found: Customer | None = rows.where(Customer.referral_code == code.strip().upper()).first()
    person = None if found is None else live(found)
    return person if person is not None and person.is_member else None


def _owner_of_former(shop_id: str, code: str) -> Customer | None:
    """Returns the owner of another app's code; None once they have left the program."""
    found = former_codes.find(shop_id, code)
    owner = None if found is None else live(by_id(shop_id, found.customer_id))
    return owner if owner is not None and (owner.is_member or owner.left_at is None) else None


def refresh(customer: Customer) -> Customer:
    """Lock the row and reload it into the same object, which is returned: what was read earlier may be outdated."""
    row = lock_rows(Customer.of(customer.shop_id).where(Customer.id == customer.id)).get()
    customer.__data__.update(row.__data__)
    return customer


def new_visitor(shop_id: str) -> Customer:
    """Insert a customer without any facts, as a visitor; returns it."""
    moment = clock.now()
    customer = Customer(id=new_id(), shop_id=shop_id, created_at=moment, updated_at=moment)
    customer.save(force_insert=True)
    return customer


def all_former(*rows: Customer, **replaced: str | None) -> dict[str, list[str]]:
    """Returns the earlier values of these rows, with those that are `replaced` now, by the names of FORMER.

    At most FORMER_MAX texts of each name, the newest last.
    """
    found: dict[str, list[str]] = {}
    for name in FORMER:
        values = [value for row in rows for value in row.former.get(name, ())]
        if values := list(dict.fromkeys(filter(None, (*values, replaced.get(name))))):
            found[name] = values[-FORMER_MAX:]
    return found


def set_facts(customer: Customer, **facts: Unpack[CustomerFacts]) -> tuple[str, ...]:
    """Save the facts that differ, and in `former` the values they replace; emits nothing.

    The caller has locked the row. Returns the names of the changed columns.
    """
    values: dict[str, Any] = dict(facts)
    replaced = {name: getattr(customer, name) for name in FORMER if name in values}
    values["former"] = all_former(customer, **{name: old for name, old in replaced.items() if old != values[name]})
    if "name" in values or "email_key" in values:
        named = (values.get(name, getattr(customer, name)) for name in ("name", "email_key"))
        values["name_key"] = folding.name_key(*named)
    changed = tuple(name for name, value in values.items() if getattr(customer, name) != value)
    if changed:
        for name in changed:
            setattr(customer, name, values[name])
        customer.updated_at = clock.now()
        customer.save(only=[*changed, "updated_at"])  # never columns that another transaction changed meanwhile
    if not SEARCHED.isdisjoint(changed):
        search_terms.store(customer.shop_id, customer.id, terms_of(customer))
    return changed


def index_again(shop_id: str, *customer_ids: str) -> None:
    """Store the search terms and sort keys of these rows as they are now: for writers that do not use `set_facts`."""
    for row in Customer.of(shop_id).where(Customer.id.in_(customer_ids)).order_by(Customer.id):
        key = folding.name_key(row.name, row.email_key)
        Customer.change(shop_id, {Customer.name_key: key}, Customer.id == row.id, Customer.name_key != key)
        search_terms.store(shop_id, row.id, terms_of(row))


def terms_of(row: Customer) -> frozenset[str]:
    """Returns the search terms that belong to this row: none for one that was merged or erased."""
    if row.merged_into is not None or row.erased_at is not None:
        return frozenset()
    return folding.terms(
        name=row.name,
        email=row.email,
        email_key=row.email_key,
        phone=row.phone,
        referral_code=row.referral_code,
        labels=row.labels,
        flags=[flag for flag in FLAGS if getattr(row, flag)],
    )


def note_account(shop_id: str, customer_id: str, account_id: str) -> None:
    """Store which account the customer has, in the transaction that opened it."""
    Customer.change(shop_id, {Customer.account_id: account_id}, Customer.id == customer_id)


def _fresh_code(shop_id: str) -> str:
    """Returns a code that no member of any shop has, nor another app gave to anybody of this shop."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(REFERRAL_CODE_LENGTH))
        known = Customer.everywhere().where(Customer.referral_code == code).exists()
        if not known and former_codes.find(shop_id, code) is None:
            return code


def touch_rewards_seen(customer: Customer) -> None:
    """Note that the member opened My rewards now: the launcher's dot disappears (acceptance 34)."""
    Customer.change(customer.shop_id, {Customer.rewards_seen_at: clock.now()}, Customer.id == customer.id)


def take_turns(shop_id: str, *names: str | None) -> None:
    """Serialise transactions of the shop on these names (None: no name), until the transaction ends.

    It keeps two messages about a new person from creating two customers. SQLite serialises its writers anyway.
    """
    if on_sqlite():
        return
    for name in sorted(name for name in names if name):
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{shop_id}\n{name}",))
