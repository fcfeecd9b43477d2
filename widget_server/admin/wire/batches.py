"""Batches on the wire: ours beside Wix's, whose asyncJobId they resolve (wix-api §1c)."""

from typing import Any

from marshmallow import fields, validate

from widget_server.loyalty.points.batches import REASONS, Batch, BatchItem
from widget_server.web.wire import Choice, Points, Wire, WireTime, guid, page_of, wrapped

STATUSES = {one: one.lower() for one in ("RUNNING", "DONE", "FAILED", "UNDOING", "UNDONE")}
KINDS = {"BULK": "bulk", "IMPORT": "import"}
MODES = {"ADD": "add", "SET": "set"}


class BatchWire(Wire):
    """One change of many accounts: how far it is, and what undoing did."""

    id = guid()
    kind, mode, status = Choice(KINDS), Choice(MODES), Choice(STATUSES)
    points = Points()
    app_id, staff, reason, description = fields.String(), fields.String(), fields.String(), fields.String()
    total, succeeded, failed, skipped = (fields.Integer() for _ in range(4))
    undone, kept = fields.Integer(), fields.Integer()
    created_date, ended_date, undone_date = WireTime(), WireTime(), WireTime()


class BatchError(Wire):
    """An account that was not changed, or whose change was not undone."""

    line = fields.Integer()
    account_id = guid()
    code, description = fields.String(), fields.String()


class BatchErrors(Wire):
    """By line; `afterLine` the last one is the next page."""

    errors = fields.List(fields.Nested(BatchError), required=True)


class ErrorsAsked(Wire):
    """Where to go on."""

    after_line = fields.Integer(validate=validate.Range(min=0))
    limit = fields.Integer(validate=validate.Range(min=1, max=100))


BatchBody = wrapped("batch", BatchWire)
BatchesPage = page_of("batches", BatchWire)


def batch(row: Batch) -> dict[str, Any]:
    """The row as BatchWire writes it."""
    same = ("id", "kind", "mode", "status", "points", "app_id", "staff", "reason")
    counts = ("total", "succeeded", "failed", "skipped", "undone", "kept")
    return {
        **{name: getattr(row, name) for name in (*same, *counts)},
        "description": row.comment,
        "created_date": row.created_at,
        "ended_date": row.ended_at,
        "undone_date": row.undone_at,
    }


def error(item: BatchItem) -> dict[str, Any]:
    """The row as BatchError writes it."""
    code = item.code or "unknown"
    return {
        "line": item.line,
        "account_id": item.account_id,
        "code": code.upper(),
        "description": REASONS.get(code, code.replace("_", " ")),
    }
