"""The edition of each shop's program, by which rows of it are kept in memory (editions.py)."""

from widget_server.db import Int, Text
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table("edition", {"id": Text(primary_key=True), "shop_id": of_shop(), "number": Int()})
