"""Signing in: by the shop's identity token, or by e-mail with a password or a one-time code (contracts §5, §19)."""

from typing import cast

from flask import request

from widget_server.errors import (
    BadSignature,
    CodeExpired,
    EmailInvalid,
    LeftProgram,
    NothingToVerify,
    PasswordWeak,
    RateLimited,
    TooManyTries,
    UseTheLink,
    WrongCode,
    WrongCredentials,
)
from widget_server.json_types import Json
from widget_server.loyalty.people import emails, passwords, sessions, sign_in, sign_in_codes
from widget_server.loyalty.people.devices import Browser
from widget_server.loyalty.people.sign_in import SignedIn
from widget_server.loyalty.people.sign_in_codes import Purpose, Wishes
from widget_server.loyalty.program.shops import Shop
from widget_server.web import agents, attempts, auth, limits
from widget_server.web.auth import Shopper
from widget_server.web.documented_refusals import Refusals
from widget_server.widget import assets, views
from widget_server.widget.requests import (
    ConfirmBody,
    EmailBody,
    IdentityBody,
    NewPasswordBody,
    SignInBody,
    SignUpBody,
    VerificationBody,
)
from widget_server.widget.routes import ANYBODY, ANYBODY_OR_MEMBER, MEMBER, Endpoints, challenge_of_key
from widget_server.widget.shapes.member import Challenge, ListedSession, Member, Nothing, Session, SessionList

OF_MAIL: Refusals = (EmailInvalid, RateLimited)
OF_CODE: Refusals = (WrongCode, CodeExpired, TooManyTries, UseTheLink, RateLimited)

session = Endpoints("session", "session", "Sign-up, log-in, log-out")


@session.route(
    "POST",
    "/identity",
    ANYBODY,
    takes=IdentityBody,
    returns=Session,
    refuses=(BadSignature, LeftProgram),
    limit=limits.IDENTITY,
)
def identity(shop: Shop, body: IdentityBody) -> Session:
    """Exchange the shop's signed identity token for a session."""
    code = body.referral_code
    return _session(sign_in.with_identity(shop, body.token, join=body.join, referral_code=code, browser=_browser()))


@session.route("POST", "/sign-up", ANYBODY, takes=SignUpBody, returns=Challenge, refuses=(*OF_MAIL, PasswordWeak))
def sign_up(shop: Shop, body: SignUpBody) -> Challenge:
    """Start a sign-up: a code is mailed to the address, whether or not it has an account."""
    wishes: dict[str, Json] = {}
    if body.name:
        wishes["name"] = body.name
    if body.referral_code:
        wishes["referral_code"] = body.referral_code
    if body.accepts_marketing:
        wishes["accepts_marketing"] = True
    return _challenge(shop, body.email, "sign_up", wishes, password=body.password)


@session.route("POST", "/code", ANYBODY, takes=EmailBody, returns=Challenge, refuses=OF_MAIL)
def code(shop: Shop, body: EmailBody) -> Challenge:
    """Request a one-time code by mail, to sign in with."""
    return _challenge(shop, body.email, "sign_in", {"referral_code": body.referral_code})


@session.route("POST", "/reset", ANYBODY, takes=EmailBody, returns=Challenge, refuses=OF_MAIL)
def reset(shop: Shop, body: EmailBody) -> Challenge:
    """Request a one-time code by mail, to set a new password with."""
    return _challenge(shop, body.email, "reset", {})


@session.route("POST", "/confirm", ANYBODY, takes=ConfirmBody, returns=Session, refuses=OF_CODE)
def confirm(shop: Shop, body: ConfirmBody) -> Session:
    """Sign in with the mailed code, typed in this panel."""
    limits.CONFIRM_CODE.count(shop.id)
    return _session(sign_in.confirm(shop, body.challenge, body.code, browser=_browser(body.device)))


@session.route(
    "POST", "/new-password", ANYBODY, takes=NewPasswordBody, returns=Session, refuses=(*OF_CODE, PasswordWeak)
)
def new_password(shop: Shop, body: NewPasswordBody) -> Session:
    """Set a new password with the mailed code; sign in here and out everywhere else."""
    limits.CONFIRM_CODE.count(shop.id)
    browser = _browser(body.device)
    return _session(sign_in.confirm(shop, body.challenge, body.code, password=body.password, browser=browser))


