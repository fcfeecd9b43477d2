"""Form fields for numbers with decimal places (amounts, factors), and for moments in the shop's zone."""

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

NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")  # the database keeps four decimal places
COMMA = re.compile(r"[0-9]+,([0-9]{1,2}|[0-9]{4})|0,[0-9]{3}")  # 10,50 is 10.50; 1,240 could be either
NO_AMOUNT = _l("A number such as 12.50.")
NO_MOMENT = _l("A day and a time.")
DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}  # a keyboard with digits on phones


def plain(value: Decimal | None) -> str:
    """Returns a number as short text: 10 for 10.00, never with an exponent; empty for None."""
    return "" if value is None else format(Decimal(value).normalize(), "f")


def read(text: str) -> Decimal | None:
    """Returns the number above 0 that was typed, None for any other text; there are no marks between thousands."""
    typed = text.strip()
    typed = typed.replace(",", ".") if COMMA.fullmatch(typed) else typed
    return Decimal(typed) or None if NUMBER.fullmatch(typed) else None


def between(least: int, most: int) -> NumberRange:
    """Returns the validator for a number in these bounds."""
    return NumberRange(least, most, _l("A number from %(min)s to %(max)s."))


class Amount(Field):
    """Money, a factor or a percentage: a number above 0, with a comma or a point before its decimal places.

    The text that was typed stays when it is none.
    """

    widget = TextInput()

    def __init__(self, label: str, **options: Any) -> None:
        options.setdefault("render_kw", DECIMAL)
        super().__init__(label, **options)

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else plain(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number, None for an empty text. Raises ValueError with the text to show."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = read(text)
        if text and self.data is None:
            raise ValueError(str(NO_AMOUNT))
        if self.data is not None and self.data == self.object_data:
            self.data = self.object_data  # 5 for 5.00 is no change


class Moment(Field):
    """A day and a time on the clocks of the shop that the session shows. Empty: None."""

    widget = DateTimeLocalInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        local = self.data.astimezone(_zone())
        return str(local.strftime("%Y-%m-%dT%H:%M" + (":%S" if local.second else "")))

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
