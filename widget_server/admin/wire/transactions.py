"""LoyaltyTransaction on the wire (wix-api §2): one row of the ledger, which nobody edits."""

from typing import Any

from marshmallow import fields

from widget_server.admin.wire.earning_rules import OUR_APP
from widget_server.admin.wire.rewards import COUPON_REWARD, DISCOUNT_AMOUNT
from widget_server.ledger import Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.web.wire import Choice, Points, Wire, WireTime, guid, page_of, wrapped

TYPES = {name: name.lower() for name in ("EARN", "REDEEM", "ADJUST", "REFUND", "EXPIRE")}


class Channel(Wire):
    """A channel that was followed."""

    channel = fields.String()


class EarnInfo(Wire):
    """Which app gave the points, for what, for which of the shop's orders."""

    app_id, activity_type, order_id = fields.String(), fields.String(), fields.String()
    followed_social_media = fields.Nested(Channel)


class RedeemInfo(Wire):
    """Which reward was bought; `referenceEntityId` is the coupon, or the discount at a checkout."""

    reward_id = guid()
    reward_type = fields.String()
    reference_entity_id = guid()


class AdjustInfo(Wire):
    """The balance before and after."""

    app_id = fields.String()
    amount_before, amount_after = Points(), Points()


class RefundInfo(Wire):
    """Which redeem was given back."""

    app_id = fields.String()
    refunded_transaction_id = guid()


class ExpireInfo(Wire):
    """The balance before and after."""

    amount_before, amount_after = Points(), Points()


class LoyaltyTransaction(Wire):
    """Points moved once; `amount` has the ledger's sign (contracts §2)."""

    id, account_id = guid(), guid()
    created_date = WireTime()
    amount = Points()
    transaction_type = Choice(TYPES)
    description, idempotency_key = fields.String(), fields.String()
    earn_info = fields.Nested(EarnInfo)
    redeem_info = fields.Nested(RedeemInfo)
    adjust_info = fields.Nested(AdjustInfo)
    refund_info = fields.Nested(RefundInfo)
    expire_info = fields.Nested(ExpireInfo)


TransactionBody = wrapped("loyalty_transaction", LoyaltyTransaction)
TransactionsPage = page_of("loyalty_transactions", LoyaltyTransaction)


def transaction(row: Transaction, said: Adjustment | None, order: Order | None) -> dict[str, Any]:
    """The row as LoyaltyTransaction writes it, with what was said beside it, and the shop's own order."""
    before_and_after = {"amount_before": row.balance_after - row.amount, "amount_after": row.balance_after}
    app_id = (said.app_id if said else None) or OUR_APP
    infos: dict[str, dict[str, Any]] = {
        "earn": {
            "app_id": app_id,
            "activity_type": (said.activity_type if said else None) or row.cause.replace("_", "-"),
            "order_id": (said.order_ref if said else None) or (order.external_id if order else None),
            "followed_social_media": {"channel": said.channel} if said and said.channel else None,
        },
        "redeem": {
            "reward_id": row.snapshot.get("reward"),
            "reward_type": DISCOUNT_AMOUNT if row.snapshot.get("at_checkout") else COUPON_REWARD,
            "reference_entity_id": row.cause_id,
        },
        "adjust": {"app_id": app_id, **before_and_after},
        "refund": {"app_id": app_id, "refunded_transaction_id": row.reverses_id},
        "expire": before_and_after,
    }
    return {
        "id": row.id,
        "account_id": row.account_id,
        "created_date": row.created_at,
        "amount": row.amount,
        "transaction_type": row.kind,
        "description": (said.comment if said else None) or row.snapshot.get("title"),
        "idempotency_key": row.key,
        f"{row.kind}_info": infos[row.kind],
    }
