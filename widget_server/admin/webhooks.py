"""Receivers of events: `/loyalty-webhooks/v1`, our addition to Wix's API (acceptance 63)."""

from typing import Literal, cast

from widget_server.admin.routes import MANAGE, READ, Service, naming
from widget_server.admin.wire.webhooks import (
    DeadLetterPaging,
    DeadLetters,
    Deliveries,
    DeliveryResponse,
    EndpointChange,
    EndpointResponse,
    EndpointsResponse,
    EventTypes,
    NewEndpoint,
    PublicKey,
    Replay,
    Replayed,
    dead_letter,
    delivery,
    endpoint,
)
from widget_server.delivery import deliveries, endpoints, outbox, payloads, signatures
from widget_server.delivery.endpoints import Endpoint
from widget_server.errors import NotFound, StaleRevision
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("webhooks", "/loyalty-webhooks/v1", "Receivers of events")
EDITABLE: tuple[Literal["url", "event_types", "description", "status"], ...] = (
    "url",
    "event_types",
    "description",
    "status",
)
DEAD_LETTERS_DEFAULT = 50


@service.route("POST", "/endpoints", MANAGE, takes=NewEndpoint, returns=EndpointResponse, keyed=False)
def create_endpoint(caller: Caller, body: NewEndpoint) -> EndpointResponse:
    """Create a receiver; its `secret` is shown only this once."""
    sent = body.endpoint
    with naming({}, under="endpoint"):
        row = endpoints.create(
            caller.shop.id,
            url=sent["url"],
            format=sent.get("format", "standard"),
            event_types=sent.get("event_types"),
            description=sent.get("description", ""),
        )
    return {"endpoint": endpoint(row, secret=True)}


@service.route("GET", "/endpoints", READ, returns=EndpointsResponse)
def list_endpoints(caller: Caller) -> EndpointsResponse:
    """List every receiver, with the state of its deliveries."""
    return {"endpoints": [endpoint(row) for row in endpoints.listed(caller.shop.id)]}


@service.route("GET", "/endpoints/<endpoint_id>", READ, returns=EndpointResponse, refuses=(NotFound,))
def get_endpoint(caller: Caller, endpoint_id: str) -> EndpointResponse:
    """Get one receiver."""
    return {"endpoint": endpoint(_need(caller, endpoint_id))}


@service.route(
    "PATCH",
    "/endpoints/<endpoint_id>",
    MANAGE,
    takes=EndpointChange,
    returns=EndpointResponse,
    refuses=(NotFound, StaleRevision),
)
def update_endpoint(caller: Caller, body: EndpointChange, endpoint_id: str) -> EndpointResponse:
    """Change the fields that are sent, by the revision that was read; a disabled receiver gets no events."""
    sent = body.endpoint
    facts = cast(endpoints.Facts, {name: sent[name] for name in EDITABLE if name in sent})
    with naming({}, under="endpoint"):
        row = endpoints.change(caller.shop.id, endpoint_id, revision=sent["revision"], **facts)
    return {"endpoint": endpoint(row)}


@service.route("DELETE", "/endpoints/<endpoint_id>", MANAGE, returns=Empty, refuses=(NotFound,))
def delete_endpoint(caller: Caller, endpoint_id: str) -> Empty:
    """Delete a receiver and all messages that wait for it."""
    outbox.remove(caller.shop.id, endpoint_id)
    return {}


@service.route(
    "POST",
    "/endpoints/<endpoint_id>/rotate-secret",
    MANAGE,
    returns=EndpointResponse,
    keyed=False,
    refuses=(NotFound,),
)
def rotate_secret(caller: Caller, endpoint_id: str) -> EndpointResponse:
    """Make a new `secret`, shown only this once; for one day the old one signs as well."""
    return {"endpoint": endpoint(endpoints.rotate_secret(caller.shop.id, endpoint_id), secret=True)}


@service.route(
    "GET",
    "/endpoints/<endpoint_id>/dead-letters",
    READ,
    query=DeadLetterPaging,
    returns=DeadLetters,
    refuses=(NotFound,),
)
def list_dead_letters(caller: Caller, paging: DeadLetterPaging, endpoint_id: str) -> DeadLetters:
    """List the messages that the receiver did not accept, newest first, with its last response to each."""
    _need(caller, endpoint_id)
    limit = paging.limit or DEAD_LETTERS_DEFAULT
    rows = outbox.dead_letters(caller.shop.id, endpoint_id, limit=limit, below=paging.below)
    return {"dead_letters": [dead_letter(row) for row in rows]}


@service.route(
    "GET",
    "/endpoints/<endpoint_id>/deliveries",
    READ,
    query=DeadLetterPaging,
    returns=Deliveries,
    refuses=(NotFound,),
)
def list_deliveries(caller: Caller, paging: DeadLetterPaging, endpoint_id: str) -> Deliveries:
    """List the messages of a receiver, newest first: those that wait, were accepted, or were given up."""
    _need(caller, endpoint_id)
    limit = paging.limit or deliveries.PAGE_SIZE
    rows = deliveries.listed(caller.shop.id, endpoint_id, below=paging.below, limit=limit)
    return {"deliveries": [delivery(row) for row in rows]}


@service.route("POST", "/endpoints/<endpoint_id>/test", MANAGE, returns=DeliveryResponse, refuses=(NotFound,))
def send_test(caller: Caller, endpoint_id: str) -> DeliveryResponse:
    """Send a receiver a message of the type `endpoint.test`, whatever types it wants."""
    with naming({"status": "endpoint.status"}):
        sent = deliveries.send_test(caller.shop.id, endpoint_id)
    return {"delivery": delivery(deliveries.Delivery(sent, None))}


@service.route("POST", "/endpoints/<endpoint_id>/replay", MANAGE, takes=Replay, returns=Replayed, refuses=(NotFound,))
def replay(caller: Caller, body: Replay, endpoint_id: str) -> Replayed:
    """Send events again, with the same event ids."""
    count = outbox.replay(caller.shop.id, endpoint_id, event_ids=body.event_ids, since=body.since, dead=bool(body.dead))
    return {"count": count}


@service.route("GET", "/event-types", READ, returns=EventTypes)
def list_event_types(caller: Caller) -> EventTypes:
    """List the event types that a receiver can subscribe to, by format."""
    return {"standard": payloads.types("standard"), "wix": payloads.types("wix")}


@service.route("GET", "/public-key", READ, returns=PublicKey)
def get_public_key(caller: Caller) -> PublicKey:
    """Get the public key with which receivers of the WIX format verify the shop's messages."""
    return {"public_key": signatures.public_key(signatures.key_of(caller.shop.id))}


@service.route("POST", "/public-key/rotate", MANAGE, returns=PublicKey)
def rotate_public_key(caller: Caller) -> PublicKey:
    """Make a new key pair; messages sent from now on are signed with it."""
    return {"public_key": signatures.public_key(signatures.rotate_key(caller.shop.id))}


def _need(caller: Caller, endpoint_id: str) -> Endpoint:
    return Endpoint.need(caller.shop, Endpoint.id == endpoint_id)
