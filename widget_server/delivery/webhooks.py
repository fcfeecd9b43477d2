"""Webhooks: one call to one receiver, and its response. Redirects are not followed, and the time is limited."""

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
WAIT_SECONDS_MAX = 366 * 86_400  # a longer wait is a mistake, for example seconds since 1970
USER_AGENT = "loyalty-widget-webhooks/1"


@dataclass(frozen=True)
class Answer:
    """A receiver's response: its status and the start of its text. No response: status None, and the reason as text.

    `wait_seconds` is the requested pause (Retry-After), 0 without one.
    """

    status: int | None
    text: str
    seconds: float
    wait_seconds: float = 0

    @property
    def is_delivered(self) -> bool:
        """True only for 2xx: a redirect is not followed, and is a failure."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused_for_good(self) -> bool:
        """True for 410 Gone: another try would not help."""
        return self.status == GONE


class Interruptible:
    """Keeps a duplicate of the socket, below TLS, with which another thread can end the call at any time."""

    grip: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.grip = sock.dup()
        return sock

    def hang_up(self) -> None:
        """Shut down the socket; a thread that waits for it stops waiting."""
        if self.grip is not None:
            with suppress(OSError):
                self.grip.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection and the duplicate socket."""
        super().close()  # type: ignore[misc]
        if self.grip is not None:
            self.grip.close()


class Plain(Interruptible, HTTPConnection):
    """A plain http connection that another thread can end."""


class Tls(Interruptible, HTTPSConnection):
    """An https connection that another thread can end."""


class KeptConnection:
    """A connection to one receiver, kept open from message to message. One thread uses it at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Plain | Tls | None = None
        self._is_late = False

    def post(self, headers: dict[str, str], body: str) -> Answer:
        """Send one message and return the response; raises nothing. The whole call has WIDGET_WEBHOOK_TIMEOUT_MS."""
        seconds = config.current().webhook_timeout_ms / 1000
        began, self._is_late = time.monotonic(), False
        # a socket's own timeout starts again with every byte received
        watch = threading.Timer(seconds, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            status, text, wait_seconds = self._exchange(headers, body.encode(), seconds + 1)  # the timer fires first
            self._need_time()  # a truncated response can look complete
        except Exception as failure:  # any failure caused by a receiver counts as no response
            self.close()
            late = f"no answer within {seconds:g} seconds"
            status, text, wait_seconds = None, late if self._is_late else _reason(failure), 0
        finally:
            watch.cancel()
        text = text.replace("\x00", "")[:ANSWER_LENGTH_MAX]
        return Answer(status, text, time.monotonic() - began, wait_seconds)

    def close(self) -> None:
        """Close the connection; the next message opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, headers: dict[str, str], body: bytes, seconds: float) -> tuple[int, str, float]:
        if self._connection is not None:
            with suppress(OSError, HTTPException, HTTPError):  # the receiver closed the idle connection: call again
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
                self._need_time()  # the timer cannot end connect() itself
                return connection
        raise failure

    def _need_time(self) -> None:
        if self._is_late:
            raise TimeoutError

    def _hang_up(self) -> None:
        """Timer callback: end the call of the other thread."""
        self._is_late = True
        if self._connection is not None:
            self._connection.hang_up()


def _wait_seconds(header: str) -> float:
    """Returns the seconds left of a Retry-After (seconds or a date); 0 when it is malformed, over or too long."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text)
    else:
        try:
            moment = parse_date(text)
        except OverflowError:  # a date or zone out of range
            moment = None
        seconds = (moment - clock.now()).total_seconds() if moment else 0
    return seconds if 0 < seconds <= WAIT_SECONDS_MAX else 0


def _connection(target: addresses.Target, address: str, seconds: float) -> Plain | Tls:
    """Returns a connection to the checked address; the certificate must match the host name."""
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
    """Returns why there was no response, in one line; never the library's objects."""
    if isinstance(failure, NotCallable | BadRequest):
        return str(failure)
    cause = failure.__cause__ or failure
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    return f"{type(cause).__name__} {reason}".strip()
