"""One line of text from outside: a name, a phone number. Texts of webhooks are cleaned, those of forms refused.

A line break in a name could add a header to a mail, a control character could break a file, and a bidirectional
override (U+202A-202E, U+2066-2069) displays something else than what is written.
"""

import re

from widget_server.errors import BadRequest

TURNS = r"\u202a-\u202e\u2066-\u2069"
BREAKS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
PATTERN = re.compile(f"[^{BREAKS}{TURNS}]*")
REFUSAL = "One line of text, without control characters and without marks that turn its direction."


def clean(text: str | None) -> str | None:
    """Returns the text as one line: overrides are removed, breaks and controls become blanks; None when it is empty."""
    straight = re.sub(f"[{TURNS}]", "", text or "")
    return " ".join(re.sub(f"[{BREAKS}]", " ", straight).split()) or None


def is_line(text: str) -> bool:
    """Whether the text is one line without control characters and bidirectional overrides."""
    return PATTERN.fullmatch(text) is not None


def check(field: str, text: str | None) -> None:
    """Raises BadRequest, naming the field, for a text that is not one line."""
    if text is not None and not is_line(text):
        raise BadRequest(REFUSAL, field=field)
