"""Indexes for the lists of the dashboard: deliveries of a receiver, and the audit log by actor and by noun."""

from widget_server.migration_steps import create_index


def up(migrator, db):
    create_index("message", "endpoint_id", "number")
    create_index("audit_entry", "shop_id", "actor", "created_at")