@session.route("POST", "/sign-in", ANYBODY, takes=SignInBody, returns=Session, refuses=(WrongCredentials, RateLimited))
def password(shop: Shop, body: SignInBody) -> Session:
    """Sign in with e-mail and password."""
    email, code, browser = body.email, body.referral_code, _browser(body.device)
    known = body.device if sign_in.knows_device(shop, email, body.device) else None
    with attempts.password_try(shop.id, emails.key_of(email), known):
        signed = sign_in.with_password(shop, email, body.password, referral_code=code, browser=browser)
    return _session(signed)


@session.route("POST", "/verification", MEMBER, returns=Challenge, refuses=(NothingToVerify, RateLimited))
def ask_to_verify(me: Shopper) -> Challenge:
    """Request a code by mail to the member's own address, which is not verified yet."""
    challenge = challenge_of_key(me.shop, me.customer.id)
    before = sign_in_codes.find_by_challenge(me.shop.id, challenge)
    if before is not None:
        return _challenged(challenge, before)
    limits.ASK_CODE.count(me.shop.id)
    made = sign_in.ask_to_verify(me.shop, me.customer, locale=_locale(me.shop), challenge=challenge)
    return _challenged(challenge, made.row)


@session.route("POST", "/verification/confirm", MEMBER, takes=VerificationBody, returns=Member, refuses=OF_CODE)
def verify(me: Shopper, body: VerificationBody) -> Member:
    """Verify the member's address with the mailed code; points that waited for it are booked."""
    limits.CONFIRM_CODE.count(me.shop.id)
    return views.member.member(sign_in.verify(me.shop, me.customer, body.challenge, body.code))


@session.route("POST", "/sign-out", ANYBODY_OR_MEMBER, returns=Nothing)
def sign_out(shop: Shop) -> Nothing:
    """Close this panel's session; the member's other sessions stay open."""
    token = auth.bearer()
    if token is not None:
        sign_in.sign_out(shop, token)
    return {}


@session.route("GET", "/list", MEMBER, returns=SessionList)
def listed(me: Shopper) -> SessionList:
    """The member's open sessions, newest first."""
    here = sessions.session_of(me.shop.id, me.token)
    return {"sessions": [_listed(one, here) for one in sessions.open_sessions(me.shop.id, me.customer.id)]}


@session.route("POST", "/close-all", MEMBER, returns=Nothing)
def close_all(me: Shopper) -> Nothing:
    """Sign out everywhere, here too; each device then counts as new at its next sign-in."""
    sign_in.close_all(me.shop, me.customer)
    return {}


def _listed(one: sessions.Session, here: sessions.Session) -> ListedSession:
    return {
        "browser": one.browser or None,
        "created_at": one.created_at,
        "last_used_at": one.last_used_at,
        "is_this": one.id == here.id,
    }


def _challenge(
    shop: Shop, email: str, purpose: Purpose, wishes: dict[str, Json], *, password: str | None = None
) -> Challenge:
    challenge = challenge_of_key(shop, email, wishes, password)
    before = sign_in_codes.find_by_challenge(shop.id, challenge)
    if before is not None:  # a repeat of a completed request is not counted
        return _challenged(challenge, before)
    limits.ASK_CODE.count(shop.id)
    emails.parse(email)
    if password is not None:  # hashing is costly, so after the limit
        wishes = {**wishes, "password_hash": passwords.hash_password(password)}
    made = sign_in.ask(
        shop, email, purpose=purpose, locale=_locale(shop), wishes=cast(Wishes, wishes), challenge=challenge
    )
    return _challenged(challenge, made.row)


def _challenged(challenge: str, row: sign_in_codes.SignInCode) -> Challenge:
    return {"challenge": challenge, "expires_at": row.expires_at}


def _browser(device: str | None = None) -> Browser:
    return Browser(device, agents.family(request.headers.get("User-Agent", "")))


def _session(signed: SignedIn) -> Session:
    return {
        "token": signed.opened.token,
        "expires_at": signed.opened.session.expires_at,
        "member": views.member.member(signed.customer),
        "referral": signed.referral,
        "device": signed.device,
    }


def _locale(shop: Shop) -> str:
    """Returns the panel's language, else the browser's, else the shop's."""
    return assets.locale_for(request.args.get("lang", ""), *request.accept_languages.values(), shop.locale)
