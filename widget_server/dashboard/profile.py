"""A member of staff's own account: name, language, password, second factor, and where they are signed in."""

import segno
from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectField, StringField

from widget_server.dashboard import words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import REQUIRED, Form, Line, choices
from widget_server.dashboard.pages import Pages
from widget_server.errors import WrongPresentPassword
from widget_server.loyalty.people import passwords
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import accounts, links, members, second_factor, sessions
from widget_server.loyalty.staff.roles import Action
from widget_server.web import limits

pages = Pages("profile", "/profile")


class ProfileForm(Form):
    """Name, and the language of the dashboard."""

    name = Line(_l("Your name"), render_kw={"autocomplete": "name"})
    locale = SelectField(_l("Language"), choices=choices({"": _l("As my browser"), **words.LANGUAGES}))


class PasswordForm(Form):
    """A new password, by the present one."""

    present = PasswordField(
        _l("Present password"), validators=[REQUIRED], render_kw={"autocomplete": "current-password"}
    )
    password = PasswordField(_l("New password"), validators=[REQUIRED], render_kw={"autocomplete": "new-password"})


class FactorForm(Form):
    """A code of the authenticator app that was just set up."""

    code = StringField(_l("Code of the app"), validators=[REQUIRED], render_kw={"autocomplete": "one-time-code"})


class PresentPasswordForm(Form):
    """The present password, for what a stolen session must not do."""

    present = PasswordField(
        _l("Present password"), validators=[REQUIRED], render_kw={"autocomplete": "current-password"}
    )


@pages.form("", Action.SEE)
def profile(staff: StaffCaller) -> ResponseReturnValue:
    """Show and change the own account."""
    form = ProfileForm(name=staff.account.name, locale=staff.account.locale or "")
    if form.accepts():
        with form.refusals():
            accounts.set_profile(staff.account, name=form.name.data or "", locale=form.locale.data or None)
            return done(_("Saved."), "profile.profile")
    return page(
        "account/profile.html", form=form, sessions=sessions.listed(staff.account.id), others=_other_shops(staff)
    )


@pages.form("/password", Action.SEE)
def password(staff: StaffCaller) -> ResponseReturnValue:
    """Change the own password; other browsers are signed out."""
    form = PasswordForm()
    if form.accepts():
        with form.refusals():
            _check_password(staff, str(form.present.data))
            accounts.set_password(staff.account, passwords.hash_password(str(form.password.data)))
            sessions.close_all(staff.account.id, but=staff.session.id)
            links.end_ways_in(staff.account.id)
            return done(_("Your password is changed. Other browsers are signed out."), "profile.profile")
    return page("account/password.html", form=form)


@pages.form("/second-factor", Action.SEE, before_factor=True)
def factor(staff: StaffCaller) -> ResponseReturnValue:
    """Turn the second factor on: the app reads the QR code, and its first code confirms it."""
    if staff.account.has_second_factor:
        return page("account/factor_on.html", form=PresentPasswordForm(), left=len(staff.account.recovery_hashes))
    form = FactorForm()
    if form.accepts():
        with form.refusals():
            limits.SECOND_FACTOR.count(staff.account.id)
            codes = second_factor.confirm(staff.account, str(form.code.data))
            return page("account/recovery_codes.html", codes=codes)
    secret = second_factor.pending(staff.account) if request.method == "POST" else None
    secret = secret or second_factor.begin(staff.account)
    address = second_factor.address(staff.account, secret, staff.shop.name)
    code = segno.make(address).svg_data_uri(
        scale=4, border=4, light="#fff"
    )  # also on a dark page: apps need the margin
    return page("account/factor.html", form=form, secret=secret, code=code, others=_other_shops(staff))


@pages.act("/second-factor/off", Action.SEE)
def factor_off(staff: StaffCaller) -> ResponseReturnValue:
    """Turn the second factor off, by the present password."""
    form = PresentPasswordForm()
    if form.accepts():
        with form.refusals():
            _check_password(staff, str(form.present.data))
            second_factor.turn_off(staff.account)
            return done(_("The second factor is off."), "profile.profile")
    return page("account/factor_on.html", form=form, left=len(staff.account.recovery_hashes))


@pages.act("/second-factor/codes", Action.SEE)
def recovery_codes(staff: StaffCaller) -> ResponseReturnValue:
    """Make new recovery codes, by the present password; the old ones end."""
    form = PresentPasswordForm()
    if form.accepts():
        with form.refusals():
            _check_password(staff, str(form.present.data))
            return page("account/recovery_codes.html", codes=second_factor.renew_codes(staff.account))
    return page("account/factor_on.html", form=form, left=len(staff.account.recovery_hashes))


@pages.act("/sessions/<session_id>/end", Action.SEE)
def end_session(staff: StaffCaller, session_id: str) -> ResponseReturnValue:
    """Sign out in another browser."""
    sessions.close(staff.account.id, session_id)
    return to("profile.profile")


def _other_shops(staff: StaffCaller) -> list[Shop]:
    """Returns the other shops that this person works for."""
    return [shops.by_id(one) for one in members.shops_of(staff.account.id) if one != staff.shop.id]


def _check_password(staff: StaffCaller, present: str) -> None:
    """Raises WrongPresentPassword unless it is the present password, RateLimited, Busy."""
    limits.PRESENT_PASSWORD.count(staff.account.id)
    if not passwords.password_fits(staff.account.password_hash, present):
        raise WrongPresentPassword(field="present")
