"""The running server: what it refuses to start with, how it is watched, how it outlives its processes, how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from tests.make import SECRET, World
from tests.test_cli import env
from widget_server import cli, clock, config, db, job_queue
from widget_server.cli import serving as serving_commands
from widget_server.job_queue import Beat, Job
from widget_server.loyalty.people import api_keys

PATIENCE_SECONDS = 100  # of a machine that does much else; nothing waits so long for what has come


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait until `holds()` is true; answers it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_SECONDS} seconds: {what}")


def answer(port: int, path: str) -> tuple[int, Any]:
    """Status and JSON of a GET; (0, None) while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
    except OSError:
        return 0, None


class Server:
    """`widget-server serve`, or `demo`, in a process of its own."""

    def __init__(self, *words: str, log: Path, **settings: str) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "widget_server.cli", *words],
                env={**os.environ, **settings},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.main = psutil.Process(self.process.pid)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def family(self) -> list[psutil.Process]:
        """Every process below the main one."""
        return self.main.children(recursive=True)

    def worker(self) -> psutil.Process | None:
        return next((one for one in self.main.children() if _words(one)[-1:] == ["worker"]), None)

    def web(self) -> list[psutil.Process]:
        return [one for one in self.main.children() if _words(one)[-1:] != ["worker"]]

    def stops(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; answers the exit code when nothing of it is left."""
        family = self.family()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        _, left = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
        assert not left, left
        return code

    def end(self) -> None:
        """Whatever a failed test left; the main process first, since it would replace those that end."""
        left = [self.main, *self.family()] if self.process.poll() is None else []
        for one in left:
            one.kill()
        psutil.wait_procs(left, timeout=10)
        self.process.wait(10)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@contextmanager
def serving(url: str, folder: Path, **settings: str) -> Iterator[tuple[Server, int]]:
    port = free_port()
    server = Server("serve", "--port", str(port), log=folder / "serve.log", **env(url, **settings))
    try:
        until(lambda: answer(port, "/readyz")[0] == 200 or server.process.poll() is not None, "ready")
        assert server.process.poll() is None, server.said
        yield server, port
    finally:
        server.end()


# What a web process keeps in memory

CACHED = """
from widget_server import db, wsgi
db.connect()
print(wsgi.THREADS * -db.database.obj.pragma("cache_size"))
"""


def test_the_threads_of_a_web_process_keep_few_pages_of_the_embedded_database(tmp_path: Path) -> None:
    told = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'loyalty.db'}",
        "WIDGET_SECRET_KEY": SECRET,
        "WIDGET_INSTANCE": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", CACHED], env=told, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= 20_000  # KB, of all threads together


# What it refuses (never for shoppers)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"WIDGET_SECRET_KEY": ""}, "WIDGET_SECRET_KEY"),
        ({"WIDGET_SECRET_KEY": "changeme"}, "WIDGET_SECRET_KEY"),
        ({"WIDGET_SECRET_KEY": "x" * 31}, "WIDGET_SECRET_KEY"),
        ({"WIDGET_DEBUG": "1"}, "WIDGET_DEBUG"),
        ({"WIDGET_BASE_URL": "http://loyalty.example"}, "WIDGET_BASE_URL"),
        ({"WIDGET_MAIL_URL": "smpt://mail.example"}, "WIDGET_MAIL_URL"),
        ({"WIDGET_MAIL_URL": "/var/mail"}, "WIDGET_MAIL_URL"),
        ({"WIDGET_PROXIES": "one"}, "WIDGET_PROXIES"),
        ({"DATABASE_URL": "postgresql://fern:hush@127.0.0.1:1/loyalty"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://127.0.0.1/loyalty"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////proc/nowhere/loyalty.db"}, "DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_what_must_not_serve_ends_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, settings: dict[str, str], named: str
) -> None:
    line = _refuses(monkeypatch, tmp_path, command, **settings)
    assert named in line and "hush" not in line


def test_an_sqlite_that_can_lose_commits_must_not_serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(db.Sqlite, "server_version", (3, 51, 2))
    line = _refuses(monkeypatch, tmp_path, "serve")
    assert "3.51.2" in line and "cysqlite" in line


def test_a_taken_port_is_named_before_two_servers_share_its_callers(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert port in _refuses(monkeypatch, tmp_path, "serve", "--port", port, DATABASE_URL=database)


def test_a_real_process_refuses_too(tmp_path: Path) -> None:
    settings = {**env(f"sqlite:///{tmp_path / 'x.db'}"), "WIDGET_SECRET_KEY": "secret"}
    server = Server("serve", log=tmp_path / "serve.log", **settings)
    assert server.process.wait(PATIENCE_SECONDS) == 1
    assert server.said.startswith("Error: WIDGET_SECRET_KEY") and len(server.said.splitlines()) == 1


def _refuses(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str, **settings: str) -> str:
    config.use(config.Settings(secret_key=SECRET, instance=folder))
    for name, value in {**env(f"sqlite:///{folder / 'fine.db'}"), **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(serving_commands, "Granian", None)
    before = db.database.obj
    try:
        done = CliRunner().invoke(cli.main, words)
    finally:
        if db.database.obj is not None:
            db.disconnect()
        db.database.initialize(before)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.exception
    (line,) = done.stderr.strip().splitlines()
    return line


# Running


def test_it_is_ready_within_seconds_and_stops_without_a_trace(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path) as (server, port):
        assert answer(port, "/healthz") == (200, {"status": "alive"})
        assert answer(port, "/readyz") == (200, {"status": "ready"})
        assert len(server.web()) == 2 and server.worker() is not None
        assert server.stops() == 0, server.said
        assert answer(port, "/healthz") == (0, None)
        assert "Traceback" not in server.said


def test_what_is_counted_in_memory_is_written_when_it_stops(world: World, tmp_path: Path, database: str) -> None:
    _, secret = api_keys.create_key(world.shop.id, "reports")
    with serving(database, tmp_path) as (server, port):
        path = f"http://127.0.0.1:{port}/loyalty-programs/v1/program"
        asked = urllib.request.Request(path, headers={"Authorization": secret})
        with urllib.request.urlopen(asked, timeout=10) as response:
            assert response.status == 200
        assert server.stops() == 0, server.said
    assert [key.last_used_from for key in api_keys.keys(world.shop.id)] == ["127.0.0.1"]


def hangs_holding_nothing(worker: psutil.Process, port: int) -> bool:
    """Suspend the worker; where that hit it in the middle of writing it goes on, and it is False."""
    worker.suspend()
    if answer(port, "/readyz")[0] == 200:
        return True
    worker.resume()
    return False


def test_it_says_why_it_is_not_ready(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path) as (server, port):
        worker = server.worker()
        assert worker is not None
        until(lambda: hangs_holding_nothing(worker, port), "the worker hangs: alive for the system, and does nothing")
        Beat.update(seen_at=clock.now() - timedelta(seconds=61)).execute()
        assert answer(port, "/readyz") == (
            503,
            {"status": "not ready", "reason": "no worker was seen within a minute"},
        )
        worker.resume()
        until(lambda: answer(port, "/readyz")[0] == 200, "the worker is seen again")
        db.database.execute_sql("DELETE FROM schema_migration")
        status, told = answer(port, "/readyz")
        assert status == 503 and "migrations are pending: 0001_initial" in told["reason"]
        assert answer(port, "/healthz")[0] == 200
        assert server.stops() == 0


def test_it_outlives_its_processes_and_loses_no_job(database: str, tmp_path: Path) -> None:
    world = World.create()
    with serving(database, tmp_path) as (server, port):
        first, worker = server.web()[0], server.worker()
        assert worker is not None
        worker.kill()
        world.member("ann@example.com")  # a mail is promised while nobody works
        dead_workers = job_queue.claim()  # and another one was being sent when its worker died
        assert dead_workers is not None
        Job.update(run_at=clock.now()).execute()  # its lease is over
        first.kill()
        until(lambda: (found := server.worker()) and found.pid != worker.pid, "another worker")
        until(lambda: not Job.everywhere().exists(), "the jobs are done")
        until(lambda: first not in server.web() and len(server.web()) == 2, "another web process")
        assert answer(port, "/readyz")[0] == 200
        assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
        assert "the worker ended (exit -9): starting another" in server.said
        assert server.stops(signal.SIGINT) == 0, server.said


# The demo


def test_the_demo_names_a_taken_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken, free = str(other.getsockname()[1]), str(free_port())
        for words in (["--port", taken, "--shop-port", free], ["--port", free, "--shop-port", taken]):
            line = _refuses(monkeypatch, tmp_path, "demo", *words)
            assert taken in line and words[words.index(taken) - 1] in line
    assert "--shop-port" in _refuses(monkeypatch, tmp_path, "demo", "--port", free, "--shop-port", free)
    assert not (tmp_path / "demo").exists()


@pytest.mark.timeout(500)  # it starts four times
def test_the_demo_keeps_its_data_until_it_is_told_to_begin_anew(tmp_path: Path) -> None:
    port, shop_port = str(free_port()), str(free_port())
    home, log = tmp_path / "demo", tmp_path / "demo.log"

    @contextmanager
    def demo(*more: str, port: str = port) -> Iterator[Server]:
        log.write_text("")
        words = ["demo", "--port", port, "--shop-port", shop_port, *more]
        server = Server(*words, log=log, WIDGET_INSTANCE=str(tmp_path))
        try:
            yield server
        finally:
            server.end()

    def shop() -> str:
        return str(json.loads((home / "shop.json").read_text())["shop_id"])

    with demo() as first:
        until(lambda: "Ready." in first.said or first.process.poll() is not None, "the demo")
        assert f"http://shop.localhost:{shop_port}" in first.said, first.said
        assert first.stops(signal.SIGINT) == 0, first.said
    made, orders = shop(), _orders(home)
    assert orders > 0

    with demo() as second:
        until(lambda: "Ready." in second.said or second.process.poll() is not None, "the demo again")
        assert second.stops(signal.SIGTERM) == 0, second.said
    assert (shop(), _orders(home)) == (made, orders)

    with demo(port=str(free_port())) as elsewhere:
        assert elsewhere.process.wait(PATIENCE_SECONDS) == 1
        assert "--reset" in elsewhere.said and port in elsewhere.said

    with demo("--reset") as anew:
        until(lambda: anew.family() and (home / "shop.json").exists() and shop() != made, "another shop")
        anew.stops(signal.SIGINT)  # in the middle of its making: so the next start begins anew once more
    assert _orders(home) < orders and not (home / "whole").exists()


def _orders(home: Path) -> int:
    db.open_database(f"sqlite:///{home / 'loyalty.db'}")
    db.connect()
    (count,) = db.database.execute_sql('SELECT COUNT(*) FROM "order"').fetchone()
    db.disconnect()
    return int(count)
