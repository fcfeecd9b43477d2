"""Secrets the shop signs with: `/loyalty-access/v1/shop-secrets`, our addition to Wix's API (contracts §16)."""

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire.secrets import NewShopSecret, ShopSecretResponse, ShopSecrets, shop_secret
from widget_server.errors import LastSecret, NotFound, TooManySecrets
from widget_server.loyalty.program import shops
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("secrets", "/loyalty-access/v1", "Secrets the shop signs with")


@service.route(
    "POST",
    "/shop-secrets",
    MANAGE,
    takes=NewShopSecret,
    returns=ShopSecretResponse,
    keyed=False,
    refuses=(TooManySecrets,),
)
def add_secret(caller: Caller, body: NewShopSecret) -> ShopSecretResponse:
    """Add a valid secret, sent or generated, at most two of a kind; `secret` is shown only this once."""
    with naming({}, under="shopSecret"):
        row, plain = shops.add_secret(caller.shop.id, body.shop_secret["kind"], body.shop_secret.get("secret"))
    return {"shop_secret": shop_secret(row, plain)}


@service.route("GET", "/shop-secrets", READ, returns=ShopSecrets)
def list_secrets(caller: Caller) -> ShopSecrets:
    """List every valid secret by its first characters, newest first."""
    return {"shop_secrets": [shop_secret(row) for row in shops.secrets_of(caller.shop.id)]}


@service.route("DELETE", "/shop-secrets/<secret_id>", MANAGE, returns=Empty, refuses=(NotFound, LastSecret))
def remove_secret(caller: Caller, secret_id: str) -> Empty:
    """Refuse from now on what is signed with this secret; the last one of a kind cannot be removed."""
    shops.remove_secret(caller.shop.id, secret_id)
    return {}
