"""What the forms of rules and rewards share: their fields, and how a refusal finds its field.

A form of an entry sends plain values like those of a program file (program_file/entries.py), which checks them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from widget_server.dashboard.forms import Form, WholeNumber
from widget_server.dashboard.number_fields import plain, read
from widget_server.errors import Refusal

ABOVE_ZERO = _l("A whole number above 0.")
A_FACTOR = _l("One in each line: the id, = and a number, as 1234 = 2.")


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


class Count(WholeNumber):
    """A whole number above 0: points, days, how often."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number. Raises ValueError with the text to show."""
        super().process_formdata(valuelist)
        if self.data is not None and self.data < 1:
            raise ValueError(str(ABOVE_ZERO))


class Lines(TextAreaField):
    """Values, one in each line."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines that are not empty."""
        lines = str(valuelist[0]).splitlines() if valuelist else []
        self.data = [line.strip() for line in lines if line.strip()]

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "\n".join(self.data or ())


class Ids(Lines):
    """Ids of the shop's platform, one in each line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines; repetitions do not count."""
        super().process_formdata(valuelist)
        self.data = list(dict.fromkeys(self.data))


class Factors(TextAreaField):
    """Factors by id, one in each line: 1234 = 2."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines. Raises ValueError to show for one that is no id with a number."""
        self.data = {}
        for line in str(valuelist[0]).splitlines() if valuelist else []:
            name, sign, factor = (part.strip() for part in line.rpartition("="))
            if line.strip():
                known = read(factor)
                if not (sign and name) or known is None:
                    raise ValueError(str(A_FACTOR))
                self.data[name] = known

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(f"{name} = {plain(factor)}" for name, factor in (self.data or {}).items())


class Ticks(SelectMultipleField):
    """Some of several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def moment(value: datetime | None) -> str | None:
    """Returns a time as an entry has it."""
    return None if value is None else value.isoformat()


def names_of(ids: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Returns the names of these ids that have one."""
    return [names[one] for one in ids if one in names]
