"""When and where the script tag of a shop was last loaded."""

from widget_server.db import Text, UtcDateTime
from widget_server.migration_steps import add_column


def up(migrator, db):
    add_column("shop", "widget_seen_at", UtcDateTime(null=True))
    add_column("shop", "widget_seen_on", Text(null=True))
