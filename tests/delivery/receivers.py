"""Receivers of webhooks on loopback: real ones, that answer what a test tells them to."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_SECONDS = 20


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]


@dataclass
class Receiver:
    """Keeps what it hears; `answers` says what to answer, given how many requests came before."""

    replies: Callable[[int], tuple[int, bytes]] = lambda n: (200, b"")
    headers: dict[str, str] = field(default_factory=dict)
    hangs: float = 0
    heard: list[Heard] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=1"

    def awaits(self, count: int) -> list[Heard]:
        """Wait until so many requests came in."""
        until(lambda: len(self.heard) >= count)
        return self.heard


def until(holds: Callable[[], Any]) -> None:
    """Wait until `holds()`."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@contextmanager
def receiving(receiver: Receiver | None = None, *, tls: Any = None) -> Iterator[Receiver]:
    """A receiver that listens; by TLS when it is given a context."""
    receiver = receiver or Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                number = len(receiver.heard)
                heard = Heard(self.path, dict(self.headers.items()), body, self.client_address)
                receiver.heard.append(heard)
            time.sleep(receiver.hangs)
            status, text = receiver.replies(number)
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **receiver.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)
            except OSError:  # nobody listens any more
                self.close_connection = True

        def log_message(self, *words: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def get_request(self) -> Any:
            sock, peer = super().get_request()
            return (tls.wrap_socket(sock, server_side=True) if tls else sock), peer

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        receiver.port = server.server_port
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
