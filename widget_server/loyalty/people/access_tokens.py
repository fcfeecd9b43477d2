"""Tokens of the admin API: the holder is an app (with an API key), a visitor, or a member (contracts §16).

A token that an API key granted ends with the secret that requested it. Tokens that were renewed from one another
are a family: a refresh token that is used again after its successor was used counts as stolen, and ends the family.
Tokens of visitors are granted to anybody, and have no row (visitor_tokens.py).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from peewee import Check

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, atomic, delete_before, lock_rows, new_id
from widget_server.errors import SignedOut
from widget_server.loyalty.people import api_keys, visitor_tokens
from widget_server.loyalty.people.api_keys import ApiKey, KeyInUse
from widget_server.loyalty.people.visitor_tokens import Visitor

ACCESS_TOKEN_SECONDS = 4 * 3600
REFRESH_TOKEN_DAYS = 90
OVERLAP = timedelta(seconds=60)  # for which a replaced refresh token stays valid: clients renew in parallel


class AccessToken(ShopTable):
    """A token of the admin API. `id` is its hash, `key_hash` the hash of the secret which granted it.

    `parent_id` is the refresh token it was renewed from; `replaced_at` is when its first successor was used.
    """

    id = Text(primary_key=True)
    use = Text()
    identity = Text()
    key_id = Text(null=True, index=True)
    customer_id = Text(null=True, index=True)
    visitor_id = Text(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    key_hash = Text(null=True)
    family_id = Text(index=True)
    parent_id = Text(null=True)
    replaced_at = UtcDateTime(null=True)

    class Meta:
        constraints = [Check("use IN ('access', 'refresh')"), Check("identity IN ('app', 'visitor', 'member')")]


@dataclass(frozen=True)
class Holder:
    """The holder of a token: an app by its API key, a visitor by an id of its own, or a member.

    `by` is the key that granted it, with the hash of the secret that was used; None for a visitor.
    """

    shop_id: str
    identity: Literal["app", "visitor", "member"]
    by: KeyInUse | None = None
    customer_id: str | None = None
    visitor_id: str | None = None


@dataclass(frozen=True)
class Tokens:
    """A fresh access token, and the refresh token that renews it; both are shown only once."""

    access: str
    refresh: str
    seconds: int


def grant(holder: Holder) -> Tokens:
    """Returns an access token (ACCESS_TOKEN_SECONDS) and a refresh token (REFRESH_TOKEN_DAYS) for the holder."""
    family_id, ends = new_id(), clock.now() + timedelta(days=REFRESH_TOKEN_DAYS)
    if holder.visitor_id is not None:
        return _for_visitor(Visitor(holder.shop_id, holder.visitor_id, ends))
    return Tokens(_access(holder, family_id), _refresh(holder, family_id, ends), ACCESS_TOKEN_SECONDS)


def regrant(refresh: str, *, address: str | None = None) -> Tokens:
    """Returns a fresh access token and a fresh refresh token of the same family, which keeps its first end date.

    The refresh token that was used stays valid until its successor is used, and OVERLAP longer: the official SDK keeps
    the first one for a member, and renews in parallel. The one of an app stays the same, since it is valid only
    together with the key's secret. Raises SignedOut (after a reuse of a replaced one, all tokens of its family are
    deleted), and AddressNotAllowed for an app that calls from an address that is not on its key's list.
    """
    if refresh.startswith(visitor_tokens.BEGINS):
        return _for_visitor(visitor_tokens.read(refresh, "refresh"))
    with atomic():
        row = lock_rows(_rows(refresh, "refresh")).first()
        is_reuse = row is not None and is_replaced(row, clock.now())
        if is_reuse:
            AccessToken.remove(row.shop_id, AccessToken.family_id == row.family_id)
        else:
            holder = holder_of(refresh, use="refresh", address=address)
            _replace_parent(row)
            kept = holder.identity == "app"
            renewed = refresh if kept else _refresh(holder, row.family_id, row.expires_at, parent_id=row.id)
            return Tokens(_access(holder, row.family_id), renewed, ACCESS_TOKEN_SECONDS)
    raise SignedOut()


def is_replaced(row: AccessToken, moment: datetime) -> bool:
    """True when a successor of the refresh token was first used OVERLAP ago or earlier."""
    return row.replaced_at is not None and row.replaced_at + OVERLAP <= moment


def holder_of(token: str, *, use: Literal["access", "refresh"] = "access", address: str | None = None) -> Holder:
    """Returns the holder of this token, in a request from `address`.

    Raises SignedOut when the token, or the secret that granted it, is not valid now; AddressNotAllowed when an app
    calls from an address that is not on its key's list.
    """
    if token.startswith(visitor_tokens.BEGINS):
        visitor = visitor_tokens.read(token, use)
        return Holder(visitor.shop_id, "visitor", visitor_id=visitor.id)
    row: AccessToken | None = _rows(token, use).first()
    now = clock.now()
    if row is None or row.expires_at <= now:
        raise SignedOut()
    by = None
    if row.key_id is not None:
        key = ApiKey.need(row.shop_id, ApiKey.id == row.key_id)
        if not key.vouches_for(row.key_hash, now):
            raise SignedOut()
        if row.identity == "app":
            api_keys.need_address(key, address)
        by = KeyInUse(key, row.key_hash)
    return Holder(row.shop_id, row.identity, by, row.customer_id, row.visitor_id)


def forget_old(limit_days: int = 7) -> None:
    """Delete tokens that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    delete_before(AccessToken, AccessToken.expires_at, before)


def _rows(token: str, use: str) -> Any:
    return AccessToken.everywhere().where(AccessToken.id == config.digest(token), AccessToken.use == use)


def _replace_parent(row: AccessToken) -> None:
    """Mark the parent of `row` as replaced: the client now uses its successor."""
    not_yet = (AccessToken.id == row.parent_id, AccessToken.replaced_at.is_null())
    AccessToken.change(row.shop_id, {AccessToken.replaced_at: clock.now()}, *not_yet)


def _for_visitor(visitor: Visitor) -> Tokens:
    expires = min(clock.now() + timedelta(seconds=ACCESS_TOKEN_SECONDS), visitor.ends_at)
    access = visitor_tokens.sign(visitor, "access", expires)
    return Tokens(access, visitor_tokens.sign(visitor, "refresh", visitor.ends_at), ACCESS_TOKEN_SECONDS)


def _access(holder: Holder, family_id: str) -> str:
    return _keep(holder, "access", family_id, clock.now() + timedelta(seconds=ACCESS_TOKEN_SECONDS))


def _refresh(holder: Holder, family_id: str, ends: datetime, parent_id: str | None = None) -> str:
    return _keep(holder, "refresh", family_id, ends, parent_id)


def _keep(holder: Holder, use: str, family_id: str, ends: datetime, parent_id: str | None = None) -> str:
    token = f"at_{secrets.token_urlsafe(32)}"
    row = AccessToken(
        id=config.digest(token),
        shop_id=holder.shop_id,
        use=use,
        identity=holder.identity,
        key_id=holder.by.key.id if holder.by else None,
        key_hash=holder.by.secret_hash if holder.by else None,
        customer_id=holder.customer_id,
        visitor_id=holder.visitor_id,
        created_at=clock.now(),
        expires_at=ends,
        family_id=family_id,
        parent_id=parent_id,
    )
    row.save(force_insert=True)
    return token
