"""The forms of the widget's look: its settings, and the scene of the preview."""

from typing import Any

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, ValidationError
from wtforms.validators import Length, Regexp

from widget_server.dashboard.entry_forms import Lines
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, REQUIRED_TEXT, Form, Line, PngFile, WholeNumber, choices
from widget_server.dashboard.mails import LANGUAGE_NAMES
from widget_server.dashboard.number_fields import between
from widget_server.errors import Refusal
from widget_server.loyalty.program.shops import WidgetSettings
from widget_server.program_file.looks import Settings, plain
from widget_server.widget import assets, preview
from widget_server.widget.panel import TABS
from widget_server.widget.preview import Scene

OFFSET_MAX, Z_INDEX_MAX = 1000, 2**31 - 1
COLOUR = Regexp(r"#[0-9a-fA-F]{6}$", message=_l("A colour such as #1b6b4a."))
PREFIX = "preview_"  # of the scene's fields
TAB_NAMES = {
    "earn": _l("Earn points"),
    "redeem": _l("Redeem points"),
    "my_rewards": _l("My rewards"),
    "referral": _l("Referral program"),
    "my_balance": _l("My balance"),
    preview.CLOSED: _l("Closed: the button alone"),
}
GROUPS = {
    _l("Where the button shows"): ("hidden", "hide_on_mobile", "hide_on_desktop", "show_paths", "hide_paths"),
    _l("While the program is not active"): ("when_paused",),
    _l("Signing in"): ("sign_in", "sign_in_url", "sign_up_url", "identity_digest"),
    _l("More"): ("apply_url", "till_code", "needs_consent", "z_index"),
}
LOOKS = ("colour", "mode", "side", "offset_x", "offset_y", "label", "icon")


class Paths(Lines):
    """Paths of pages, one in each line."""

    def pre_validate(self, form: Any) -> None:
        """Raises ValidationError naming the first line that is not a path."""
        for line in self.data or ():
            if not line.startswith(("/", "*")) or len(line.split()) != 1 or len(line) > 200:
                raise ValidationError(_("%(line)s is not a path such as /checkout or /checkout/*.", line=line))


