"""One-time codes and links by mail: kept hashed, good once and for a quarter of an hour."""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from widget_server import clock, config
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime, atomic, canonical, delete_before, lock_rows
from widget_server.errors import CodeExpired, TooManyTries, WrongCode
from widget_server.loyalty import emails
from widget_server.loyalty.forgetting import Forgotten

CODE_MINUTES = 15
CODE_TRIES_MAX = 5


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


@dataclass(frozen=True)
class Asked:
    """A fresh confirmation: the challenge goes to the panel, code and link go by mail."""

    challenge: str
    code: str
    link: str
    row: SignInCode


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


def forget_old(limit_days: int = 7) -> None:
    """Delete codes that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    delete_before(SignInCode, SignInCode.expires_at, before)


def forget(person: Forgotten) -> None:
    """Drop what this person was confirming, and what is over; a friend who signs up now brings no code of theirs."""
    over = SignInCode.used_at.is_null(False) | (SignInCode.expires_at <= clock.now())
    SignInCode.remove(person.shop_id, SignInCode.email_key.in_(list(person.emails)) | over)
    for row in list(SignInCode.of(person.shop_id)):
        if any(one in canonical(row.wishes) for one in person.ids) or person.is_named_in(canonical(row.wishes)):
            SignInCode.remove(person.shop_id, SignInCode.id == row.id)
            continue
        wishes = json.loads(person.without_codes(canonical(row.wishes)))
        SignInCode.change(person.shop_id, {SignInCode.wishes: wishes}, SignInCode.id == row.id)


def _code_hash(challenge: str, code: str) -> str:
    """Six digits alone could be tried out from their hash; with the challenge they cannot."""
    return config.digest(f"{challenge}:{code}")
