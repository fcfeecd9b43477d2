"""Shopify's app proxy: who is logged in to the shop, as Shopify itself signs it (docs/contracts.md §31).

A page of the shop requests `/apps/loyalty/identity` on the shop's own domain. Shopify sends the request on to this
server with the id of the logged-in customer, the time and a signature; nothing without that signature is believed.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from urllib.parse import urlsplit

import jwt

from widget_server import clock
from widget_server.db import new_id
from widget_server.errors import BadSignature
from widget_server.loyalty.people import customers
from widget_server.loyalty.program.shops import Shop
from widget_server.stores.calls import NotReached, Refused, api_of
from widget_server.stores.shopify import api as shopify_api

SIGNED_ONCE = ("logged_in_customer_id", "path_prefix", "shop", "timestamp")
SIGNATURE = "signature"
CUSTOMER_ID = re.compile(r"[0-9]{0,20}", re.ASCII)
SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
AGE_SECONDS_MAX = 90  # between Shopify's signature and its arrival, and for clocks that differ
TOKEN_LIFE = timedelta(minutes=5)
CUSTOMER = """query ($id: ID!) { customer(id: $id) {
  firstName lastName locale verifiedEmail defaultEmailAddress { emailAddress }
} }"""

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _Account:
    """What Shopify says of a customer's account."""

    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    locale: str | None = None


def signature_of(secret: str, parameters: Parameters) -> str:
    """Returns the signature of these decoded parameters, in any order: values of one name are joined by commas."""
    named = sorted((pair for pair in parameters if pair[0] != SIGNATURE), key=lambda pair: pair[0])
    grouped = groupby(named, key=lambda pair: pair[0])
    text = "".join(f"{name}={','.join(value for _, value in pairs)}" for name, pairs in grouped)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def customer_id(shop: Shop, secrets: Sequence[str], parameters: Parameters) -> str | None:
    """Returns the id of the customer who is logged in; None for a guest.

    Raises BadSignature unless Shopify signed exactly these parameters, for this shop, within AGE_SECONDS_MAX.
    """
    named = {name: [value for other, value in parameters if other == name] for name, _ in parameters}
    if any(len(named.get(name, ())) != 1 for name in (*SIGNED_ONCE, SIGNATURE)):
        raise BadSignature()
    given = named[SIGNATURE][0].encode("utf-8", "replace")
    expected = [signature_of(secret, parameters) for secret in secrets if secret]
    if not any(hmac.compare_digest(one.encode(), given) for one in expected):
        raise BadSignature()
    identity, seconds = named["logged_in_customer_id"][0], named["timestamp"][0]
    if not CUSTOMER_ID.fullmatch(identity) or not SECONDS.fullmatch(seconds):
        raise BadSignature()
    is_here = shop.api_url is not None and named["shop"][0] == urlsplit(shop.api_url).netloc
    if not is_here or abs(clock.now().timestamp() - int(seconds)) > AGE_SECONDS_MAX:
        raise BadSignature()
    return identity or None


def identity_token(shop: Shop, external_id: str) -> str:
    """Returns the shop's identity token for this customer, valid for TOKEN_LIFE.

    A customer who is known here is named by the id alone. Of an unknown one, e-mail address and name are read once
    from Shopify; when it does not tell them, the id signs in without.
    """
    known = customers.by_external_id(shop.id, external_id) is not None
    account = _Account() if known else _account(shop, external_id)
    moment = clock.now()
    claims = {
        "aud": shop.id,
        "sub": external_id,
        "jti": new_id(),
        "iat": int(moment.timestamp()),
        "exp": int((moment + TOKEN_LIFE).timestamp()),
        "email": account.email,
        "email_verified": account.email_verified,
        "name": account.name,
        "locale": account.locale,
    }
    sent = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(sent, shop.identity_secret, "HS256")


def _account(shop: Shop, external_id: str) -> _Account:
    try:
        found = shopify_api.ask(api_of(shop), CUSTOMER, {"id": f"gid://shopify/Customer/{external_id}"})["customer"]
    except (NotReached, Refused):
        return _Account()  # without the right to protected customer data, for example
    if found is None:
        return _Account()
    email = (found["defaultEmailAddress"] or {}).get("emailAddress")
    names = (found["firstName"], found["lastName"])
    return _Account(
        email=email,
        email_verified=bool(email and found["verifiedEmail"]),
        name=" ".join(filter(None, names)) or None,
        locale=found["locale"],
    )
