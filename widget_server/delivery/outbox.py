"""Outbox: events as messages that wait for the shop's receivers (acceptance 63).

A message is written in the transaction of its event, with the text of that moment, and arrives at least once. Messages
about one customer, or about the program as a whole, form one lane: messages of a lane are sent one after the other,
lanes do not wait for each other. `senders.py` takes lanes that are due, with a lease, and records the results.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any, NamedTuple

from peewee import SQL, Check, CompositeKey, chunked

from widget_server import clock, config
from widget_server.db import (
    Int,
    Selection,
    Serial,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    canonical,
    lock_free_rows,
    lock_rows,
    new_id,
    statement,
)
from widget_server.delivery import payloads, signatures
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.signatures import ShopKey
from widget_server.delivery.webhooks import Answer
from widget_server.errors import BadRequest
from widget_server.events import Event
from widget_server.loyalty import audit_log
from widget_server.loyalty.people.forgetting import Forgotten

PROGRAM = "program"  # the lane of messages about no customer
# after each try except the last: twelve tries in two and a half days
PAUSES_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400)
TRIES_MAX = len(PAUSES_SECONDS) + 1
JITTER = 0.2
GIVE_UP_DAYS = 7
DEAD_DAYS = 90
INSERT_MAX = 1000
SORT_MAX = 1000
LOAD_MAX = 20
TIDY_MAX = 1000


class Message(ShopTable):
    """One event for one receiver: new, waiting (in its lane), sent, or dead. `payload` is JSON as of the event."""

    number = Serial()
    event_id = Text()
    endpoint_id = Text()
    subject = Text()
    type = Text()
    payload = Text()
    status = Text(default="new")
    tries = Int(default=0)
    answer_status = Int(null=True)
    answer = Text(null=True)
    created_at = UtcDateTime()
    ended_at = UtcDateTime(null=True)

    class Meta:
        indexes = (
            *((("endpoint_id", "event_id"), True), (("endpoint_id", "number"), False)),
            *((("subject",), False), (("status", "ended_at"), False)),
        )
        constraints = [Check("status IN ('new', 'waiting', 'sent', 'dead')")]


# a partial index needs the same literal text in the query, not a bound value
NEW, WAITING, DEAD = SQL("status = 'new'"), SQL("status = 'waiting'"), SQL("status = 'dead'")
for name, condition, columns in (
    ("message_new", NEW, (Message.number,)),
    ("message_waiting", WAITING, (Message.endpoint_id, Message.subject, Message.number)),
    ("message_since", WAITING, (Message.created_at,)),
    ("message_dead", DEAD, (Message.endpoint_id, Message.number)),
):
    Message.add_index(Message.index(*columns, where=condition, name=name))


class Lane(ShopTable):
    """Messages that wait for one receiver and are sent in order. The row exists while a message waits.

    `next_at` is when it is due, or when its lease expires; `arrivals` increases whenever messages are added.
    """

    endpoint_id = Text()
    subject = Text()
    next_at = UtcDateTime()
    lease = Text(null=True)
    arrivals = Int(default=1)

    class Meta:
        primary_key = CompositeKey("endpoint_id", "subject")
        clustered = True
        indexes = ((("endpoint_id", "next_at"), False),)


@dataclass(frozen=True)
class LeasedBatch:
    """The work of one sender: a lane's first messages; `is_all` when there are no others."""

    lane: Lane
    lease: str
    endpoint: Endpoint
    key: ShopKey | None
    messages: list[Message]
    is_all: bool


class Outcome(NamedTuple):
    """The result of a load: one response for each message that was sent; only the last may be a failure."""

    load: LeasedBatch
    replies: list[Answer]


def publish(*happened: Event) -> None:
    """Store these events of one shop, in order, for each receiver that wants them, in the transaction of the events."""
    if not happened:
        return
    active = _active.rows(happened[0].shop_id)
    rows = [row for event in happened for row in _rows(event, active)] if active else []
    for some in chunked(rows, INSERT_MAX):
        Message.insert_many(some).execute()


@statement
def _active(shop_id: str) -> Selection[Endpoint]:
    columns = (Endpoint.id, Endpoint.format, Endpoint.event_types)
    return Endpoint.of(shop_id, *columns).where(Endpoint.status == "active")


def _rows(event: Event, active: list[Endpoint]) -> Iterator[dict[str, Any]]:
    for format, renderers in payloads.RENDERERS.items():
        for renderer in renderers.get(type(event), ()):
            wanting = [one for one in active if one.format == format and one.wants(renderer.type)]
            rendered = renderer.render(event) if wanting else None
            if rendered is not None:
                row = _row(event.shop_id, format, renderer.type, rendered)
                yield from ({**row, "endpoint_id": endpoint.id} for endpoint in wanting)


