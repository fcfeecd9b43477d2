"""Servers with an instance folder each, on one database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient

from widget_server import config, data_keys, db
from widget_server.app import create_app


class Hosts:
    """Servers on one database behind a round robin; each has an empty folder of its own."""

    def __init__(self, folder: Path, count: int = 2) -> None:
        self.settings = [replace(config.current(), instance=folder / f"host{number}") for number in range(count)]
        for one in self.settings:
            one.instance.mkdir()

    @contextmanager
    def on(self, number: int) -> Iterator[FlaskClient]:
        """The next request comes to this one."""
        config.use(self.settings[number], data_keys.stored)
        db.disconnect()
        app = create_app(config.current())
        db.connect()
        with app.test_client() as client:
            yield client

    def files(self) -> list[str]:
        """What lies in their folders."""
        return sorted(path.name for one in self.settings for path in one.instance.iterdir())
