"""Signing in and out: by password and second factor, by a one-time link, and with a new password by mail."""

from urllib.parse import urlsplit

from flask import Response, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from wtforms import EmailField, PasswordField, StringField

from widget_server import config
from widget_server.dashboard.callers import StaffCaller, StaffUser
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import REQUIRED, Form
from widget_server.dashboard.pages import PREFIX, Pages
from widget_server.loyalty.people import emails
from widget_server.loyalty.staff import accounts, links, sessions, sign_in
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.roles import Action
from widget_server.web import agents, attempts, limits
from widget_server.web.networks import client_address

pages = Pages("sign_in")

DEVICE_COOKIE = "staff_device"
HALFWAY, HALFWAY_SECONDS = "halfway", 600  # knew the password; the second factor is still to come
REALM = "staff"
HOME = f"{PREFIX}/"


class SignInForm(Form):
    """E-mail address and password."""

    email = EmailField(_l("E-mail"), validators=[REQUIRED], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("Password"), validators=[REQUIRED], render_kw={"autocomplete": "current-password"})


class CodeForm(Form):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(
        _l("Code"), validators=[REQUIRED], render_kw={"autocomplete": "one-time-code", "autocapitalize": "off"}
    )


class EmailForm(Form):
    """The address for a link to a new password."""

    email = EmailField(_l("E-mail"), validators=[REQUIRED], render_kw={"autocomplete": "username"})


class NewPasswordForm(Form):
    """A new password."""

    password = PasswordField(_l("New password"), validators=[REQUIRED], render_kw={"autocomplete": "new-password"})


class LinkForm(Form):
    """Nothing but the button that uses a link up."""


@pages.open("/sign-in")
def sign_in_page() -> ResponseReturnValue:
    """Sign in by e-mail address and password."""
    form = SignInForm()
    if form.accepts():
        with form.refusals():
            account = _by_password(str(form.email.data), str(form.password.data))
            if account.has_second_factor:
                session[HALFWAY] = _signer().dumps(account.id)
                return to("sign_in.second_factor", next=request.args.get("next"))
            return let_in(account)
    return page("account/sign_in.html", form=form)


@pages.open("/sign-in/code")
def second_factor() -> ResponseReturnValue:
    """The second step, for those who have an authenticator app."""
    try:
        account = accounts.by_id(_signer().loads(session.get(HALFWAY, ""), max_age=HALFWAY_SECONDS))
    except BadSignature:
        return to("sign_in.sign_in_page")
    form = CodeForm()
    if form.accepts():
        with form.refusals():
            limits.SECOND_FACTOR_A_DAY.count(account.id)
            limits.SECOND_FACTOR.count(account.id)
            sign_in.with_code(account, str(form.code.data))
            return let_in(account)
    return page("account/second_factor.html", form=form)


@pages.open("/sign-in/link")
def link() -> ResponseReturnValue:
    """Sign in once by a link from the shell; its button uses it up."""
    token, form = request.args.get("link", ""), LinkForm()
    links.find("sign_in", token)
    if form.accepts():
        account, shop_id = sign_in.with_link(token)
        return let_in(account, shop_id)
    return page("account/link.html", form=form)


@pages.open("/sign-in/forgotten")
def forgotten() -> ResponseReturnValue:
    """Request a link to a new password; the response is the same for every address."""
    form = EmailForm()
    if form.accepts():
        with form.refusals():
            limits.ASK_CODE.count(REALM)
            sign_in.ask_new_password(str(form.email.data))
            return done(_("If this address belongs to staff, a link is on its way."), "sign_in.sign_in_page")
    return page("account/forgotten.html", form=form)


@pages.open("/sign-in/new-password")
def new_password() -> ResponseReturnValue:
    """Choose a new password by the link of a mail; all browsers are signed out."""
    token, form = request.args.get("link", ""), NewPasswordForm()
    links.find("reset", token)
    if form.accepts():
        with form.refusals():
            sign_in.set_new_password(token, str(form.password.data))
            return done(_("Your password is changed. Sign in with it."), "sign_in.sign_in_page")
    return page("account/new_password.html", form=form)


@pages.act("/sign-out", Action.SEE, before_factor=True)
def sign_out(staff: StaffCaller) -> ResponseReturnValue:
    """Sign out in this browser."""
    sessions.close(staff.account.id, staff.session.id)
    logout_user()
    session.clear()
    g.pop("staff", None)
    return done(_("You are signed out."), "sign_in.sign_in_page")


@pages.act("/shop", Action.SEE, before_factor=True)
def switch_shop(staff: StaffCaller) -> ResponseReturnValue:
    """Show another shop of the same person in this browser."""
    sessions.switch_shop(staff.session, request.form.get("shop_id", ""))
    return redirect(HOME, 303)


def let_in(account: StaffAccount, shop_id: str | None = None, *, onward: str | None = None) -> Response:
    """Open a session for this browser; returns the redirect to `onward`, by default the page that was wanted."""
    browser = agents.family(request.headers.get("User-Agent", ""))
    token = sign_in.enter(account, browser=browser, address=client_address(), shop_id=shop_id)
    onward = onward or _safe(request.args.get("next", ""))
    session.clear()  # nothing of whoever used this browser before
    session.permanent = True
    login_user(StaffUser(token, sessions.signed_in(token)))
    response: Response = redirect(onward, 303)  # type: ignore[assignment]
    response.set_cookie(
        DEVICE_COOKIE,
        sessions.remember_device(account.id, request.cookies.get(DEVICE_COOKIE)),
        max_age=sessions.DEVICE_DAYS * 86_400,
        path=PREFIX,
        secure=config.current().base_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


def _by_password(email: str, password: str) -> StaffAccount:
    """Returns the account with this password. Raises WrongCredentials, RateLimited, Busy."""
    known, device = accounts.by_email(email), request.cookies.get(DEVICE_COOKIE)
    is_known = known is not None and sessions.knows_device(known.id, device)
    with attempts.password_try(REALM, emails.key_of(email), device if is_known else None):
        return sign_in.with_password(email, password)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.derived_key("cookies"), salt=HALFWAY)


def _safe(address: str) -> str:
    """Returns the address if it is a page of the dashboard, else the first page."""
    parts = urlsplit(address)
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith(HOME) and "\\" not in address
    return address if is_ours else HOME
