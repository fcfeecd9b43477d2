"""The field for an amount of money: typed with a comma or a point before the coins."""

import re
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from wtforms import StringField

AMOUNT = re.compile(r"[0-9]{1,9}([.,][0-9]{1,3})?")
DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}  # a keyboard with digits on phones
NO_AMOUNT = _l("An amount such as 12.50.")


def read(text: str) -> Decimal | None:
    """Returns the amount in a text, None when it is not one; there are no marks between thousands."""
    plain = text.strip()
    return Decimal(plain.replace(",", ".")) if AMOUNT.fullmatch(plain) else None


class Amount(StringField):
    """An amount of money, as text in `data` and as a number in `amount`; None for an empty field."""

    @property
    def amount(self) -> Decimal | None:
        """The amount that was typed; None for an empty field or a text that is none."""
        return read(self.data or "")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text. Raises ValueError with the text to show when it is no amount."""
        self.data = str(valuelist[0]).strip() if valuelist else None
        if self.data and self.amount is None:
            raise ValueError(str(NO_AMOUNT))
