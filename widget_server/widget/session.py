"""Who is the shopper: by the shop's word, or by her own e-mail with password or one-time code (contracts §5)."""

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from widget_server.loyalty import emails, passwords, reads, sign_in, sign_in_codes
from widget_server.loyalty.shops import Shop
from widget_server.loyalty.sign_in import SignedIn
from widget_server.schemas import widget as shapes
from widget_server.web import auth
from widget_server.web.bodies import json_body
from widget_server.web.rate_limits import limit, limit_flood
from widget_server.widget import assets
from widget_server.widget.routes import ANYBODY, MEMBERS, Endpoints

session = Endpoints("session", "session", "Sign-up, log-in, log-out", callers=ANYBODY)


@session.post("/identity")
@session.takes(shapes.IdentityAsk)
@session.response(200, shapes.Session)
def identity() -> ResponseReturnValue:
    """The shop's signed word, swapped for a session."""
    shop = auth.shop()
    limit_flood("60 per minute", "identity", shop.id, auth.client_address())
    asked = json_body(shapes.IdentityAsk())
    return _session(
        sign_in.with_identity(shop, asked["token"], join=asked["join"], referral_code=asked["referral_code"])
    )


@session.post("/sign-up")
@session.takes(shapes.SignUpAsk)
@session.response(200, shapes.Challenge)
def sign_up() -> ResponseReturnValue:
    """Somebody wants to join: a code goes to the address, whether or not it has an account."""
    shop, asked = auth.shop(), json_body(shapes.SignUpAsk())
    wishes = {name: asked[name] for name in ("name", "referral_code") if asked[name]}
    if asked["accepts_marketing"]:
        wishes["accepts_marketing"] = True
    return _challenge(shop, asked["email"], "sign_up", wishes, password=asked["password"])


@session.post("/code")
@session.takes(shapes.EmailAsk)
@session.response(200, shapes.Challenge)
def code() -> ResponseReturnValue:
    """A one-time code to sign in with."""
    shop, asked = auth.shop(), json_body(shapes.EmailAsk())
    return _challenge(shop, asked["email"], "sign_in", {"referral_code": asked["referral_code"]})


@session.post("/reset")
@session.takes(shapes.EmailAsk)
@session.response(200, shapes.Challenge)
def reset() -> ResponseReturnValue:
    """A one-time code to set a new password with."""
    shop, asked = auth.shop(), json_body(shapes.EmailAsk())
    return _challenge(shop, asked["email"], "reset", {})


@session.post("/confirm")
@session.takes(shapes.ConfirmAsk)
@session.response(200, shapes.Session)
def confirm() -> ResponseReturnValue:
    """The code of the mail, typed here: signed in."""
    shop, asked = auth.shop(), json_body(shapes.ConfirmAsk())
    limit("30 per minute", "confirm", shop.id, auth.client_address())
    return _session(sign_in.confirm(shop, asked["challenge"], asked["code"]))


@session.post("/new-password")
@session.takes(shapes.NewPasswordAsk)
@session.response(200, shapes.Session)
def new_password() -> ResponseReturnValue:
    """The code of the mail and a new password: signed in here, out everywhere else."""
    shop, asked = auth.shop(), json_body(shapes.NewPasswordAsk())
    limit("30 per minute", "confirm", shop.id, auth.client_address())
    return _session(sign_in.confirm(shop, asked["challenge"], asked["code"], password=asked["password"]))


@session.post("/sign-in")
@session.takes(shapes.SignInAsk)
@session.response(200, shapes.Session)
def password() -> ResponseReturnValue:
    """E-mail and password."""
    shop, asked = auth.shop(), json_body(shapes.SignInAsk())
    limit("20 per minute", "sign-in", shop.id, auth.client_address())
    limit("10 per 15 minutes", "sign-in", shop.id, emails.key_of(asked["email"]))
    return _session(
        sign_in.with_password(shop, asked["email"], asked["password"], referral_code=asked["referral_code"])
    )


@session.post("/verification")
@session.doc(security=MEMBERS)
@session.response(200, shapes.Challenge)
def ask_to_verify() -> ResponseReturnValue:
    """A member's own address is not verified yet: a code goes there."""
    me = auth.member()
    limit("20 per hour", "code", me.shop.id, auth.client_address())
    limit("5 per 15 minutes", "code", me.shop.id, me.customer.mailbox or "")
    return _challenged(sign_in.ask_to_verify(me.shop, me.customer, locale=_locale(me.shop)))


@session.post("/verification/confirm")
@session.doc(security=MEMBERS)
@session.takes(shapes.VerifyAsk)
@session.response(200, shapes.Member)
def verify() -> ResponseReturnValue:
    """The code of the mail, typed by the member: the address is verified, and points that waited for it are there."""
    me, asked = auth.member(), json_body(shapes.VerifyAsk())
    limit("30 per minute", "confirm", me.shop.id, auth.client_address())
    return jsonify(reads.member(sign_in.verify(me.shop, me.customer, asked["challenge"], asked["code"])))


@session.post("/sign-out")
@session.doc(security=[*ANYBODY, *MEMBERS])
@session.response(200, shapes.Nothing)
def sign_out() -> ResponseReturnValue:
    """This panel's session is closed; the others stay."""
    shop, token = auth.shop(), auth.bearer()
    if token is not None:
        sign_in.sign_out(shop, token)
    return jsonify({})


def _challenge(
    shop: Shop, email: str, purpose: str, wishes: dict[str, Any], *, password: str | None = None
) -> ResponseReturnValue:
    limit("20 per hour", "code", shop.id, auth.client_address())
    parsed = emails.parse(email)
    if password is not None:  # hashing is costly, so after the first limit; a weak one must not use up the second
        wishes = {**wishes, "password_hash": passwords.hash_password(password)}
    limit("5 per 15 minutes", "code", shop.id, parsed.mailbox)
    asked = sign_in.ask(shop, parsed.typed, purpose=purpose, locale=_locale(shop), wishes=wishes)
    return _challenged(asked)


def _challenged(asked: sign_in_codes.Asked) -> ResponseReturnValue:
    return jsonify(challenge=asked.challenge, expires_at=asked.row.expires_at)


def _session(signed: SignedIn) -> ResponseReturnValue:
    answer = jsonify(
        token=signed.opened.token,
        expires_at=signed.opened.session.expires_at,
        member=reads.member(signed.customer),
        referral=signed.referral,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _locale(shop: Shop) -> str:
    """The panel's language, else the browser's."""
    return assets.locale_for(request.args.get("lang", ""), *request.accept_languages.values(), shop.locale)
