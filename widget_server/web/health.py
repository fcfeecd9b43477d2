"""Liveness and readiness of the server, for monitoring."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from widget_server import clock, db, job_queue, migrate
from widget_server.errors import DatabaseState
from widget_server.json_types import Json
from widget_server.loyalty import books
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.program import shops

health = Blueprint("health", __name__)

STATES: dict[DatabaseState, str] = {
    "away": "the database does not answer",
    "locked": "the database is locked",
    "full": "the database is full",
    "read_only": "the database can be read only",
}


@health.get("/healthz")
def alive() -> ResponseReturnValue:
    """Report that the process is alive."""
    return {"status": "alive"}


@health.get("/readyz")
def ready() -> ResponseReturnValue:
    """Check database, migrations and a worker seen within a minute; 503 with the reason otherwise.

    The body also lists shops whose feed is not ok: their owners have to repair it, and it is no reason to take the
    server out of service (contracts §13). It also lists shops whose last audit found errors (contracts §15).
    """
    reason = _not_ready()
    if reason is not None:
        return {"status": "not ready", "reason": reason}, 503
    beside = {"feeds": _unwell_feeds(), "books": _unwell_books()}
    return {"status": "ready", **{name: found for name, found in beside.items() if found}}, 200


def _unwell_books() -> list[dict[str, Json]]:
    """Returns the shops, the times and the number of findings; details are in the log and in the admin API."""
    return [
        {"shopId": mark.shop_id, "checkedAt": clock.iso(mark.checked_at), "findings": mark.findings}
        for mark in books.unwell()
    ]


def _unwell_feeds() -> list[dict[str, Json]]:
    """Returns only ids, statuses and times, because this needs no key."""
    found: list[dict[str, Json]] = []
    for feed in feeds.unwell():
        heard_at = shops.by_id(feed.shop_id).last_news_at
        times = {"checkedAt": feed.checked_at, "lastNewsAt": heard_at}
        written = {name: clock.iso(moment) if moment else None for name, moment in times.items()}
        found.append({"shopId": feed.shop_id, "status": feed.status, **written})
    return found


def _not_ready() -> str | None:
    state = db.trouble()
    if state is not None:
        return STATES[state]
    waiting = migrate.pending()
    if waiting:
        return f"migrations are pending: {', '.join(waiting)}"
    if not job_queue.worker_seen():
        return "no worker was seen within a minute"
    return None
