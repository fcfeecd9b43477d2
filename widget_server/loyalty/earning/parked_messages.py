"""Parked messages for staff: what could not be booked, and trying all of it again (stores/inbox.py)."""

from widget_server import job_queue, keyset
from widget_server.db import atomic
from widget_server.job_queue import JobName
from widget_server.keyset import Page
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.program.shops import Shop

STATUSES = ("waiting", "booked", "dismissed")
CHUNK = 200


def page(shop: Shop, *, status: str | None = None, after: str | None = None, limit: int = keyset.PAGE) -> Page[Parked]:
    """Returns a page of messages, newest first. Raises BadRequest (after) for a text that is no cursor."""
    query = Parked.of(shop)
    if status:
        query = query.where(Parked.status == status)
    return keyset.page(query, Parked.received_at, Parked.id, after=after, limit=limit)


def waiting(shop: Shop) -> int:
    """Returns how many messages wait."""
    return int(Parked.of(shop).where(Parked.status == "waiting").count())


def waiting_after(shop: Shop, last: str) -> list[str]:
    """Returns the next CHUNK ids of waiting messages after the id `last`."""
    rows = Parked.of(shop, Parked.id).where(Parked.id > last, Parked.status == "waiting")
    return [row.id for row in rows.order_by(Parked.id).limit(CHUNK)]


def retry_all(shop: Shop) -> int:
    """Enqueue another try of every waiting message; returns how many there are."""
    with atomic():
        count = waiting(shop)
        if count:
            job_queue.enqueue_once(JobName.RETRY_ALL_PARKED, {"shop_id": shop.id})
        return count
