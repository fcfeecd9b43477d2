"""Who calls the admin API: an app by its API key, a visitor or a member by a token of `/oauth2/token`.

The key or token is in `Authorization`, raw as the official SDK sends it, or after "Bearer" (wix-api §3, §7).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from flask import g, request

from widget_server.errors import MembersOnly, OtherShop, ScopeMissing, SignedOut
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import access_tokens, api_keys, customers
from widget_server.loyalty.people.access_tokens import Holder
from widget_server.loyalty.people.api_keys import ApiKey
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shop_of_request
from widget_server.loyalty.program.shops import Shop
from widget_server.web.auth import BEARER
from widget_server.web.networks import client_address

KEY_BEGINS = "sk_"
SITE_HEADER = "wix-site-id"
API_KEY, ACCESS_TOKEN = "apiKey", "accessToken"  # as openapi.json calls the two
SECURITY_SCHEMES = {
    API_KEY: {"type": "apiKey", "in": "header", "name": "Authorization", "description": "An API key, raw or Bearer."},
    ACCESS_TOKEN: {"type": "http", "scheme": "bearer", "description": "A token that /oauth2/token answered."},
}


class Audience(Enum):
    """Who may call an endpoint: apps that may read or manage, or members."""

    READ = "read"
    MANAGE = "manage"
    MEMBER = "member"


@dataclass(frozen=True)
class Caller:
    """The holder of a valid key or token. `key` is set for an app, `customer` for a member."""

    shop: Shop
    identity: Literal["app", "visitor", "member"]
    key: ApiKey | None = None
    customer: Customer | None = None

    @property
    def key_id(self) -> str | None:
        """The id of an app's API key; None for other callers."""
        return None if self.key is None else str(self.key.id)

    def may(self, needed: str, service: str) -> bool:
        """True for an app whose key may read or manage that service."""
        return self.key is not None and self.key.rights.may(needed, service)

    @property
    def member(self) -> Customer:
        """The member who calls; raises MembersOnly for any other caller."""
        if self.customer is None:
            raise MembersOnly("This is for a member: call with a member's token.")
        return self.customer


def caller(who: Audience, service: str) -> Caller:
    """Returns the caller of a service of the admin API, if `who` allows them; the audit log then records them.

    Raises SignedOut without a valid key or token, OtherShop when `wix-site-id` names another shop, ScopeMissing
    when the key may not do that in this service or the caller is no app, AddressNotAllowed when its key may not be used
    from this address, MembersOnly when the caller is not a member.
    """
    found = _known(authorization())
    site = request.headers.get(SITE_HEADER)
    if site and site != found.shop.id:
        raise OtherShop()
    if who is Audience.MEMBER:
        assert found.member
    elif not found.may(who.value, service):
        raise ScopeMissing(needs=who.value)
    g.caller = found
    audit_log.act_as(_actor(found))
    return found


def authorization() -> str:
    """Returns the value of `Authorization` without "Bearer"; raises SignedOut when it is empty."""
    header = request.headers.get("Authorization", "").strip()
    token = header[len(BEARER) :].strip() if header[: len(BEARER)].lower() == BEARER.lower() else header
    if not token:
        raise SignedOut("Send an API key or an access token in Authorization.")
    return token


def app_by_key(key: ApiKey) -> Caller:
    """Returns the app that holds an API key. Raises NotFound when its shop is gone."""
    return Caller(shop_of_request.by_id(key.shop_id), "app", key)


def _actor(found: Caller) -> audit_log.Actor:
    if found.key is not None:
        return audit_log.Actor("api_key", found.key_id, found.key.name, client_address())
    return audit_log.Actor("customer", found.customer.id if found.customer else None, None, client_address())


def _known(token: str) -> Caller:
    if token.startswith(KEY_BEGINS):
        return app_by_key(api_keys.key_by_secret(token, address=client_address()))
    return _by_token(access_tokens.holder_of(token, address=client_address()))


def _by_token(holder: Holder) -> Caller:
    if holder.identity == "app" and holder.by is not None:
        return app_by_key(holder.by.key)
    shop = shop_of_request.by_id(holder.shop_id)
    if holder.identity == "visitor":
        return Caller(shop, "visitor")
    customer = customers.live(customers.by_id(shop.id, str(holder.customer_id)))
    if not customer.is_member:
        raise SignedOut()
    return Caller(shop, "member", customer=customer)
