"""Preview copies of shops, whose time can be moved."""

from widget_server.db import Bytes, Int, Json, Text, UtcDateTime
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table(
        "preview_copy",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "revision": Int(),
            "contents": Bytes(),
            "state": Json(),
            "started_at": UtcDateTime(),
            "moment": UtcDateTime(),
            "used_at": UtcDateTime(index=True),
        },
        indexes=((("shop_id",), True),),
    )
    create_table(
        "preview_event",
        {"shop_id": of_shop(), "copy_id": Text(), "number": Int(), "facts": Json()},
        primary_key=("copy_id", "number"),
        clustered=True,
    )
