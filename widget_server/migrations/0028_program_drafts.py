"""Drafts of the whole program: the program file that one began with, and the edited one."""

from widget_server.db import Int, Text, UtcDateTime
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table(
        "program_draft",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "name": Text(),
            "base": Text(),
            "document": Text(),
            "revision": Int(default=1),
            "created_at": UtcDateTime(),
            "updated_at": UtcDateTime(),
        },
        indexes=((("shop_id", "created_at"), False),),
    )
