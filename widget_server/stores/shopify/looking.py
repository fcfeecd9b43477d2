"""A look at a Shopify shop that is connected by client id and secret: access, and its webhook subscriptions.

It takes place at connecting and every quarter of an hour; what it finds is the status of the feed.
"""

from widget_server import config
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.program.shops import Shop
from widget_server.stores.calls import NotReached, Refused, api_of
from widget_server.stores.shopify import subscriptions
from widget_server.stores.shopify.subscriptions import Repaired

UNINSTALLED = "The app was uninstalled in Shopify. Install it again: the connection then continues by itself."


def look(shop: Shop) -> None:
    """Create or repair the webhook subscriptions, and store the status of the feed. It never fails: a shop that
    cannot be reached, or that refuses, has the status `unreachable` with the reason.
    """
    try:
        done = subscriptions.repair(api_of(shop), f"{config.current().base_url}/stores/shopify/{shop.id}/")
    except (NotReached, Refused) as no:
        feeds.conclude(shop, "unreachable", f"{shop.api_url}: {no}")
        return
    feeds.conclude(shop, "switched_off" if done.refused else "ok", _words(done), mended=bool(done.created))


def note_uninstalled(shop: Shop) -> None:
    """Forget the access token of an app that was uninstalled, and say so. A later look finds whether it is back."""
    feeds.forget_token(shop)
    feeds.conclude(shop, "unreachable", UNINSTALLED)


def _words(done: Repaired) -> str | None:
    words = []
    if done.refused:
        refused = "; ".join(f"{topic} ({reason})" for topic, reason in done.refused.items())
        words.append(f"Shopify refuses these webhooks: {refused}. The app needs the scopes and the protected customer")
        words.append("data that docs/shopify.md names.")
    if done.created:
        words.append(f"Webhooks created: {', '.join(done.created)}.")
    if done.deleted:
        words.append(f"Webhooks deleted, which were double or incomplete: {', '.join(done.deleted)}.")
    return " ".join(words) or None
