"""The tables of docs/admin-api.md, generated from the code: `make docs` writes them between their marks."""

import sys
from collections.abc import Iterator
from pathlib import Path

from widget_server.admin import services
from widget_server.web.documented_refusals import code
from widget_server.web.errors import refusals

MARK = "<!-- {name}: made by `make docs` -->"


def endpoints() -> Iterator[str]:
    """Returns the rows of every call: its audience, its summary, and its refusals beside those of any call."""
    yield "| | path | for | | refused with |"
    yield "|---|---|---|---|---|"
    for service in services.SERVICES:
        for call in service.calls:
            own = ", ".join(f"`{code(one).upper()}`" for one in call.refuses)
            yield f"| {call.method} | `{call.path}` | {call.who.value} | {call.summary} | {own} |"


def codes() -> Iterator[str]:
    """Returns the rows of every refusal: its code, HTTP status and meaning."""
    yield "| code | HTTP | when |"
    yield "|---|---|---|"
    for name, status, when in refusals():
        yield f"| `{name}` | {status} | {when} |"


TABLES = {"endpoints": endpoints, "codes": codes}


def written(text: str) -> str:
    """Returns the document with its tables generated again from the code."""
    for name, rows in TABLES.items():
        mark = MARK.format(name=name)
        before, _, after = text.split(mark)
        text = "\n".join((f"{before}{mark}", *rows(), f"{mark}{after}"))
    return text


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written(path.read_text()))
