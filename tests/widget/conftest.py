"""The widget's server as its panel sees it: an application, and a browser-like client that signs in."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import Shopper, World
from widget_server import config, db
from widget_server.app import create_app


class Panel:
    """A panel in a shopper's browser: speaks JSON to the server with the token it keeps."""

    def __init__(self, client: FlaskClient, world: World, shopper: Shopper | None = None) -> None:
        self.client, self.world, self.shopper = client, world, shopper
        self.token = shopper.token if shopper else None

    def headers(self, key: str | None = None) -> dict[str, str]:
        found = {"X-Loyalty-Shop": self.world.shop.embed_key}
        if self.token:
            found["Authorization"] = f"Bearer {self.token}"
        if key:
            found["Idempotency-Key"] = key
        return found

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers())

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        return self.client.post(path, json=body if body is not None else {}, headers=self.headers(key))


@pytest.fixture
def client(world: World) -> Iterator[FlaskClient]:
    """The application on the story's database."""
    db.disconnect()
    app = create_app(config.current())
    db.connect()
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def panel(client: FlaskClient, world: World) -> Panel:
    """A guest's panel."""
    return Panel(client, world)