def _row(shop_id: str, format: str, type: str, rendered: payloads.EventPayload) -> dict[str, Any]:
    moment, event_id = clock.now(), new_id()
    if format == "standard":
        payload: dict[str, Any] = {"type": type, "timestamp": clock.iso(moment), "data": rendered.data}
    else:
        event = {"id": event_id, "eventTime": clock.iso(moment), "triggeredByAnonymizeRequest": False, **rendered.data}
        identity = rendered.identity or {"identityType": "APP", "appId": shop_id}
        payload = {"event": event, "identity": identity}
    return {
        "shop_id": shop_id,
        "event_id": event_id,
        "subject": rendered.customer_id or PROGRAM,
        "type": type,
        "payload": canonical(payload),
        "created_at": moment,
    }


def request_of(load: LeasedBatch, message: Message) -> tuple[dict[str, str], str]:
    """Returns the headers and the body of the request that sends `message` now."""
    if load.key is None:
        signed = signatures.standard_headers(load.endpoint.secrets, message.event_id, clock.now(), message.payload)
        return {"Content-Type": "application/json", **signed}, message.payload
    payload = json.loads(message.payload)
    event = {**payload["event"], "entityEventSequence": str(message.number)}
    body = signatures.wix_jwt(load.key, message.type, event, payload["identity"])
    return {"Content-Type": "text/plain"}, body


# Lanes: the work between two rounds of the senders


def sort_new() -> int:
    """Put new messages into their lanes, in order; returns how many there were.

    Messages enter lanes only here, so that a shop's own transactions never wait for each other on a lane.
    """
    fresh = Message.everywhere(Message.number, Message.shop_id, Message.endpoint_id, Message.subject)
    fresh = fresh.where(NEW).order_by(Message.number).limit(SORT_MAX)
    if not fresh.exists():
        return 0
    moment = clock.now()
    with atomic():
        rows = list(lock_rows(fresh).tuples())
        if not rows:
            return 0
        Message.update(status="waiting").where(Message.number.in_([row[0] for row in rows])).execute()
        lanes = sorted({row[1:] for row in rows}, key=lambda lane: lane[1:])
        names = ("shop_id", "endpoint_id", "subject")
        Lane.insert_many([{**dict(zip(names, lane, strict=True)), "next_at": moment} for lane in lanes]).on_conflict(
            conflict_target=[Lane.endpoint_id, Lane.subject], update={Lane.arrivals: Lane.arrivals + 1}
        ).execute()
    return len(rows)


def due() -> list[str]:
    """Returns the ids of active receivers with a lane that is due, the longest waiting first.

    One index lookup for each: a long queue for one of them does not slow down the others.
    """
    lanes = Lane.everywhere(Lane.next_at).where(Lane.endpoint_id == Endpoint.id, Lane.next_at <= clock.now())
    first = lanes.order_by(Lane.next_at).limit(1).alias("first")
    active = Endpoint.everywhere(Endpoint.id, first).where(Endpoint.status == "active")
    waiting = [(since, id) for id, since in active.tuples() if since is not None]
    return [id for _, id in sorted(waiting)]


def next_lanes(endpoint_id: str, limit: int) -> list[Lane]:
    """Returns the receiver's lanes that are due, locked; without those that another worker has locked."""
    lanes = Lane.everywhere().where(Lane.endpoint_id == endpoint_id, Lane.next_at <= clock.now())
    lanes = lanes.order_by(Lane.next_at).limit(limit)
    return list(lock_free_rows(lanes))


def take(lanes: Iterable[Lane], lease_seconds: float) -> list[LeasedBatch]:
    """Claim locked lanes for `lease_seconds`; returns each with its first messages."""
    lanes = list(lanes)
    ids = {lane.endpoint_id for lane in lanes}
    endpoints = {one.id: one for one in Endpoint.everywhere().where(Endpoint.id.in_(ids))} if ids else {}
    loads = []
    for lane in lanes:
        lease, until = new_id(), clock.now() + timedelta(seconds=lease_seconds)
        this = (Lane.endpoint_id == lane.endpoint_id, Lane.subject == lane.subject)
        Lane.change(lane.shop_id, {"lease": lease, "next_at": until}, *this)
        waiting = Message.of(lane.shop_id).where(
            Message.endpoint_id == lane.endpoint_id, Message.subject == lane.subject, WAITING
        )
        messages = list(waiting.order_by(Message.number).limit(LOAD_MAX + 1))
        endpoint = endpoints[lane.endpoint_id]
        key = ShopKey.need(lane.shop_id) if endpoint.format == "wix" else None
        loads.append(LeasedBatch(lane, lease, endpoint, key, messages[:LOAD_MAX], len(messages) <= LOAD_MAX))
    return loads


