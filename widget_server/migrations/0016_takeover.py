"""Imports of more kinds, with their preview; codes of another app that keep working."""

from widget_server.db import Bool, Int, Json, Text, UtcDateTime
from widget_server.migration_steps import add_column, create_index, create_table, execute, of_shop


def up(migrator, db):
    create_table(
        "former_code",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "customer_id": Text(),
            "code": Text(),
            "code_key": Text(),
            "batch_id": Text(null=True, index=True),
            "created_at": UtcDateTime(),
        },
        indexes=((("shop_id", "code_key"), True), (("shop_id", "customer_id"), False)),
    )
    add_column("import", "mode", Text(), for_rows_there="add")
    execute("""UPDATE "import" SET "mode" = 'set' WHERE "batch_id" IN (SELECT "id" FROM "batch" WHERE "mode" = 'set')""")
    add_column("import", "mapping", Json(null=True))
    add_column("import", "format", Text(null=True))
    add_column("import", "day_first", Bool(null=True))
    add_column("import", "preview_status", Text(null=True))
    add_column("import", "previewed", Int(), for_rows_there=0)
    add_column("import", "preview", Json(null=True))
    add_column("batch", "turn", Int(null=True))
    add_column("batch_item", "event_at", UtcDateTime(null=True))
    add_column("batch_item", "note", Text(null=True))
    add_column("batch_item", "made_id", Text(null=True))
    create_index("batch_item", "shop_id", where="note IS NOT NULL", name="batchitem_note")
