"""The layer between the network and the application: no application thread ever waits for a client's bytes.

The event loop reads a whole body, with a deadline and a minimum speed, before a thread is used; a thread makes the
whole response, and the loop sends it. Queues are bounded: when one is full, the response is 503 with Retry-After.
"""

import asyncio
import hashlib
import io
import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from widget_server import connections
from widget_server.web.networks import address_bucket
from widget_server.web.safe_headers import NOSNIFF
from widget_server.work import Work

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BODY_BYTES_MAX = 10 * 1024 * 1024 + 100_000  # the largest upload; the application's own limits are lower
BODY_SECONDS_MAX = 60.0
BODY_GRACE_SECONDS = 5.0
BODY_BYTES_PER_SECOND_MIN = 500
BODIES_PER_ADDRESS_MAX = 32
BODIES_MAX = 256
WAITING_MAX = 256
THREADS = 8  # of a web process; each has a connection to the database
STUCK_SECONDS = 30.0
WATCH_SECONDS = 1.0
RETRY_AFTER_SECONDS = 2
CALLER_LEFT = 499  # nobody reads it

KEY_AT_ONCE = 4  # threads of a process that one API key uses at a time, so that some stay free
KEY_WAITING_MAX = 64
KEY_BEGINS = "sk_"

Headers = list[tuple[str, str]]
Wsgi = Any
log = logging.getLogger(__name__)


class Scope(Protocol):
    """The metadata of a request, as RSGI defines it."""

    proto: str
    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: Any


