"""Access: sessions, one-time codes, passwords, API keys, and tokens that were used up.

Tokens, keys and codes are kept hashed; what is kept cannot be used to come in.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from peewee import Check, CompositeKey

from widget_server import clock, config, lanes
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime, atomic, insert_once, lock_rows, new_id
from widget_server.errors import CodeExpired, PasswordWeak, SignedOut, TooManyTries, WrongCode
from widget_server.loyalty import emails

SESSION_DAYS = 90
CODE_MINUTES = 15
ACCESS_TOKEN_SECONDS = 4 * 3600
REFRESH_TOKEN_DAYS = 90
KEY_USE_NOTED_EVERY = timedelta(minutes=1)
CODE_TRIES_MAX = 5
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 200
WELL_KNOWN = re.compile(r"(password|passwort|qwerty|iloveyou|letmein|welcome|abc123|1234567)[\W\d]*|(.)\2+|\d{1,12}")

_hasher = PasswordHasher()
_nobody = _hasher.hash(secrets.token_hex(16))


class Session(ShopTable):
    """A signed-in shopper's panel. `id` is the hash of the opaque token it carries."""

    id = Text(primary_key=True)
    customer_id = Text(index=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)


class SignInCode(ShopTable):
    """A confirmation under way: `id` is the hash of the challenge that the asking panel holds."""

    id = Text(primary_key=True)
    email = Text()
    email_key = Text(index=True)
    code_hash = Text()
    link_hash = Text(unique=True)
    tries = Int(default=0)
    wishes = Json()
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    used_at = UtcDateTime(null=True)


class UsedToken(ShopTable):
    """An identity token that was swapped for a session: its `jti` is good once."""

    jti = Text()
    expires_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "jti")


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


class AccessToken(ShopTable):
    """A token of the admin API: who holds it is an app (with an API key), a visitor, or a member. `id` is its hash."""

    id = Text(primary_key=True)
    use = Text()
    identity = Text()
    key_id = Text(null=True, index=True)
    customer_id = Text(null=True, index=True)
    visitor_id = Text(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)

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


@dataclass(frozen=True)
class Opened:
    """A fresh session; the token is shown to the panel once and kept hashed here."""

    token: str
    session: Session


@dataclass(frozen=True)
class Asked:
    """A fresh confirmation: the challenge goes to the panel, code and link go by mail."""

    challenge: str
    code: str
    link: str
    row: SignInCode


def open_session(shop_id: str, customer_id: str) -> Opened:
    """Sign a customer in on one panel."""
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    session = Session(
        id=config.digest(token),
        shop_id=shop_id,
        customer_id=customer_id,
        created_at=moment,
        expires_at=moment + timedelta(days=SESSION_DAYS),
    )
    session.save(force_insert=True)
    return Opened(token, session)


def session_of(shop_id: str, token: str) -> Session:
    """The session with this token in this shop; raises SignedOut when there is none that is good now."""
    session = Session.one(shop_id, Session.id == config.digest(token))
    if session is None or session.expires_at <= clock.now():
        raise SignedOut()
    return session


def close_session(shop_id: str, token: str) -> None:
    """Sign out on this panel."""
    Session.remove(shop_id, Session.id == config.digest(token))


def close_all(shop_id: str, customer_id: str) -> None:
    """Sign out everywhere: after a new password, and when she leaves."""
    Session.remove(shop_id, Session.customer_id == customer_id)
    AccessToken.remove(shop_id, AccessToken.customer_id == customer_id)


def ask_code(shop_id: str, email: str, wishes: dict[str, Any]) -> Asked:
    """Begin a confirmation of `email`. `wishes` is what shall happen once it is confirmed."""
    challenge, link = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    code = f"{secrets.randbelow(10**6):06d}"
    moment = clock.now()
    row = SignInCode(
        id=config.digest(challenge),
        shop_id=shop_id,
        email=email,
        email_key=emails.key_of(email),
        code_hash=_code_hash(challenge, code),
        link_hash=config.digest(link),
        wishes=wishes,
        created_at=moment,
        expires_at=moment + timedelta(minutes=CODE_MINUTES),
    )
    row.save(force_insert=True)
    return Asked(challenge, code, link, row)