def settle(outcomes: list[Outcome]) -> None:
    """Record the results of the loads in one commit. Messages first, then lanes, then receivers, each in a fixed
    order, so that two workers never deadlock.
    """
    moment = clock.now()
    with atomic():
        _note_sent(outcomes, moment)
        pauses = [_note_last(one, moment) for one in outcomes]
        lanes = zip(outcomes, pauses, strict=True)
        for outcome, pause in sorted(lanes, key=lambda one: _name(one[0].load.lane)):
            _let_go(outcome, moment, pause)
        _note_receivers(outcomes, moment)


def _note_sent(outcomes: list[Outcome], moment: datetime) -> None:
    """Record delivered messages, even if another worker holds the lane by now."""
    sent = [
        (answer.status, message.number)
        for load, replies in outcomes
        for message, answer in zip(load.messages, replies, strict=False)
        if answer.is_delivered
    ]
    for status, pairs in groupby(sorted(sent, key=lambda pair: (pair[0] or 0, pair[1])), key=lambda pair: pair[0]):
        facts = {"status": "sent", "answer_status": status, "answer": None, "ended_at": moment}
        numbers = [number for _, number in pairs]
        Message.update({**facts, "tries": Message.tries + 1}).where(Message.number.in_(numbers)).execute()


def _note_last(outcome: Outcome, moment: datetime) -> float | None:
    """Record the failed try, if any; returns the seconds until that message is tried again, None when it is not.

    A worker that another one has overtaken records nothing.
    """
    load, replies = outcome
    if not replies or replies[-1].is_delivered:
        return None
    message, answer = load.messages[len(replies) - 1], replies[-1]
    tries = message.tries + 1
    is_dead = answer.is_refused_for_good or tries >= TRIES_MAX
    facts: dict[str, Any] = {"tries": tries, "answer_status": answer.status, "answer": answer.text}
    if is_dead:
        facts |= {"status": "dead", "ended_at": moment}
    seen = (Message.number == message.number, Message.tries == message.tries, Message.status == "waiting")
    Message.change(message.shop_id, facts, *seen)
    return None if is_dead else pause_seconds(tries, answer.wait_seconds)


def pause_seconds(tries: int, wished_seconds: float = 0) -> float:
    """Returns how long a message waits after this number of tries: 5 seconds to 24 hours, with random jitter.

    A receiver that requests a longer pause gets it, up to the longest of these pauses.
    """
    spread = 1 - JITTER * secrets.randbelow(1001) / 1000
    divisor = config.current().webhook_pause_divisor
    return max(PAUSES_SECONDS[tries - 1] * spread / divisor, min(wished_seconds, PAUSES_SECONDS[-1] / divisor))


def _let_go(outcome: Outcome, moment: datetime, pause: float | None) -> None:
    """Release the lane: delete it when no message waits, keep it when messages were added meanwhile."""
    load, replies = outcome
    lane, shop_id = load.lane, load.lane.shop_id
    mine = (Lane.endpoint_id == lane.endpoint_id, Lane.subject == lane.subject, Lane.lease == load.lease)
    is_empty = load.is_all and len(replies) == len(load.messages) and pause is None
    if is_empty and Lane.remove(shop_id, *mine, Lane.arrivals == lane.arrivals):
        return
    Lane.change(shop_id, {"lease": None, "next_at": moment + timedelta(seconds=pause or 0)}, *mine)


def _note_receivers(outcomes: list[Outcome], moment: datetime) -> None:
    facts: dict[str, dict[str, Any]] = {}
    for load, replies in outcomes:
        fact = facts.setdefault(load.endpoint.id, {})
        if replies:
            fact |= {"last_answer_at": moment, "last_status": replies[-1].status}
        if any(answer.is_delivered for answer in replies):
            fact["last_success_at"] = moment
    for endpoint_id in sorted(facts):
        if facts[endpoint_id]:
            Endpoint.update(facts[endpoint_id]).where(Endpoint.id == endpoint_id).execute()


def _name(lane: Lane) -> tuple[str, str]:
    return lane.endpoint_id, lane.subject


# Functions for the shop's staff


