"""Who is the shopper: by the shop's word, or by an own e-mail with password or one-time code (contracts §5, §19)."""

from typing import Any, cast

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from widget_server.loyalty.people import emails, passwords, sessions, sign_in, sign_in_codes
from widget_server.loyalty.people.devices import Browser
from widget_server.loyalty.people.sign_in import SignedIn
from widget_server.loyalty.people.sign_in_codes import Purpose, Wishes
from widget_server.loyalty.program.shops import Shop
from widget_server.web import agents, auth, limits
from widget_server.web.bodies import json_body
from widget_server.widget import assets, attempts, requests, shapes, views
from widget_server.widget.routes import ANYBODY, MEMBERS, Endpoints, challenge_of_key

session = Endpoints("session", "session", "Sign-up, log-in, log-out", callers=ANYBODY)


@session.post("/identity")
@session.takes(requests.IdentityAsk)
@session.response(200, shapes.Session)
def identity() -> ResponseReturnValue:
    """The shop's signed word, swapped for a session."""
    shop = auth.shop()
    limits.IDENTITY.count(shop.id)
    body = json_body(requests.IdentityAsk())
    join, code = body["join"], body["referral_code"]
    return _session(sign_in.with_identity(shop, body["token"], join=join, referral_code=code, browser=_browser()))


@session.post("/sign-up")
@session.takes(requests.SignUpAsk)
@session.response(200, shapes.Challenge)
def sign_up() -> ResponseReturnValue:
    """Somebody wants to join: a code goes to the address, whether or not it has an account."""
    shop, body = auth.shop(), json_body(requests.SignUpAsk())
    wishes = {name: body[name] for name in ("name", "referral_code") if body[name]}
    if body["accepts_marketing"]:
        wishes["accepts_marketing"] = True
    return _challenge(shop, body["email"], "sign_up", wishes, password=body["password"])


@session.post("/code")
@session.takes(requests.EmailAsk)
@session.response(200, shapes.Challenge)
def code() -> ResponseReturnValue:
    """A one-time code to sign in with."""
    shop, body = auth.shop(), json_body(requests.EmailAsk())
    return _challenge(shop, body["email"], "sign_in", {"referral_code": body["referral_code"]})


@session.post("/reset")
@session.takes(requests.EmailAsk)
@session.response(200, shapes.Challenge)
def reset() -> ResponseReturnValue:
    """A one-time code to set a new password with."""
    shop, body = auth.shop(), json_body(requests.EmailAsk())
    return _challenge(shop, body["email"], "reset", {})


@session.post("/confirm")
@session.takes(requests.ConfirmAsk)
@session.response(200, shapes.Session)
def confirm() -> ResponseReturnValue:
    """The code of the mail, typed here: signed in."""
    shop, body = auth.shop(), json_body(requests.ConfirmAsk())
    limits.CONFIRM_CODE.count(shop.id)
    return _session(sign_in.confirm(shop, body["challenge"], body["code"], browser=_browser(body["device"])))


@session.post("/new-password")
@session.takes(requests.NewPasswordAsk)
@session.response(200, shapes.Session)
def new_password() -> ResponseReturnValue:
    """The code of the mail and a new password: signed in here, out everywhere else."""
    shop, body = auth.shop(), json_body(requests.NewPasswordAsk())
    limits.CONFIRM_CODE.count(shop.id)
    new, browser = body["password"], _browser(body["device"])
    return _session(sign_in.confirm(shop, body["challenge"], body["code"], password=new, browser=browser))


@session.post("/sign-in")
@session.takes(requests.SignInAsk)
@session.response(200, shapes.Session)
def password() -> ResponseReturnValue:
    """E-mail and password."""
    shop, body = auth.shop(), json_body(requests.SignInAsk())
    email, code, device = body["email"], body["referral_code"], body["device"]
    with attempts.password_try(shop, email, device):
        signed = sign_in.with_password(shop, email, body["password"], referral_code=code, browser=_browser(device))
    return _session(signed)


