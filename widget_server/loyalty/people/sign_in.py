"""Signing in: who the shopper is, by the shop's identity token or by their own e-mail (contracts §5).

A shopper who proves that an e-mail address is theirs is signed in, and a member from then on; so sign-up, one-time
code and password reset are one procedure, and no response shows whether an address had an account. The owner of an
account gets a mail about a sign-in from a new device and about a new password (contracts §19).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict, cast

import jwt

from widget_server import clock, config, ledger
from widget_server.db import atomic
from widget_server.errors import (
    BadSignature,
    CodeExpired,
    LeftProgram,
    LinkExpired,
    NothingToVerify,
    WrongCredentials,
)
from widget_server.events import MailWanted, emit
from widget_server.loyalty.people import (
    customers,
    devices,
    emails,
    identity_digests,
    passwords,
    recognition,
    sessions,
    sign_in_codes,
)
from widget_server.loyalty.people.customers import Customer, CustomerFacts, Person
from widget_server.loyalty.people.devices import Browser
from widget_server.loyalty.people.sessions import Opened
from widget_server.loyalty.people.sign_in_codes import CodeRequest, Purpose, Wishes
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import binding, progress

IDENTITY_LIFE_MAX = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
TEXT_LENGTH_MAX = 255
UNKNOWN_BROWSER = Browser()
CLAIMS = ("aud", "sub", "jti", "iat", "exp")
JWT_OPTIONS: Any = {"require": CLAIMS, "strict_aud": True, "verify_exp": False, "verify_iat": False}  # by our own clock


@dataclass(frozen=True)
class SignedIn:
    """A customer who is signed in now; `referral` is the outcome of the referral code, if one was sent.

    `device` is the token for the panel to store; None after a sign-in by the shop's identity token.
    """

    customer: Customer
    opened: Opened
    referral: str | None
    device: str | None


@dataclass(frozen=True)
class Followed:
    """The link of a mail was followed, and the address is confirmed. `code`, if any, replaces the mailed one."""

    shop: Shop
    email: str
    code: str | None


def ask(
    shop: Shop,
    email: str,
    *,
    purpose: Purpose,
    locale: str,
    wishes: Wishes | None = None,
    challenge: str | None = None,
) -> CodeRequest:
    """Mail a code and a link to `email`; `wishes` (name, password_hash ...) are applied when it is confirmed.

    Nothing is mailed while an earlier mail with the same code is valid and the mailbox had many. Raises EmailInvalid.
    """
    parsed = emails.parse(email)
    is_owned = parsed.key == parsed.mailbox or customers.by_verified_email(shop.id, parsed.typed) is not None
    with atomic():
        requested = sign_in_codes.ask_code(
            shop.id, parsed.typed, wishes or {}, purpose=purpose, is_owned=is_owned, challenge=challenge
        )
        if requested.row.mailed_at is not None:
            emit(_letter(shop, requested, locale))
        return requested


def _letter(shop: Shop, requested: CodeRequest, locale: str) -> MailWanted:
    """The mail of a confirmation: a code and a link, or only the link when eight-digit codes are not valid today."""
    link = f"{config.current().base_url}/confirm?link={requested.link}"
    if requested.row.by_link:
        return MailWanted(shop.id, "by_link", requested.row.email, locale, {"link": link})
    template = "sign_in" if requested.row.purpose == "verify" else requested.row.purpose
    return MailWanted(shop.id, template, requested.row.email, locale, {"code": requested.code, "link": link})


def confirm(
    shop: Shop, challenge: str, code: str, *, password: str | None = None, browser: Browser = UNKNOWN_BROWSER
) -> SignedIn:
    """Confirm the code that was typed in the panel: its address's owner becomes a member, and is signed in here.

    A `password` is the new one, and then the code must be one of a reset; it closes all other sessions.
    Raises WrongCode, TooManyTries, UseTheLink, CodeExpired, PasswordWeak, and Busy.
    """
    new_hash = passwords.hash_password(password) if password is not None else None
    purposes: tuple[Purpose, ...] = ("reset",) if password is not None else ("sign_up", "sign_in")
    confirmation = sign_in_codes.confirm_code(shop.id, challenge, code, purposes)
    with atomic():
        customer = _owner(shop, confirmation.email)
        wishes: Wishes = confirmation.wishes
        facts = _facts_of(wishes if new_hash is None else {**wishes, "password_hash": new_hash})
        if "password_hash" in facts:
            sessions.close_all(shop.id, customer.id)
        customers.update(customer, **facts)
        template = "new_password" if "password_hash" in facts else "new_device"
        return _enter_from(browser, shop, customer, wishes.get("referral_code"), template=template)


def _facts_of(wishes: Wishes) -> CustomerFacts:
    """Returns the facts about the customer among the wishes of a confirmation."""
    names = ("password_hash", "name", "locale", "accepts_marketing")
    return cast(CustomerFacts, {name: value for name in names if (value := wishes.get(name)) is not None})


def confirm_by_link(link: str) -> Followed:
    """Follow the mail's link: the e-mail is confirmed and its owner is a member, but nobody is signed in.

    What was typed with the address at sign-up (above all a password) is not stored: only the code, typed where it
    was requested, shows that both are one person. Raises CodeExpired.
    """
    confirmation, code = sign_in_codes.follow_link(link)
    with atomic():
        shop = shops.by_id(confirmation.shop_id)
        customer = _owner(shop, confirmation.email)
        _enroll(shop, customer, confirmation.wishes.get("referral_code"))
    return Followed(shop, confirmation.email, code)


def knows_device(shop: Shop, email: str, device: str | None) -> bool:
    """Whether the owner of this address has signed in from the device with this token."""
    customer = customers.by_verified_email(shop.id, email) if device else None
    return customer is not None and devices.is_known(shop.id, customer.id, device)


def with_password(
    shop: Shop, email: str, password: str, *, referral_code: str | None = None, browser: Browser = UNKNOWN_BROWSER
) -> SignedIn:
    """Sign in by e-mail and password. Raises WrongCredentials, never saying which of the two is wrong, and Busy."""
    customer = customers.by_verified_email(shop.id, email)
    if not passwords.password_fits(customer.password_hash if customer else None, password) or customer is None:
        raise WrongCredentials()
    with atomic():
        return _enter_from(browser, shop, customer, referral_code)


def with_identity(
    shop: Shop,
    token: str,
    *,
    join: bool = False,
    referral_code: str | None = None,
    browser: Browser = UNKNOWN_BROWSER,
) -> SignedIn:
    """Sign in by the shop's identity token (acceptance 3), or by a digest in its place where the shop allows it.

    Raises BadSignature for a token that is forged, expired, of another shop or used before; LeftProgram when the
    customer left and `join` is False. A digest may be used more than once (contracts §28).
    """
    claims = _claims(shop, token)
    with atomic():
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if not identity_digests.is_digest(token) and not sessions.use_up(shop.id, claims["jti"], expires_at):
            raise BadSignature("This identity token was used before.")
        customer = recognition.recognise(
            shop.id,
            Person(
                external_id=str(claims["sub"]),
                email=claims.get("email") or None,
                email_verified=claims.get("email_verified") is True,
                name=claims.get("name") or None,
                locale=claims.get("locale") or None,
                of_account=True,
                as_of=datetime.fromtimestamp(claims["iat"], UTC),
            ),
        )
        if customer.left_at is not None and not join:
            raise LeftProgram()
        shops.note_token(shop.id)
        return _enter(shop, customer, referral_code, browser=browser.family)


def member_of(shop: Shop, token: str) -> Customer | None:
    """Returns the member whom an identity token or digest of the shop names, who need not sign in for it.

    Returns None for one that is not valid, and for somebody who has not joined. It is not used up.
    """
    try:
        customer = customers.by_external_id(shop.id, str(_claims(shop, token)["sub"]))
    except BadSignature:
        return None
    return customer if customer is not None and customer.is_member and not customer.erased_at else None


def _claims(shop: Shop, token: str) -> "Identity":
    return _read_digest(shop, token) if identity_digests.is_digest(token) else read_identity(shop, token)


class Identity(TypedDict):
    """The claims of an identity token, with their required types (contracts §5); times are Unix seconds.

    The shop may add claims of its own.
    """

    aud: str
    sub: str
    jti: str
    iat: float
    exp: float
    email: NotRequired[str | None]
    email_verified: NotRequired[object]
    name: NotRequired[str | None]
    locale: NotRequired[str | None]


def read_identity(shop: Shop, token: str) -> Identity:
    """Returns the claims of an identity token that is valid now, for a customer of this shop.

    Raises BadSignature when it is forged, expired, for another shop, or has claims of wrong types.
    """
    try:
        claims = _signed_claims(shop, token)
        issued, expires = (datetime.fromtimestamp(float(claims[name]), UTC) for name in ("iat", "exp"))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as wrong:
        raise BadSignature("The identity token is not valid.") from wrong
    now = clock.now()
    if expires <= now or issued > now + CLOCK_SKEW or expires - issued > IDENTITY_LIFE_MAX:
        raise BadSignature("The identity token is not valid now.")
    if not _has_good_types(claims):
        raise BadSignature("The identity token is not valid.")
    return cast(Identity, claims)


def _read_digest(shop: Shop, token: str) -> Identity:
    """Returns a digest as the claims that it stands for; the address is never verified by it. Raises BadSignature."""
    if not shop.look.identity_digest:
        raise BadSignature("This shop does not accept identity digests.")
    vouched = identity_digests.read(token, shop.id, [one.secret for one in shops.secrets_of(shop.id, "identity")])
    now, ends = clock.now(), vouched.signed_at + identity_digests.LIFE
    if ends <= now or vouched.signed_at > now + CLOCK_SKEW:
        raise BadSignature("The identity digest is not valid now.")
    claims: Identity = {
        "aud": shop.id,
        "sub": vouched.customer_id,
        "jti": identity_digests.PREFIX,  # not used up
        "iat": vouched.signed_at.timestamp(),
        "exp": ends.timestamp(),
        "email": vouched.email or None,
    }
    if not _has_good_types(dict(claims)):
        raise BadSignature("The identity digest is not valid.")
    return claims


def _signed_claims(shop: Shop, token: str) -> dict[str, Any]:
    """Returns the claims, signed with any of the shop's valid secrets; raises jwt's InvalidTokenError."""
    wrong: jwt.InvalidTokenError = jwt.InvalidSignatureError()
    for one in shops.secrets_of(shop.id, "identity"):
        try:
            claims: dict[str, Any] = jwt.decode(
                token, one.secret, ["HS256"], audience=shop.id, leeway=CLOCK_SKEW, options=JWT_OPTIONS
            )
        except jwt.InvalidTokenError as unfit:
            wrong = unfit
        else:
            return claims
    raise wrong


def _has_good_types(claims: dict[str, Any]) -> bool:
    """Whether texts can be stored and times are numbers; additional claims of the shop are not checked."""
    texts = [claims["sub"], claims["jti"], *(claims.get(name) or "" for name in ("email", "name", "locale"))]
    if not all(isinstance(text, str) and len(text) <= TEXT_LENGTH_MAX and _is_storable(text) for text in texts):
        return False
    times_are_numbers = all(type(claims[name]) in (int, float) for name in ("iat", "exp"))
    return times_are_numbers and bool(claims["sub"].strip() and claims["jti"].strip())


def _is_storable(text: str) -> bool:
    """Whether a text has neither NUL, which PostgreSQL refuses, nor a lone surrogate, which UTF-8 cannot encode."""
    return "\x00" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def ask_to_verify(shop: Shop, customer: Customer, *, locale: str, challenge: str | None = None) -> CodeRequest:
    """Mail a code to the member's own address, which is not verified yet. Raises NothingToVerify."""
    if customer.email is None or customer.email_key is None or customer.email_verified:
        raise NothingToVerify()
    return ask(shop, customer.email, purpose="verify", locale=locale, challenge=challenge)


