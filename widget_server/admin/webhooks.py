"""Receivers of events: `/loyalty-webhooks/v1`, ours beside Wix's (acceptance 63)."""

from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire import webhooks as shapes
from widget_server.delivery import endpoints, outbox, payloads, signatures
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import Message
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("webhooks", "/loyalty-webhooks/v1", "Receivers of events")
EDITABLE = ("url", "event_types", "description", "status")


@service.route("POST", "/endpoints", MANAGE, takes=shapes.EndpointBody, returns=shapes.EndpointBody, keyed=False)
def create_endpoint(caller: Caller, body: Any) -> dict[str, Any]:
    """A new receiver; its `secret` is told this once."""
    sent = {name: value for name, value in body["endpoint"].items() if name not in ("status", "revision")}
    with naming({}, under="endpoint"):
        return {"endpoint": endpoint(endpoints.create(caller.shop.id, **sent), secret=True)}


@service.route("GET", "/endpoints", READ, returns=shapes.Endpoints)
def list_endpoints(caller: Caller) -> dict[str, Any]:
    """Every receiver, and how it fares."""
    return {"endpoints": [endpoint(row) for row in endpoints.listed(caller.shop.id)]}


@service.route("GET", "/endpoints/<endpoint_id>", READ, returns=shapes.EndpointBody)
def get_endpoint(caller: Caller, endpoint_id: str) -> dict[str, Any]:
    """One receiver."""
    return {"endpoint": endpoint(_need(caller, endpoint_id))}


@service.route("PATCH", "/endpoints/<endpoint_id>", MANAGE, takes=shapes.EndpointChange, returns=shapes.EndpointBody)
def update_endpoint(caller: Caller, body: Any, endpoint_id: str) -> dict[str, Any]:
    """Change what is sent, by the revision that was read; a disabled one gets nothing more."""
    sent = body["endpoint"]
    facts = {name: sent[name] for name in EDITABLE if name in sent}
    with naming({}, under="endpoint"):
        row = endpoints.change(caller.shop.id, endpoint_id, revision=sent["revision"], **facts)
    return {"endpoint": endpoint(row)}


@service.route("DELETE", "/endpoints/<endpoint_id>", MANAGE, returns=Empty)
def delete_endpoint(caller: Caller, endpoint_id: str) -> dict[str, Any]:
    """Take a receiver away, with all that waits for it."""
    outbox.remove(caller.shop.id, endpoint_id)
    return {}


@service.route("POST", "/endpoints/<endpoint_id>/rotate-secret", MANAGE, returns=shapes.EndpointBody, keyed=False)
def rotate_secret(caller: Caller, endpoint_id: str) -> dict[str, Any]:
    """A fresh `secret`, told this once; the old one signs too for a day."""
    return {"endpoint": endpoint(endpoints.rotate_secret(caller.shop.id, endpoint_id), secret=True)}


@service.route(
    "GET",
    "/endpoints/<endpoint_id>/dead-letters",
    READ,
    query=shapes.DeadLettersAsked,
    returns=shapes.DeadLetters,
)
def list_dead_letters(caller: Caller, body: Any, endpoint_id: str) -> dict[str, Any]:
    """What the receiver did not take, newest first, each with its last answer."""
    _need(caller, endpoint_id)
    rows = outbox.dead_letters(caller.shop.id, endpoint_id, **body)
    return {"dead_letters": [dead_letter(row) for row in rows]}


@service.route("POST", "/endpoints/<endpoint_id>/replay", MANAGE, takes=shapes.Replay, returns=shapes.Replayed)
def replay(caller: Caller, body: Any, endpoint_id: str) -> dict[str, Any]:
    """Send again; the ids of the events stay."""
    return {"count": outbox.replay(caller.shop.id, endpoint_id, **body)}


@service.route("GET", "/event-types", READ, returns=shapes.EventTypes)
def list_event_types(caller: Caller) -> dict[str, Any]:
    """What receivers may want to hear."""
    return {name: payloads.types(name) for name in payloads.RENDERERS}


@service.route("GET", "/public-key", READ, returns=shapes.PublicKey)
def get_public_key(caller: Caller) -> dict[str, Any]:
    """By which receivers of the WIX format know the shop's messages."""
    return {"public_key": signatures.public_key(signatures.key_of(caller.shop.id))}


@service.route("POST", "/public-key/rotate", MANAGE, returns=shapes.PublicKey)
def rotate_public_key(caller: Caller) -> dict[str, Any]:
    """A fresh key: what is sent from now on is signed with it."""
    return {"public_key": signatures.public_key(signatures.rotate_key(caller.shop.id))}


def _need(caller: Caller, endpoint_id: str) -> Endpoint:
    return Endpoint.need(caller.shop, Endpoint.id == endpoint_id)


def endpoint(row: Endpoint, *, secret: bool = False) -> dict[str, Any]:
    """The row as EndpointWire writes it."""
    return {
        "id": row.id,
        "url": row.url,
        "format": row.format,
        "event_types": row.event_types,
        "description": row.description,
        "status": row.status,
        "secret": row.secret if secret else None,
        "last_status": row.last_status,
        "last_answer_date": row.last_answer_at,
        "last_success_date": row.last_success_at,
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def dead_letter(row: Message) -> dict[str, Any]:
    """The row as DeadLetter writes it."""
    return {
        "id": str(row.number),
        "event_id": row.event_id,
        "event_type": row.type,
        "tries": row.tries,
        "answer_status": row.answer_status,
        "answer": row.answer,
        "created_date": row.created_at,
        "ended_date": row.ended_at,
    }
