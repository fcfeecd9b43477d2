"""One-time codes and links by mail: valid once, for one purpose and for CODE_MINUTES (contracts §19).

Each request gets its own challenge, and shares a code that was mailed before and is still valid: so a request by a
stranger does not invalidate what was mailed to the owner of the mailbox. Eight digits can be guessed, so wrong
codes are counted per mailbox. When the limit of a day is reached, mails have only a link, and the page behind the link
shows a code that is too long to be guessed.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypedDict

from peewee import Check, fn

from widget_server import clock, config
from widget_server.db import (
    Bool,
    Int,
    Json,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    canonical,
    delete_before,
    lock_name,
    lock_rows,
)
from widget_server.errors import CodeExpired, TooManyTries, UseTheLink, WrongCode
from widget_server.loyalty.people import emails
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.people.forgetting import Forgotten

Purpose = Literal["sign_up", "sign_in", "reset", "verify"]

CODE_MINUTES = 15
CODE_DIGITS = 8
LONG_CODE_DIGITS = 16  # 53 bits: cannot be guessed in the minutes it is valid
CODE_TRIES_MAX = 5
WRONG_CODES_MAX = 10  # per mailbox and day
SHARED_FOR = timedelta(minutes=10)  # an older code has too little time left for another challenge
RESENT_MAX = 5  # mails per mailbox and hour; beyond it a valid code is not mailed again


class SignInCode(ShopTable):
    """A confirmation under way: `id` is the hash of the challenge that the requesting panel holds.

    Other challenges for the same address and purpose may share `code_sealed`. `by_link`: the code is long, and
    the page behind the mail's link shows it. `mailed_at` is null when the mail of an earlier challenge is used.
    """

    id = Text(primary_key=True)
    email = Text()
    email_key = Text(index=True)
    mailbox = Text()
    purpose = Text()
    code_sealed = Text()
    by_link = Bool()
    link_hash = Text(unique=True)
    tries = Int(default=0)
    wishes = Json()
    created_at = UtcDateTime()
    made_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    mailed_at = UtcDateTime(null=True)
    used_at = UtcDateTime(null=True)

    class Meta:
        indexes = ((("shop_id", "mailbox"), False),)
        constraints = [Check("purpose IN ('sign_up', 'sign_in', 'reset', 'verify')")]


@dataclass(frozen=True)
class CodeRequest:
    """A new confirmation: the challenge is for the panel, code and link are mailed (if `row.mailed_at` is set)."""

    challenge: str
    code: str
    link: str
    row: SignInCode


class Wishes(TypedDict, total=False):
    """What is applied once an address is confirmed: facts about its owner, and a referral code."""

    name: str
    locale: str
    accepts_marketing: bool
    password_hash: str
    referral_code: str


def ask_code(
    shop_id: str,
    email: str,
    wishes: Wishes,
    *,
    purpose: Purpose = "sign_in",
    is_owned: bool = True,
    challenge: str | None = None,
) -> CodeRequest:
    """Begin a confirmation of `email`. `wishes` are applied once it is confirmed.

    `is_owned`: the address is a customer's, or plain; other addresses of its mailbox cannot use up its mails.
    `challenge` is the one to use, unguessable; by default a random one. Raises EmailInvalid.
    """
    parsed = emails.parse(email)
    challenge, link = challenge or secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    moment = clock.now()
    with atomic():
        _lock_mailbox(shop_id, parsed.mailbox)
        by_link = is_used_up(shop_id, parsed.mailbox)
        shared = _shared(shop_id, parsed, purpose, by_link=by_link)
        code = (
            config.unseal(shared.code_sealed) if shared else _fresh_code(LONG_CODE_DIGITS if by_link else CODE_DIGITS)
        )
        made_at = shared.made_at if shared else moment
        is_mailed = must_mail(shop_id, parsed.mailbox, is_first=shared is None and is_owned)
        row = SignInCode(
            id=config.digest(challenge),
            shop_id=shop_id,
            email=parsed.typed,
            email_key=parsed.key,
            mailbox=parsed.mailbox,
            purpose=purpose,
            code_sealed=config.seal(code),
            by_link=by_link,
            link_hash=config.digest(link),
            wishes=wishes,
            created_at=moment,
            made_at=made_at,
            expires_at=made_at + timedelta(minutes=CODE_MINUTES),
            mailed_at=moment if is_mailed else None,
        )
        row.save(force_insert=True)
    return CodeRequest(challenge, code, link, row)


def find_by_challenge(shop_id: str, challenge: str) -> SignInCode | None:
    """Returns the confirmation with this challenge, also a used or expired one; None when there is none."""
    return SignInCode.one(shop_id, SignInCode.id == config.digest(challenge))


def must_mail(shop_id: str, mailbox: str, *, is_first: bool) -> bool:
    """Whether to mail a code: always the first time, later while its mailbox had few mails in the last hour.

    Other challenges share a mailed code for SHARED_FOR, so there are at most six first mails an hour for each
    purpose.
    """
    if is_first:
        return True
    since = clock.now() - timedelta(hours=1)
    mailed = SignInCode.of(shop_id).where(SignInCode.mailbox == mailbox, SignInCode.mailed_at > since)
    return bool(mailed.count() < RESENT_MAX)


def is_used_up(shop_id: str, mailbox: str) -> bool:
    """Whether a mailbox reached WRONG_CODES_MAX in the last day: then only links are valid."""
    since = clock.now() - timedelta(days=1, minutes=CODE_MINUTES)  # a try may be that much later than its challenge
    of_day = (SignInCode.mailbox == mailbox, SignInCode.created_at > since)
    wrong = SignInCode.of(shop_id, fn.SUM(SignInCode.tries)).where(*of_day).scalar()
    return (wrong or 0) >= WRONG_CODES_MAX


def confirm_code(
    shop_id: str, challenge: str, code: str, purposes: tuple[Purpose, ...] = ("sign_up", "sign_in")
) -> SignInCode:
    """Check the typed code of a challenge for one of `purposes`; returns the confirmation, used up.

    Raises WrongCode, TooManyTries, UseTheLink, and CodeExpired, also for another purpose. A wrong try is counted even
    though the request is refused.
    """
    is_this = SignInCode.id == config.digest(challenge)
    with atomic():
        row = _locked(SignInCode.of(shop_id).where(is_this))
        if row.purpose not in purposes:
            raise CodeExpired()
        if row.tries >= CODE_TRIES_MAX:
            raise TooManyTries()
        typed = "".join(code.split())  # the page shows the long code in groups
        if len(typed) < LONG_CODE_DIGITS and must_type(row):
            raise UseTheLink()
        if hmac.compare_digest(config.unseal(row.code_sealed).encode(), typed.encode()):
            _use_up(row)
            return row
        row.tries += 1
        row.save(only=[SignInCode.tries])
    raise WrongCode(field="code") if row.tries < CODE_TRIES_MAX else TooManyTries()


def follow_link(link: str) -> tuple[SignInCode, str | None]:
    """Follow the link of the mail; returns the confirmation, and the code to type instead (None: not needed).

    Without such a code the confirmation is used up. With one (`must_type`) link and code stay valid until the code is
    typed, for each challenge of this address and purpose. Raises CodeExpired.
    """
    is_this = SignInCode.link_hash == config.digest(link)
    with atomic():
        row = _locked(SignInCode.everywhere().where(is_this))
        if not must_type(row):
            _use_up(row)
            return row, None
        return row, _show_long_code(row)


def must_type(row: SignInCode) -> bool:
    """Whether only the long code is valid, which the page behind the link shows."""
    return bool(row.by_link) or is_used_up(row.shop_id, row.mailbox)


def peek_link(link: str) -> SignInCode | None:
    """Returns the confirmation of a link, without using it up; None when it is not valid any more."""
    row = SignInCode.everywhere().where(SignInCode.link_hash == config.digest(link)).first()
    return row if row is not None and _is_good(row) else None


def forget_old(limit_days: int = 7) -> None:
    """Delete codes that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    delete_before(SignInCode, SignInCode.expires_at, before)


