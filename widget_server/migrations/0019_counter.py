"""Referrals, orders and the till for staff: what members say of referrals, codes of the till, indexes of the lists."""

from widget_server.db import Text, UtcDateTime
from widget_server.migration_steps import create_index, create_table, of_shop


def up(migrator, db):
    create_table(
        "referral_reply",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "referral_id": Text(),
            "side": Text(),
            "text": Text(),
            "created_at": UtcDateTime(),
            "settled_at": UtcDateTime(null=True),
        },
        indexes=[(("shop_id", "referral_id", "side"), True)],
    )
    create_index(
        "referral_reply", "shop_id", "created_at", where='("settled_at" IS NULL)', name="referral_reply_open"
    )
    create_table(
        "till_code",
        {
            "digest": Text(primary_key=True),
            "shop_id": of_shop(),
            "customer_id": Text(),
            "created_at": UtcDateTime(),
            "expires_at": UtcDateTime(),
            "used_at": UtcDateTime(null=True),
        },
        indexes=[(("customer_id",), False), (("expires_at",), False)],
    )
    create_index("referral", "shop_id", "status", "created_at")
    create_index("referral", "shop_id", "reason", "created_at", where='("reason" IS NOT NULL)', name="referral_reason")
    create_index("order", "shop_id", "status", "placed_at")
    create_index(
        "order", "shop_id", "why_nothing", "placed_at", where='("why_nothing" IS NOT NULL)', name="order_why_nothing"
    )
    create_index("order", "shop_id", "placed_at", where="address_digests <> '[]'", name="order_with_addresses")
    create_index("parked", "shop_id", "status", "received_at")
