"""Tokens for the SDK's strategies: `/oauth2/token` and `/oauth/access` (wix-api §7, contracts §1).

An app sends the id and secret of an API key, and a visitor only the shop's id; a shop's server requests a member's
token with its own API key.
"""

import hmac
from collections.abc import Callable

from flask_smorest import Blueprint

from widget_server.admin.routes import ANY_CALL, OF_BODY, without_default
from widget_server.admin.wire.oauth import (
    GRANTS,
    TokenRequest,
    TokenRequestSchema,
    TokenResponse,
    TokenResponseSchema,
)
from widget_server.db import new_id
from widget_server.errors import BadRequest, NotFound, OtherShop, ScopeMissing, SignedOut
from widget_server.loyalty.people import access_tokens, api_keys, customers
from widget_server.loyalty.people.access_tokens import Holder, Tokens
from widget_server.loyalty.people.api_keys import KeyInUse
from widget_server.loyalty.program import shops
from widget_server.web import limits
from widget_server.web.bodies import json_body
from widget_server.web.callers import KEY_BEGINS, authorization
from widget_server.web.documented_refusals import CallRefusals
from widget_server.web.error_bodies import ErrorBody
from widget_server.web.networks import client_address

oauth = Blueprint("oauth", "oauth", description="Tokens for the SDK's strategies")
oauth._prepare_doc_cbks.append(without_default)

REFUSALS = CallRefusals("POST /oauth2/token", (*ANY_CALL, *OF_BODY, ScopeMissing, NotFound))
DOC = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": TokenRequestSchema}}},
    "responses": REFUSALS.responses(ErrorBody, admin=True),
}


@oauth.post("/oauth2/token")
@oauth.response(200, TokenResponseSchema)
@oauth.doc(**DOC)
@REFUSALS.checked()
def token() -> TokenResponse:
    """Issue a token for the requested grant."""
    return _granted()


@oauth.post("/oauth/access")
@oauth.response(200, TokenResponseSchema)
@oauth.doc(**DOC)
@REFUSALS.checked()
def renew() -> TokenResponse:
    """Issue a token, at the address that AppStrategy uses to renew."""
    return _granted()


def _granted() -> TokenResponse:
    body: TokenRequest = json_body(TokenRequestSchema())
    grant = GRANT.get(body.grant_type)
    if grant is None:
        raise BadRequest(f"One of {', '.join(GRANTS)}.", field="grant_type")
    tokens = grant(body)
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.seconds,
        "token_type": "Bearer",
    }


def _for_app(body: TokenRequest) -> Tokens:
    used = _key(_need(body.client_id, "client_id"), _need(body.client_secret, "client_secret"))
    if body.instance_id not in (None, used.key.shop_id):
        raise OtherShop()
    return access_tokens.grant(Holder(used.key.shop_id, "app", used))


def _for_visitor(body: TokenRequest) -> Tokens:
    limits.VISITORS_TOKEN.count()  # the only grant that needs no secret
    shop = shops.by_id(_need(body.client_id, "client_id"))
    return access_tokens.grant(Holder(shop.id, "visitor", visitor_id=new_id()))


def _again(body: TokenRequest) -> Tokens:
    refresh = _need(body.refresh_token, "refresh_token")
    holder = access_tokens.holder_of(refresh, use="refresh", address=client_address())
    if body.client_secret is not None:
        used = _key(_need(body.client_id, "client_id"), body.client_secret)
        if holder.by is None or holder.by.key.id != used.key.id:
            raise SignedOut()
    elif holder.identity == "app":
        raise SignedOut("To refresh an app's token, send its client_id and client_secret.")
    return access_tokens.regrant(refresh, address=client_address())


def _for_member(body: TokenRequest) -> Tokens:
    """`Authorization: <visitor's token>,<API key>`: the key has the right to do this."""
    secrets = [part.strip() for part in authorization().split(",") if part.strip().startswith(KEY_BEGINS)]
    if not secrets:
        raise SignedOut("Send an API key in Authorization, behind the visitor's token and a comma.")
    used = api_keys.in_use(secrets[-1], address=client_address())
    if not used.key.rights.may("manage", "customers"):
        raise ScopeMissing(needs="manage")
    customer = customers.live(customers.by_id(used.key.shop_id, _need(body.member_id, "member_id")))
    if not customer.is_member:
        raise BadRequest("This customer is not a member.", field="member_id")
    return access_tokens.grant(Holder(used.key.shop_id, "member", used, customer_id=customer.id))


GRANT: dict[str, Callable[[TokenRequest], Tokens]] = {
    "client_credentials": _for_app,
    "anonymous": _for_visitor,
    "refresh_token": _again,
    "authorized_client": _for_member,
}


def _key(client_id: str, client_secret: str) -> KeyInUse:
    used = api_keys.in_use(client_secret, address=client_address())
    if not hmac.compare_digest(str(used.key.id), client_id):
        raise SignedOut()
    return used


def _need(value: str | None, name: str) -> str:
    if not value:
        raise BadRequest("Missing data for required field.", field=name)
    return value
