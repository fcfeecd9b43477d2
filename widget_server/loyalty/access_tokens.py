"""Tokens of the admin API: who holds one is an app (with an API key), a visitor, or a member."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from peewee import Check

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime
from widget_server.errors import SignedOut
from widget_server.loyalty.api_keys import ApiKey

ACCESS_TOKEN_SECONDS = 4 * 3600
REFRESH_TOKEN_DAYS = 90


class AccessToken(ShopTable):
    """A token of the admin API: who holds it is an app (with an API key), a visitor, or a member. `id` is its hash."""

    id = Text(primary_key=True)
    use = Text()
    identity = Text()
    key_id = Text(null=True, index=True)
    customer_id = Text(null=True, index=True)
    visitor_id = Text(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime()

    class Meta:
        constraints = [Check("use IN ('access', 'refresh')"), Check("identity IN ('app', 'visitor', 'member')")]


@dataclass(frozen=True)
class Holder:
    """Who a token speaks for: an app by its API key, a visitor by an id of hers, or a member."""

    shop_id: str
    identity: Literal["app", "visitor", "member"]
    key_id: str | None = None
    customer_id: str | None = None
    visitor_id: str | None = None


@dataclass(frozen=True)
class Tokens:
    """A fresh access token, and the one that renews it; both are shown this once."""

    access: str
    refresh: str
    seconds: int


def grant(holder: Holder) -> Tokens:
    """An access token for a few hours, and a refresh token for as long as she is likely to come back."""
    access = _keep_token(holder, "access", timedelta(seconds=ACCESS_TOKEN_SECONDS))
    refresh = _keep_token(holder, "refresh", timedelta(days=REFRESH_TOKEN_DAYS))
    return Tokens(access, refresh, ACCESS_TOKEN_SECONDS)


def regrant(refresh: str) -> Tokens:
    """A fresh access token for who holds `refresh`, which stays the same: clients renew in parallel.

    Raises SignedOut.
    """
    access = _keep_token(holder_of(refresh, use="refresh"), "access", timedelta(seconds=ACCESS_TOKEN_SECONDS))
    return Tokens(access, refresh, ACCESS_TOKEN_SECONDS)


def holder_of(token: str, *, use: Literal["access", "refresh"] = "access") -> Holder:
    """Who holds this token; raises SignedOut when it is not good now, or its API key was revoked."""
    row: AccessToken | None = (
        AccessToken.everywhere().where(AccessToken.id == config.digest(token), AccessToken.use == use).first()
    )
    if row is None or row.expires_at <= clock.now():
        raise SignedOut()
    if row.key_id is not None and ApiKey.need(row.shop_id, ApiKey.id == row.key_id).revoked_at is not None:
        raise SignedOut()
    return Holder(row.shop_id, row.identity, row.key_id, row.customer_id, row.visitor_id)


def forget_old(limit_days: int = 7) -> None:
    """Delete tokens that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    AccessToken.delete().where(AccessToken.expires_at < before).execute()


def _keep_token(holder: Holder, use: str, life: timedelta) -> str:
    token, moment = f"at_{secrets.token_urlsafe(32)}", clock.now()
    row = AccessToken(
        id=config.digest(token),
        shop_id=holder.shop_id,
        use=use,
        identity=holder.identity,
        key_id=holder.key_id,
        customer_id=holder.customer_id,
        visitor_id=holder.visitor_id,
        created_at=moment,
        expires_at=moment + life,
    )
    row.save(force_insert=True)
    return token
