"""Mails: how this server sends them, what each letter looks like in each language, and a test to oneself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from widget_server import config
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.entry_forms import Ticks
from widget_server.dashboard.forms import Form, RevisedForm, choices
from widget_server.dashboard.mail_words import LETTER_HINTS, LETTER_NAMES, name_of
from widget_server.dashboard.pages import Pages
from widget_server.delivery import mail_samples, mail_templates
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import SWITCHABLE
from widget_server.loyalty.staff.roles import Action
from widget_server.web import limits

pages = Pages("mails", "/mails")

THEMES = {"": _l("As the device"), "light": _l("Light"), "dark": _l("Dark")}
WIDTHS = {"": _l("Wide"), "phone": _l("Phone")}
DARK_ALWAYS, DARK_NEVER = "@media all", "@media not all"
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


class LettersForm(RevisedForm):
    """Which letters are on."""

    letters = Ticks(_l("E-mails that are on"), choices=choices({one: LETTER_NAMES[one] for one in SWITCHABLE}))


@pages.form("", Action.PROGRAM)
def mail_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the sender with what its domain needs, and the letters; switch them on and off."""
    present = staff.program
    form = LettersForm(revision=present.revision, letters=list(present.rules.letters))
    if form.accepts():
        with form.refusals():
            chosen = tuple(one for one in SWITCHABLE if one in (form.letters.data or ()))
            settings = replace(present.rules, letters=chosen)
            programs.update(staff.shop.id, revision=form.read_revision, settings=settings)
            return done(_("Saved."), "mails.mail_list")
    codes = {name: text for name, text in _letters().items() if name not in SWITCHABLE}
    return page("mails/list.html", sender=sender(), form=form, hints=LETTER_HINTS, codes=codes)


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
    return page(
        "mails/letter.html",
        form=form,
        letter=letter,
        name=_letters()[letter],
        hint=LETTER_HINTS.get(letter),
        is_on=letter not in SWITCHABLE or letter in staff.program.rules.letters,
        mail=mail,
        written_in=language,
        themes=THEMES,
        widths=WIDTHS,
        theme=_one_of(THEMES, "theme"),
        width=_one_of(WIDTHS, "width"),
    )


@pages.page("/<letter>/preview", Action.PROGRAM)
def preview(staff: StaffCaller, letter: str) -> ResponseReturnValue:
    """Return a letter's HTML for the frame of its page, as a light or a dark mail program shows it."""
    mail = mail_samples.write(staff.shop, letter, request.args.get("language", staff.shop.locale))
    return framed(_themed(mail.html, _one_of(THEMES, "theme")))


def framed(html: str) -> Response:
    """Returns a letter as the document of a frame, which runs nothing and loads nothing."""
    response = make_response(html)
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


def _one_of(known: Mapping[str, object], name: str) -> str:
    """Returns the parameter of the address if it is known, else the first choice."""
    typed = request.args.get(name, "")
    return typed if typed in known else ""


def _themed(html: str, theme: str) -> str:
    """Returns the letter with its dark styles always or never, instead of as the device has it."""
    if not theme:
        return html
    shown = html.replace(mail_templates.DARK, DARK_ALWAYS if theme == "dark" else DARK_NEVER)
    return shown.replace("light dark", theme)


def _letters() -> dict[str, str]:
    return {name: name_of(name) for name in mail_samples.LETTERS}
