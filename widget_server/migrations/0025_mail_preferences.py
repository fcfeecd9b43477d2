"""The topics of which a customer wants no mails."""

from widget_server.db import Json
from widget_server.migration_steps import add_column


def up(migrator, db):
    add_column("customer", "mails_off", Json(), for_rows_there=[])
