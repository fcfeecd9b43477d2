"""Adjustments on the wire: our addition to Wix's API (acceptance 49, 55)."""

from datetime import datetime
from typing import TypedDict

from widget_server.ledger import Transaction
from widget_server.loyalty.points import adjustments
from widget_server.web.wire import CursorPagingMetadata, Guid, PointsAmount


class Adjustment(TypedDict, total=False):
    """The annotation of a transaction, and who wrote it."""

    transaction_id: Guid
    account_id: Guid
    amount: PointsAmount
    reason: str | None
    comment: str | None
    staff: str | None
    app_id: str | None
    created_date: datetime


class AdjustmentResponse(TypedDict):
    """One adjustment."""

    adjustment: Adjustment


class AdjustmentsPage(TypedDict):
    """Adjustments, and the paging metadata."""

    adjustments: list[Adjustment]
    paging_metadata: CursorPagingMetadata


def adjustment(row: adjustments.Adjustment, moved: Transaction) -> Adjustment:
    """Returns the row as the wire has it; `moved` is the transaction that it annotates."""
    return {
        "transaction_id": row.transaction_id,
        "account_id": moved.account_id,
        "amount": moved.amount,
        "reason": row.reason,
        "comment": row.comment,
        "staff": row.staff,
        "app_id": row.app_id,
        "created_date": row.created_at,
    }
