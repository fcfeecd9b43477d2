"""Codes that connect a shop's plugin, the import of past orders, and when an identity token was last accepted."""

from widget_server.db import Int, Json, Text, UtcDateTime
from widget_server.migration_steps import add_column, create_table, of_shop


def up(migrator, db):
    create_table(
        "connection_code",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "token_hash": Text(),
            "created_at": UtcDateTime(),
            "expires_at": UtcDateTime(),
        },
        indexes=((("shop_id",), True),),
    )
    create_table(
        "store_import",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "mode": Text(),
            "status": Text(default="running"),
            "step": Text(),
            "since": UtcDateTime(),
            "place": Json(),
            "revision": Int(default=1),
            "found": Json(),
            "tries": Int(default=0),
            "detail": Text(null=True),
            "created_at": UtcDateTime(),
            "updated_at": UtcDateTime(),
        },
        indexes=((("shop_id",), True),),
        checks=("mode IN ('trial', 'import')", "status IN ('running', 'done', 'stopped')"),
    )
    add_column("shop", "token_accepted_at", UtcDateTime(null=True))
