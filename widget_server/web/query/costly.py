"""Runs a caller's query in its lane, within the time limit of a statement."""

from collections.abc import Iterator
from contextlib import contextmanager

from peewee import OperationalError

from widget_server import work
from widget_server.errors import QueryTooSlow
from widget_server.lanes import QUERIES, RETRY_AFTER_SECONDS


@contextmanager
def costly() -> Iterator[None]:
    """Run the statements of one query. Raises Busy when the lane is full, QueryTooSlow when one took too long."""
    with QUERIES.place():
        try:
            yield
        except OperationalError as failure:
            if not work.was_ended(failure):
                raise
            raise QueryTooSlow(retry_after_seconds=RETRY_AFTER_SECONDS) from failure
