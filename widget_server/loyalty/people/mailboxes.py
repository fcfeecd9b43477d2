"""What each mailbox was given once: neither +tags nor leaving and joining again give it twice (acceptance 44).

A mailbox is stored as its keyed hash, which is kept after an erasure. It shows whether the mailbox was used before,
and nothing about whose it was.
"""

from datetime import datetime

import peewee

from widget_server import clock, config
from widget_server.db import Bool, ShopTable, Text, UtcDateTime, insert_once
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program.shops import Shop

MEMBERSHIP = "membership"
FRIEND_GIFT = "friend_gift"


class MailboxClaim(ShopTable):
    """One benefit (`what`) that a mailbox was given. `customer_id` is the customer; None once they were erased."""

    digest = Text()
    what = Text()
    verified = Bool()
    customer_id = Text(null=True, index=True)
    created_at = UtcDateTime()

    class Meta:
        primary_key = peewee.CompositeKey("shop_id", "digest", "what", "verified")


def claim(shop: Shop, customer: Customer, what: str) -> bool:
    """Take `what` for the customer's mailbox; returns False when another customer of that mailbox has had it.

    For a verified address only claims of verified ones count: somebody who registered with another person's address
    must not keep its owner from what is given once (contracts §5). Without an address it is always True.
    """
    if customer.mailbox is None:
        return True
    if _others(shop, customer, what, verified_only=customer.email_verified):
        return False
    same = {"shop_id": shop.id, "digest": digest(customer.mailbox), "what": what, "verified": customer.email_verified}
    if insert_once(MailboxClaim, {**same, "customer_id": customer.id, "created_at": clock.now()}):
        return True
    return not _others(
        shop, customer, what, verified_only=customer.email_verified
    )  # a concurrent request was faster, or the claim is this customer's


def had_by_another(shop: Shop, customer: Customer, what: str, before: datetime) -> bool:
    """Whether another customer of this mailbox, erased or not, had `what` before that moment."""
    return customer.mailbox is not None and _others(shop, customer, what, verified_only=False, before=before)


def forget(person: Forgotten) -> None:
    """Remove the person from their mailbox's claims; the claims stay under its keyed hash."""
    MailboxClaim.change(person.shop_id, {MailboxClaim.customer_id: None}, MailboxClaim.customer_id.in_(person.ids))


def digest(mailbox: str) -> str:
    """Returns the keyed hash by which a mailbox is stored."""
    return config.keyed_digest("mailboxes", mailbox)


def _others(shop: Shop, customer: Customer, what: str, *, verified_only: bool, before: datetime | None = None) -> bool:
    rows = MailboxClaim.of(shop).where(MailboxClaim.digest == digest(str(customer.mailbox)), MailboxClaim.what == what)
    if verified_only:
        rows = rows.where(MailboxClaim.verified == True)
    if before is not None:
        rows = rows.where(MailboxClaim.created_at < before)
    return any(
        row.customer_id is None or customers.live(customers.by_id(shop.id, row.customer_id)).id != customer.id
        for row in rows
    )
