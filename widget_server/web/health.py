"""Is the server alive, and is it ready: for whoever watches over it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from widget_server import db, queue, schema

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "alive"}


@health.get("/readyz")
def ready() -> ResponseReturnValue:
    """Database, migrations and a worker seen within a minute; 503 with the reason otherwise."""
    reason = _not_ready()
    return ({"status": "ready"}, 200) if reason is None else ({"status": "not ready", "reason": reason}, 503)


def _not_ready() -> str | None:
    try:
        db.connect()
        db.database.execute_sql("SELECT 1")
        waiting = schema.pending()
    except Exception:
        db.disconnect()
        return "the database does not answer"
    if waiting:
        return f"migrations are pending: {', '.join(waiting)}"
    if not queue.worker_seen():
        return "no worker was seen within a minute"
    return None
