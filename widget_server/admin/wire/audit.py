"""Entries of the audit log on the wire: our addition to Wix's API (contracts §16)."""

from datetime import datetime
from typing import Annotated, TypedDict

from marshmallow import fields

from widget_server.loyalty import audit_log
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid

ACTORS = {name: name.lower() for name in ("API_KEY", "STAFF", "SHELL", "CUSTOMER", "SERVER")}


class AuditEntry(TypedDict, total=False):
    """One action: who did it, from which address, what was done to what, and the fields that it changed."""

    id: Guid
    created_date: datetime
    actor: Annotated[str, Choice(ACTORS)]
    actor_id: str | None
    actor_name: str | None
    address: str | None
    verb: str
    noun: str
    subject_id: str | None
    before: Annotated[dict[str, object] | None, fields.Dict(keys=fields.String())]
    after: Annotated[dict[str, object] | None, fields.Dict(keys=fields.String())]


class AuditPage(TypedDict):
    """Entries, and the paging metadata."""

    entries: list[AuditEntry]
    paging_metadata: CursorPagingMetadata


def audit_entry(row: audit_log.AuditEntry) -> AuditEntry:
    """Returns the row as the wire has it."""
    return {
        "id": row.id,
        "created_date": row.created_at,
        "actor": row.actor,
        "actor_id": row.actor_id,
        "actor_name": row.actor_name,
        "address": row.address,
        "verb": row.verb,
        "noun": row.noun,
        "subject_id": row.subject_id,
        "before": row.before,
        "after": row.after,
    }
