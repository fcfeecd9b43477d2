"""Request keys: the caller's own id for a request. The same key gets the same response (acceptance 62).

The first response is stored with the key in the transaction that did the work; a refused request stores no key,
so it may be tried again.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import peewee

from widget_server import clock
from widget_server.db import (
    Json,
    Row,
    Selection,
    Text,
    UtcDateTime,
    among,
    atomic,
    canonical,
    insert_fresh,
    insert_once,
    lock_name,
    statement,
)
from widget_server.errors import BadRequest, DatabaseAway, KeyReused
from widget_server.journal import Journaled
from widget_server.loyalty.people.forgetting import Forgotten

KEY_LENGTH_MAX = 256

Result = TypeVar("Result")


class Request(Journaled):
    """A completed request and its response. Erasure of a customer may set `answer` to null."""

    source = Text()
    key = Text()
    fingerprint = Text()
    answer = Json(null=True)
    customer_id = Text(null=True, index=True)
    created_at = UtcDateTime()

    class Meta:
        primary_key = peewee.CompositeKey("shop_id", "source", "key")


def run_once(
    shop_id: str, source: str, key: str, request: object, act: Callable[[], Result], *, customer_id: str | None = None
) -> Result:
    """Run `act` in a transaction, or return what it returned the first time `key` came through `source`.

    `request` is the JSON value that identifies the content of the request; `act` returns a JSON value, which is stored.
    Raises KeyReused when the key was used for another request, BadRequest when it is empty or longer than 256
    characters, DatabaseAway when another server stored the key meanwhile, and whatever `act` raises.
    """
    if not 0 < len(key) <= KEY_LENGTH_MAX:
        raise BadRequest("A request key has 1 to 256 characters.", field="Idempotency-Key")
    fingerprint = _fingerprint(request)
    names = {"shop_id": shop_id, "source": source, "key": key}
    with atomic():
        lock_name("request", shop_id, source, key)  # the same request waits for its first response
        earlier = _earlier.first(shop_id, source, key)
        if earlier is None:
            result = act()
            facts = {"fingerprint": fingerprint, "answer": result, "customer_id": customer_id}
            if not insert_once(Request, {**names, **facts, "created_at": clock.now()}):
                raise DatabaseAway("locked")  # an earlier version of this program, which has no lock, was faster
            return result
        if earlier.fingerprint != fingerprint:
            raise KeyReused()
        kept: Result = earlier.answer
        return kept


@statement
def _earlier(shop_id: str, source: str, key: str) -> Selection[Request]:
    return Request.of(shop_id).where(Request.source == source, Request.key == key).limit(1)


def take_many(shop_id: str, source: str, keys: Mapping[str, str]) -> set[str]:
    """Store these keys, each with its customer, as completed requests that are known by their key alone, as
    `run_once(..., key, key, ...)` does; returns those that are new.
    """
    facts = {"shop_id": shop_id, "source": source, "answer": None, "created_at": clock.now()}
    rows = [
        Row(key=key, fingerprint=_fingerprint(key), customer_id=customer_id, **facts)
        for key, customer_id in sorted(keys.items())  # in one order, so that two workers never deadlock
    ]
    return insert_fresh(Request, rows, "key")


def _fingerprint(request: object) -> str:
    return hashlib.sha256(canonical(request).encode()).hexdigest()


def known(shop_id: str, source: str, keys: Iterable[str]) -> set[str]:
    """Returns those of the keys that came through `source` before."""
    found = Request.of(shop_id, Request.key).where(Request.source == source, among(Request.key, keys))
    return {key for (key,) in found.tuples()}


def forget(person: Forgotten) -> None:
    """Empty the stored responses to this person and those about them. The requests still count as done."""
    named = Request.customer_id.in_(person.ids)
    for word in person.words:
        named |= Request.answer.cast("TEXT").contains(word)
    Request.change(person.shop_id, {Request.answer: None}, named)
