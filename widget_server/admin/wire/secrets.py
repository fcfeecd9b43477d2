"""Secrets the shop signs with, on the wire: our addition to Wix's API (contracts §16)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Required, TypedDict

from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import SECRET_LENGTH_MIN, SecretKind
from widget_server.web.texts import text
from widget_server.web.typed_schemas import ReadOnly
from widget_server.web.wire import Choice, Guid

KINDS = {"IDENTITY": "identity", "WEBHOOK": "webhook"}


class ShopSecret(TypedDict, total=False):
    """A secret that signs identity tokens or webhooks. `secret` is shown once; if it is left out, one is generated."""

    id: Annotated[Guid, ReadOnly]
    kind: Required[Annotated[SecretKind, Choice(KINDS)]]
    secret: Annotated[str | None, text(SECRET_LENGTH_MIN, 500)]
    begins_with: Annotated[str, ReadOnly]
    created_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewShopSecret:
    """The secret to add."""

    shop_secret: ShopSecret


class ShopSecretResponse(TypedDict):
    """One secret."""

    shop_secret: ShopSecret


class ShopSecrets(TypedDict):
    """The valid secrets, newest first."""

    shop_secrets: list[ShopSecret]


def shop_secret(row: shops.ShopSecret, secret: str | None = None) -> ShopSecret:
    """Returns the row as the wire has it; `secret` only when it is shown."""
    return {
        "id": row.id,
        "kind": row.kind,
        "secret": secret,
        "begins_with": row.begins_with,
        "created_date": row.created_at,
    }
