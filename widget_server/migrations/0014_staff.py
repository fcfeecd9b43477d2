"""Staff: accounts, what they are in each shop, one-time links, sessions and the browsers they know."""

from widget_server.db import Int, Json, Text, UtcDateTime
from widget_server.migration_steps import create_table, of_shop


def up(migrator, db):
    create_table(
        "staff_account",
        {
            "id": Text(primary_key=True),
            "email": Text(),
            "email_key": Text(),
            "name": Text(),
            "password_hash": Text(null=True),
            "totp_sealed": Text(null=True),
            "totp_since": UtcDateTime(null=True),
            "totp_step": Int(),
            "recovery_hashes": Json(),
            "locale": Text(null=True),
            "created_at": UtcDateTime(),
        },
        indexes=[(("email_key",), True)],
    )
    create_table(
        "staff_member",
        {
            "shop_id": of_shop(),
            "id": Text(primary_key=True),
            "account_id": Text(),
            "role": Text(),
            "change_points_max": Int(null=True),
            "day_points_max": Int(null=True),
            "created_at": UtcDateTime(),
        },
        indexes=[(("account_id",), False), (("shop_id", "account_id"), True)],
        checks=["role IN ('owner', 'marketer', 'support', 'reader')"],
    )
    create_table(
        "staff_link",
        {
            "id": Text(primary_key=True),
            "purpose": Text(),
            "shop_id": Text(null=True),
            "account_id": Text(null=True),
            "email": Text(null=True),
            "role": Text(null=True),
            "change_points_max": Int(null=True),
            "day_points_max": Int(null=True),
            "created_at": UtcDateTime(),
            "expires_at": UtcDateTime(),
        },
        indexes=[(("shop_id",), False), (("expires_at",), False)],
        checks=["purpose IN ('invite', 'sign_in', 'reset', 'setup')"],
    )
    create_table(
        "staff_session",
        {
            "id": Text(primary_key=True),
            "account_id": Text(),
            "shop_id": Text(),
            "created_at": UtcDateTime(),
            "expires_at": UtcDateTime(),
            "last_used_at": UtcDateTime(null=True),
            "browser": Text(),
            "address": Text(),
        },
        indexes=[(("account_id",), False), (("expires_at",), False)],
    )
    create_table(
        "staff_device",
        {"id": Text(), "account_id": Text(), "last_used_at": UtcDateTime()},
        primary_key=("id", "account_id"),
        indexes=[(("last_used_at",), False)],
    )
