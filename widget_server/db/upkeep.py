"""The files of the embedded database: without remains of deleted data, and on the disk."""

from pathlib import Path

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


def rewrite() -> bool:
    """Rewrite the embedded database (VACUUM): no copy of deleted data is left in its file; True on PostgreSQL too.

    Returns False while the log still has earlier pages, because somebody reads them: `empty_log` removes it later.
    """
    if not on_sqlite():
        return True
    database.execute_sql("VACUUM")
    return empty_log()


def settle() -> None:
    """Wait until everything that this thread can read is durable; on PostgreSQL it always is. Raises NotDurable.

    For what is stored elsewhere and must not be ahead of the database after a power cut.
    """
    if on_sqlite():
        database.obj.settle()


def file_of_database() -> Path:
    """Returns the file of the embedded database. Raises ValueError on PostgreSQL."""
    if not on_sqlite():
        raise ValueError("PostgreSQL has no file of ours.")
    return Path(database.obj.database)
