"""Deliveries, as the shop's staff see them: the messages of one receiver with its responses, and test messages."""

from dataclasses import dataclass
from datetime import datetime

from widget_server import clock
from widget_server.db import atomic, canonical, new_id
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import DEAD, Lane, Message
from widget_server.errors import BadRequest
from widget_server.loyalty import audit_log

PAGE_SIZE = 50
TEST = "test"  # the lane of test messages: they do not wait for others
TEST_TYPE = "endpoint.test"


@dataclass(frozen=True)
class Delivery:
    """A message for a receiver. `next_at` is when it is sent (again); None when it is not, or as soon as possible."""

    message: Message
    next_at: datetime | None


def listed(
    shop_id: str, endpoint_id: str, *, failed: bool = False, below: int | None = None, limit: int = PAGE_SIZE
) -> list[Delivery]:
    """Returns messages for this receiver, newest first; `failed`: only those that were given up.

    `below` is the number of the last one of the page before.
    """
    rows = Message.of(shop_id).where(Message.endpoint_id == endpoint_id)
    if failed:
        rows = rows.where(DEAD)
    if below is not None:
        rows = rows.where(Message.number < below)
    found = list(rows.order_by(Message.number.desc()).limit(limit))
    waiting = {row.subject for row in found if row.status == "waiting"}
    lanes = Lane.of(shop_id).where(Lane.endpoint_id == endpoint_id, Lane.subject.in_(waiting)) if waiting else []
    due = {lane.subject: lane.next_at for lane in lanes}
    return [Delivery(row, due.get(row.subject) if row.status == "waiting" else None) for row in found]


def send_test(shop_id: str, endpoint_id: str) -> Message:
    """Queue a message of the type `endpoint.test` for one receiver, whatever types it wants; returns it.

    Raises NotFound, and BadRequest for a disabled receiver, which gets nothing.
    """
    with atomic():
        endpoint = Endpoint.need(shop_id, Endpoint.id == endpoint_id)
        if endpoint.status != "active":
            raise BadRequest("This receiver is disabled: it gets nothing, not even a test.", field="status")
        moment, event_id = clock.now(), new_id()
        number = Message.insert(
            shop_id=shop_id,
            event_id=event_id,
            endpoint_id=endpoint_id,
            subject=TEST,
            type=TEST_TYPE,
            payload=canonical(_payload(endpoint, event_id, moment)),
            created_at=moment,
        ).execute()
        audit_log.note(shop_id, "test", "endpoint", endpoint_id)
        return Message.need(shop_id, Message.number == number)


def _payload(endpoint: Endpoint, event_id: str, moment: datetime) -> dict[str, object]:
    if endpoint.format == "standard":
        return {"type": TEST_TYPE, "timestamp": clock.iso(moment), "data": {"endpoint_id": endpoint.id}}
    event = {"id": event_id, "eventTime": clock.iso(moment), "triggeredByAnonymizeRequest": False}
    event |= {"entityFqdn": TEST_TYPE, "slug": "test", "entityId": endpoint.id, "actionEvent": {"body": {}}}
    return {"event": event, "identity": {"identityType": "APP", "appId": endpoint.shop_id}}
