"""API keys for the shop's servers: kept hashed, rotated, revoked."""

import secrets
from datetime import timedelta

from peewee import Check

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, atomic, new_id
from widget_server.errors import SignedOut

KEY_USE_NOTED_EVERY = timedelta(minutes=1)


class ApiKey(ShopTable):
    """A key for the shop's servers. `id` is public, the secret is hashed and shown once."""

    id = Text(primary_key=True)
    name = Text()
    secret_hash = Text(unique=True)
    scope = Text(default="manage")
    created_at = UtcDateTime()
    last_used_at = UtcDateTime(null=True)
    last_used_from = Text(null=True)
    revoked_at = UtcDateTime(null=True)
    previous_hash = Text(null=True, index=True)
    previous_until = UtcDateTime(null=True)

    class Meta:
        constraints = [Check("scope IN ('manage', 'read')")]


def create_key(shop_id: str, name: str, scope: str = "manage") -> tuple[ApiKey, str]:
    """A fresh API key and its secret, which is shown this once."""
    secret = f"sk_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=new_id(),
        shop_id=shop_id,
        name=name,
        secret_hash=config.digest(secret),
        scope=scope,
        created_at=clock.now(),
    )
    key.save(force_insert=True)
    return key, secret


def key_by_secret(secret: str, *, address: str | None = None) -> ApiKey:
    """The API key with this secret, its use noted; raises SignedOut when there is none that is good now.

    After a rotation the earlier secret is good for as long as was granted.
    """
    hashed, now = config.digest(secret), clock.now()
    key: ApiKey | None = (
        ApiKey.everywhere()
        .where(
            (ApiKey.secret_hash == hashed) | ((ApiKey.previous_hash == hashed) & (ApiKey.previous_until > now)),
            ApiKey.revoked_at.is_null(),
        )
        .first()
    )
    if key is None:
        raise SignedOut()
    _note_use(key, address)
    return key


def keys(shop_id: str) -> list[ApiKey]:
    """The shop's API keys, newest first, revoked ones included."""
    return list(ApiKey.of(shop_id).order_by(ApiKey.created_at.desc(), ApiKey.id))


def rotate_key(shop_id: str, key_id: str, *, keep: timedelta = timedelta(0)) -> tuple[ApiKey, str]:
    """A fresh secret for the key, shown this once; the earlier one stays good for `keep`. Raises NotFound."""
    secret = f"sk_{secrets.token_urlsafe(32)}"
    with atomic():
        key = ApiKey.need(shop_id, ApiKey.id == key_id, ApiKey.revoked_at.is_null())
        key.previous_hash, key.previous_until = key.secret_hash, clock.now() + keep
        key.secret_hash = config.digest(secret)
        key.save(only=[ApiKey.previous_hash, ApiKey.previous_until, ApiKey.secret_hash])
    return key, secret


def revoke_key(shop_id: str, key_id: str) -> None:
    """The key is dead from now on; raises NotFound."""
    key = ApiKey.need(shop_id, ApiKey.id == key_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(only=[ApiKey.revoked_at])


def _note_use(key: ApiKey, address: str | None) -> None:
    """When and from where the key was last used, to the minute: a read must not always write."""
    now = clock.now()
    if key.last_used_at and now - key.last_used_at < KEY_USE_NOTED_EVERY and key.last_used_from == address:
        return
    ApiKey.change(key.shop_id, {ApiKey.last_used_at: now, ApiKey.last_used_from: address}, ApiKey.id == key.id)
