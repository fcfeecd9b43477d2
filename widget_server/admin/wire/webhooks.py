"""Receivers of events on the wire: ours beside Wix's, who registers them in a dashboard (wix-api §6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Required, TypedDict

from marshmallow import fields, validate

from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import Message
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import Choice, Flag, Guid, OneOf, Points, Revised, Revision, text

FORMATS = {"STANDARD": "standard", "WIX": "wix"}
STATUSES = {"ACTIVE": "active", "DISABLED": "disabled"}
ADDRESS = {"pattern": r"^https?://\S+$", "example": "https://shop.example/hooks"}


@together(Revised())
class WebhookEndpoint(TypedDict, total=False):
    """A receiver. `secret` is told when it is made, and when it is made anew; the WIX format has the shop's key."""

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
    """A receiver to be."""

    endpoint: WebhookEndpoint


@dataclass(frozen=True)
class EndpointChange:
    """What changes of a receiver."""

    endpoint: Annotated[WebhookEndpoint, Partial]


class EndpointResponse(TypedDict):
    """One receiver."""

    endpoint: WebhookEndpoint


class EndpointsResponse(TypedDict):
    """Every receiver of the shop, oldest first."""

    endpoints: list[WebhookEndpoint]


class DeadLetter(TypedDict, total=False):
    """A message that a receiver did not take, with its last answer."""

    id: str
    event_id: Guid
    event_type: str
    tries: int
    answer_status: int | None
    answer: str | None
    created_date: datetime
    ended_date: datetime | None


class DeadLetters(TypedDict):
    """Newest first; `below` the last id is the next page."""

    dead_letters: list[DeadLetter]


@dataclass(frozen=True)
class DeadLetterPaging:
    """Where to go on."""

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
    """How many messages go out again."""

    count: Annotated[int, Points()]


class EventTypes(TypedDict):
    """The types that receivers of each format may want."""

    standard: list[str]
    wix: list[str]


class PublicKey(TypedDict):
    """By which receivers of the WIX format know the shop's messages: SPKI PEM, as the SDK takes it."""

    public_key: str


def endpoint(row: Endpoint, *, secret: bool = False) -> WebhookEndpoint:
    """The row as WebhookEndpoint writes it; with its secret when that is to be told."""
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
