"""WooCommerce: its webhooks, codes in its checkout, and what only its API has: prices, refunds, missed changes."""

from widget_server.stores.woocommerce import codes
from widget_server.stores.woocommerce.webhooks import ENDINGS, TOPICS, is_ping, translate, verify

CODES = codes
CALLS = ()
APPLY_URL = "/cart/"  # it takes no code from a URL: the cart opens, to paste the code there

__all__ = ["APPLY_URL", "CALLS", "CODES", "ENDINGS", "TOPICS", "is_ping", "translate", "verify"]
