"""The audit log: `/loyalty-audit/v1`, read-only (contracts §16)."""

from widget_server.admin.routes import MANAGE, Service
from widget_server.admin.wire.audit import ACTORS, AuditPage, audit_entry
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("audit", "/loyalty-audit/v1", "Audit log")

CREATED = Field(AuditEntry.created_at, "time")
ENTITY = Entity(
    "audit_entry",
    {
        "id": Field(AuditEntry.id, "id"),
        "createdDate": CREATED,
        "actor": Field(AuditEntry.actor, "enum", to_stored=word_of(ACTORS)),
        "actorId": Field(AuditEntry.actor_id, "text", nullable=True),
        "address": Field(AuditEntry.address, "text", nullable=True),
        "verb": Field(AuditEntry.verb, "text"),
        "noun": Field(AuditEntry.noun, "text"),
        "subjectId": Field(AuditEntry.subject_id, "text", nullable=True),
    },
    (Field(AuditEntry.id, "id"),),
    CREATED,
)


@service.route("POST", "/entries/query", MANAGE, takes=query.query_body(ENTITY), returns=AuditPage, keyed=False)
def query_entries(caller: Caller, body: query.QueryBody) -> AuditPage:
    """Query the audit log by filter and order: who did what, from where, and what it changed."""
    found = query.page(ENTITY, AuditEntry.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {"entries": [audit_entry(row) for row in found.rows], "paging_metadata": query.metadata(found)}
