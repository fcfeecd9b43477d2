"""The official SDK before a real server: one process of `widget-server serve` with its worker, one of node."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.make import SECRET
from tests.test_cli import env
from tests.test_serve import Server, answer, free_port, until
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner
from widget_server import config, db, events, migrate, reactions
from widget_server.config import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A server with a fresh SQLite instance, running."""
    folder = tmp_path_factory.mktemp("wix_sdk")
    port = free_port()
    made = Settings(
        database_url=f"sqlite:///{folder / 'loyalty.db'}",
        secret_key=SECRET,
        base_url=f"http://127.0.0.1:{port}",
        instance=folder,
        mail_url=f"file://{folder / 'mail'}",
    )
    with in_process(made):
        migrate.upgrade()
        known = env(made.database_url, WIDGET_BASE_URL=made.base_url, WIDGET_ALLOW_PRIVATE_WEBHOOKS="1")
    server = Server("serve", "--port", str(port), "--workers", "1", log=folder / "serve.log", **known)
    try:
        until(lambda: answer(port, "/readyz")[0] == 200 or server.process.poll() is not None, "ready")
        assert server.process.poll() is None, server.said
        yield made
        assert "Traceback" not in server.said, server.said
    finally:
        server.end()


@contextmanager
def in_process(settings: Settings) -> Iterator[None]:
    """The server's database, open in this process too: a second pair of eyes."""
    config.use(settings)
    db.open_database(settings.database_url)
    db.connect()
    events.wire(reactions.react)
    try:
        yield
    finally:
        db.disconnect()


@pytest.fixture(scope="session")
def runner(settings: Settings) -> Iterator[Runner]:
    """Node with the SDK in it."""
    running = Runner(settings.base_url)
    yield running
    running.stop()


@pytest.fixture
def site(settings: Settings, runner: Runner) -> Iterator[Site]:
    """A shop with an active program; when the story is over, the books must balance."""
    with in_process(settings):
        made = Site.create(runner, settings.base_url)
        yield made
        made.world.books_must_balance()


@pytest.fixture(scope="module", autouse=True)
def _called_here(runner: Runner) -> None:
    """What is called is noted file by file."""
    runner.called.clear()
