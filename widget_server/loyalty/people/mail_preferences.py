"""Which mails a customer does not want, and the link with which they say so without signing in (contracts §25).

The link is a capability: whoever has it may change these preferences of this customer, and nothing else. Its key is a
data key, so that links in old mails work after a change of the server's secret.
"""

import hmac
from collections.abc import Iterable
from typing import NamedTuple

from widget_server import config
from widget_server.db import atomic
from widget_server.errors import LinkExpired, NotFound
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.letter_kinds import EVERYTHING, TOPICS, turned_off
from widget_server.loyalty.program.shops import Shop

PATH = "/unsubscribe"
SIGNATURE_LENGTH = 32  # characters of hex: 128 bits
SAMPLE = "sample"  # a token of no customer, for previews


class Reader(NamedTuple):
    """The customer of a link, and their shop."""

    shop: Shop
    customer: Customer


def link(shop_id: str, customer_id: str) -> str:
    """Returns the address at which this customer changes their preferences; it does not expire."""
    return f"{config.current().base_url}{PATH}/{shop_id}.{customer_id}.{_signatures(shop_id, customer_id)[0]}"


def sample_link() -> str:
    """Returns an address like `link` that belongs to no customer."""
    return f"{config.current().base_url}{PATH}/{SAMPLE}"


def read(token: str) -> Reader:
    """Returns the customer of a link, or the one they were merged into.

    Raises LinkExpired for a token that is not ours, and for an erased customer.
    """
    shop_id, _, rest = token.partition(".")
    customer_id, _, signature = rest.partition(".")
    known = [hmac.compare_digest(one.encode(), signature.encode()) for one in _signatures(shop_id, customer_id)]
    if not any(known):
        raise LinkExpired()
    try:
        shop = shops.by_id(shop_id)
        customer = customers.live(customers.by_id(shop_id, customer_id))
    except NotFound:
        raise LinkExpired() from None
    if customer.erased_at is not None:
        raise LinkExpired()
    return Reader(shop, customer)


def wants(customer: Customer, topic: str) -> bool:
    """Whether the customer wants mails of this topic."""
    return EVERYTHING not in customer.mails_off and topic not in customer.mails_off


def wanted(customer: Customer) -> list[str]:
    """Returns the topics of which the customer wants mails."""
    return [topic for topic in TOPICS if wants(customer, topic)]


def set_wanted(customer: Customer, topics: Iterable[str]) -> None:
    """Store of which topics the customer wants mails; none of them turns all off, also topics that come later."""
    with atomic():
        customers.update(customer, mails_off=all_but(topics))


def all_but(topics: Iterable[str]) -> list[str]:
    """Returns what is turned off, as stored, when a customer wants only these topics."""
    chosen = set(topics)
    off = [topic for topic in TOPICS if topic not in chosen]
    return [EVERYTHING] if len(off) == len(TOPICS) else off


def set_off(customer: Customer) -> None:
    """Store that the customer wants no mail of any topic; done again, it changes nothing."""
    set_wanted(customer, ())


def stricter(one: Customer, other: Customer) -> list[str]:
    """Returns what two rows of one person turn off together: a mail that either does not want is not sent."""
    return turned_off({*one.mails_off, *other.mails_off})


def _signatures(shop_id: str, customer_id: str) -> list[str]:
    """Returns the signature under the newest key, and those under earlier ones."""
    signed = f"mail-preferences:{shop_id}:{customer_id}"
    keys = config.keys_of("tokens")
    return [config.keyed_digest("tokens", signed, key)[:SIGNATURE_LENGTH] for key in keys]
