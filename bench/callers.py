"""What 200 callers at once get of My balance, and what they cost: rate, waits, processor time and memory.

A real `widget-server serve` with two web processes on SQLite, and a bare Flask JSON route behind the same gateway, web
server and number of threads, are called in turn over connections that stay open, by processes of their own. The rate
belongs to the machine, and callers take processor time from it; the ratio of the processor times of the web processes
carries over.

`python -m bench.callers SECONDS` (default 10); `CALLERS=200`, `ROUNDS=5` and a `BENCH_URL` of PostgreSQL may be set.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from bench._figures import Figure, note, of_rates, of_rounds
from bench._house import house
from bench.reads import member_with
from tests.test_serve import answer, free_port, serving, until
from widget_server import db

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 and __name__ == "__main__" else 10.0
CALLERS, ROUNDS = int(os.environ.get("CALLERS", "200")), int(os.environ.get("ROUNDS", "5"))
CALLING_PROCESSES = WEB_PROCESSES = 2
MEMBERS, MOVEMENTS = 200, 30  # enough that a thread reads more pages than a small cache holds
CALM_SECONDS = 10.0  # after the last call, before memory is measured again
MEGA = 1024 * 1024
GOAL_MB, RATE_GOAL, P90_GOAL_MS = 120, 5_000, 60
BACK = 1.1  # of what it had before


@dataclass
class Site:
    """A server with two web processes, and what its callers measured."""

    name: str
    port: int
    web: list[psutil.Process]
    requests: list[bytes]
    rates: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    megabytes: dict[str, list[float]] = field(default_factory=dict)

    def weigh(self, when: str) -> None:
        """Note the memory of each web process; of several measurements of the same name the largest."""
        now = [pss(one) for one in self.web]
        self.megabytes[when] = [max(pair) for pair in zip(now, self.megabytes.get(when, now), strict=True)]

    def spent(self) -> float:
        """Seconds of the processor that the web processes took so far."""
        return sum(times.user + times.system for one in self.web if (times := one.cpu_times()))


class Caller(asyncio.Protocol):
    """One connection that stays open: the next request is sent when the response has arrived."""

    def __init__(self, request: bytes, took: list[float], until: float, over: asyncio.Future[None]) -> None:
        self.request, self.took, self.until, self.over = request, took, until, over
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        if b" 200 " not in head[:20]:
            self.over.set_exception(RuntimeError(self.received.decode()))
            self.transport.close()
            return
        self.took.append(time.perf_counter() - self.began)
        self.received = b""
        if time.monotonic() < self.until:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


def main() -> None:
    """Print both sites: rate, waits, processor time and memory."""
    with ExitStack() as places:
        folder = places.enter_context(tempfile.TemporaryDirectory())
        url = os.environ.get("BENCH_URL", f"sqlite:///{Path(folder) / 'loyalty.db'}")
        world, _ = places.enter_context(house(url))
        members = [member_with(world, MOVEMENTS, number) for number in range(MEMBERS)]
        embed = world.shop.embed_key
        db.disconnect()
        requests = [
            _request("/widget/my-balance", f"X-Loyalty-Shop: {embed}\r\nAuthorization: Bearer {one.token}\r\n")
            for one in members
        ]
        with serving(url, Path(folder)) as (server, port), _bare_site() as (bare_process, bare_port):
            sites = [
                Site("a bare Flask route", bare_port, psutil.Process(bare_process.pid).children(), [_request("/")]),
                Site("My balance", port, server.web(), requests),
            ]
            for site in sites:
                site.weigh("before")
            for _ in range(ROUNDS):
                for site in sites:
                    _round(site)
            time.sleep(CALM_SECONDS)
            for site in sites:
                site.weigh("after")
        db.connect()
    _print(sites)
    _note(*sites)


def _print(sites: list[Site]) -> None:
    print(f"{CALLERS} callers, {ROUNDS} rounds of {SECONDS:.0f} s in turn, {WEB_PROCESSES} web processes")
    print(f"{'':20}{'a second':>10}{'p50 ms':>9}{'p90 ms':>9}{'cpu ms':>9}{'of the floor':>14}")
    for site in sites:
        took, cpu = sorted(site.took), median(site.cpu_ms)
        figures = f"{median(site.rates):10.0f}{_at(took, 0.5):9.0f}{_at(took, 0.9):9.0f}{cpu:9.2f}"
        print(f"{site.name:20}{figures}{cpu / median(sites[0].cpu_ms):14.1f}")
    print(f"memory of each web process, MB (PSS; goal {GOAL_MB})")
    for site in sites:
        for when, sizes in site.megabytes.items():
            print(f"{site.name:20}{when:>10}" + "".join(f"{size:8.0f}" for size in sizes))


def _note(bare: Site, ours: Site) -> None:
    """Note the figures for `table.py`."""
    name, took = f"{CALLERS} callers, my balance", sorted(ours.took)
    held = median(ours.rates) >= RATE_GOAL
    note(of_rates(f"{name}: calls a second", ours.rates, bare.rates, goal=f"{RATE_GOAL:,}/s", held=held))
    p90, floor = _at(took, 0.9), _at(sorted(bare.took), 0.9)
    note(
        Figure(f"{name}: p90", f"{p90:.0f} ms", f"{floor:.0f} ms", p90 / floor, f"{P90_GOAL_MS} ms", p90 <= P90_GOAL_MS)
    )
    note(of_rounds(f"{name}: processor a call", ours.cpu_ms, bare.cpu_ms, "ms"))
    for when in ("during", "after"):
        most, least = (max(site.megabytes[when]) for site in (ours, bare))
        goal = GOAL_MB if when == "during" else max(ours.megabytes["before"]) * BACK
        name_of = f"memory of a web process {when} {CALLERS} callers"
        note(Figure(name_of, f"{most:.0f} MB", f"{least:.0f} MB", most / least, f"{goal:.0f} MB", most <= goal))


def _at(took: list[float], share: float) -> float:
    return took[int(len(took) * share)] * 1000


def _round(site: Site) -> None:
    """All callers call the site for SECONDS, after a second that does not count."""
    call_all(site, 1.0)
    began, spent = time.monotonic(), site.spent()
    took = call_all(site, SECONDS)
    site.rates.append(len(took) / (time.monotonic() - began))
    site.cpu_ms.append((site.spent() - spent) / len(took) * 1000)
    site.took += took


def call_all(site: Site, seconds: float) -> list[float]:
    """Call from processes of their own; returns how long each call took, in seconds."""
    each = CALLERS // CALLING_PROCESSES
    with ProcessPoolExecutor(CALLING_PROCESSES) as pool:
        parts = [pool.submit(_call, site.port, site.requests, each, seconds) for _ in range(CALLING_PROCESSES)]
        while not all(part.done() for part in parts):
            site.weigh("during")
            time.sleep(0.5)
        return [one for part in parts for one in part.result()]


def _call(port: int, requests: list[bytes], callers: int, seconds: float) -> list[float]:
    return asyncio.run(_calls(port, requests, callers, seconds))


async def _calls(port: int, requests: list[bytes], callers: int, seconds: float) -> list[float]:
    loop, took = asyncio.get_running_loop(), list[float]()
    end, overs = time.monotonic() + seconds, [loop.create_future() for _ in range(callers)]
    for number, over in enumerate(overs):
        request = requests[number % len(requests)]
        await loop.create_connection(lambda r=request, o=over: Caller(r, took, end, o), "127.0.0.1", port)
    await asyncio.gather(*overs)
    return took


def _request(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n{headers}\r\n".encode()


@contextmanager
def _bare_site() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    options = ["--interface", "rsgi", "--http", "1", "--workers", str(WEB_PROCESSES), "--port", str(port), "--no-ws"]
    command = [sys.executable, "-m", "granian", *options, "--log-level", "error", "--factory", "bench._bare:site"]
    process = subprocess.Popen(command)
    try:
        until(lambda: answer(port, "/")[0] == 200, "the floor")
        yield process, port
    finally:
        process.terminate()
        process.wait(20)


def pss(process: psutil.Process) -> float:
    """The memory of a process in MB; what it shares with others is divided among them."""
    return float(process.memory_full_info().pss) / MEGA


if __name__ == "__main__":
    main()
