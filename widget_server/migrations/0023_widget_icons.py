"""Icons that a shop uploads for the launcher."""

from widget_server.db import Bytes, Text, UtcDateTime
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table(
        "widget_icon",
        {"shop_id": of_shop(), "name": Text(), "content": Bytes(), "created_at": UtcDateTime()},
        primary_key=("shop_id", "name"),
    )