def verify(shop: Shop, customer: Customer, challenge: str, code: str) -> Customer:
    """Verify the member's own address by its code: what its guest orders gave is theirs (acceptance 15).

    Only the code typed in the member's panel shows that both are one person; the link of the mail does not. Raises
    WrongCode, TooManyTries, UseTheLink, and CodeExpired, also for a code that was mailed to another address.
    """
    confirmation = sign_in_codes.confirm_code(shop.id, challenge, code, ("verify",))
    if confirmation.email_key != customer.email_key:
        raise CodeExpired()
    proven = recognition.prove_email(customer, confirmation.email)
    progress.evaluate(shop, proven.id, source="widget")
    return proven


def close_all(shop: Shop, customer: Customer) -> None:
    """Sign out everywhere, with tokens of the admin API; every device counts as new from now on."""
    with atomic():
        sessions.close_all(shop.id, customer.id)


def by_sessions_link(link: str) -> tuple[Shop, Customer]:
    """Returns the customer of a notice's link; raises LinkExpired, also for a customer who is no longer a member."""
    shop_id, customer_id = sessions.read_link(link)
    shop = shops.by_id(shop_id)
    customer = customers.live(customers.by_id(shop.id, customer_id))
    if not customer.is_member or customer.erased_at:
        raise LinkExpired()
    return shop, customer


