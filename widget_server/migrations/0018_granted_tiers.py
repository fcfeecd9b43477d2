"""The tier that staff granted to an account, and when that ends."""

from widget_server.db import Text, UtcDateTime
from widget_server.migration_steps import add_column, create_index


def up(migrator, db):
    add_column("account", "granted_tier_id", Text(null=True))
    add_column("account", "granted_until", UtcDateTime(null=True))
    create_index("account", "shop_id", "granted_until", where="granted_until IS NOT NULL", name="account_granted")
