"""Till codes: eight symbols in a member's own widget, by which the member identifies at the till.

A referral code is made to be shared, so it identifies nobody. A till code is valid for VALID_MINUTES and pays for one
reward; only its keyed digest is stored.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from widget_server import clock, config
from widget_server.db import Condition, ShopTable, Text, UtcDateTime, atomic, delete_before, lock_rows
from widget_server.errors import TillCodeInvalid
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import CODE_ALPHABET, Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program.shops import Shop

LENGTH = 8
VALID_MINUTES = 10


class TillCode(ShopTable):
    """The digest of one code that a member's widget showed."""

    digest = Text(primary_key=True)
    customer_id = Text(index=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    used_at = UtcDateTime(null=True)


@dataclass(frozen=True)
class ShownCode:
    """A code as the widget shows it, once."""

    code: str
    expires_at: datetime


def show(shop: Shop, customer: Customer) -> ShownCode:
    """Make a code for the member's widget; earlier ones that were not used end."""
    now = clock.now()
    shown = ShownCode("".join(secrets.choice(CODE_ALPHABET) for _ in range(LENGTH)), _end(now))
    with atomic():
        TillCode.remove(shop, TillCode.customer_id == customer.id, TillCode.used_at.is_null())
        row = TillCode(digest=_digest(shop, shown.code), shop_id=shop.id, customer_id=customer.id)
        row.created_at, row.expires_at = now, shown.expires_at
        row.save(force_insert=True)
    return shown


def holder(shop: Shop, code: str) -> Customer | None:
    """Returns the customer whose widget shows this code now; None for one that is unknown, used or too old."""
    row = TillCode.one(shop, TillCode.digest == _digest(shop, code), *_valid())
    return None if row is None else customers.live(customers.by_id(shop.id, row.customer_id))


def use(shop: Shop, customer: Customer, code: str) -> None:
    """Use the code up for an act of this customer, in the open transaction; raises TillCodeInvalid."""
    row = lock_rows(TillCode.of(shop).where(TillCode.digest == _digest(shop, code), *_valid())).first()
    if row is None or customers.live(customers.by_id(shop.id, row.customer_id)).id != customer.id:
        raise TillCodeInvalid()
    TillCode.change(shop, {TillCode.used_at: clock.now()}, TillCode.digest == row.digest)


def forget_old() -> None:
    """Delete the codes that have expired."""
    delete_before(TillCode, TillCode.expires_at, clock.now())


def forget(person: Forgotten) -> None:
    """Delete this person's codes."""
    TillCode.remove(person.shop_id, TillCode.customer_id.in_(person.ids))


def plain(code: str) -> str:
    """Returns a typed or scanned code without blanks and hyphens, in capital letters."""
    return "".join(one for one in code if one.isalnum()).upper()


def _valid() -> tuple[Condition, Condition]:
    return (TillCode.used_at.is_null(), TillCode.expires_at > clock.now())


def _end(now: datetime) -> datetime:
    return now + timedelta(minutes=VALID_MINUTES)


def _digest(shop: Shop, code: str) -> str:
    return config.digest(f"till:{shop.id}:{plain(code)}")
