"""The keys for data in the database, stored there too, each wrapped by the server's secret (contracts §16).

So a new server secret re-wraps only a few rows, and no digest changes. The keys decrypt with WIDGET_SECRET_KEY or one
of WIDGET_OLD_SECRET_KEYS, or not at all: this is how a wrong secret is detected.
"""

import secrets

from cryptography.fernet import Fernet, InvalidToken
from peewee import CompositeKey

from widget_server import clock, config
from widget_server.config import AT_REST, AtRest
from widget_server.db import Int, Table, Text, UtcDateTime, connected, insert_once
from widget_server.errors import WrongSecretKey

WRAPPING = "data-keys"


class DataKey(Table):
    """A key of one purpose. The highest generation is in use; earlier ones still decrypt what they encrypted."""

    purpose = Text()
    generation = Int()
    wrapped = Text()
    created_at = UtcDateTime()

    class Meta:
        primary_key = CompositeKey("purpose", "generation")


def stored(purpose: AtRest) -> list[bytes]:
    """The keys in the database for a purpose, newest first; an empty list before the migrations have run.

    Raises WrongSecretKey when no secret of the server decrypts them.
    """
    with connected():  # threads that send messages have no connection
        if not DataKey.is_there():  # called by a migration from an earlier version
            return []
        rows = DataKey.everywhere().where(DataKey.purpose == purpose).order_by(DataKey.generation.desc())
        return [_unwrapped(row.wrapped) for row in rows]


def check(sealed: str | None) -> None:
    """Raises WrongSecretKey unless the server's secrets decrypt this database's keys; stores the keys that are missing.

    The initial key is the one that earlier versions derived from the secret, so that their data stays readable.
    `sealed` is a value that they encrypted; it shows which secret they had.
    """
    for row in DataKey.everywhere():
        _unwrapped(row.wrapped)
    missing = set(AT_REST) - {row.purpose for row in DataKey.everywhere(DataKey.purpose)}
    if missing:
        is_new = len(missing) == len(AT_REST)
        secret = _secret_that_opens(sealed) if is_new and sealed else config.current().secret_key
        for purpose in sorted(missing):
            _keep(purpose, 1, config.made_of(secret, purpose))
        config.forget_keys()


def renew(purpose: AtRest) -> None:
    """Create a new key for the purpose; earlier keys still decrypt the data that was encrypted with them."""
    newest = DataKey.everywhere(DataKey.generation).where(DataKey.purpose == purpose).order_by(-DataKey.generation)
    generation = int(newest.limit(1).scalar() or 0) + 1
    _keep(purpose, generation, secrets.token_bytes(32))
    config.forget_keys()


def wrap_anew() -> None:
    """Wrap each key again with the current secret of the server; old secrets are not needed for them any more."""
    for row in list(DataKey.everywhere()):
        same = (DataKey.purpose == row.purpose) & (DataKey.generation == row.generation)
        DataKey.update(wrapped=_wrapped(_unwrapped(row.wrapped))).where(same).execute()


def _keep(purpose: AtRest, generation: int, key: bytes) -> None:
    facts = {"purpose": purpose, "generation": generation, "wrapped": _wrapped(key), "created_at": clock.now()}
    insert_once(DataKey, facts)


def _wrapped(key: bytes) -> str:
    return _wrapper(config.current().secret_key).encrypt(key).decode()


def _unwrapped(wrapped: str) -> bytes:
    settings = config.current()
    for secret in (settings.secret_key, *settings.old_secret_keys):
        try:
            return _wrapper(secret).decrypt(wrapped.encode())
        except InvalidToken:
            continue
    raise WrongSecretKey()


def _wrapper(secret: str) -> Fernet:
    return config.fernet(config.made_of(secret, WRAPPING))


def _secret_that_opens(sealed: str) -> str:
    settings = config.current()
    for secret in (settings.secret_key, *settings.old_secret_keys):
        try:
            config.fernet(config.made_of(secret, "shared-secrets")).decrypt(sealed.encode())
        except InvalidToken:
            continue
        return secret
    raise WrongSecretKey()
