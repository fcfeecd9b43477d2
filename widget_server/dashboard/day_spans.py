"""The days that a report is about: presets, or any days, as the query of an address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField

from widget_server.dashboard.forms import OPTIONAL, Form
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports import today

PRESETS = {
    "7": _l("7 days"),
    "30": _l("30 days"),
    "90": _l("90 days"),
    "month": _l("This month"),
    "year": _l("This year"),
    "all": _l("All time"),
}


class DaysForm(Form):
    """The first and the last day, both included; the form is sent with GET."""

    class Meta:
        csrf = False

    first = DateField(_l("From"), name="from", validators=[OPTIONAL])
    last = DateField(_l("To"), name="to", validators=[OPTIONAL])


@dataclass(frozen=True)
class DaySpan:
    """The chosen days; `preset` is the key of PRESETS, None for days that were typed into the form."""

    first: date | None
    last: date | None
    preset: str | None
    form: DaysForm

    @property
    def query(self) -> dict[str, str]:
        """The chosen days as the query of an address."""
        if self.preset is not None:
            return {"span": self.preset}
        days = {"from": self.first, "to": self.last}
        return {name: value.isoformat() for name, value in days.items() if value is not None}

    @property
    def days(self) -> dict[str, str]:
        """The days themselves as the query of an address: they stay the same tomorrow."""
        days = {"from": self.first, "to": self.last}
        return {name: value.isoformat() for name, value in days.items() if value is not None}


def chosen(shop: Shop, default: str) -> DaySpan:
    """Returns the days in the query of the request; those of the preset `default` where there are none, or broken ones.

    What is wrong with typed days is beside their fields in `form`.
    """
    form = DaysForm(formdata=request.args) if {"from", "to"} & set(request.args) else DaysForm(formdata=None)
    if (form.first.raw_data or form.last.raw_data) and form.validate():
        first, last = form.first.data, form.last.data
        if first is None or last is None or first <= last:
            return DaySpan(first, last, None, form)
        form.last.errors = [_("The last day comes before the first.")]
    preset = request.args.get("span", default)
    preset = preset if preset in PRESETS else default
    return DaySpan(*_days(preset, today(shop)), preset, form)


def rows_of_days() -> Callable[..., str]:
    """Returns a function of a figure, a day, and a last day if it is another: the address of the rows behind it.

    Tables have thousands of such addresses, so that they are not made one by one by `url_for`.
    """
    base = url_for("dashboard_overview.rows")

    def address(figure: str, first: date, last: date | None = None) -> str:
        return f"{base}?figure={figure}&from={first.isoformat()}&to={(last or first).isoformat()}"

    return address


def _days(preset: str, now: date) -> tuple[date | None, date | None]:
    match preset:
        case "all":
            return None, None
        case "month":
            return now.replace(day=1), now
        case "year":
            return now.replace(month=1, day=1), now
        case _:
            return now - timedelta(days=int(preset) - 1), now