def sign_out(shop: Shop, token: str) -> None:
    """Close the session of the panel with this token."""
    sessions.close_session(shop.id, token)


def _owner(shop: Shop, email: str) -> Customer:
    """Returns the customer of an address that was just verified, created when there is none."""
    return recognition.recognise(shop.id, Person(email=email, email_verified=True, of_account=True))


def _enter_from(
    browser: Browser, shop: Shop, customer: Customer, referral_code: str | None, *, template: str = "new_device"
) -> SignedIn:
    """Sign in by the widget's own means; the owner of an account gets a notice of a new device or password."""
    had_account = customer.joined_at is not None
    signed = _enter(shop, customer, referral_code, browser=browser.family)
    device = devices.remember(shop.id, customer.id, browser.device)
    if had_account and device.is_new:
        _give_notice(shop, customer, template, browser.family)
    return replace(signed, device=device.token)


def _give_notice(shop: Shop, customer: Customer, template: str, family: str) -> None:
    """Mail what happened, and a link to the page where all sessions can be closed."""
    assert customer.email is not None
    link = f"{config.current().base_url}/sessions?link={sessions.sign_link(shop.id, customer.id)}"
    locale = customer.locale or shop.locale
    emit(MailWanted(shop.id, template, customer.email, locale, {"browser": family, "link": link}))


def _enter(shop: Shop, customer: Customer, referral_code: str | None, *, browser: str) -> SignedIn:
    became = _enroll(shop, customer, referral_code)
    account = ledger.open_account(shop.id, customer.id)
    ledger.note_activity(shop.id, account.id)
    return SignedIn(customer, sessions.open_session(shop.id, customer.id, browser=browser), became, None)


def _enroll(shop: Shop, customer: Customer, referral_code: str | None) -> str | None:
    """Make the customer a member; for a new one the referral code is bound (acceptance 41), its outcome returned."""
    first_time = customer.joined_at is None
    customers.join(customer)
    if first_time:
        progress.evaluate(shop, customer.id, source="widget")  # a referral may come from an earlier guest order
    if not (first_time and referral_code):
        return None
    referral = binding.bind(shop, customer, referral_code, source="widget")
    if referral is None:
        return None
    return "blocked" if referral.status == "blocked" else "bound"
