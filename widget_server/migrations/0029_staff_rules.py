"""A shop may require the second factor of its staff; how many points each member of staff moved on a day."""

from widget_server.db import Bool, Int, Text
from widget_server.migration_steps import add_column


def up(migrator, db):
    add_column("shop", "staff_need_factor", Bool(), for_rows_there=False)
    add_column("staff_member", "moved_on", Text(null=True))
    add_column("staff_member", "moved_points", Int(), for_rows_there=0)
