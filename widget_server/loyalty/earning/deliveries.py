"""Deliveries: digests of the bodies that a platform signed, so that none is accepted under another topic later.

Shopify and WooCommerce sign only the body: one that was captured could be sent to another topic's address at any time.
"""

from datetime import timedelta

from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, insert_once
from widget_server.loyalty.program.shops import Shop

REMEMBERED = timedelta(days=30)


class Delivery(ShopTable):
    """A signed body that was received, by its keyed digest, and the topic under which it arrived first."""

    digest = Text()
    topic = Text()
    created_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "digest")


def first_topic(shop: Shop, topic: str, body: bytes) -> str:
    """The topic under which this body arrived first within REMEMBERED; `topic` itself when the body is new."""
    digest = config.keyed_digest("deliveries", body)
    row = {"shop_id": shop.id, "digest": digest, "topic": topic, "created_at": clock.now()}
    if insert_once(Delivery, row):
        return topic
    return str(Delivery.need(shop, Delivery.digest == digest).topic)


def forget_old() -> None:
    """Delete the digests of bodies that arrived longer than REMEMBERED ago."""
    Delivery.delete().where(Delivery.created_at < clock.now() - REMEMBERED).execute()
