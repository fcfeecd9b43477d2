"""The secrets that a shop's platform signs its requests with."""

from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop


def secrets_for(shop: Shop) -> list[str]:
    """Returns every secret whose signature is valid now: the shop's webhook secrets, newest first.

    Shopify signs with the client secret of the app, so a shop that is connected by one needs no other.
    """
    own = [one.secret for one in shops.secrets_of(shop.id, "webhook")]
    client_secret = shop.api_keys.get("client_secret") if shop.platform == "shopify" else None
    return [*own, client_secret] if client_secret else own
