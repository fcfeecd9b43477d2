"""LoyaltyTransaction on the wire (wix-api §2): one row of the ledger, which never changes."""

from datetime import datetime
from typing import Annotated, TypedDict

from widget_server.admin.wire.earning_rules import OUR_APP
from widget_server.admin.wire.rewards import COUPON_REWARD, DISCOUNT_AMOUNT
from widget_server.ledger import Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, PointsAmount

TYPES = {name: name.lower() for name in ("EARN", "REDEEM", "ADJUST", "REFUND", "EXPIRE")}


class Channel(TypedDict, total=False):
    """A channel that was followed."""

    channel: str


class EarnInfo(TypedDict, total=False):
    """Which app gave the points, for what, for which of the shop's orders."""

    app_id: str
    activity_type: str
    order_id: str | None
    followed_social_media: Channel | None


class RedeemInfo(TypedDict, total=False):
    """Which reward was bought; `referenceEntityId` is the coupon, or the discount at a checkout."""

    reward_id: Guid | None
    reward_type: str
    reference_entity_id: Guid | None


class AdjustInfo(TypedDict, total=False):
    """The balance before and after."""

    app_id: str
    amount_before: PointsAmount
    amount_after: PointsAmount


class RefundInfo(TypedDict, total=False):
    """The redeem that was refunded."""

    app_id: str
    refunded_transaction_id: Guid | None


class ExpireInfo(TypedDict, total=False):
    """The balance before and after."""

    amount_before: PointsAmount
    amount_after: PointsAmount


class LoyaltyTransaction(TypedDict, total=False):
    """One movement of points; `amount` has the ledger's sign (contracts §2)."""

    id: Guid
    account_id: Guid
    created_date: datetime
    amount: PointsAmount
    transaction_type: Annotated[str, Choice(TYPES)]
    description: str | None
    idempotency_key: str
    earn_info: EarnInfo
    redeem_info: RedeemInfo
    adjust_info: AdjustInfo
    refund_info: RefundInfo
    expire_info: ExpireInfo


class TransactionResponse(TypedDict):
    """One transaction."""

    loyalty_transaction: LoyaltyTransaction


class TransactionsPage(TypedDict):
    """Transactions, and the paging metadata."""

    loyalty_transactions: list[LoyaltyTransaction]
    paging_metadata: CursorPagingMetadata


def transaction(row: Transaction, said: Adjustment | None, order: Order | None) -> LoyaltyTransaction:
    """Returns the row as the wire has it, with its annotation and the shop's own order."""
    return {
        "id": row.id,
        "account_id": row.account_id,
        "created_date": row.created_at,
        "amount": row.amount,
        "transaction_type": row.kind,
        "description": (said.comment if said else None) or row.snapshot.get("title"),
        "idempotency_key": row.key,
        **_info(row, said, order),
    }


def _info(row: Transaction, said: Adjustment | None, order: Order | None) -> LoyaltyTransaction:
    """Returns the one field that describes a row of this kind, such as `earn_info`."""
    app_id: str = (said.app_id if said else None) or OUR_APP
    before, after = row.balance_after - row.amount, row.balance_after
    match row.kind:
        case "earn":
            return {"earn_info": _earned(row, said, order)}
        case "redeem":
            return {
                "redeem_info": {
                    "reward_id": row.snapshot.get("reward"),
                    "reward_type": DISCOUNT_AMOUNT if row.snapshot.get("at_checkout") else COUPON_REWARD,
                    "reference_entity_id": row.cause_id,
                }
            }
        case "refund":
            return {"refund_info": {"app_id": app_id, "refunded_transaction_id": row.reverses_id}}
        case "expire":
            return {"expire_info": {"amount_before": before, "amount_after": after}}
    return {"adjust_info": {"app_id": app_id, "amount_before": before, "amount_after": after}}


def _earned(row: Transaction, said: Adjustment | None, order: Order | None) -> EarnInfo:
    order_id = order.external_id if order else None
    if said is None:
        return {"app_id": OUR_APP, "activity_type": row.cause.replace("_", "-"), "order_id": order_id}
    return {
        "app_id": said.app_id or OUR_APP,
        "activity_type": said.activity_type or row.cause.replace("_", "-"),
        "order_id": said.order_ref or order_id,
        "followed_social_media": {"channel": said.channel} if said.channel else None,
    }
