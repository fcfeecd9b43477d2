"""What the forms of rules and rewards share: their fields, and how a refusal finds its field.

A form of an entry sends plain values like those of a program file (program_file/entries.py), which checks them.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.widgets import CheckboxInput, DateTimeLocalInput, ListWidget

from widget_server import clock
from widget_server.dashboard.forms import Form, WholeNumber
from widget_server.errors import Refusal

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")  # 10,50 is 10.50; 1,240 could be either
A_NUMBER = _l("A number as 10 or 10.50.")
ABOVE_ZERO = _l("A whole number above 0.")
A_FACTOR = _l("One in each line: the id, = and a number, as 1234 = 2.")
A_MOMENT = _l("A day and a time.")


class EntryForm(Form):
    """The form of one rule or reward. `revision` is the one that was read, so that nobody overwrites another's edit."""

    revision = HiddenField()

    @property
    def read_revision(self) -> int | None:
        """The revision that the form was filled from; None for a new entry."""
        text = str(self.revision.data or "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    def paths(self) -> Mapping[str, str]:
        """Returns the form's fields by the paths of an entry, where the names differ."""
        return self.FIELDS

    def refuse(self, refusal: Refusal) -> None:
        """Add every fault of the entry to the errors of its field; faults without a field to those of the form."""
        faults = refusal.facts.get("faults")
        if not faults:
            refusal.field = self._named(refusal.field or "")
            super().refuse(refusal)
            return
        for path, sentence in faults:
            super().refuse(Refusal(sentence, field=self._named(path)))

    def _named(self, path: str) -> str:
        """The field of a path: that of the path itself, or of the longest part of it that is a field."""
        known, parts = self.paths(), path.split(".")
        for length in range(len(parts), 0, -1):
            part = ".".join(parts[:length])
            if part in known or part in self._fields:
                return known.get(part, part)
        return path.removeprefix("terms.")

    def uses(self, *names: str) -> bool:
        """Returns whether any of these fields is filled or has an error: then their group is shown open."""
        found = [self._fields[name] for name in names if name in self._fields]
        return any(one.data not in (None, "", [], {}, False) or one.errors for one in found)


class Amount(StringField):
    """Money or a factor: a decimal number, as text so that what was typed stays."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; a comma before one or two digits is taken for a point. Raises ValueError to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if text:
            self.data = number(text)

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else shown(self.data)


class Count(WholeNumber):
    """A whole number above 0: points, days, how often."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number. Raises ValueError with the text to show."""
        super().process_formdata(valuelist)
        if self.data is not None and self.data < 1:
            raise ValueError(str(ABOVE_ZERO))


class Ids(TextAreaField):
    """Ids of the shop's platform, one in each line."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines; empty ones and repetitions do not count."""
        lines = str(valuelist[0]).splitlines() if valuelist else []
        self.data = list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "\n".join(self.data or ())


class Factors(TextAreaField):
    """Factors by id, one in each line: 1234 = 2."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines. Raises ValueError to show for one that is no id with a number."""
        self.data = {}
        for line in str(valuelist[0]).splitlines() if valuelist else []:
            name, sign, factor = (part.strip() for part in line.rpartition("="))
            if line.strip():
                if not (sign and name and NUMBER.fullmatch(factor.replace(",", "."))):
                    raise ValueError(str(A_FACTOR))
                self.data[name] = number(factor)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(f"{name} = {shown(factor)}" for name, factor in (self.data or {}).items())


class LocalMoment(StringField):
    """A time in the shop's zone."""

    data: Any  # the stubs know texts alone

    widget = DateTimeLocalInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the time. Raises ValueError to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = datetime.fromisoformat(text).replace(tzinfo=clock.zone(g.staff.shop.timezone))
            except ValueError as wrong:
                raise ValueError(str(A_MOMENT)) from wrong

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        local = self.data.astimezone(clock.zone(g.staff.shop.timezone))
        return str(local.strftime("%Y-%m-%dT%H:%M" + (":%S" if local.second else "")))


class Ticks(SelectMultipleField):
    """Some of several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def number(text: str) -> Decimal:
    """Returns the decimal number that was typed. Raises ValueError with the text to show."""
    plain = text.replace(",", ".") if COMMA.fullmatch(text) else text
    if not NUMBER.fullmatch(plain):
        raise ValueError(str(A_NUMBER))
    return Decimal(plain)


def shown(value: Decimal | None) -> str:
    """Returns a number as it is typed, without zeros at its end; empty for None."""
    if value is None:
        return ""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(value: datetime | None) -> str | None:
    """Returns a time as an entry has it."""
    return None if value is None else value.isoformat()


def names_of(ids: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Returns the names of these ids that have one."""
    return [names[one] for one in ids if one in names]
