"""The reads of members that are served directly, held against the same reads through Flask."""

from collections.abc import Iterable
from wsgiref.types import WSGIApplication, WSGIEnvironment

from widget_server.db import database
from widget_server.widget.direct import Direct, Made

KEPT_CONTEXT = "werkzeug.debug.preserve_context"  # of Flask's test client, which keeps that of the last request
DOT = b'"unseen":'  # new gifts: the first read of My rewards sees them, and no later one


class BothWays(Direct):
    """Serves each read both ways and compares them, unless statements are counted."""

    def made(self, environ: WSGIEnvironment) -> Made | None:
        made = super().made(environ)
        if made is not None and not database.obj.query_hooks:
            status, headers, body = _run(self.application, environ)
            assert status == "200 OK", (status, body)
            assert sorted(made[0]) == sorted(headers)
            assert _without_dot(made[1]) == _without_dot(body)
        return made


def _run(application: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    began: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> object:
        began.append((status, headers))
        return None

    without = {name: value for name, value in environ.items() if name != KEPT_CONTEXT}
    parts: Iterable[bytes] = application(without, start)  # type: ignore[arg-type]
    body = b"".join(parts)
    close = getattr(parts, "close", None)
    if close is not None:
        close()
    return *began[0], body


def _without_dot(body: bytes) -> bytes:
    before, _, after = body.partition(DOT)
    return before + after.lstrip(b"0123456789")
