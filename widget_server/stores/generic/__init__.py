"""A shop on any software, which implements our own contract (contracts §4)."""

from widget_server.stores.generic.webhooks import ENDINGS, TOPICS, translate, verify
from widget_server.stores.messages import is_no_ping as is_ping

CALLS = ("coupons/check", "coupons/use", "coupons/release")
APPLY_URL = None
CODES = None

__all__ = ["APPLY_URL", "CALLS", "CODES", "ENDINGS", "TOPICS", "is_ping", "translate", "verify"]
