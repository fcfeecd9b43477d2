from datetime import datetime
from types import ModuleType
from typing import Any, NamedTuple

from peewee import Database

class Migration(NamedTuple):
    idx: Any
    name: str
    path: str | None
    applied: datetime | None
    def load(self) -> ModuleType: ...

class Runner:
    def __init__(self, database: Database, directory: str = ...) -> None: ...
    def status(self) -> list[Migration]: ...
    def up(self, target: str | None = None) -> list[str]: ...
