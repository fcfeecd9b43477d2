from collections.abc import Sequence
from typing import Any

from peewee import SqliteDatabase

class CySqliteDatabase(SqliteDatabase):
    server_version: tuple[int, int, int]
    def execute_sql(self, sql: str, params: Sequence[object] | None = None) -> Any: ...
