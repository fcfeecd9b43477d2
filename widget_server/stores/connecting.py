"""Connecting a shop to its own API: the keys are checked there, then stored, and the tax settings are read."""

import socket
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from widget_server.delivery import addresses
from widget_server.delivery.addresses import NotCallable
from widget_server.errors import BadRequest
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import codes
from widget_server.stores.calls import Api, NotReached, Refused, api_of
from widget_server.stores.shopify import looking as shopify_looking
from widget_server.stores.woocommerce import prices as woocommerce_prices
from widget_server.stores.woocommerce.prices import Prices

TaxOutcome = Literal["set", "kept", "by_hand", "nothing", "unreadable"]


@dataclass(frozen=True)
class Tax:
    """What became of the tax in the shop's prices: set in the program, kept as it was, to be set by hand, nothing to
    set, or not readable with these keys (`detail` says why).
    """

    outcome: TaxOutcome
    prices: Prices | None = None
    detail: str = ""


@dataclass(frozen=True)
class Connected:
    """A new connection. `tax` is None for a platform whose orders are not read by its API."""

    tax: Tax | None


def connect(shop: Shop, api_url: str, keys: dict[str, str]) -> Connected:
    """Check the keys at the shop's own API and store them; nothing is stored when the check fails.

    Raises BadRequest naming the address or the key that is invalid, NotReached and Refused from the check.
    """
    api = Api(shops.clean_api_url(api_url), shops.clean_api_keys(keys))
    codes.check(shop.platform, api)
    shops.connect(shop, api.url, api.keys)
    if _makes_webhooks(shop):
        shopify_looking.look(shop)
    return Connected(_adopt_tax(shop, api) if shop.platform in feeds.WATCHED else None)


def _makes_webhooks(shop: Shop) -> bool:
    return shop.platform == "shopify" and feeds.is_watched(shop)


def need_public(api_url: str) -> None:
    """Check that the API is on the internet: staff must not make this server call its own network.

    Operators can allow private addresses (WIDGET_ALLOW_PRIVATE_WEBHOOKS). Raises BadRequest (api_url), NotReached.
    """
    parts = urlsplit(shops.clean_api_url(api_url))
    host, port = parts.hostname or "", parts.port or addresses.PORTS[parts.scheme]
    try:
        addresses.resolve(addresses.Target(parts.scheme, host, port, "/"))
    except NotCallable:
        raise BadRequest("This address is private: the shop has to be on the internet.", field="api_url") from None
    except socket.gaierror:
        raise NotReached("cannot be found on the internet") from None


def check(shop: Shop) -> None:
    """Check the stored keys at the shop's own API. Raises BadRequest without a connection, NotReached, Refused."""
    if not shop.is_connected:
        raise BadRequest("The shop is not connected.", field="api_url")
    codes.check(shop.platform, api_of(shop))
    if _makes_webhooks(shop):
        shopify_looking.look(shop)


def _adopt_tax(shop: Shop, api: Api) -> Tax:
    """Keep what the shop's settings say of tax in its prices, unless the program says so already."""
    try:
        prices = woocommerce_prices.read(api)
    except (NotReached, Refused) as no:
        return Tax("unreadable", detail=str(no))
    if not prices.include_tax:
        return Tax("nothing", prices)
    if prices.tax_percent is None:
        return Tax("by_hand", prices)
    return Tax("set" if programs.adopt_tax(shop.id, prices.tax_percent) else "kept", prices)
