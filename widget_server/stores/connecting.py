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
from widget_server.stores.codes import Payload
from widget_server.stores.shopify import looking as shopify_looking
from widget_server.stores.woocommerce import prices as woocommerce_prices
from widget_server.stores.woocommerce import webhook_setup
from widget_server.stores.woocommerce.prices import Prices
from widget_server.stores.woocommerce.webhook_setup import Webhooks

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
    """A new connection. `tax` and `webhooks` are None for a platform that has none here.

    `unreached` is why the webhooks could not be made now, as a sentence that begins with a verb of the shop.
    """

    tax: Tax | None
    webhooks: Webhooks | None = None
    unreached: str | None = None


@dataclass(frozen=True)
class Disconnected:
    """The end of a connection: how many webhooks were deleted, or why some may be left in the shop."""

    webhooks: int = 0
    left: str | None = None


def connect(shop: Shop, api_url: str, keys: dict[str, str]) -> Connected:
    """Check the keys at the shop's own API and store them, then create or repair its webhooks to this server.

    Nothing is stored when the check fails. What the shop refuses of the webhooks is in the result.
    Raises BadRequest naming the address or the key that is invalid, NotReached and Refused from the check.
    """
    api = Api(shops.clean_api_url(api_url), shops.clean_api_keys(keys))
    codes.check(shop.platform, api)
    shops.connect(shop, api.url, api.keys)
    if _makes_webhooks(shop):
        shopify_looking.look(shop)
    if shop.platform not in feeds.WATCHED:
        return Connected(None)
    tax = _adopt_tax(shop, api)
    try:
        return Connected(tax, webhook_setup.ensure(shop, api))
    except NotReached as no:
        return Connected(tax, unreached=str(no))


def disconnect(shop: Shop) -> Disconnected:
    """Delete our webhooks at the shop and the keys to its API, the keys also when the shop cannot be reached."""
    done = Disconnected()
    if shop.is_connected and shop.platform in feeds.WATCHED:
        try:
            done = Disconnected(webhook_setup.remove(shop, api_of(shop)))
        except (NotReached, Refused) as no:
            done = Disconnected(left=str(no))
    if shop.is_connected:
        shops.disconnect(shop)
    return done


def ensure_webhooks(shop: Shop) -> Webhooks:
    """Create or repair the webhooks of a connected shop; a refusal is in the result.

    Raises BadRequest for a shop without a connection or without such webhooks, NotReached.
    """
    if not shop.is_connected or shop.platform not in feeds.WATCHED:
        raise BadRequest("The shop is not connected.", field="api_url")
    return webhook_setup.ensure(shop, api_of(shop))


def repair_webhooks(payload: Payload) -> None:
    """Job: create or repair the webhooks of a connected shop. Raises NotReached, for the queue to try again."""
    shop = shops.by_id(str(payload["shop_id"]))
    if shop.is_connected:
        ensure_webhooks(shop)


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
