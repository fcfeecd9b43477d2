"""Mails: how this server sends them, what each letter looks like in each language, and a test to oneself."""

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from widget_server import config
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import Form, choices
from widget_server.dashboard.pages import Pages
from widget_server.delivery import mail_samples, mail_templates
from widget_server.loyalty.staff.roles import Action
from widget_server.web import limits

pages = Pages("mails", "/mails")

LETTER_NAMES = {
    "points_moved": _l("Points were given or deducted"),
    "points_expire": _l("Points expire soon"),
    "referral_completed": _l("A referral is complete"),
    "sign_up": _l("Code for signing up"),
    "sign_in": _l("Code for signing in"),
    "by_link": _l("Link for signing in"),
    "reset": _l("Code for a new password"),
    "new_device": _l("Signed in from a new device"),
    "new_password": _l("The password was changed"),
}
LANGUAGE_NAMES = {"ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français"}
PREVIEW_POLICY = (  # the mail's own styles, and nothing else: no script, no request, no form
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)


@dataclass(frozen=True)
class Sender:
    """How the server sends mail: the address, its domain, and the mail server (None: mails go to a folder)."""

    address: str
    domain: str
    server: str | None


class TestForm(Form):
    """In which language a test mail is written."""

    language = SelectField(_l("Language"))


@pages.page("", Action.PROGRAM)
def mail_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the sender with what its domain needs, and list the letters."""
    return page("mails/list.html", sender=sender(), letters=_letters())


@pages.form("/<letter>", Action.PROGRAM)
def letter(staff: StaffCaller, letter: str) -> ResponseReturnValue:
    """Preview a letter as HTML and as text; send it to oneself."""
    form = TestForm(formdata=request.values, language=mail_templates.language_of(staff.shop.locale))
    form.language.choices = choices({one: LANGUAGE_NAMES.get(one, one) for one in sorted(mail_templates.LANGUAGES)})
    language = mail_templates.language_of(str(form.language.data or staff.shop.locale))
    mail = mail_samples.write(staff.shop, letter, language)
    if form.accepts():
        with form.refusals():
            limits.TEST_MAIL.count(staff.account.id)
            mail_samples.send(staff.shop, letter, language, staff.account.email)
            text = _("A test mail is on its way to %(email)s.", email=staff.account.email)
            return done(text, "mails.letter", letter=letter, language=language)
    return page("mails/letter.html", form=form, letter=letter, name=_letters()[letter], mail=mail, written_in=language)


@pages.page("/<letter>/preview", Action.PROGRAM)
def preview(staff: StaffCaller, letter: str) -> ResponseReturnValue:
    """Return a letter's HTML for the frame of its page."""
    mail = mail_samples.write(staff.shop, letter, request.args.get("language", staff.shop.locale))
    response = make_response(mail.html)
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def sender() -> Sender:
    """Returns how this server sends mail; without the password of the mail server."""
    settings = config.current()
    address = parseaddr(settings.mail_from)[1]
    url = urlsplit(settings.mail_url)
    return Sender(address, address.rpartition("@")[2], None if url.scheme == "file" else url.hostname)


def _letters() -> dict[str, str]:
    return {name: str(LETTER_NAMES.get(name, name)) for name in mail_samples.LETTERS}
