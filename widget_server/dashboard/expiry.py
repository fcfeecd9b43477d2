"""Expiry: whether points end, when, how many of them, and who is reminded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField
from wtforms.widgets import TextInput

from widget_server import clock
from widget_server.dashboard import setting_words as words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, RevisedForm, WholeNumber, choices
from widget_server.dashboard.number_fields import between
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.points.expiry import expires_at
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import EXPIRY_MONTHS_MAX, PAUSE_GRACE_DAYS, REMINDER_DAYS_MAX
from widget_server.loyalty.staff.roles import Action

pages = Pages("expiry", "/program/expiry")

NO_DAYS = _l("Whole numbers of days up to %(most)s, each once, with commas between: 30, 7.")


class Days(Field):
    """Numbers of days with commas between."""

    widget = TextInput()

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ", ".join(map(str, self.data or ()))

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the days. Raises ValueError with the text to show."""
        texts = [one.strip() for one in str(valuelist[0] if valuelist else "").split(",") if one.strip()]
        days = [int(one) for one in texts if one.isascii() and one.isdecimal() and 1 <= int(one) <= REMINDER_DAYS_MAX]
        if len(days) != len(texts) or len(set(days)) != len(days):
            raise ValueError(str(NO_DAYS) % {"most": REMINDER_DAYS_MAX})
        self.data = tuple(days)


class ExpiryForm(RevisedForm):
    """When points expire."""

    expiry = RadioField(words.NAMES["expiry"], choices=choices(words.CHOICES["expiry"]))
    expiry_months = WholeNumber(
        words.NAMES["expiry_months"],
        validators=[REQUIRED, between(1, EXPIRY_MONTHS_MAX)],
        description=words.HINTS["expiry_months"],
    )
    expiry_percent = WholeNumber(
        words.NAMES["expiry_percent"],
        validators=[REQUIRED, between(1, 100)],
        description=words.HINTS["expiry_percent"],
    )
    expiry_reminder_days = Days(words.NAMES["expiry_reminder_days"], description=words.HINTS["expiry_reminder_days"])


@pages.page("", Action.SEE)
def expiry(staff: StaffCaller) -> ResponseReturnValue:
    """Show when points expire, and on which day those of a member who is active today would."""
    rules = staff.program.rules
    gone = expires_at(staff.shop, clock.now(), rules.expiry_months)
    last_day = clock.local_date(gone, staff.shop.timezone) - timedelta(days=1)
    return page("program/expiry.html", rules=rules, words=words, last_day=last_day, grace=PAUSE_GRACE_DAYS)


@pages.form("/edit", Action.PROGRAM)
def edit(staff: StaffCaller) -> ResponseReturnValue:
    """Change when points expire."""
    present = staff.program
    form = ExpiryForm(revision=present.revision, **vars(present.rules))
    if form.accepts():
        with form.refusals():
            typed: dict[str, Any] = {name: form[name].data for name in vars(present.rules) if name in form}
            settings = replace(present.rules, **typed)
            programs.update(staff.shop.id, revision=form.read_revision, settings=settings)
            return done(_("Saved."), "expiry.expiry")
    return page("program/expiry_edit.html", form=form, grace=PAUSE_GRACE_DAYS)
