"""Opens and closes the database connection of the current thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from widget_server.db.engines import database


def connect() -> None:
    """Make sure this thread has a live connection; it is kept open between requests."""
    if database.is_closed():
        database.connect()
    elif not database.in_transaction() and not database.is_connection_usable():
        database.close()
        database.connect()


def disconnect() -> None:
    """Close this thread's connection (before a fork, after a failure)."""
    if not database.is_closed():
        database.close()


@contextmanager
def connected() -> Iterator[None]:
    """Use this thread's connection; a thread without one opens it for the block only."""
    if not database.is_closed():
        yield
        return
    connect()
    try:
        yield
    finally:
        disconnect()
