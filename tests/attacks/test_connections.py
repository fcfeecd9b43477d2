"""Strangers who hold connections: half-sent bodies, HTTP/2 without TLS, too large bodies. Others are served."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.test_serve import answer, serving, until
from widget_server import connections, gateway
from widget_server.gateway import Gateway, TurnedAway
from widget_server.work import Work

HALF_SENT = (
    b"POST /stores/generic/x/order HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@pytest.fixture
def port(database: str, tmp_path: Path) -> Iterator[int]:
    """A server of two processes on loopback."""
    with serving(database, tmp_path) as (_, found):
        yield found


def connect(port: int, first: bytes) -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=30)
    stranger.sendall(first)
    return stranger


def status_of(stranger: socket.socket) -> int:
    """The status of the response that the stranger reads."""
    line = stranger.recv(65_536).split(b"\r\n", 1)[0]
    return int(line.split(b" ")[1])


def test_half_sent_bodies_take_no_thread(port: int) -> None:
    with ExitStack() as held:
        strangers = [held.enter_context(connect(port, HALF_SENT)) for _ in range(64)]
        assert answer(port, "/readyz")[0] == 200  # needs a thread and the database
        assert status_of(strangers[0]) in (408, 503)  # in the end each of them is turned away


def test_one_address_holds_only_so_many_bodies(port: int) -> None:
    with ExitStack() as held:
        many = 2 * gateway.BODIES_PER_ADDRESS_MAX + 10  # two processes
        strangers = [held.enter_context(connect(port, HALF_SENT)) for _ in range(many)]
        strangers[-1].settimeout(30)
        turned_away = 0
        for stranger in strangers:
            turned_away += status_of(stranger) == 503
        assert turned_away >= 10


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket of this process that strangers connect to."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as made:
        yield made


def held_by_strangers(listener: socket.socket, number: int, held: ExitStack) -> list[socket.socket]:
    """Connections to the listener, accepted; returns the strangers' ends."""
    port = listener.getsockname()[1]
    strangers = []
    for _ in range(number):
        strangers.append(held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)))
        held.enter_context(listener.accept()[0])
    return strangers


def is_ended(stranger: socket.socket) -> bool:
    stranger.setblocking(False)
    try:
        return stranger.recv(1) == b""
    except BlockingIOError:
        return False


def test_one_address_holds_only_so_many_connections(listener: socket.socket) -> None:
    with ExitStack() as held:
        strangers = held_by_strangers(listener, 30, held)
        assert connections.end_excess(40) == 0
        assert not any(map(is_ended, strangers))
        assert connections.end_excess(20) == 10
        assert sum(map(is_ended, strangers)) == 10
        assert connections.end_excess(20) in (0, 10)  # those that are ending are still there for a moment


def test_what_the_process_opened_itself_is_left_alone(listener: socket.socket) -> None:
    with ExitStack() as held:
        strangers = held_by_strangers(listener, 5, held)
        assert connections.end_excess(0) == 5  # ten ends are in this process
        assert all(map(is_ended, strangers))


@pytest.mark.parametrize(("proxies", "looks"), [(0, True), (1, False)])
def test_a_process_looks_at_its_connections_but_not_at_those_of_our_proxy(
    monkeypatch: pytest.MonkeyPatch, proxies: int, looks: bool
) -> None:
    looked, waited = list[int](), list[int]()
    monkeypatch.setattr(connections, "end_excess", lambda: looked.append(1))
    monkeypatch.setattr(gateway, "WATCH_SECONDS", 0.001)
    door = Gateway(Wsgi(), 2, proxies=proxies)
    monkeypatch.setattr(door, "is_stuck", lambda: waited.append(1))

    async def story() -> None:
        watching = asyncio.create_task(door._watch())
        while len(waited) < 3:
            await asyncio.sleep(0.001)
        watching.cancel()

    with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop already, as that of a browser
        pool.submit(lambda: asyncio.run(story())).result()
    assert bool(looked) is looks


def test_http_2_without_tls_is_not_spoken(port: int) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">I", 0)[1:] + b"\x04\x00" + b"\x00" * 4
    with connect(port, preface) as stranger:
        assert stranger.recv(9)[:4] in (b"HTTP", b"")  # an error of HTTP/1.1 or the end, never a frame
    assert answer(port, "/readyz")[0] == 200


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(port: int) -> None:
    head = HALF_SENT.replace(b"1000", str(gateway.BODY_BYTES_MAX + 1).encode())
    with connect(port, head) as stranger:
        assert status_of(stranger) == 413


def test_a_body_of_unknown_length_ends_at_the_limit(port: int) -> None:
    head = HALF_SENT.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked").removesuffix(b"{")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with connect(port, head) as stranger:
        try:
            for _ in range(gateway.BODY_BYTES_MAX // 0x100000 + 2):
                stranger.sendall(chunk)
        except OSError:  # it has read enough
            pass
        assert status_of(stranger) == 413


class Wsgi:
    """An application that waits until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.go_on.wait(30)
        start_response("200 OK", [])
        return [b""]


def test_threads_that_are_all_busy_for_long_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "STUCK_SECONDS", 0.0)
    application = Wsgi()
    door = Gateway(application, 2)
    with ThreadPoolExecutor(2) as pool:
        assert not door.is_stuck()
        first = pool.submit(door._call, Work(), {})
        until(lambda: len(door.began) == 1, "one thread is busy")
        assert not door.is_stuck()
        second = pool.submit(door._call, Work(), {})
        until(lambda: len(door.began) == 2, "both are busy")
        time.sleep(0.01)
        assert door.is_stuck()
        application.go_on.set()
        assert first.result()[0] == second.result()[0] == 200
        assert not door.is_stuck()


class Drip:
    """A protocol whose body comes a byte at a time, or not at all."""

    def __init__(self, *parts: bytes, pause: float) -> None:
        self.parts, self.pause = list(parts), pause

    async def __aiter__(self) -> Any:
        for part in self.parts:
            yield part
            await asyncio.sleep(self.pause)


def reading(protocol: Drip) -> bytes:
    """What the gateway reads, on an event loop of its own: the browser of other stories has one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(gateway._read(protocol))).result()


def test_a_body_slower_than_the_floor_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BODY_GRACE_SECONDS", 0.05)
    with pytest.raises(TurnedAway) as no:
        reading(Drip(*[b" "] * 100, pause=0.02))
    assert no.value.status == 408


def test_a_body_that_comes_at_once_is_read_whole() -> None:
    assert reading(Drip(b"a" * 1000, b"b", pause=0.0)) == b"a" * 1000 + b"b"
