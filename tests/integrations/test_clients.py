"""The clients where no server of ours responds: a proxy's page in its place."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.integrations.clients import RUNTIMES, run

SECRET = "whsec_" + "a" * 32
PAGE = b"<html><body>Bad Gateway</body></html>"


class Proxy(BaseHTTPRequestHandler):
    """A proxy whose server is away."""

    def do_POST(self) -> None:
        """502, with a page for people."""
        self.send_response(502)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    """Its address."""
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("language", RUNTIMES)
def test_a_page_in_place_of_json_has_a_status_and_no_body(language: str, proxy: str) -> None:
    """A sender that repeats after 500 and above needs the status, not an exception."""
    sent = ("request", [proxy, "shop", SECRET, "order", {"id": "1"}])
    read = ("request", [proxy, "shop", SECRET, "orders/1"])
    assert run(language, [sent, read]) == [[502, None], [502, None]]
