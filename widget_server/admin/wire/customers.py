"""Customers on the wire: ours beside Wix's, whose contactId is a customer's id (contracts §1, §7)."""

from datetime import date
from typing import Any

from marshmallow import fields, validate

from widget_server.loyalty.people import emails
from widget_server.loyalty.people.customer_edits import LABELS_MAX
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.web.wire import Choice, Flag, Wire, WireTime, bulk_answer, guid, line, page_of, text, whole, wrapped

STATUSES = {"VISITOR": "visitor", "PENDING": "pending", "MEMBER": "member"}
BULK_MAX = 100
SAME = ("name", "phone", "locale", "accepts_marketing", "external_id", "excluded", "labels", "notes")


class CustomerWire(Wire):
    """A person the shop knows. `notes` and `labels` are the merchant's own; `externalId` is the shop's id."""

    id = guid(dump_only=True)
    email = text(3, 254, metadata={"pattern": whole(emails.PATTERN), "example": "ann@shop.example"})
    email_verified = Flag()
    name = line(0, 200)
    phone = line(0, 50)
    birthday = fields.Date(metadata={"example": "1990-01-31"})
    locale = line(2, 35)
    status = Choice(STATUSES)
    external_id = text(1, 200)
    accepts_marketing = Flag()
    excluded = Flag()
    labels = fields.List(text(1, 80), validate=validate.Length(max=LABELS_MAX))
    notes = text(0, 5000)
    referral_code = fields.String(dump_only=True)
    account_id = guid(dump_only=True)
    joined_date, left_date, erased_date = (WireTime(dump_only=True) for _ in range(3))
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)


class NewCustomers(Wire):
    """Customers to be."""

    customers = fields.List(fields.Nested(CustomerWire), required=True, validate=validate.Length(min=1, max=BULK_MAX))


class MergeAsked(Wire):
    """Into whom."""

    into_id = guid(required=True)


CustomerBody = wrapped("customer", CustomerWire)
CustomerChange = wrapped("customer", CustomerWire, partial=True)
CustomersMade = bulk_answer(CustomerWire)
CustomersPage = page_of("customers", CustomerWire)


def customer(row: Customer, account_id: str | None) -> dict[str, Any]:
    """The row as CustomerWire writes it."""
    same = ("id", "email", "email_verified", "status", "referral_code", *SAME)
    return {
        **{name: getattr(row, name) for name in same},
        "birthday": date.fromisoformat(row.birthday) if row.birthday else None,
        "account_id": account_id,
        "joined_date": row.joined_at,
        "left_date": row.left_at,
        "erased_date": row.erased_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def person(body: dict[str, Any]) -> Person:
    """What is told of somebody new."""
    names = ("external_id", "email", "email_verified", "name", "phone", "birthday", "locale", "accepts_marketing")
    return Person(**{name: body[name] for name in names if name in body})


def facts(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """What of these is sent."""
    return {name: body[name] for name in names if name in body}
