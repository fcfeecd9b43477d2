"""What a second host on the same PostgreSQL database brings: calls a second, waits, processor time a call, connections.

    python -m bench.hosts [SECONDS]      of each round

Each host is `widget-server serve` with one web process and its worker, in an instance folder of its own; both have the
same secret key. Callers keep their connections open, and call as soon as they have the response. The rounds with one
host and with two take turns, with both hosts running. The floor is a bare Flask JSON route in one and two web
processes of the same kind. At the end the books are audited.
"""

import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

import psutil
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from bench._house import house, postgres
from tests.make import Shopper, World
from tests.test_cli import env
from tests.test_serve import Server, answer, free_port, until
from widget_server import db
from widget_server.gateway import THREADS, Gateway
from widget_server.loyalty import books
from widget_server.loyalty.rewards.coupons import Coupon

Host = tuple[psutil.Process, int]  # its main process, its port
Call = tuple[str, str, dict[str, str], str | None]  # method, path, headers, body

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] != "bare" else 6.0
ROUNDS, CALLERS, MANY = 3, 8, 40
SHOPS, MEMBERS, COST = 4, 100, 500
LOOK_SECONDS, IDLE_SECONDS, COMMITS = 0.2, 2.0, 50
IN_USE = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'loyalty-widget' AND pid <> pg_backend_pid()"


@dataclass
class Figures:
    """What the calls of some rounds took: seconds each, calls a second of each round, processor seconds a call."""

    took: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    spent_by_database: list[float] = field(default_factory=list)

    def told(self) -> str:
        """Returns the columns of a line."""
        tenths = quantiles(self.took, n=10)
        rate, spent, by_database = median(self.rates), median(self.spent), median(self.spent_by_database)
        waits = f"{tenths[4] * 1000:9.1f}{tenths[8] * 1000:9.1f}"
        return f"{rate:9.0f}{waits}{spent * 1000:12.2f}{by_database * 1000:12.2f}"


def main() -> None:
    """Print a line for each kind of call, with one host and with two."""
    with postgres() as url, house(url) as (world, _), tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        worlds = [world, *(World.create(name=f"Shop {number}") for number in range(1, SHOPS))]
        shoppers = _shoppers(worlds)
        print(f"a commit of one row in PostgreSQL: {_commit_seconds() * 1000:.1f} ms")
        floors = [running.enter_context(_bare()) for _ in range(2)]
        hosts, started = list[Host](), list[int]()
        for name in ("one", "two"):
            hosts.append(running.enter_context(_host(url, Path(folder) / name)))
            started.append(_most_connections(IDLE_SECONDS))
        print(f"{'':34}{'calls/s':>9}{'p50 ms':>9}{'p90 ms':>9}{'CPU ms/call':>12}{'database':>10}")
        route: Call = ("GET", "/", {}, None)
        ours = [one for one in shoppers if one.world is world]
        _compared("a bare Flask route", floors, [itertools.repeat(route) for _ in range(CALLERS)])
        _compared("My balance", hosts, [_balances(ours[caller::CALLERS]) for caller in range(CALLERS)])
        bodies = {one.shop.id: json.dumps({"reward_id": one.reward(cost=COST).id}) for one in worlds}
        done = 0
        for words, some in (("a redemption", ours), (f"a redemption, {SHOPS} shops", shoppers)):
            calls = [_redemptions(some[caller::CALLERS], bodies, words) for caller in range(CALLERS)]
            done += _compared(words, hosts, calls)
        calls = [_balances(shoppers[caller::MANY]) for caller in range(MANY)]
        watched = threading.Thread(target=_round, args=(hosts, calls, Figures(), _database()))
        watched.start()
        most = _most_connections(SECONDS)
        watched.join()
        print(f"connections to PostgreSQL: {started[0]} and {started[1]} after the start of one and two hosts,")
        print(f"{most} while {MANY} callers are at them; max_connections is {db.fetched('SHOW max_connections')[0][0]}")
        running.close()
        made, findings = sum(Coupon.of(one.shop).count() for one in worlds), list(books.audit())
        print(f"{done:,} redemptions, {made:,} coupons; findings of the audit: {len(findings)}")
        assert made == done and not findings, findings[:3]


def bare() -> Gateway:
    """The floor: the gateway of a web process around a Flask route with a small JSON."""
    app = Flask("bare")

    @app.get("/")
    def balance() -> dict[str, int]:
        return {"balance": 1240}

    return Gateway(app, THREADS)


def serve_bare(port: int) -> None:
    """Serve the floor in one web process."""
    Granian(
        "bench.hosts:bare", port=port, interface=Interfaces.RSGI, factory=True, http=HTTPModes.http1, websockets=False
    ).serve()


