"""Locks that a transaction holds until it ends; SQLite's writer has the only lock already."""

from typing import TypeVar

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.values import canonical

Query = TypeVar("Query", bound=peewee.Select)


def lock_rows(query: Query) -> Query:
    """Lock what `query` selects until the transaction ends; SQLite's writer already has the only lock.

    Keys never change: so rows that refer to a locked one may still be written, and nobody waits in a ring.
    """
    return _locking(query, "FOR NO KEY UPDATE")


def lock_free_rows(query: Query) -> Query:
    """Like `lock_rows`, without the rows that somebody else has locked: they are left out."""
    return _locking(query, "FOR UPDATE SKIP LOCKED")


def _locking(query: Query, clause: str) -> Query:
    return query if on_sqlite() else query.for_update(clause)  # type: ignore[arg-type]  # the clause as text


def lock_name(*names: str) -> None:
    """Lock what these names stand for until the transaction ends, though it may have no row yet.

    SQLite's writer already has the only lock.
    """
    if not on_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (canonical(names),))
