"""Imports book their lines in the order of accounts: how far a batch came is an account and a line."""

from widget_server.db import Text
from widget_server.migration_steps import add_column, execute


def up(migrator, db):
    add_column("batch", "reached_account", Text(default=""), for_rows_there="")
    # one under way begins again from its first account: the status of a line says what was booked
    execute("""UPDATE "batch" SET "reached" = 0, "kept" = 0
        WHERE "kind" = 'import' AND "status" IN ('running', 'undoing')""")
