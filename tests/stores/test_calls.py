"""Calls to a shop's API: one answer within seconds, and the keys go nowhere else."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import urllib3

from widget_server.stores import calls
from widget_server.stores.calls import NotReached, Refused, ask

KEY = {"Authorization": "Bearer hush"}


@contextmanager
def server(*returns: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Answers each caller in turn; what was asked is kept."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in returns:
            caller, _ = listener.accept()
            with caller:
                heard.append(_whole(caller))
                with suppress(OSError):
                    answer(caller)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", heard
    finally:
        listener.close()


def _whole(caller: socket.socket) -> bytes:
    """A request with its body."""
    with caller.makefile("rb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        length = re.search(rb"content-length: (\d+)", head.lower())
        return head + b"\r\n" + (stream.read(int(length[1])) if length else b"")


def says(text: str) -> Callable[[socket.socket], None]:
    return lambda caller: caller.sendall(text.encode())


def returns(status: str, body: str = "", head: str = "") -> Callable[[socket.socket], None]:
    length = len(body.encode())
    return says(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{head}\r\n{body}")


def refusal(status: str, body: str = "", head: str = "") -> Exception:
    with server(returns(status, body, head)) as (url, _), pytest.raises((NotReached, Refused)) as no:
        ask("GET", url, KEY)
    assert "hush" not in str(no.value)
    return no.value


def test_an_answer_is_json_and_what_is_sent_is_too() -> None:
    with server(returns("200 OK", '{"a": ["ü"]}')) as (url, heard):
        assert ask("POST", url + "coupons", KEY, {"b": 1}) == {"a": ["ü"]}
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /coupons HTTP/1.1") and b"Authorization: Bearer hush" in head
    assert body == b'{"b": 1}'


@pytest.mark.parametrize("status", ["408 -", "423 -", "425 -", "429 -", "430 -", "500 -", "502 -", "503 -", "521 -"])
def test_busy_is_no_answer(status: str) -> None:
    assert isinstance(refusal(status, "{}"), NotReached)


@pytest.mark.parametrize(
    ("status", "body", "code", "detail"),
    [
        ("400 -", '{"code": "rest_invalid_param", "message": "Bad."}', "rest_invalid_param", "rest_invalid_param Bad."),
        ("401 -", '{"errors": "[API] Invalid API key"}', "", "[API] Invalid API key"),
        ("403 -", "<html>Blocked</html>", "", ""),
        ("404 -", '{"code": 7, "message": ["x"]}', "", ""),
        ("402 -", "[1]", "", ""),
    ],
)
def test_a_no_keeps_the_shops_own_word(status: str, body: str, code: str, detail: str) -> None:
    no = refusal(status, body)
    assert isinstance(no, Refused)
    assert (no.code, no.detail) == (code, f"answered {status[:3]} {detail}".strip())


def test_a_long_no_is_cut() -> None:
    assert len(str(refusal("400 -", '{"message": "%s"}' % ("x" * 5000)))) == calls.DETAIL_LENGTH_MAX


def test_a_redirect_is_not_followed() -> None:
    with server(returns("200 OK", "{}")) as (elsewhere, heard):
        no = refusal("301 Moved", "", f"Location: {elsewhere}\r\n")
        assert isinstance(no, Refused) and "301" in no.detail
        assert heard == []


def test_what_is_no_json_tells_nothing() -> None:
    assert isinstance(refusal("200 OK", "<html>Maintenance</html>"), NotReached)
    assert isinstance(refusal("200 OK", ""), NotReached)


def test_an_answer_cut_short_tells_nothing() -> None:
    with (
        server(says('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"a"')) as (url, _),
        pytest.raises(NotReached, match="cannot be reached"),
    ):
        ask("GET", url, KEY)


def test_a_server_that_is_not_there_or_speaks_another_language() -> None:
    with server(says("SSH-2.0-OpenSSH_9.2\r\n")) as (url, _), pytest.raises(NotReached):
        ask("GET", url, KEY)
    for gone in (url, "https://127.0.0.1:1/"):
        with pytest.raises(NotReached, match="cannot be reached"):
            ask("GET", gone, KEY)


def test_a_hanging_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TIMEOUT", urllib3.Timeout(connect=1, read=0.2))
    with server(lambda caller: time.sleep(1)) as (url, _), pytest.raises(NotReached, match="ReadTimeoutError"):
        ask("GET", url, KEY)


def test_a_server_that_dribbles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def dribble(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            caller.sendall(b" ")
            time.sleep(0.05)

    monkeypatch.setattr(calls, "ANSWER_SECONDS_MAX", 0.3)
    began = time.monotonic()
    with server(dribble) as (url, _), pytest.raises(NotReached, match="too slowly"):
        ask("GET", url, KEY)
    assert time.monotonic() - began < 2


def test_a_server_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ANSWER_BYTES_MAX", 10_000)
    with (
        server(returns("200 OK", "[" + "1," * 500_000 + "1]")) as (url, _),
        pytest.raises(NotReached, match="too much"),
    ):
        ask("GET", url, KEY)


def test_a_list_may_be_longer_and_its_headers_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ANSWER_BYTES_MAX", 10)
    body = "[" + "1, " * 20 + "1]"
    with server(returns("200 OK", body, "X-WP-TotalPages: 3\r\n")) as (url, _):
        told = calls.reply("GET", url, KEY, of_list=True)
    assert (len(told.value), told.headers["x-wp-totalpages"]) == (21, "3")
    monkeypatch.setattr(calls, "LIST_BYTES_MAX", 10)
    with server(returns("200 OK", body)) as (url, _), pytest.raises(NotReached, match="too much"):
        calls.reply("GET", url, KEY, of_list=True)