@session.post("/verification")
@session.doc(security=MEMBERS)
@session.response(200, shapes.Challenge)
def ask_to_verify() -> ResponseReturnValue:
    """A member's own address is not verified yet: a code goes there."""
    me = auth.member()
    challenge = challenge_of_key(me.shop, me.customer.id)
    before = sign_in_codes.find_by_challenge(me.shop.id, challenge)
    if before is not None:
        return _challenged(challenge, before)
    limits.ASK_CODE.count(me.shop.id)
    body = sign_in.ask_to_verify(me.shop, me.customer, locale=_locale(me.shop), challenge=challenge)
    return _challenged(challenge, body.row)


@session.post("/verification/confirm")
@session.doc(security=MEMBERS)
@session.takes(requests.VerifyAsk)
@session.response(200, shapes.Member)
def verify() -> ResponseReturnValue:
    """The code of the mail, typed by the member: the address is verified, and points that waited for it are there."""
    me, body = auth.member(), json_body(requests.VerifyAsk())
    limits.CONFIRM_CODE.count(me.shop.id)
    return jsonify(views.member.member(sign_in.verify(me.shop, me.customer, body["challenge"], body["code"])))


@session.post("/sign-out")
@session.doc(security=[*ANYBODY, *MEMBERS])
@session.response(200, requests.Nothing)
def sign_out() -> ResponseReturnValue:
    """This panel's session is closed; the others stay."""
    shop, token = auth.shop(), auth.bearer()
    if token is not None:
        sign_in.sign_out(shop, token)
    return jsonify({})


@session.get("/list")
@session.doc(security=MEMBERS)
@session.response(200, shapes.SessionList)
def listed() -> ResponseReturnValue:
    """Where the member is signed in, newest first."""
    me = auth.member()
    here = sessions.session_of(me.shop.id, me.token)
    return jsonify(sessions=[_listed(one, here) for one in sessions.open_sessions(me.shop.id, me.customer.id)])


@session.post("/close-all")
@session.doc(security=MEMBERS)
@session.response(200, requests.Nothing)
def close_all() -> ResponseReturnValue:
    """The member is signed out everywhere, here too; the next sign-in of each device is noticed as a new one."""
    me = auth.member()
    sign_in.close_all(me.shop, me.customer)
    return jsonify({})


def _listed(one: sessions.Session, here: sessions.Session) -> dict[str, Any]:
    return {
        "browser": one.browser or None,
        "created_at": one.created_at,
        "last_used_at": one.last_used_at,
        "is_this": one.id == here.id,
    }


def _challenge(
    shop: Shop, email: str, purpose: Purpose, wishes: dict[str, Any], *, password: str | None = None
) -> ResponseReturnValue:
    challenge = challenge_of_key(shop, email, wishes, password)
    before = sign_in_codes.find_by_challenge(shop.id, challenge)
    if before is not None:  # a repeat of a request that was done costs nothing
        return _challenged(challenge, before)
    limits.ASK_CODE.count(shop.id)
    emails.parse(email)
    if password is not None:  # hashing is costly, so after the limit
        wishes = {**wishes, "password_hash": passwords.hash_password(password)}
    body = sign_in.ask(
        shop, email, purpose=purpose, locale=_locale(shop), wishes=cast(Wishes, wishes), challenge=challenge
    )
    return _challenged(challenge, body.row)


def _challenged(challenge: str, row: sign_in_codes.SignInCode) -> ResponseReturnValue:
    return jsonify(challenge=challenge, expires_at=row.expires_at)


def _browser(device: str | None = None) -> Browser:
    return Browser(device, agents.family(request.headers.get("User-Agent", "")))


def _session(signed: SignedIn) -> ResponseReturnValue:
    answer = jsonify(
        token=signed.opened.token,
        expires_at=signed.opened.session.expires_at,
        member=views.member.member(signed.customer),
        referral=signed.referral,
        device=signed.device,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _locale(shop: Shop) -> str:
    """The panel's language, else the browser's."""
    return assets.locale_for(request.args.get("lang", ""), *request.accept_languages.values(), shop.locale)
