"""API keys on the wire: ours beside Wix's (acceptance 62)."""

from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from widget_server.loyalty.people.api_keys import SERVICES, ApiKey, Rights
from widget_server.web.wire import Choice, Points, Wire, WireTime, guid, text, wrapped

SCOPES = {"MANAGE": "manage", "READ": "read"}
KEEP_HOURS_MAX = 72
ADDRESSES_MAX = 100


class ServiceRight(Wire):
    """A service of the admin API that the key may use, and for what."""

    service = Choice({name: name for name in SERVICES}, required=True)
    scope = Choice(SCOPES, required=True)


class ApiKeyWire(Wire):
    """A key for the shop's servers. `secret` is shown when it is made, and when it is made anew.

    `services` limits it to these (none: all of them, by `scope`, which none of them exceeds), `addresses` to requests
    from these IP addresses and networks, and it ends at `expirationDate`.
    """

    id = guid(dump_only=True)
    name = text(1, 100, required=True)
    scope = Choice(SCOPES, required=True)
    services = fields.List(fields.Nested(ServiceRight), validate=Length(1, len(SERVICES)))
    addresses = fields.List(text(1, 100), validate=Length(1, ADDRESSES_MAX))
    expiration_date = WireTime()
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


def rights(body: dict[str, Any]) -> Rights:
    """What a new key shall be able to do."""
    services = {one["service"]: one["scope"] for one in body.get("services") or ()}
    return Rights(
        body["scope"], services or None, tuple(body.get("addresses") or ()) or None, body.get("expiration_date")
    )


def api_key(row: ApiKey, secret: str | None = None) -> dict[str, Any]:
    """The row as ApiKeyWire writes it."""
    return {
        "id": row.id,
        "name": row.name,
        "scope": row.scope,
        "services": None
        if row.services is None
        else [{"service": name, "scope": scope} for name, scope in row.services.items()],
        "addresses": row.addresses,
        "expiration_date": row.expires_at,
        "secret": secret,
        "last_used_date": row.last_used_at,
        "last_used_from": row.last_used_from,
        "created_date": row.created_at,
        "revoked_date": row.revoked_at,
    }
