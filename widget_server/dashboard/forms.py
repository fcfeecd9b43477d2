"""Forms: Flask-WTF with what every form of the dashboard does.

form = GiveForm(obj=...)
if form.accepts():
    with form.refusals():                  # a refusal becomes the error of its field, or of the form
        row = adjustments.earn_points(...)
        return done(_("..."), "card.card", customer_id=...)
return page("give/form.html", form=form)   # 422 with the errors, each beside its field
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField, IntegerField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from widget_server.dashboard import refusals
from widget_server.db import new_id
from widget_server.errors import Refusal
from widget_server.loyalty.program import png_icons

REQUIRED = InputRequired(_l("This is needed."))
REQUIRED_TEXT = DataRequired(_l("This is needed."))  # more than blanks
OPTIONAL = Optional()
WHOLE_NUMBER = _l("A whole number, without separators.")


def choices(names: Mapping[str, str]) -> Any:
    """Returns the choices of a SelectField or RadioField from their names by value."""
    return [SelectChoice(value, name) for value, name in names.items()]


class Form(FlaskForm):
    """A form with a CSRF token. `FIELDS` maps the field of a refusal to the form's, where the names differ."""

    FIELDS: dict[str, str] = {}

    def accepts(self) -> bool:
        """Returns True for a POST whose fields are valid; else their errors are beside them."""
        return bool(self.validate_on_submit())

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Context manager in which a Refusal becomes an error of the form; the code after the block runs then."""
        try:
            yield
        except Refusal as refusal:
            self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> None:
        """Add the refusal to the errors of its field, or of the form as a whole."""
        name = self.FIELDS.get(refusal.field or "", refusal.field or "")
        text = refusals.text_of(refusal)
        if name in self._fields and not isinstance(self._fields[name], HiddenField):
            self._fields[name].errors = [*self._fields[name].errors, text]
        else:
            self.form_errors.append(text)


class RevisedForm(Form):
    """A form about something that has a revision: the one that was read, so that nobody overwrites another's edit."""

    revision = HiddenField()

    @property
    def read_revision(self) -> int:
        """The revision that was read; 0, which nothing has, when the form was sent without it."""
        return int(self.revision.data or 0)


class KeyedForm(Form):
    """A form that books something: sent twice, it books once. `request_key` is the key of the ledger's rows."""

    request_key = HiddenField(default=new_id, validators=[Length(min=8, max=64)])


class PngFile(FileField):
    """A PNG file; whoever stores it checks what it holds."""

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        """See FileField."""
        super().__init__(label, validators, render_kw={"accept": "image/png"}, **options)

    @property
    def content(self) -> bytes:
        """The bytes that were sent, one more at most than a picture may have; none without a file."""
        return self.data.stream.read(png_icons.BYTES_MAX + 1) if self.data else b""


class WholeNumber(IntegerField):
    """A whole number; the text that was typed stays when it is not one."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; a plus sign and blanks around it are allowed. Raises ValueError with the text to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        if not text.removeprefix("-").removeprefix("+").isdecimal():
            raise ValueError(str(WHOLE_NUMBER))
        self.data = int(text)


class Line(StringField):
    """One line of text; blanks around it are removed, and an empty one is None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text."""
        self.data = (str(valuelist[0]).strip() or None) if valuelist else None
