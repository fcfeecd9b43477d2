"""Webhooks: one call to one receiver, and what it answered. Never followed elsewhere, never longer than its time."""

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from werkzeug.http import parse_date

from widget_server import clock, config
from widget_server.delivery import addresses
from widget_server.delivery.addresses import NotCallable
from widget_server.errors import BadRequest

ANSWER_BYTES_MAX = 16_384
ANSWER_LENGTH_MAX = 500
GONE = 410
WAIT_SECONDS_MAX = 366 * 86_400  # who asks for more is mistaken: a moment in seconds since 1970, say
USER_AGENT = "loyalty-widget-webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What a receiver said: its status and the begin of its text; no status when there was no answer, and why.

    `wait_seconds` is for how long it asks to be left alone (Retry-After), 0 when it does not.
    """

    status: int | None
    text: str
    seconds: float
    wait_seconds: float = 0

    @property
    def is_delivered(self) -> bool:
        """Only 2xx is a yes: a redirect is not followed, and is a failure."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused_for_good(self) -> bool:
        """410 Gone: asking again would not help."""
        return self.status == GONE


class Interruptible:
    """A hand on the plain connection, below TLS, by which another thread can end it at any moment."""

    grip: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.grip = sock.dup()
        return sock

    def hang_up(self) -> None:
        """Whoever waits for the other side waits no longer."""
        if self.grip is not None:
            with suppress(OSError):
                self.grip.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the call that is under way."""
        super().close()  # type: ignore[misc]
        if self.grip is not None:
            self.grip.close()


class Plain(Interruptible, HTTPConnection):
    """By http."""


class Tls(Interruptible, HTTPSConnection):
    """By https."""


class KeptConnection:
    """A connection to one receiver, kept open from message to message. One thread uses it at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Plain | Tls | None = None
        self._is_late = False

    def post(self, headers: dict[str, str], body: str) -> Answer:
        """Send one message; raises nothing. All of it together has WIDGET_WEBHOOK_TIMEOUT_MS."""
        seconds = config.current().webhook_timeout_ms / 1000
        began, self._is_late = time.monotonic(), False
        # a socket's own timeout begins again with every byte that trickles in
        watch = threading.Timer(seconds, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            status, text, wait_seconds = self._exchange(headers, body.encode(), seconds + 1)  # the watch comes first
            self._need_time()  # what was cut short can look like an answer
        except Exception as failure:  # whatever a receiver brings about, it is an answer that did not come
            self.close()
            late = f"no answer within {seconds:g} seconds"
            status, text, wait_seconds = None, late if self._is_late else _reason(failure), 0
        finally:
            watch.cancel()
        said = text.replace("\x00", "")[:ANSWER_LENGTH_MAX]
        return Answer(status, said, time.monotonic() - began, wait_seconds)

    def close(self) -> None:
        """Hang up; the next message calls again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, headers: dict[str, str], body: bytes, seconds: float) -> tuple[int, str, float]:
        if self._connection is not None:
            with suppress(OSError, HTTPException, HTTPError):  # it hung up while nothing was to be said: call again
                return self._ask(self._connection, headers, body)
            self.close()
        self._need_time()
        self._connection = self._call(seconds)
        return self._ask(self._connection, headers, body)

    def _ask(self, connection: Plain | Tls, headers: dict[str, str], body: bytes) -> tuple[int, str, float]:
        target = addresses.parse(self.url)
        headers = {"Host": target.named, "User-Agent": USER_AGENT, **headers}
        connection.request("POST", target.path, body, headers, preload_content=False, decode_content=False)
        response = connection.getresponse()
        text = response.read(ANSWER_BYTES_MAX)
        if response.read(1) or connection.sock is None:
            self.close()
        return response.status, text.decode(errors="replace"), _wait_seconds(response.headers.get("Retry-After", ""))

    def _call(self, seconds: float) -> Plain | Tls:
        """Connect to the first address that accepts; raises the last one's failure."""
        target = addresses.parse(self.url)
        failure: Exception = TimeoutError()
        for address in addresses.resolve(target):
            self._need_time()
            self._connection = connection = _connection(target, address, seconds)
            try:
                connection.connect()
            except (OSError, HTTPError) as refused:
                failure = refused
                connection.close()
            else:
                self._need_time()  # nobody watched the calling itself
                return connection
        raise failure

    def _need_time(self) -> None:
        if self._is_late:
            raise TimeoutError

    def _hang_up(self) -> None:
        """The time is over: whatever the other thread waits for ends now."""
        self._is_late = True
        if self._connection is not None:
            self._connection.hang_up()


def _wait_seconds(header: str) -> float:
    """How long a Retry-After, seconds or a date, still asks for; 0 when it is broken, over or absurd."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text)
    else:
        try:
            moment = parse_date(text)
        except OverflowError:  # a day or a zone that no calendar has
            moment = None
        seconds = (moment - clock.now()).total_seconds() if moment else 0
    return seconds if 0 < seconds <= WAIT_SECONDS_MAX else 0


def _connection(target: addresses.Target, address: str, seconds: float) -> Plain | Tls:
    """To the address that was looked at; the certificate has to be that of the name."""
    if target.scheme == "http":
        return Plain(address, target.port, timeout=seconds)
    return Tls(
        address,
        target.port,
        timeout=seconds,
        ssl_context=_trust(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(failure: Exception) -> str:
    """Why there was no answer, in a line; never the library's objects."""
    if isinstance(failure, NotCallable | BadRequest):
        return str(failure)
    cause = failure.__cause__ or failure
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    return f"{type(cause).__name__} {reason}".strip()
