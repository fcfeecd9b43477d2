"""Finding the customer at the till: by e-mail, by phone, or by a code in the customer's widget."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from peewee import Case

from widget_server import ledger
from widget_server.ledger import Account
from widget_server.loyalty.people import customers, emails, folding, search_terms
from widget_server.loyalty.people.customers import CODE_ALPHABET, Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.till import till_codes

FOUND_MAX = 10
PHONE_DIGITS_MIN, PHONE_DIGITS_SAME = 6, 9
CODE = re.compile(f"[{CODE_ALPHABET}]{{5,12}}")

By = Literal["email", "phone", "till_code", "referral_code"]


@dataclass(frozen=True)
class Found:
    """A customer at the till, and by what they were found; only a `till_code` shows that it is the customer."""

    customer: Customer
    account: Account | None
    by: By


def find(shop: Shop, text: str) -> list[Found]:
    """Returns the customers whom a typed or scanned text may mean, at most FOUND_MAX, members first.

    `text` is an e-mail address, a phone number of at least six digits, a till code, a referral code, or a referral
    link. None that was merged or erased is found.
    """
    text = text.strip()
    if "@" in text:
        return _with_accounts(shop, _by_email(shop, text), "email")
    code = till_codes.plain(_code_of(text))
    if CODE.fullmatch(code) and (holder := till_codes.holder(shop, code)):
        return _with_accounts(shop, [holder], "till_code")
    if CODE.fullmatch(code) and (member := customers.by_referral_code(shop.id, code)):
        return _with_accounts(shop, [member], "referral_code")
    return _with_accounts(shop, _by_phone(shop, text), "phone")


def at_till(shop: Shop, customer_id: str) -> Customer:
    """Returns the customer as they are now, for a customer that was found; raises NotFound for an erased one."""
    customer = customers.live(customers.by_id(shop.id, customer_id))
    return Customer.need(shop, Customer.id == customer.id, customers.present())


def _code_of(text: str) -> str:
    """Returns the code in a referral link, else the text itself."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return parse_qs(parts.query).get("ref", [parts.path.rpartition("/")[2]])[0]


def _by_email(shop: Shop, text: str) -> list[Customer]:
    email = emails.find(text)
    if email is None:
        return []
    rows = Customer.of(shop).where(Customer.email_key == email.key, customers.present())
    owner_first = Case(None, [(Customer.email_verified == True, 0)], 1)
    return list(rows.order_by(owner_first, _members_first(), Customer.created_at, Customer.id).limit(FOUND_MAX))


def _by_phone(shop: Shop, text: str) -> list[Customer]:
    """Returns the customers with this number, by its last nine digits, however it is written."""
    digits = _digits(text)
    if len(digits) < PHONE_DIGITS_MIN or re.search(r"[^\W\d]", text):
        return []
    same = folding.phone_tail(digits[-PHONE_DIGITS_SAME:])
    rows = Customer.of(shop).where(Customer.id.in_(search_terms.beginning(shop.id, same)), customers.present())
    return list(rows.order_by(_members_first(), Customer.created_at, Customer.id).limit(FOUND_MAX))


def _members_first() -> Case:
    return Case(None, [(Customer.status == "member", 0)], 1)


def _digits(phone: str | None) -> str:
    return "".join(one for one in phone or "" if one.isdecimal())


def _with_accounts(shop: Shop, people: list[Customer], by: By) -> list[Found]:
    return [Found(one, ledger.account_of(shop.id, one.id), by) for one in people]
