"""How far the audit of each shop's books has come, so that an interrupted one goes on."""

from widget_server.db import Int, Json, Text, UtcDateTime
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table(
        "audit_place",
        {
            "shop_id": of_shop(),
            "run": Text(),
            "is_whole": Int(),
            "follows": Text(),
            "number": Int(),
            "digest": Text(),
            "part": Text(),
            "place": Json(null=True),
            "began_at": UtcDateTime(),
            "seal": Text(),
        },
        primary_key=("shop_id",),
    )
