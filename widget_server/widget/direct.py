"""The member's reads, found by their path alone: Flask takes longer to dispatch one than its statements take.

Only what succeeds is handled here. Whatever else a request needs, above all every refusal, is left to the application
behind, which runs the same handler (`Endpoints.read`) after the same authentication; so both give the same response.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from widget_server import config, db, editions
from widget_server.web import auth, bodies, compression
from widget_server.web.auth import Shopper

ENCODED = frozenset("%+;")  # a query with one of them is left to Flask, which decodes it

Query = Mapping[str, str]
Read = Callable[[Shopper, Query], object]
Made = tuple[list[tuple[str, str]], bytes]  # the headers and the body of a response

log = logging.getLogger(__name__)


class Direct:
    """WSGI middleware: the reads of `reads`, by their path, for a member; all other requests go to `application`."""

    def __init__(self, application: WSGIApplication, reads: Mapping[str, Read]) -> None:
        self.application, self.reads = application, reads

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request."""
        made = self.made(environ)
        if made is None:
            return self.application(environ, start_response)
        headers, body = made
        start_response("200 OK", headers)
        return [body]

    def made(self, environ: WSGIEnvironment) -> Made | None:
        """Returns the response to a read that succeeds; None for any other request, which is the application's."""
        read = self.reads.get(environ["PATH_INFO"])
        if read is None or environ["REQUEST_METHOD"] != "GET":
            return None
        try:
            return _response(read, environ)
        except Exception as error:  # the application finds it again, and says what it is
            log.debug("a read is left to the application (%s)", type(error).__name__)
            return None


def _response(read: Read, environ: WSGIEnvironment) -> Made | None:
    """Returns the response; None for a request that is not one of a member's panel."""
    query = _query(environ.get("QUERY_STRING", ""))
    embed_key, token = environ.get("HTTP_X_LOYALTY_SHOP"), auth.token_in(environ.get("HTTP_AUTHORIZATION", ""))
    if query is None or not embed_key or token is None or not _is_our_panel(environ):
        return None
    db.connect()
    try:
        me = auth.shopper_at(embed_key, token)
        auth.act_as(me, environ.get("REMOTE_ADDR") or "unknown")
        return _written(bodies.encoded(read(me, query)), environ.get("HTTP_ACCEPT_ENCODING", ""))
    finally:
        editions.forget()


def _is_our_panel(environ: WSGIEnvironment) -> bool:
    """Whether the request comes from our own origin, or does not say where it comes from, as a browser's same-origin
    GET does not; a proxy that is not trusted is left to the application, which warns of it.
    """
    origin = environ.get("HTTP_ORIGIN")
    return (origin is None or origin == config.current().widget_origin) and (
        "HTTP_X_FORWARDED_FOR" not in environ or config.current().proxies > 0
    )


def _query(text: str) -> Query | None:
    """Returns the parameters, of each name the first; None for a text that has to be decoded."""
    if not text:
        return {}
    if not text.isascii() or not ENCODED.isdisjoint(text):
        return None
    found: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(name, value)
    return found


def _written(body: bytes, accepted: str) -> Made:
    headers = [("Content-Type", "application/json")]
    if len(body) >= compression.BYTES_MIN and compression.is_accepted(accepted):
        body = compression.quick(body)
        headers += [("Content-Encoding", compression.ENCODING), ("Vary", "Accept-Encoding")]
    return [*headers, ("Content-Length", str(len(body))), ("Cache-Control", "no-store")], body
