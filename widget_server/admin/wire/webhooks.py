"""Receivers of events on the wire: our addition to Wix's API, where a dashboard registers them (wix-api §6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Required, TypedDict

from marshmallow import fields, validate

from widget_server.delivery import deliveries
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import Message
from widget_server.web.texts import text
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import Choice, Flag, Guid, OneOf, Points, Revised, Revision

FORMATS = {"STANDARD": "standard", "WIX": "wix"}
DELIVERY_STATUSES = {name: name.lower() for name in ("NEW", "WAITING", "SENT", "DEAD")}
STATUSES = {"ACTIVE": "active", "DISABLED": "disabled"}
ADDRESS = {"pattern": r"^https?://\S+$", "example": "https://shop.example/hooks"}


@together(Revised())
class WebhookEndpoint(TypedDict, total=False):
    """A receiver. `secret` is shown when created and when rotated; the WIX format uses the shop's key."""

    id: Annotated[Guid, ReadOnly]
    url: Required[Annotated[str, text(1, 2000, metadata=ADDRESS)]]
    format: Annotated[str, Choice(FORMATS)]
    event_types: Annotated[list[str], validate.Length(min=1, max=100)]
    description: Annotated[str, text(0, 500)]
    status: Annotated[str, Choice(STATUSES)]
    secret: Annotated[str | None, ReadOnly]
    last_status: Annotated[int | None, ReadOnly]
    last_answer_date: Annotated[datetime | None, ReadOnly]
    last_success_date: Annotated[datetime | None, ReadOnly]
    revision: Annotated[int, Revision()]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewEndpoint:
    """The receiver to create."""

    endpoint: WebhookEndpoint


@dataclass(frozen=True)
class EndpointChange:
    """The fields of a receiver to change."""

    endpoint: Annotated[WebhookEndpoint, Partial]


class EndpointResponse(TypedDict):
    """One receiver."""

    endpoint: WebhookEndpoint


class EndpointsResponse(TypedDict):
    """Every receiver of the shop, oldest first."""

    endpoints: list[WebhookEndpoint]


class DeadLetter(TypedDict, total=False):
    """A message that a receiver did not accept, with its last response in `answer`."""

    id: str
    event_id: Guid
    event_type: str
    tries: int
    answer_status: int | None
    answer: str | None
    created_date: datetime
    ended_date: datetime | None


class DeadLetters(TypedDict):
    """Dead letters, newest first; the next page is the one with `below` = the last id."""

    dead_letters: list[DeadLetter]


class Delivery(DeadLetter, total=False):
    """A message for a receiver, with its last response. `nextDate`: when it is sent again, where that is known."""

    status: Annotated[str, Choice(DELIVERY_STATUSES)]
    next_date: datetime | None


class Deliveries(TypedDict):
    """Messages, newest first; the next page is the one with `below` = the last id."""

    deliveries: list[Delivery]


class DeliveryResponse(TypedDict):
    """One message."""

    delivery: Delivery


@dataclass(frozen=True)
class DeadLetterPaging:
    """The id below which the page begins, and its length."""

    below: Annotated[int | None, fields.Integer(validate=validate.Range(min=0))] = None
    limit: Annotated[int | None, fields.Integer(validate=validate.Range(min=1, max=100))] = None


@together(OneOf(("event_ids", "since", "dead")))
@dataclass(frozen=True)
class Replay:
    """What to send again: these events, all since a time, or the dead ones; one of the three."""

    event_ids: Annotated[list[Guid] | None, validate.Length(min=1, max=1000)] = None
    since: datetime | None = None
    dead: Annotated[bool | None, Flag(validate=validate.Equal(True), metadata={"enum": [True]})] = None


class Replayed(TypedDict):
    """The number of messages that are sent again."""

    count: Annotated[int, Points()]


class EventTypes(TypedDict):
    """The event types to which receivers of each format can subscribe."""

    standard: list[str]
    wix: list[str]


class PublicKey(TypedDict):
    """The key with which receivers of the WIX format verify messages: SPKI PEM, as the SDK takes it."""

    public_key: str


def endpoint(row: Endpoint, *, secret: bool = False) -> WebhookEndpoint:
    """Returns the row in the shape of WebhookEndpoint, with its secret only if requested."""
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


def dead_letter(row: Message) -> DeadLetter:
    """Returns the row in the shape of DeadLetter."""
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


def delivery(one: deliveries.Delivery) -> Delivery:
    """Returns a message in the shape of Delivery."""
    return {**dead_letter(one.message), "status": one.message.status, "next_date": one.next_at}