def dead_letters(shop_id: str, endpoint_id: str, *, limit: int = 50, below: int | None = None) -> list[Message]:
    """Returns messages this receiver did not accept, newest first, with the last response; `below` is for paging."""
    dead = Message.of(shop_id).where(Message.endpoint_id == endpoint_id, DEAD)
    if below is not None:
        dead = dead.where(Message.number < below)
    return list(dead.order_by(Message.number.desc()).limit(limit))


def replay(
    shop_id: str,
    endpoint_id: str,
    *,
    event_ids: list[str] | None = None,
    since: datetime | None = None,
    dead: bool = False,
) -> int:
    """Send again: these events, or all `since` then, or the dead ones; returns how many. Their ids stay the same.

    Waiting messages are not sent twice, but become due at once. Raises NotFound, and BadRequest unless exactly
    one choice is made.
    """
    choices = [
        Message.event_id.in_(event_ids) if event_ids is not None else None,
        Message.created_at >= since if since is not None else None,
        Message.status == "dead" if dead else None,
    ]
    chosen = [choice for choice in choices if choice is not None]
    if len(chosen) != 1:
        raise BadRequest("Choose one of: ids of events, a start time, or the dead letters.")
    again = {"status": "new", "tries": 0, "answer_status": None, "answer": None, "ended_at": None}
    with atomic():
        Endpoint.need(shop_id, Endpoint.id == endpoint_id)
        mine = (Message.endpoint_id == endpoint_id, Message.status.in_(("sent", "dead")))
        count = Message.change(shop_id, again, *mine, *chosen)
        pausing = (Lane.endpoint_id == endpoint_id, Lane.lease.is_null())
        list(lock_rows(Lane.of(shop_id).where(*pausing).order_by(Lane.subject)))
        Lane.change(shop_id, {"next_at": clock.now()}, *pausing)
        audit_log.note(shop_id, "replay", "endpoint", endpoint_id, after={"count": count})
        return count


def remove(shop_id: str, endpoint_id: str) -> None:
    """Delete a receiver with all its messages and lanes; raises NotFound."""
    with atomic():
        Endpoint.need(shop_id, Endpoint.id == endpoint_id)
        Message.remove(shop_id, Message.endpoint_id == endpoint_id)
        Lane.remove(shop_id, Lane.endpoint_id == endpoint_id)
        Endpoint.remove(shop_id, Endpoint.id == endpoint_id)


def forget(person: Forgotten) -> None:
    """Erase a customer (acceptance 58): delete messages with facts about them, sent or not; those with only ids stay.

    A receiver's response text may name the person, so it is deleted too.
    """
    theirs = Message.subject.in_(person.ids)
    named = [Message.payload.contains(word) for word in person.words]
    of_program = (Message.subject == PROGRAM) & reduce(or_, named) if named else SQL("1 = 0")
    wix = Endpoint.of(person.shop_id, Endpoint.id).where(Endpoint.format == "wix")
    Message.remove(person.shop_id, theirs | of_program, Message.endpoint_id.in_(wix))
    Message.change(person.shop_id, {"answer": None}, theirs)


# Clean-up by age


def tidy() -> int:
    """Delete old messages, give up those that waited too long; returns the number of rows, TIDY_MAX of a kind at most.

    The search for them holds no write lock.
    """
    moment, gone = clock.now(), Message.endpoint_id.not_in(Endpoint.everywhere(Endpoint.id))
    sent_before = moment - timedelta(days=config.current().webhook_days)
    dead_before = moment - timedelta(days=DEAD_DAYS)
    late = _numbers(WAITING, Message.created_at < moment - timedelta(days=GIVE_UP_DAYS))
    old = [
        *_numbers(Message.status == "sent", Message.ended_at < sent_before),
        *_numbers(Message.status == "dead", Message.ended_at < dead_before),
        *_numbers(WAITING, gone),  # they were added while their receiver was deleted
    ]
    given_up = {"status": "dead", "ended_at": moment, "answer": f"not delivered within {GIVE_UP_DAYS} days"}
    if late or old:
        with atomic():
            Message.update(given_up).where(Message.number.in_(late), WAITING).execute()
            Message.delete().where(Message.number.in_(old)).execute()
            Lane.delete().where(Lane.endpoint_id.not_in(Endpoint.everywhere(Endpoint.id))).execute()
    return len(late) + len(old)


def _numbers(*conditions: Any) -> list[int]:
    return [row.number for row in Message.everywhere(Message.number).where(*conditions).limit(TIDY_MAX)]
