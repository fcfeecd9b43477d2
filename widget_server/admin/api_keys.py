"""API keys: `/loyalty-access/v1/api-keys`, our addition to Wix's API (acceptance 62)."""

from datetime import timedelta

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire.api_keys import ApiKeyResponse, ApiKeys, NewApiKey, RotateApiKey, api_key, rights
from widget_server.errors import MoreThanOwnRights, NotFound
from widget_server.loyalty.people import api_keys
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

WIRE_NAMES = {"expires_at": "apiKey.expirationDate"}

service = Service("api_keys", "/loyalty-access/v1", "API keys")


@service.route(
    "POST", "/api-keys", MANAGE, takes=NewApiKey, returns=ApiKeyResponse, keyed=False, refuses=(MoreThanOwnRights,)
)
def create_key(caller: Caller, body: NewApiKey) -> ApiKeyResponse:
    """Create a key with at most the rights of the calling one; its `secret` is shown only this once."""
    with naming(WIRE_NAMES, under="apiKey"):
        row, secret = api_keys.create_key(
            caller.shop.id, body.api_key["name"], rights=rights(body.api_key), grantor=caller.key
        )
    return {"api_key": api_key(row, secret)}


@service.route("GET", "/api-keys", READ, returns=ApiKeys)
def list_keys(caller: Caller) -> ApiKeys:
    """List every key, with the time and address of its last use."""
    return {"api_keys": [api_key(row) for row in api_keys.keys(caller.shop.id)]}


@service.route(
    "POST",
    "/api-keys/<key_id>/rotate",
    MANAGE,
    takes=RotateApiKey,
    returns=ApiKeyResponse,
    keyed=False,
    refuses=(NotFound, MoreThanOwnRights),
)
def rotate_key(caller: Caller, body: RotateApiKey, key_id: str) -> ApiKeyResponse:
    """Give a key a new `secret`, shown only this once.

    The earlier one, and the tokens that it granted, end at once, or after `keepHours`.
    """
    keep = timedelta(hours=body.keep_hours or 0)
    with naming(WIRE_NAMES, under="apiKey"):
        row, secret = api_keys.rotate_key(caller.shop.id, key_id, keep=keep, grantor=caller.key)
    return {"api_key": api_key(row, secret)}


@service.route("DELETE", "/api-keys/<key_id>", MANAGE, returns=Empty, refuses=(NotFound,))
def revoke_key(caller: Caller, key_id: str) -> Empty:
    """Revoke a key and every token that it was given; the calling key may revoke itself."""
    api_keys.revoke_key(caller.shop.id, key_id)
    return {}
