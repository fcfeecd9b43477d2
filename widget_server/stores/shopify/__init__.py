"""Shopify: its webhooks, and codes in its checkout."""

from widget_server.stores.messages import is_no_ping as is_ping
from widget_server.stores.shopify import codes
from widget_server.stores.shopify.webhooks import ENDINGS, TOPICS, translate, verify

CODES = codes
CALLS = ()
APPLY_URL = "/discount/{code}?redirect=/cart"

__all__ = ["APPLY_URL", "CALLS", "CODES", "ENDINGS", "TOPICS", "is_ping", "translate", "verify"]
