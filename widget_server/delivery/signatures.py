"""Signatures by which a receiver verifies our messages: Standard Webhooks with a shared secret, Wix with RS256."""

import base64
import json
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from peewee import SQL
from standardwebhooks import Webhook

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, insert_once
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log

KEY_BITS = 2048
JWT_MINUTES = 5


class ShopKey(ShopTable):
    """The shop's RSA key, with which receivers of the `wix` format verify its messages."""

    shop_id = Text(primary_key=True, constraints=[SQL("REFERENCES shop (id)")])
    private_sealed = Text()
    created_at = UtcDateTime()


def new_secret() -> str:
    """Returns a new shared secret in the form of the Standard Webhooks libraries ("whsec_" and base64)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def standard_headers(shared_secrets: list[str], id: str, moment: datetime, body: str) -> dict[str, str]:
    """Returns the three headers of Standard Webhooks, with one signature for each valid secret."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(id, moment, body) for secret in shared_secrets),
    }


def key_of(shop_id: str) -> ShopKey:
    """Returns the shop's key; creates it on first use."""
    key = ShopKey.one(shop_id)
    if key is None:
        insert_once(ShopKey, {"shop_id": shop_id, **_fresh()})
    return key or ShopKey.need(shop_id)


def rotate_key(shop_id: str) -> ShopKey:
    """Replace the shop's key and return it: it signs all later messages, and receivers need its public half."""
    key_of(shop_id)
    ShopKey.change(shop_id, _fresh())
    audit_log.note(shop_id, "rotate", "shop_key")
    return ShopKey.need(shop_id)


def public_key(key: ShopKey) -> str:
    """Returns the public half as SPKI PEM, the form the SDK takes (wix-api §6)."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return _opened(key.private_sealed).public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


def wix_jwt(key: ShopKey, event_type: str, domain_event: JsonObject, identity: JsonObject) -> str:
    """Returns the body of a Wix webhook: a compact RS256 JWT with nested JSON texts (wix-api §6)."""
    envelope = {
        "eventType": event_type,
        "instanceId": key.shop_id,
        "data": json.dumps(domain_event),
        "identity": json.dumps(identity),
    }
    moment = clock.now()
    claims = {"data": json.dumps(envelope), "iat": moment, "exp": moment + timedelta(minutes=JWT_MINUTES)}
    return jwt.encode(claims, _opened(key.private_sealed), "RS256")


def _fresh() -> dict[str, Any]:
    private = rsa.generate_private_key(65537, KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"private_sealed": config.seal(pem.decode()), "created_at": clock.now()}


@lru_cache(maxsize=256)
def _opened(private_sealed: str) -> rsa.RSAPrivateKey:
    """Returns the decrypted key, cached: loading a key takes longer than signing with it."""
    key = serialization.load_pem_private_key(config.unseal(private_sealed).encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
