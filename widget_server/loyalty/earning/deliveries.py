"""Deliveries: the bodies that a platform signed, by their digests, so that none is heard as something else later.

Shopify and WooCommerce sign a body alone: who captured one could send it to another topic's address for ever.
"""

from datetime import timedelta

from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, insert_once
from widget_server.loyalty.program.shops import Shop

REMEMBERED = timedelta(days=30)


class Delivery(ShopTable):
    """A signed body that came, by its keyed digest, and the topic it came for first."""

    digest = Text()
    topic = Text()
    created_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "digest")


def first_topic(shop: Shop, topic: str, body: bytes) -> str:
    """The topic for which this body came first within REMEMBERED; `topic` itself when it did not come before."""
    digest = config.keyed_digest("deliveries", body)
    row = {"shop_id": shop.id, "digest": digest, "topic": topic, "created_at": clock.now()}
    if insert_once(Delivery, row):
        return topic
    return str(Delivery.need(shop, Delivery.digest == digest).topic)


def forget_old() -> None:
    """Delete the digests of bodies that came longer than REMEMBERED ago."""
    Delivery.delete().where(Delivery.created_at < clock.now() - REMEMBERED).execute()