class TurnedAway(Exception):
    """A request that is refused before a thread is used: HTTP status, error code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Gateway:
    """An RSGI application around a WSGI one: `threads` run the application, the event loop does the rest."""

    def __init__(
        self, application: Wsgi, threads: int, *, proxies: int = 0, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self.at_end = at_end
        self.application, self.threads, self.proxies = application, threads, proxies
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self.reading: Counter[str] = Counter()
        self.in_turn: Counter[str] = Counter()
        self.places: dict[str, asyncio.Semaphore] = {}
        self.waiting = 0
        self.began: dict[object, float] = {}

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called when the server has an event loop: watch the threads from it."""
        loop.create_task(self._watch())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called when the server stops: there are no further requests."""
        self.at_end()

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Serve one request; called by the RSGI server."""
        try:
            if scope.path == "/healthz" and scope.method in ("GET", "HEAD"):
                status, headers, body = self._alive()
            else:
                body_in = await self._body(scope, protocol)
                status, headers, body = await self._watched(scope, protocol, environ(scope, body_in))
        except TurnedAway as no:
            status, headers, body = _refusal(no)
        if scope.method == "HEAD":
            body = b""
        protocol.response_bytes(status, headers, body)

    def _alive(self) -> tuple[int, Headers, bytes]:
        """The response of /healthz, made without a thread, so that a busy server does not look dead."""
        return 200, _own_headers(), b'{"status":"alive"}'

    async def _body(self, scope: Scope, protocol: Any) -> bytes:
        """The whole body. Raises TurnedAway: 413 too large, 408 too slow, 503 too many at once."""
        length = scope.headers.get("content-length") or "0"
        if length.isdecimal() and int(length) > BODY_BYTES_MAX:
            raise TurnedAway(413, "too_large", "The body is too large.")
        if length == "0" and "transfer-encoding" not in scope.headers:
            return b""
        address = self._address(scope)
        if self.reading[address] >= BODIES_PER_ADDRESS_MAX or self.reading.total() >= BODIES_MAX:
            raise TurnedAway(503, "busy", "Too many bodies are being read at once.")
        self.reading[address] += 1
        try:
            return await _read(protocol)
        finally:
            self.reading[address] -= 1
            if not self.reading[address]:
                del self.reading[address]

    def _address(self, scope: Scope) -> str:
        """The client's address: the last one that a trusted proxy reports, else the peer."""
        if self.proxies and (forwarded := scope.headers.get("x-forwarded-for")):
            hops = [hop.strip() for hop in forwarded.split(",")]
            return address_bucket(hops[-min(self.proxies, len(hops))])
        return address_bucket(scope.client.rpartition(":")[0])

    async def _watched(self, scope: Scope, protocol: Any, request: dict[str, Any]) -> tuple[int, Headers, bytes]:
        """Run the request in the turn of its API key, until it ends or the caller disconnects."""
        work, loop = Work(), asyncio.get_running_loop()

        async def watch() -> None:
            await protocol.client_disconnect()
            await loop.run_in_executor(None, work.abandon)

        watching = loop.create_task(watch())
        try:
            async with self._turn_of(key_of(scope)):
                return await self._run(work, request)
        finally:
            watching.cancel()

    @asynccontextmanager
    async def _turn_of(self, key: str | None) -> AsyncIterator[None]:
        """Hold one of the KEY_AT_ONCE places of an API key; uses no thread while waiting. Raises TurnedAway 503."""
        if key is None:
            yield
            return
        if self.in_turn[key] >= KEY_AT_ONCE + KEY_WAITING_MAX or self.in_turn.total() >= WAITING_MAX:
            raise TurnedAway(503, "busy", "Too many requests of this key at once.")
        places = self.places.setdefault(key, asyncio.Semaphore(KEY_AT_ONCE))
        self.in_turn[key] += 1
        try:
            async with places:
                yield
        finally:
            self.in_turn[key] -= 1
            if not self.in_turn[key]:
                del self.in_turn[key], self.places[key]

    async def _run(self, work: Work, request: dict[str, Any]) -> tuple[int, Headers, bytes]:
        if self.waiting >= WAITING_MAX + self.threads:
            raise TurnedAway(503, "busy", "The server is busy.")
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, self._call, work, request)
        finally:
            self.waiting -= 1

    def _call(self, work: Work, request: dict[str, Any]) -> tuple[int, Headers, bytes]:
        if work.is_abandoned:  # before a thread was free
            raise TurnedAway(CALLER_LEFT, "caller_left", "The caller has left.")
        mark = object()
        self.began[mark] = time.monotonic()
        try:
            with work.here():
                return call(self.application, request)
        finally:
            del self.began[mark]

    def is_stuck(self) -> bool:
        """True when every thread has been busy with one request for longer than STUCK_SECONDS."""
        before = time.monotonic() - STUCK_SECONDS
        began = list(self.began.values())
        return len(began) >= self.threads and all(one < before for one in began)

    async def _watch(self) -> None:
        """End this process when all its threads are stuck; the server starts a new one.

        Also limits each address to connections.PER_ADDRESS_MAX connections, unless a trusted proxy makes them all.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not self.proxies:
                await asyncio.get_running_loop().run_in_executor(None, connections.end_excess)
            if self.is_stuck():
                log.critical("all %d threads were busy for %d s: this process ends", self.threads, STUCK_SECONDS)
                os.kill(os.getpid(), signal.SIGKILL)


def key_of(scope: Scope) -> str | None:
    """The digest of the API key in the request, or None; whether the key is valid is checked later."""
    shown = (scope.headers.get("authorization") or "").strip().rpartition(" ")[2]
    return hashlib.sha256(shown.encode()).hexdigest() if shown.startswith(KEY_BEGINS) else None


async def _read(protocol: Any) -> bytes:
    """Read the body within BODY_SECONDS_MAX, not slower than BODY_BYTES_PER_SECOND_MIN after a grace period."""
    began, parts, size = time.monotonic(), list[bytes](), 0
    stream = aiter(protocol)
    while True:
        allowed = BODY_GRACE_SECONDS + size / BODY_BYTES_PER_SECOND_MIN
        left = min(allowed, BODY_SECONDS_MAX) - (time.monotonic() - began)
        try:
            part = await asyncio.wait_for(anext(stream), max(left, 0))
        except StopAsyncIteration:
            return b"".join(parts)
        except TimeoutError:
            raise TurnedAway(408, "too_slow", "The body came too slowly.") from None
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise TurnedAway(413, "too_large", "The body is too large.")
        parts.append(part)


def environ(scope: Scope, body: bytes) -> "WSGIEnvironment":
    """The WSGI environment (PEP 3333) of a request whose body has arrived."""
    host, _, port = scope.server.rpartition(":")
    address, _, peer_port = scope.client.rpartition(":")
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address.strip("[]"),
        "REMOTE_PORT": peer_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        found[key] = f"{found[key]},{value}" if key in found else value
    if scope.authority and "HTTP_HOST" not in found:
        found["HTTP_HOST"] = scope.authority
    found["CONTENT_LENGTH"] = str(len(body))
    return found


def call(application: Wsgi, request: "WSGIEnvironment") -> tuple[int, Headers, bytes]:
    """Run a WSGI application to its end; returns status, headers and body."""
    began: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Any:
        began[:] = [(int(status.split(" ", 1)[0]), [(name.lower(), value) for name, value in headers])]
        return None

    parts: Iterable[bytes] = application(request, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    (status, headers) = began[0]
    return status, headers, body


def _own_headers() -> Headers:
    """The headers of a response that the gateway itself makes."""
    return [("content-type", "application/json"), ("cache-control", "no-store"), NOSNIFF]


def _refusal(no: TurnedAway) -> tuple[int, Headers, bytes]:
    """The error response in the widget's format (web/errors.py), made without the application."""
    headers = [*_own_headers(), ("connection", "close")]
    if no.status == 503:
        headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
    error = {"code": no.code, "message": no.message, "field": None, "needs": None, "has": None}
    return no.status, headers, json.dumps({"error": {**error, "retry_after_seconds": None}}).encode()
