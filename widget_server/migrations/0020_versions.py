"""Versions of the program: its entries in the audit log are found by their noun; a campaign counts its changes."""

from widget_server.db import Int
from widget_server.migration_steps import add_column, create_index


def up(migrator, db):
    create_index("audit_entry", "shop_id", "noun", "created_at", "id")
    add_column("campaign", "revision", Int(), for_rows_there=1)
