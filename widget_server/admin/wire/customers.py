"""Customers on the wire: our addition to Wix's API, whose contactId is a customer's id (contracts §1, §7)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypedDict, cast, get_type_hints

from marshmallow import fields
from marshmallow.validate import Length, OneOf

from widget_server.loyalty.people import customers, emails
from widget_server.loyalty.people.customer_edits import LABELS_MAX, CustomerEdits, EditableFacts
from widget_server.loyalty.people.customers import Person, Status
from widget_server.loyalty.program.letter_kinds import TOPICS_OFF
from widget_server.web.texts import line, text
from widget_server.web.typed_schemas import Partial, ReadOnly
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, whole

STATUSES = {"VISITOR": "visitor", "PENDING": "pending", "MEMBER": "member"}
BULK_MAX = 100


class Customer(TypedDict, total=False):
    """A person the shop knows. `notes` and `labels` are the merchant's own; `externalId` is the shop's id.

    `mailsOff` are the topics of which they want no mails from the program; `all` stands for every topic.
    """

    id: Annotated[Guid, ReadOnly]
    email: Annotated[
        str | None, text(3, 254, metadata={"pattern": whole(emails.PATTERN), "example": "ann@shop.example"})
    ]
    email_verified: bool
    name: Annotated[str | None, line(0, 200)]
    phone: Annotated[str | None, line(0, 50)]
    birthday: Annotated[date | None, fields.Date(metadata={"example": "1990-01-31"})]
    locale: Annotated[str | None, line(2, 35)]
    status: Annotated[Status, Choice(STATUSES)]
    external_id: Annotated[str | None, text(1, 200)]
    accepts_marketing: bool
    excluded: bool
    labels: Annotated[list[str], fields.List(text(1, 80)), Length(max=LABELS_MAX)]
    notes: Annotated[str | None, text(0, 5000)]
    mails_off: Annotated[list[str], fields.List(fields.String(validate=OneOf(TOPICS_OFF))), Length(max=len(TOPICS_OFF))]
    referral_code: Annotated[str | None, ReadOnly]
    account_id: Annotated[Guid | None, ReadOnly]
    joined_date: Annotated[datetime | None, ReadOnly]
    left_date: Annotated[datetime | None, ReadOnly]
    erased_date: Annotated[datetime | None, ReadOnly]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewCustomer:
    """The customer to create."""

    customer: Customer


@dataclass(frozen=True)
class NewCustomers:
    """The customers to create, 1 to 100."""

    customers: Annotated[list[Customer], Length(min=1, max=BULK_MAX)]


@dataclass(frozen=True)
class UpdateCustomer:
    """The fields of a customer to change."""

    customer: Annotated[Customer, Partial]


@dataclass(frozen=True)
class MergeRequest:
    """The customer to merge into."""

    into_id: Guid


class CustomerResponse(TypedDict):
    """One customer."""

    customer: Customer


class CustomersPage(TypedDict):
    """Customers, and the paging metadata."""

    customers: list[Customer]
    paging_metadata: CursorPagingMetadata


class CustomerExport(TypedDict):
    """All that the shop's program knows of a customer, by subject; without what staff write for each other."""

    export: Annotated[dict[str, object], fields.Raw(metadata={"type": "object"})]


def customer(row: customers.Customer, account_id: str | None) -> Customer:
    """Returns the row as the wire has it; `account_id` is the customer's account."""
    return {
        "id": row.id,
        "email": row.email,
        "email_verified": row.email_verified,
        "name": row.name,
        "phone": row.phone,
        "birthday": date.fromisoformat(row.birthday) if row.birthday else None,
        "locale": row.locale,
        "status": row.status,
        "external_id": row.external_id,
        "accepts_marketing": row.accepts_marketing,
        "excluded": row.excluded,
        "labels": row.labels,
        "notes": row.notes,
        "mails_off": row.mails_off,
        "referral_code": row.referral_code,
        "account_id": account_id,
        "joined_date": row.joined_at,
        "left_date": row.left_at,
        "erased_date": row.erased_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def person(sent: Customer) -> Person:
    """Returns the identity and contact data of a new customer."""
    return Person(
        external_id=sent.get("external_id"),
        email=sent.get("email"),
        email_verified=sent.get("email_verified", False),
        name=sent.get("name"),
        phone=sent.get("phone"),
        birthday=sent.get("birthday"),
        locale=sent.get("locale"),
        accepts_marketing=sent.get("accepts_marketing"),
    )


def facts(sent: Customer) -> CustomerEdits:
    """Returns the sent fields that staff may edit: the arguments of `customer_edits.edit`."""
    return cast(CustomerEdits, _only(sent, get_type_hints(CustomerEdits)))


def remarks(sent: Customer) -> EditableFacts:
    """Returns the sent fields that are not part of a `Person`: `excluded`, `labels`, `notes` and `mails_off`."""
    return cast(EditableFacts, _only(sent, ("excluded", "labels", "notes", "mails_off")))


def _only(sent: Customer, names: Collection[str]) -> dict[str, object]:
    """Returns the fields of these names; callers cast it, as mypy cannot type computed names."""
    return {name: value for name, value in sent.items() if name in names}
