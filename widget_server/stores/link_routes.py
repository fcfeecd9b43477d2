"""The routes of a WooCommerce shop's plugin: `/stores/woocommerce/{shop_id}/link` and `/unlink` (contracts §29)."""

from dataclasses import asdict, dataclass
from typing import Annotated

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import validate

from widget_server.errors import BadSignature
from widget_server.loyalty.program import shops
from widget_server.stores import linking, woocommerce
from widget_server.stores.shapes import StoreBody
from widget_server.web import limits
from widget_server.web.bodies import read_body

links = Blueprint("store_links", __name__, url_prefix="/stores/woocommerce")

SHORT = validate.Length(max=500)


@dataclass(frozen=True)
class LinkBody:
    """The token of a connection code, and the keys that the plugin made to its shop's API."""

    token: Annotated[str, SHORT]
    store_url: Annotated[str, SHORT]
    consumer_key: Annotated[str, SHORT]
    consumer_secret: Annotated[str, SHORT]
    plugin_version: Annotated[str | None, SHORT] = None


@dataclass(frozen=True)
class UnlinkBody:
    """The address of the shop that is disconnected."""

    store_url: Annotated[str, SHORT]


@links.post("/<shop_id>/link")
def link(shop_id: str) -> ResponseReturnValue:
    """Connect the shop by a connection code; the response has its secrets.

    Counted by network address, valid code or not: each request may call the shop.
    """
    limits.LINK_SHOP.count()
    body = read_body(LinkBody, StoreBody)
    keys = {"key": body.consumer_key, "secret": body.consumer_secret}
    response = jsonify(asdict(linking.link(shop_id, body.token, body.store_url, keys)))
    response.headers["Cache-Control"] = "no-store"
    return response


@links.post("/<shop_id>/unlink")
def unlink(shop_id: str) -> ResponseReturnValue:
    """Disconnect the shop, by a body that it signed as a webhook; done again, nothing changes. Raises BadSignature."""
    shop, raw = shops.by_id(shop_id), request.get_data(cache=True)
    valid = shops.secrets_of(shop.id, "webhook") if shop.platform == "woocommerce" else []
    if not any(woocommerce.verify(one.secret, dict(request.headers), raw) for one in valid):
        raise BadSignature()
    body = read_body(UnlinkBody, StoreBody)
    is_ended = linking.unlink(shop, body.store_url)
    return {"status": "disconnected" if is_ended else "ignored"}
