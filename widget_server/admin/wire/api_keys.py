"""API keys on the wire: our addition to Wix's API (acceptance 62)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Required, TypedDict

from marshmallow import fields
from marshmallow.validate import Length

from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import SERVICES, Rights
from widget_server.web.texts import text
from widget_server.web.typed_schemas import ReadOnly
from widget_server.web.wire import Choice, Guid, Points

SCOPES = {"MANAGE": "manage", "READ": "read"}
KEEP_HOURS_MAX = 72
ADDRESSES_MAX = 100


class ServiceRight(TypedDict):
    """A service of the admin API that the key may use, and for what."""

    service: Annotated[str, Choice({name: name for name in SERVICES})]
    scope: Annotated[str, Choice(SCOPES)]


class ApiKey(TypedDict, total=False):
    """A key for the shop's servers. `secret` is shown when it is created and when it is rotated.

    `services` limits it to these (null or missing: all of them, by `scope`, which none exceeds), `addresses` to
    requests from these IP addresses and networks; it expires at `expirationDate`.
    """

    id: Annotated[Guid, ReadOnly]
    name: Required[Annotated[str, text(1, 100)]]
    scope: Required[Annotated[str, Choice(SCOPES)]]
    services: Annotated[list[ServiceRight] | None, Length(1, len(SERVICES))]
    addresses: Annotated[list[str] | None, fields.List(text(1, 100)), Length(1, ADDRESSES_MAX)]
    expiration_date: datetime | None
    secret: Annotated[str | None, ReadOnly]
    last_used_date: Annotated[datetime | None, ReadOnly]
    last_used_from: Annotated[str | None, ReadOnly]
    created_date: Annotated[datetime, ReadOnly]
    revoked_date: Annotated[datetime | None, ReadOnly]


@dataclass(frozen=True)
class NewApiKey:
    """The key to create."""

    api_key: ApiKey


@dataclass(frozen=True)
class RotateApiKey:
    """How many hours the earlier secret stays valid, by default 0."""

    keep_hours: Annotated[int | None, Points(low=0, high=KEEP_HOURS_MAX)] = None


class ApiKeyResponse(TypedDict):
    """One key."""

    api_key: ApiKey


class ApiKeys(TypedDict):
    """Every key of the shop, newest first, revoked ones too."""

    api_keys: list[ApiKey]


def rights(sent: ApiKey) -> Rights:
    """Returns the rights of a new key."""
    services = {one["service"]: one["scope"] for one in sent.get("services") or ()}
    addresses = tuple(sent.get("addresses") or ())
    return Rights(sent["scope"], services or None, addresses or None, sent.get("expiration_date"))


def api_key(row: api_keys.ApiKey, secret: str | None = None) -> ApiKey:
    """Returns the row as the wire has it; `secret` only when it is shown."""
    services: dict[str, str] | None = row.services
    return {
        "id": row.id,
        "name": row.name,
        "scope": row.scope,
        "services": None
        if services is None
        else [{"service": name, "scope": scope} for name, scope in services.items()],
        "addresses": row.addresses,
        "expiration_date": row.expires_at,
        "secret": secret,
        "last_used_date": row.last_used_at,
        "last_used_from": row.last_used_from,
        "created_date": row.created_at,
        "revoked_date": row.revoked_at,
    }
