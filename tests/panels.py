"""A panel in a shopper's browser, as the server sees it."""

from typing import Any

from flask.testing import FlaskClient

from tests.make import Shopper, World
from widget_server.web.typed_schemas import schema_of
from widget_server.widget.fields import Body


def misfits(shape: type, value: Any) -> dict[str, Any]:
    """What of a response does not fit the shape it promises; empty when all does."""
    return schema_of(shape, Body)().validate(value)


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
