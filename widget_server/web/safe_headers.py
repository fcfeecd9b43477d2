"""Security headers on every response: a page, a file or a refusal."""

from collections.abc import Callable, Iterable
from types import TracebackType
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

NOSNIFF = ("x-content-type-options", "nosniff")
HSTS_SECONDS = 31_536_000

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class SafeHeaders:
    """WSGI middleware that adds `nosniff` and, for an https server, HSTS, unless the response already has them."""

    def __init__(self, application: WSGIApplication, *, is_https: bool) -> None:
        self.application = application
        hsts = [("strict-transport-security", f"max-age={HSTS_SECONDS}")] if is_https else []
        self.headers = [NOSNIFF, *hsts]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request with the headers added."""

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            known = {name.lower() for name, _ in headers}
            return start_response(status, [*headers, *(one for one in self.headers if one[0] not in known)], exc_info)

        return self.application(environ, start)
