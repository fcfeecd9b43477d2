"""Each page of the dashboard and the call of the API that does the same, as docs/pages-and-calls.md has them."""

import re
from fnmatch import fnmatch
from pathlib import Path

from widget_server import dashboard
from widget_server.admin import services

DATABASES = ("sqlite",)
DOCUMENT = Path(__file__).parents[2] / "docs" / "pages-and-calls.md"
ROW = re.compile(r"^\| (`.+) \| (.+) \|$", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
CALL = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`")


def rows() -> list[tuple[list[str], str]]:
    """The names of the pages in each row, and what the row says of them."""
    return [(QUOTED.findall(row[1]), row[2]) for row in ROW.finditer(DOCUMENT.read_text("utf-8"))]


def test_every_page_has_its_calls_or_a_reason() -> None:
    pages = {rule.endpoint.removeprefix("dashboard_") for some in dashboard.PAGES for rule in some.rules}
    known = [name for names, _ in rows() for name in names]
    assert {page for page in pages if not any(fnmatch(page, name) for name in known)} == set()
    assert {name for name in known if not any(fnmatch(page, name) for page in pages)} == set(), "no such page"
    assert len(known) == len(set(known))


def test_every_call_of_the_document_exists() -> None:
    calls = {f"{call.method} {call.path}" for service in services.SERVICES for call in service.calls}
    for names, told in rows():
        named = set(CALL.findall(told))
        assert named <= calls, (names, named - calls)
        assert named or told.startswith("none: "), names
