"""Entries of the audit log on the wire: ours beside Wix's (contracts §16)."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.audit_log import AuditEntry
from widget_server.web.wire import Choice, Wire, WireTime, guid, page_of

ACTORS = {name: name.lower() for name in ("API_KEY", "STAFF", "SHELL", "CUSTOMER", "SERVER")}


class AuditEntryWire(Wire):
    """One act: who did it, from which address, what was done to what, and the fields that were different afterwards."""

    id = guid()
    created_date = WireTime()
    actor = Choice(ACTORS)
    actor_id, actor_name, address = fields.String(), fields.String(), fields.String()
    verb, noun, subject_id = fields.String(), fields.String(), fields.String()
    before, after = fields.Dict(keys=fields.String()), fields.Dict(keys=fields.String())


AuditPage = page_of("entries", AuditEntryWire)


def audit_entry(row: AuditEntry) -> dict[str, Any]:
    """The row as AuditEntryWire writes it."""
    names = ("id", "actor", "actor_id", "actor_name", "address", "verb", "noun", "subject_id", "before", "after")
    return {**{name: getattr(row, name) for name in names}, "created_date": row.created_at}
