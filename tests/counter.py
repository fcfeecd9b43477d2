"""Counts what the database is asked."""

from typing import Any

from widget_server.db import database


class Counter:
    """Counts statements while it is on."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __enter__(self) -> "Counter":
        database.obj.query_hooks.append(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        database.obj.query_hooks.remove(self._hear)

    def _hear(self, *heard: Any) -> None:
        self.statements.append(str(heard[0]))
