"""Every response, whoever makes it, has the headers that keep a browser safe; none names a version."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import World
from widget_server import config, db
from widget_server.app import create_app
from widget_server.gateway import Gateway, TurnedAway, _refusal
from widget_server.web import built_files

PATHS = ("/readyz", "/openapi.json", "/reference", "/nowhere", "/widget/config", "/widget.js", "/r/NOBODY")


@pytest.fixture
def at(world: World) -> Any:
    """The application behind this base URL."""

    def make(base_url: str) -> FlaskClient:
        settings = config.current()
        values = {name: getattr(settings, name) for name in type(settings).__dataclass_fields__}
        db.disconnect()
        app = create_app(config.Settings(**{**values, "base_url": base_url}))
        db.connect()
        return app.test_client()

    return make


def paths() -> list[str]:
    built = next(path.name for path in built_files.DIST.iterdir() if path.suffix == ".js")
    return [*PATHS, f"/assets/{built}"]


def test_nothing_is_sniffed_and_an_https_address_stays_https(at: Any) -> None:
    client = at("https://widget.example")
    for path in paths():
        response = client.get(path, buffered=True)
        assert response.headers.getlist("X-Content-Type-Options") == ["nosniff"], path
        assert response.headers.getlist("Strict-Transport-Security") == ["max-age=31536000"], path
        assert "Server" not in response.headers


def test_plain_http_on_one_machine_promises_no_https(at: Any) -> None:
    client = at("http://widget.localhost:8000")
    for path in paths():
        response = client.get(path, buffered=True)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in response.headers, path


def test_what_the_gateway_says_by_itself_is_not_sniffed_either() -> None:
    made = [Gateway(None, 1)._alive(), _refusal(TurnedAway(503, "busy", "Busy."))]
    assert all(("x-content-type-options", "nosniff") in headers for _, headers, _ in made)
