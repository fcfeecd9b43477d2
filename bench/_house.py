"""The house a measurement runs in: a shop with a lively program in a fresh SQLite file, and the application on it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
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
