"""API keys on the wire: ours beside Wix's (acceptance 62)."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.api_keys import ApiKey
from widget_server.schemas.widget import Points
from widget_server.schemas.wire import Choice, Wire, WireTime, guid, text, wrapped

SCOPES = {"MANAGE": "manage", "READ": "read"}
KEEP_HOURS_MAX = 72


class ApiKeyWire(Wire):
    """A key for the shop's servers. `secret` is told when it is made, and when it is made anew."""

    id = guid(dump_only=True)
    name = text(1, 100, required=True)
    scope = Choice(SCOPES, required=True)
    secret = fields.String(dump_only=True)
    last_used_date = WireTime(dump_only=True)
    last_used_from = fields.String(dump_only=True)
    created_date, revoked_date = WireTime(dump_only=True), WireTime(dump_only=True)


class ApiKeys(Wire):
    """Every key of the shop, newest first, revoked ones too."""

    api_keys = fields.List(fields.Nested(ApiKeyWire), required=True)


class Rotate(Wire):
    """For how many hours the earlier secret stays good: none, unless told."""

    keep_hours = Points(low=0, high=KEEP_HOURS_MAX)


ApiKeyBody = wrapped("api_key", ApiKeyWire)


def api_key(row: ApiKey, secret: str | None = None) -> dict[str, Any]:
    """The row as ApiKeyWire writes it."""
    return {
        "id": row.id,
        "name": row.name,
        "scope": row.scope,
        "secret": secret,
        "last_used_date": row.last_used_at,
        "last_used_from": row.last_used_from,
        "created_date": row.created_at,
        "revoked_date": row.revoked_at,
    }