def forget(person: Forgotten) -> None:
    """Delete this person's confirmations and ended ones; their referral codes are removed from those of others."""
    over = SignInCode.used_at.is_null(False) | (SignInCode.expires_at <= clock.now())
    SignInCode.remove(person.shop_id, SignInCode.email_key.in_(list(person.emails)) | over)
    for row in list(SignInCode.of(person.shop_id)):
        if any(one in canonical(row.wishes) for one in person.ids) or person.is_named_in(canonical(row.wishes)):
            SignInCode.remove(person.shop_id, SignInCode.id == row.id)
            continue
        wishes = json.loads(person.without_codes(canonical(row.wishes)))
        SignInCode.change(person.shop_id, {SignInCode.wishes: wishes}, SignInCode.id == row.id)


def _show_long_code(row: SignInCode) -> str:
    """Returns the long code of the row's address and purpose; all their challenges use it from now on."""
    alike = _alike(row.email_key, row.purpose)
    shown = SignInCode.of(row.shop_id).where(*alike, SignInCode.by_link).first()
    sealed = shown.code_sealed if shown else config.seal(_fresh_code(LONG_CODE_DIGITS))
    SignInCode.change(row.shop_id, {SignInCode.code_sealed: sealed, SignInCode.by_link: True}, *alike)
    return config.unseal(sealed)


def _shared(shop_id: str, email: Email, purpose: Purpose, *, by_link: bool) -> SignInCode | None:
    """Returns a challenge whose code a new one can share, since it is valid for long enough; or None."""
    alike = (*_alike(email.key, purpose), SignInCode.by_link == by_link)
    young = SignInCode.of(shop_id).where(*alike, SignInCode.made_at > clock.now() - SHARED_FOR)
    found: SignInCode | None = young.order_by(SignInCode.made_at.desc(), SignInCode.id).first()
    return found


def _alike(email_key: str, purpose: str) -> tuple[Any, ...]:
    """Returns the conditions for the valid challenges of an address and purpose."""
    theirs = (SignInCode.email_key == email_key, SignInCode.purpose == purpose)
    return (*theirs, SignInCode.used_at.is_null(), SignInCode.expires_at > clock.now())


def _use_up(row: SignInCode) -> None:
    """End the confirmation, with all challenges of this address and purpose, since they share codes."""
    row.used_at = clock.now()
    SignInCode.change(row.shop_id, {SignInCode.used_at: row.used_at}, *_alike(row.email_key, row.purpose))


def _is_good(row: SignInCode) -> bool:
    return bool(row.used_at is None and row.expires_at > clock.now())


def _locked(query: Any) -> SignInCode:
    """Lock the mailbox and return the valid challenge that `query` finds; raises CodeExpired."""
    found = query.first()
    if found is not None:
        _lock_mailbox(found.shop_id, found.mailbox)
        found = lock_rows(SignInCode.of(found.shop_id).where(SignInCode.id == found.id)).first()
    if found is None or not _is_good(found):
        raise CodeExpired()
    row: SignInCode = found
    return row


def _lock_mailbox(shop_id: str, mailbox: str) -> None:
    """Lock the mailbox: its tries and mails are counted in sequence."""
    lock_name("sign_in_code", shop_id, mailbox)


def _fresh_code(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}d}"