class LookForm(Form):
    """The look of the widget; each field has the name of its setting. `seen` is the mark of the one that was read."""

    seen = HiddenField()
    colour = Line(
        _l("Accent colour"),
        validators=[REQUIRED_TEXT, COLOUR],
        description=_l("Of buttons and of the launcher. Darker and lighter ones for texts are computed from it."),
        render_kw={"maxlength": 7, "autocomplete": "off", "spellcheck": "false"},
    )
    mode = RadioField(
        _l("Theme"),
        choices=choices({"light": _l("Light"), "dark": _l("Dark"), "auto": _l("As the device of the customer is set")}),
    )
    side = RadioField(
        _l("Side of the button"),
        choices=choices({"end": _l("At the end of a line: right in English"), "start": _l("At its start: left")}),
    )
    offset_x = WholeNumber(_l("Pixels from that side"), validators=[REQUIRED, between(0, OFFSET_MAX)])
    offset_y = WholeNumber(_l("Pixels from the bottom"), validators=[REQUIRED, between(0, OFFSET_MAX)])
    label = Line(
        _l("Text of the button"),
        validators=[OPTIONAL, Length(max=40)],
        description=_l("The same in every language. Empty: a text in the language of the customer."),
    )
    icon = BooleanField(_l("The button has an icon"))
    hidden = BooleanField(_l("Show no button"), description=_l("Links to the widget still open it."))
    hide_on_mobile = BooleanField(_l("No button on phones"))
    hide_on_desktop = BooleanField(_l("No button on wider screens"))
    show_paths = Paths(
        _l("Only on these pages"),
        description=_l("One path in each line; * stands for anything, as in /products/*. Empty: on every page."),
    )
    hide_paths = Paths(_l("Not on these pages"), description=_l("One path in each line, such as /checkout/*."))
    when_paused = RadioField(
        _l("Then the widget"),
        choices=choices({"soon": _l("shows that the program is not active now"), "hide": _l("has no button")}),
    )
    sign_in = RadioField(
        _l("Customers sign in"),
        choices=choices({"widget": _l("In the widget"), "shop": _l("On the pages of the shop")}),
    )
    sign_in_url = Line(_l("Page for signing in"), validators=[Length(max=2000)])
    sign_up_url = Line(_l("Page for registering"), validators=[Length(max=2000)])
    identity_digest = BooleanField(
        _l("Accept identity digests"),
        description=_l("For shops that can sign a text in a page template and no token. A digest works for 5 minutes."),
    )
    apply_url = Line(
        _l("Page that takes a code"),
        validators=[OPTIONAL, Length(max=2000)],
        description=_l("“Use it now” opens it, with the code for {code}. Empty: as the platform of the shop has it."),
    )
    till_code = BooleanField(
        _l("Always show the code for the till"),
        description=_l("Without it, members get the code as soon as a purchase was booked at the till of this server."),
    )
    needs_consent = BooleanField(
        _l("Ask for consent first"),
        description=_l("A referral link is stored only after the page reports the consent of the visitor."),
    )
    z_index = WholeNumber(
        _l("Layer of the button"),
        validators=[REQUIRED, between(0, Z_INDEX_MAX)],
        description=_l("The CSS z-index: what has a higher one covers the button."),
    )

    def validate_sign_in_url(self, field: Line) -> None:
        """Raises ValidationError when the shop signs customers in and the page is not known."""
        self._need_page(field)

    def validate_sign_up_url(self, field: Line) -> None:
        """Raises ValidationError as `validate_sign_in_url` does."""
        self._need_page(field)

    def _need_page(self, field: Line) -> None:
        if self.sign_in.data == "shop" and not field.data:
            raise ValidationError(_("This is needed when customers sign in on the pages of the shop."))

    def settings(self, present: WidgetSettings) -> Settings:
        """Returns the settings that were typed; those that the form does not have, or that are wrong, stay."""
        valid: dict[str, Any] = {
            name: self[name].data for name in vars(present) if name in self and not self[name].errors
        }
        return {**plain(present), **valid}

    def refuse(self, refusal: Refusal) -> None:
        """Add each fault to the errors of its setting."""
        faults = refusal.facts.get("faults") or [(refusal.field or "", None)]
        for path, sentence in faults:
            refusal.field = path.partition(".")[0]
            super().refuse(Refusal(sentence, field=refusal.field) if sentence else refusal)


class IconForm(Form):
    """The picture of the button, as a file."""

    icon = PngFile(
        _l("Picture"),
        validators=[REQUIRED],
        description=_l("A PNG file of 16 to 512 pixels on each side and at most 16 kB. It is drawn 20 pixels large."),
    )


class TextsForm(Form):
    """The texts of one language, whose fields are in the page; `seen` is the mark of the look that was read."""

    seen = HiddenField()


class SceneForm(wtforms.Form):
    """What the preview shows. Nothing of it is saved."""

    who = RadioField(
        _l("Seen by"), choices=choices({"guest": _l("A guest"), "member": _l("A member")}), default="guest"
    )
    tab = SelectField(_l("Open on"), choices=choices(TAB_NAMES), default=TABS[0])
    width = RadioField(
        _l("Screen"), choices=choices({"phone": _l("Phone"), "desktop": _l("Computer")}), default="phone"
    )
    scheme = RadioField(
        _l("Theme of the preview"),
        choices=choices({"": _l("As chosen"), "light": _l("Light"), "dark": _l("Dark")}),
        default="",
    )
    language = SelectField(_l("Language"), choices=choices({one: LANGUAGE_NAMES[one] for one in assets.LOCALES}))
    path = Line(_l("Path of the page"), default="/", description=_l("Shows whether the button is on such a page."))

    def scene(self) -> Scene:
        """Returns the scene; what is not a choice is as at the beginning."""
        self.validate()
        for one in self:
            if one.errors or one.data is None:
                one.data = one.default() if callable(one.default) else one.default
        path = str(self.path.data or "/")
        scheme = self.scheme.data or None
        return Scene(self.who.data, self.tab.data, self.language.data or assets.LOCALES[0], scheme, path)


def scene_form(values: Any, locale: str) -> SceneForm:
    """Returns the form of the scene, filled from a request; in the shop's language at the beginning."""
    sent = values if any(name.startswith(PREFIX) for name in values) else None
    return SceneForm(sent, prefix=PREFIX, language=assets.locale_for(locale))
