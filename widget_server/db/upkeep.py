"""Removes the remains of deleted data from the files of the embedded database."""

from widget_server.db.engines import database, on_sqlite


def empty_log() -> bool:
    """Write the write-ahead log into the database file and truncate it; True when that is done.

    Until then it contains earlier versions of pages, with deleted data. False while a reader or another program needs
    the log. True on PostgreSQL, which manages its own log.
    """
    if not on_sqlite():
        return True
    with database.obj.turn():
        busy, _, _ = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def rewrite() -> None:
    """Rewrite the embedded database (VACUUM), to remove data that was deleted before SECURE_DELETE was on."""
    if on_sqlite():
        database.execute_sql("VACUUM")
        empty_log()