@contextmanager
def _bare() -> Iterator[Host]:
    port = free_port()
    command = [sys.executable, "-m", "bench.hosts", "bare", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), "the floor listens")
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _host(url: str, folder: Path) -> Iterator[Host]:
    """A server with a folder of its own: a web process and a worker."""
    folder.mkdir()
    port = free_port()
    words = ("serve", "--port", str(port), "--workers", "1")
    server = Server(*words, log=folder / "serve.log", **env(url, WIDGET_INSTANCE=str(folder)))
    try:
        until(lambda: answer(port, "/readyz")[0] == 200 or server.process.poll() is not None, "ready")
        assert server.process.poll() is None, server.said
        yield server.main, port
        server.stops()
    finally:
        server.end()


def _compared(words: str, hosts: Sequence[Host], calls: Sequence[Iterator[Call]]) -> int:
    """Print what the calls take with one host and with both, each caller its own; returns how many there were."""
    found, database = {1: Figures(), 2: Figures()}, _database()
    for _ in range(ROUNDS):
        for number, figures in found.items():
            _round(hosts[:number], calls, figures, database)
    for number, figures in found.items():
        print(f"{f'{words}, {number} host' + 's' * (number > 1):34}{figures.told()}", flush=True)
    return sum(len(figures.took) for figures in found.values())


def _round(hosts: Sequence[Host], calls: Sequence[Iterator[Call]], figures: Figures, database: psutil.Process) -> None:
    mains, took = [main for main, _ in hosts], [list[float]() for _ in calls]
    before, before_there = _processor_seconds(mains), _processor_seconds([database])
    end = perf_counter() + SECONDS

    def keep_calling(caller: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", hosts[caller % len(hosts)][1], timeout=60)
        while perf_counter() < end:
            method, path, headers, body = next(calls[caller])
            began = perf_counter()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
            took[caller].append(perf_counter() - began)
            assert response.status == 200, (path, response.status, content)
        connection.close()

    began = perf_counter()
    threads = [threading.Thread(target=keep_calling, args=(caller,)) for caller in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum(map(len, took))
    figures.rates.append(done / (perf_counter() - began))
    figures.spent.append((_processor_seconds(mains) - before) / done)
    figures.spent_by_database.append((_processor_seconds([database]) - before_there) / done)
    figures.took += [seconds for one in took for seconds in one]


def _processor_seconds(mains: Sequence[psutil.Process]) -> float:
    """Returns the processor time that these processes and those below them have used."""
    used = [one.cpu_times() for main in mains for one in (main, *main.children(recursive=True))]
    return sum(times.user + times.system for times in used)


def _database() -> psutil.Process:
    """Returns the main process of PostgreSQL."""
    main = psutil.Process(db.fetched("SELECT pg_backend_pid()")[0][0]).parent()
    assert main is not None
    return main


def _shoppers(worlds: Sequence[World]) -> list[Shopper]:
    """Returns members with points, of each shop in turn."""
    made = [world.member(f"m{number}@example.com") for number in range(MEMBERS) for world in worlds]
    for shopper in made:
        shopper.is_given(1_000_000)
    return made


def _headers(shopper: Shopper) -> dict[str, str]:
    facts = {"X-Loyalty-Shop": shopper.world.shop.embed_key, "Authorization": f"Bearer {shopper.token}"}
    return {**facts, "Content-Type": "application/json"}


def _balances(shoppers: Sequence[Shopper]) -> Iterator[Call]:
    return itertools.cycle([("GET", "/widget/my-balance", _headers(shopper), None) for shopper in shoppers])


def _redemptions(shoppers: Sequence[Shopper], bodies: Mapping[str, str], words: str) -> Iterator[Call]:
    for number in itertools.count():
        for shopper in shoppers:  # each redeems seldom: nobody may more than twenty times a minute
            headers = {**_headers(shopper), "Idempotency-Key": f"{words} {number}"}
            yield "POST", "/widget/redeem", headers, bodies[shopper.world.shop.id]


def _commit_seconds() -> float:
    """Returns what a transaction with one small row takes, as a median: no redemption can be faster."""
    db.database.execute_sql('CREATE TABLE "floor" ("number" BIGINT PRIMARY KEY)')
    took = []
    for number in range(COMMITS):
        began = perf_counter()
        with db.atomic():
            db.database.execute_sql('INSERT INTO "floor" VALUES (%s)', (number,))
        took.append(perf_counter() - began)
    db.database.execute_sql('DROP TABLE "floor"')
    return median(took)


def _most_connections(seconds: float) -> int:
    """Returns how many connections the hosts have at most within a time, without this one."""
    counted, end = list[int](), perf_counter() + seconds
    while perf_counter() < end:
        counted.append(db.fetched(IN_USE)[0][0])
        sleep(LOOK_SECONDS)
    return max(counted)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_bare(int(sys.argv[2]))
    else:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        main()
