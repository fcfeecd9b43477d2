"""Strings on the admin wire: how long they are, and what letters they may have."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.loyalty.people import lines

CONTROLS = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"
PROSE = [  # of at least 0, 1 and 2 characters without the blanks around them
    f"^[^{CONTROLS}]*" + f"[^{CONTROLS}\\s][^{CONTROLS}]*" * least + "$" for least in range(3)
]
LINE = {"pattern": f"^{lines.PATTERN.pattern}$"}


class Prose(fields.String):
    """A text that people read, by the rule of a program file, which states it again: it has no control characters.

    Blanks around it are removed. Where it may be empty, an empty one is null.
    """

    def __init__(self, low: int, high: int, **options: Any) -> None:
        no_controls = validate.Regexp(PROSE[low], error="A text without control characters, and not only blanks.")
        super().__init__(validate=[validate.Length(min=low, max=high), no_controls], **options)

    def deserialize(  # type: ignore[override]  # an empty text is null, which a String never is
        self, value: object, attr: str | None = None, data: Mapping[str, object] | None = None, **kwargs: object
    ) -> str | None:
        """Returns the text without the blanks around it. Raises ValidationError for one that does not fit."""
        found = super().deserialize(value, attr, data, **kwargs)
        return (found.strip() or None) if isinstance(found, str) else found


def text(
    low: int, high: int, *, metadata: Mapping[str, object] | None = None, load_only: bool = False
) -> fields.String:
    """Returns a field for a string of `low` to `high` characters."""
    return fields.String(validate=validate.Length(min=low, max=high), metadata=metadata, load_only=load_only)


def at_most(high: int, *, data_key: str | None = None) -> fields.String:
    """Returns a field for a string of at most `high` characters."""
    return fields.String(validate=validate.Length(max=high), data_key=data_key)


def line(low: int, high: int) -> fields.String:
    """Returns a field for one line of `low` to `high` characters, as for names and phone numbers (lines.py)."""
    return fields.String(validate=[validate.Length(min=low, max=high), check_line], metadata=LINE)


def check_line(value: str) -> None:
    """Raises ValidationError unless the text is one line (lines.py)."""
    if not lines.is_line(value):
        raise ValidationError(lines.REFUSAL)
