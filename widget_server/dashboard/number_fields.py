"""Form fields for amounts and factors, and for moments in the shop's zone."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import lazy_gettext as _l
from wtforms import Field
from wtforms.validators import NumberRange
from wtforms.widgets import DateTimeLocalInput, TextInput

from widget_server import clock

AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,4})?")  # the database keeps four decimal places
NO_AMOUNT = _l("A number such as 12.50.")
NO_MOMENT = _l("A day and a time.")


def plain(value: Decimal) -> str:
    """Returns a number as short text: 10 for 10.00, never with an exponent."""
    return format(value.normalize(), "f")


def between(least: int, most: int) -> NumberRange:
    """Returns the validator for a number in these bounds."""
    return NumberRange(least, most, _l("A number from %(min)s to %(max)s."))


class Amount(Field):
    """A number with a comma or a point before its decimal places; the text that was typed stays when it is none."""

    widget = TextInput()

    def __init__(self, label: str, **options: Any) -> None:
        options.setdefault("render_kw", {"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label, **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else plain(Decimal(self.data))

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number, None for an empty text. Raises ValueError with the text to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = Decimal(text.replace(",", ".")) if AMOUNT.fullmatch(text) else None
        if text and not self.data:
            self.data = None
            raise ValueError(str(NO_AMOUNT))
        if self.data is not None and self.data == self.object_data:
            self.data = self.object_data  # 5 for 5.00 is no change


class Moment(Field):
    """A day and a time on the clocks of the shop that the session shows. Empty: None."""

    widget = DateTimeLocalInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data.astimezone(_zone()):%Y-%m-%dT%H:%M}" if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the moment as UTC. Raises ValueError with the text to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        try:
            local = datetime.fromisoformat(text) if text else None
        except ValueError as wrong:
            raise ValueError(str(NO_MOMENT)) from wrong
        if local is not None and not 2000 <= local.year < 3000:
            raise ValueError(str(NO_MOMENT))
        self.data = None if local is None else local.replace(tzinfo=_zone()).astimezone(UTC)


def _zone() -> ZoneInfo:
    return clock.zone(g.staff.shop.timezone)
