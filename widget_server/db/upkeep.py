"""What the embedded database's files hold of what was deleted."""

from widget_server.db.engines import database, on_sqlite


def empty_log() -> bool:
    """Write the write-ahead log into the database file and cut it to nothing; True when that is done.

    Until then it holds earlier versions of pages, with what was deleted from them. False while a reader or another
    program needs it. True on PostgreSQL, whose log is its own.
    """
    if not on_sqlite():
        return True
    with database.obj.turn():
        busy, _, _ = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def rewrite() -> None:
    """Write the embedded database anew, so that nothing is left of what was deleted before SECURE_DELETE was on."""
    if on_sqlite():
        database.execute_sql("VACUUM")
        empty_log()