def confirm_code(shop_id: str, challenge: str, code: str) -> SignInCode:
    """The typed code fits the challenge: the confirmation, used up.

    Raises WrongCode, CodeExpired, TooManyTries. Tries are counted even though the request is refused.
    """
    with atomic():
        row = lock_rows(SignInCode.of(shop_id).where(SignInCode.id == config.digest(challenge))).first()
        if row is None or row.used_at is not None or row.expires_at <= clock.now():
            raise CodeExpired()
        row.tries += 1
        row.save(only=[SignInCode.tries])
        fits = hmac.compare_digest(row.code_hash, _code_hash(challenge, code.strip()))
        if fits and row.tries <= CODE_TRIES_MAX:
            row.used_at = clock.now()
            row.save(only=[SignInCode.used_at])
            return row
    raise WrongCode(field="code") if row.tries < CODE_TRIES_MAX else TooManyTries()


def confirm_link(link: str) -> SignInCode:
    """The link of the mail was followed: the confirmation, used up. Raises CodeExpired."""
    with atomic():
        row = lock_rows(SignInCode.everywhere().where(SignInCode.link_hash == config.digest(link))).first()
        if row is None or row.used_at is not None or row.expires_at <= clock.now():
            raise CodeExpired()
        row.used_at = clock.now()
        row.save(only=[SignInCode.used_at])
        return row


def peek_link(link: str) -> SignInCode | None:
    """The confirmation behind a link that is still good; nothing is used up."""
    row = SignInCode.everywhere().where(SignInCode.link_hash == config.digest(link)).first()
    return row if row is not None and row.used_at is None and row.expires_at > clock.now() else None


def use_up(shop_id: str, jti: str, expires_at: Any) -> bool:
    """Note that an identity token was swapped; False when it was before."""
    return insert_once(UsedToken, {"shop_id": shop_id, "jti": jti, "expires_at": expires_at})


def hash_password(password: str) -> str:
    """argon2id of a password that is good enough; raises PasswordWeak, Busy."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX or WELL_KNOWN.fullmatch(password.casefold()):
        raise PasswordWeak()
    with lanes.HASHING.place():
        return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Compare; takes as long when there is no account or no password, so that nothing is told. Raises Busy."""
    with lanes.HASHING.place():
        try:
            fits = _hasher.verify(password_hash or _nobody, password[: PASSWORD_LENGTH_MAX + 1])
        except (VerificationError, InvalidHashError):
            return False
    return fits and password_hash is not None


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


def revoke_key(shop_id: str, key_id: str) -> None:
    """The key is dead from now on; raises NotFound."""
    key = ApiKey.need(shop_id, ApiKey.id == key_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(only=[ApiKey.revoked_at])


def forget_old(limit_days: int = 7) -> None:
    """Drop sessions, codes and used tokens that ran out some days ago."""
    before = clock.now() - timedelta(days=limit_days)
    for table in (Session, SignInCode, UsedToken, AccessToken):
        table.delete().where(table.expires_at < before).execute()


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


def _note_use(key: ApiKey, address: str | None) -> None:
    """When and from where the key was last used, to the minute: a read must not always write."""
    now = clock.now()
    if key.last_used_at and now - key.last_used_at < KEY_USE_NOTED_EVERY and key.last_used_from == address:
        return
    ApiKey.change(key.shop_id, {ApiKey.last_used_at: now, ApiKey.last_used_from: address}, ApiKey.id == key.id)


def _code_hash(challenge: str, code: str) -> str:
    """Six digits alone could be tried out from their hash; with the challenge they cannot."""
    return config.digest(f"{challenge}:{code}")
