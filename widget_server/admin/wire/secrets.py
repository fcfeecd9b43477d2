"""Secrets the shop signs with, on the wire: ours beside Wix's (contracts §16)."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.program.shops import SECRET_LENGTH_MIN, ShopSecret
from widget_server.web.wire import Choice, Wire, WireTime, guid, text, wrapped

KINDS = {"IDENTITY": "identity", "WEBHOOK": "webhook"}


class ShopSecretWire(Wire):
    """A secret that signs identity tokens or webhooks. `secret` is shown once; left out, one is made."""

    id = guid(dump_only=True)
    kind = Choice(KINDS, required=True)
    secret = text(SECRET_LENGTH_MIN, 500)
    begins_with = fields.String(dump_only=True)
    created_date = WireTime(dump_only=True)


class ShopSecrets(Wire):
    """The valid secrets, newest first."""

    shop_secrets = fields.List(fields.Nested(ShopSecretWire), required=True)


ShopSecretBody = wrapped("shop_secret", ShopSecretWire)


def shop_secret(row: ShopSecret, secret: str | None = None) -> dict[str, Any]:
    """The row as ShopSecretWire writes it; `secret` only when it is shown."""
    return {
        "id": row.id,
        "kind": row.kind,
        "secret": secret,
        "begins_with": row.begins_with,
        "created_date": row.created_at,
    }
