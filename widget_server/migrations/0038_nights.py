"""Indexes for the daily work: accounts that may lose points, tiers that end, points that leave the tiers' window."""

from widget_server.migration_steps import create_index, drop_index

INDEXES_ONLY = True


def up(migrator, db):
    drop_index("account_shop_id_unspent_since")
    create_index("account", "shop_id", "unspent_since", "id")
    create_index("account", "shop_id", "last_activity_at", "id", where='"balance" > 0', name="account_with_points")
    create_index("account", "shop_id", "tier_until", "id", where="tier_until IS NOT NULL", name="account_tier_ends")
    create_index(
        "transaction", "shop_id", "event_at", "account_id", where="kind = 'earn'", name="transaction_earned"
    )
