"""The access token of a shop's own API that lives a day: sealed, with its end."""

from widget_server.db import Text, UtcDateTime
from widget_server.migration_steps import add_column


def up(migrator, db):
    add_column("feed", "token_sealed", Text(null=True))
    add_column("feed", "token_ends_at", UtcDateTime(null=True))
