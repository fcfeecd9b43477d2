"""A form as a browser would send it: the values that its page shows, with some of them changed."""

from html.parser import HTMLParser
from typing import Any

from werkzeug.test import TestResponse

from tests.dashboard.conftest import Desk


class _Fields(HTMLParser):
    """The successful controls of the page's forms."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.text_of: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        name, kind = facts.get("name"), facts.get("type")
        if tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in facts):
            self.values[name] = facts.get("value") or ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in facts or self.select not in self.values):
            self.values[self.select] = facts.get("value") or ""
        elif tag == "textarea" and name:
            self.text_of, self.values[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.text_of = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.text_of:
            self.values[self.text_of] += data.removeprefix("\r\n")


def values(desk: Desk, path: str) -> dict[str, str]:
    """What the form of the page holds."""
    fields = _Fields()
    fields.feed(desk.get(path).text)
    return fields.values


def send(desk: Desk, path: str, shown: dict[str, str] | None = None, **changes: Any) -> TestResponse:
    """Send the form of the page, as it is `shown` now or was before; a change of None leaves a field out."""
    filled = {**(shown if shown is not None else values(desk, path)), **changes}
    filled.pop("csrf_token", None)
    return desk.post(path, **{name: value for name, value in filled.items() if value is not None})
