"""Batches on the wire: our addition to Wix's API, found by its asyncJobId (wix-api §1c)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from marshmallow.validate import Range

from widget_server.loyalty.imports.problems import REASONS
from widget_server.loyalty.points import batch_tables
from widget_server.loyalty.points.batch_tables import BatchItem
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, PointsAmount

STATUSES = {one: one.lower() for one in ("RUNNING", "DONE", "FAILED", "UNDOING", "UNDONE")}
KINDS = {"BULK": "bulk", "IMPORT": "import"}
MODES = {"ADD": "add", "SET": "set"}


class Batch(TypedDict, total=False):
    """One change of many accounts: its progress, and the result of undoing it."""

    id: Guid
    kind: Annotated[str, Choice(KINDS)]
    mode: Annotated[str, Choice(MODES)]
    status: Annotated[str, Choice(STATUSES)]
    points: PointsAmount | None
    app_id: str | None
    staff: str | None
    reason: str | None
    description: str | None
    total: int
    succeeded: int
    failed: int
    skipped: int
    undone: int
    kept: int
    created_date: datetime
    ended_date: datetime | None
    undone_date: datetime | None


class BatchResponse(TypedDict):
    """One batch."""

    batch: Batch


class BatchesPage(TypedDict):
    """Batches, and the paging metadata."""

    batches: list[Batch]
    paging_metadata: CursorPagingMetadata


class BatchError(TypedDict, total=False):
    """An account that was not changed, or whose change was not undone."""

    line: int
    account_id: Guid | None
    code: str
    description: str


class BatchErrors(TypedDict):
    """Errors by line; the next page is the one with `afterLine` = the last line."""

    errors: list[BatchError]


@dataclass(frozen=True)
class ErrorsQuery:
    """The line after which the page begins, and its length."""

    after_line: Annotated[int | None, Range(min=0)] = None
    limit: Annotated[int | None, Range(min=1, max=100)] = None


def batch(row: batch_tables.Batch) -> Batch:
    """Returns the row as the wire has it."""
    return {
        "id": row.id,
        "kind": row.kind,
        "mode": row.mode,
        "status": row.status,
        "points": row.points,
        "app_id": row.app_id,
        "staff": row.staff,
        "reason": row.reason,
        "description": row.comment,
        "total": row.total,
        "succeeded": row.succeeded,
        "failed": row.failed,
        "skipped": row.skipped,
        "undone": row.undone,
        "kept": row.kept,
        "created_date": row.created_at,
        "ended_date": row.ended_at,
        "undone_date": row.undone_at,
    }


def error(item: BatchItem) -> BatchError:
    """Returns why the item was not booked, or not undone, as the wire has it."""
    code = item.code or "unknown"
    return {
        "line": item.line,
        "account_id": item.account_id,
        "code": code.upper(),
        "description": REASONS.get(code, code.replace("_", " ")),
    }
