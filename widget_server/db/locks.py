"""Locks that a transaction holds until its end. No-ops on SQLite, where the writer already has the only lock."""

from typing import TypeVar

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.values import canonical

Query = TypeVar("Query", bound=peewee.Select)


def lock_rows(query: Query) -> Query:
    """Lock the rows of `query` until the transaction ends; SQLite's writer already has the only lock.

    Keys never change, so rows that reference a locked one can still be written, without deadlocks.
    """
    return _locking(query, "FOR NO KEY UPDATE")


def share_rows(query: Query) -> Query:
    """Keep the rows of `query` as they are until the transaction ends; others may do the same at the same time."""
    return _locking(query, "FOR SHARE")


def lock_free_rows(query: Query) -> Query:
    """Like `lock_rows`, but skips rows that another transaction has locked."""
    return _locking(query, "FOR UPDATE SKIP LOCKED")


def _locking(query: Query, clause: str) -> Query:
    return query if on_sqlite() else query.for_update(clause)  # type: ignore[arg-type]  # the clause as text


def lock_name(*names: str) -> None:
    """Lock these names until the transaction ends, for an object that may have no row yet.

    SQLite's writer already has the only lock.
    """
    if not on_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (canonical(names),))
