"""The two databases: one connection per thread, settings for durable commits, and ordered writers.

On SQLite each writer waits in a queue first (write_queue.py), and for the sync of its commit last (durability.py).
"""

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import cysqlite
import peewee
from peewee import DatabaseProxy
from playhouse.cysqlite_ext import CySqliteDatabase

from widget_server import database_errors, durability, write_queue
from widget_server.durability import Durability
from widget_server.work import Watched
from widget_server.write_queue import Place, TurnNotReached, WriteQueue

SQLITE_FIXED = (3, 51, 3)  # earlier versions can lose commits in WAL mode, except two back-ports
SQLITE_FIXED_ALSO = ((3, 44, 6), (3, 50, 7))
PATIENCE_SECONDS = 10.0  # how long a writer waits for its turn, and for the lock
BUSY_TIMEOUT_MS = 1_000  # per try for SQLite's own lock; only other programs can hold it at our turn
LOCK_TIMEOUT_MS = 10_000
READ_ONLY = "deferred"  # the lock of a transaction that never writes
CACHE_KB = 16_000  # of one connection; a web process has one for each thread, and less for each (app.py)
LOG_PAGES = 4_000  # 16 MB, then it is written back; a transaction of an import changes up to 1,000
LOG_PAGES_MAX = 4 * LOG_PAGES  # then SQLite writes it back in the next commit, which holds its place in the queue
SECURE_DELETE = 1  # overwrite deleted data with zeros, so that no file contains it (acceptance 58)
WRITE_BACK = "PRAGMA wal_checkpoint(PASSIVE)"
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|REINDEX|ANALYZE|VACUUM\s*$)", re.IGNORECASE)

APPLICATION = "loyalty-widget"  # the name of our connections in PostgreSQL

database = DatabaseProxy()
log = logging.getLogger(__name__)

_OUR_TYPES_SQLITE = {
    "LW_TEXT": "TEXT",
    "LW_INT": "INTEGER",
    "LW_TIME": "TEXT",
    "LW_MONEY": "TEXT",
    "LW_BOOL": "INTEGER",
    "LW_BYTES": "BLOB",
}
_OUR_TYPES_POSTGRES = {
    "LW_TEXT": "TEXT",
    "LW_INT": "BIGINT",
    "LW_TIME": "TIMESTAMPTZ",
    "LW_MONEY": "NUMERIC(20, 4)",
    "LW_BOOL": "BOOLEAN",
    "LW_BYTES": "BYTEA",
}


class Cursor(Protocol):
    """The result of a statement in both drivers: rows as tuples. Column types are unknown, hence Any."""

    def fetchone(self) -> Any:
        """Returns the next row; None when there is none."""

    def fetchall(self) -> list[Any]:
        """Returns all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class _Here(threading.local):
    """What this thread knows of its connection: its place in the queue, and what is durable."""

    place: Place | None = None
    pages = 0  # written by the connection before the transaction
    settled: object = None  # the connection, and its version of the data that is known to be durable


class Sqlite(Watched, CySqliteDatabase):
    """An SQLite file: WAL, writers in order of arrival, and each commit durable before it is acknowledged.

    A commit leaves the queue before it waits for the disk, so that writers do not wait for the syncs of others.
    """

    field_types = {**CySqliteDatabase.field_types, **_OUR_TYPES_SQLITE}

    def __init__(self, path: Path, *, durable: bool = True, **options: Any) -> None:
        super().__init__(str(path), **options)
        self.writers: WriteQueue = write_queue.of(path.resolve())
        self.durability: Durability | None = durability.of(path.resolve()) if durable else None
        self._here = _Here()

    def _connect(self) -> Any:
        """Open a connection on which a statement keeps its plan whatever its values are.

        Without this, SQLite plans each statement anew whenever it is given other values, if its tables have
        statistics: that took two to five times as long as to run it.
        """
        connection: Any = super()._connect()  # type: ignore[misc]  # peewee's types leave it out
        connection.db_config(cysqlite.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # type: ignore[attr-defined]
        return connection

    def begin(self, lock_type: str | None = None, *, patience_seconds: float | None = None) -> None:
        """Wait for this thread's turn and take the write lock, within `patience_seconds` (default: PATIENCE_SECONDS).

        A transaction of READ_ONLY takes no lock. Raises TurnNotReached, or SQLite's own error while another program
        holds the lock.
        """
        if lock_type == READ_ONLY:
            super().begin(lock_type)
            return
        patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        until = time.monotonic() + patience_seconds
        self._here.place = self.writers.enter(patience_seconds)
        try:
            while not self._locks(lock_type, until):
                pass
        except BaseException:
            self._leave()
            raise
        self._here.pages = self._written()

    def commit(self) -> None:
        """Commit, leave the queue for the next writer, and wait until the commit is durable.

        Raises NotDurable when it is applied and its sync failed.
        """
        if self._here.place is None or self.durability is None:
            super().commit()
            self._leave()
            return
        self.durability.attend()
        super().commit()
        self._leave()
        self._settle_if_new()

    def rollback(self) -> None:
        """Roll back, and leave the queue for the next writer even if that fails. Does nothing after a commit."""
        try:
            if self.is_closed() or self._driver().in_transaction:
                super().rollback()
        finally:
            self._leave()

    def execute_sql(self, sql: str, params: Sequence[object] | None = None) -> Cursor:
        """Run a statement; a write outside a transaction waits for its turn too."""
        if not self.in_transaction() and WRITES.match(sql):
            with self.turn():
                return self._execute(sql, params)
        return self._execute(sql, params)

    def _execute(self, sql: str, params: Sequence[object] | None) -> Cursor:
        cursor: Cursor = super().execute_sql(sql, params)
        return cursor

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place in the queue for a statement outside a transaction, and wait until it is durable.

        A transaction already has a place.
        """
        if self.in_transaction() or self.is_closed():
            yield
            return
        with self._queued():
            if self.durability is not None:
                self.durability.attend()
            self._here.pages = self._written()
            yield
        self._settle_if_new()

    def settle(self) -> None:
        """Wait until everything that this connection can read is durable, whoever committed it. Raises NotDurable.

        For what must not be ahead of the database after a power cut; inside a transaction its commit does the same.
        """
        if self.durability is None or self.in_transaction():
            return
        connection = self._driver()
        read = (connection, connection.execute_one("PRAGMA data_version"))
        if read != self._here.settled:
            self.durability.wait(self._store_log)
            self._here.settled = read

    def _settle_if_new(self) -> None:
        """Wait for the sync of what was just committed.

        A transaction that wrote nothing may have read what is not durable yet, and its caller acknowledges that: it
        waits too, unless nobody has committed since it was last known to be durable.
        """
        if self.durability is None:
            return
        pages = self._written() - self._here.pages
        if not pages:
            self.settle()
            return
        self.durability.wait(self._store_log)
        if self.durability.is_long(pages, LOG_PAGES):
            self._write_back(self.durability)

    def _write_back(self, durability: Durability) -> None:
        """Write the log into the file while others write, and only what they have added meanwhile in the queue.

        The log is used again from its beginning once all of it was written back. Without success it grows on.
        """
        try:
            self._driver().execute_one(WRITE_BACK)
            durability.flush_database()  # or the last step would do it, while writers wait
            with self._queued():
                self._driver().execute_one(WRITE_BACK)
        except (TurnNotReached, cysqlite.SqliteError, OSError) as no:
            log.info("the write-ahead log was not written back: %s", no)

    def _written(self) -> int:
        """How many pages this connection has written so far."""
        pages, _ = self._driver().status(cysqlite.SQLITE_DBSTATUS_CACHE_WRITE)  # type: ignore[attr-defined]
        return int(pages)

    def _driver(self) -> Any:
        """The driver's connection of this thread, which is untyped."""
        return self.connection()  # type: ignore[no-untyped-call]

    def _store_log(self) -> bool:
        """Write the whole log into the file and empty it; False while that is not possible."""
        try:
            with self._queued():
                busy, _, _ = self._driver().execute_one("PRAGMA wal_checkpoint(TRUNCATE)")
        except (TurnNotReached, cysqlite.SqliteError) as no:
            log.warning("the write-ahead log could not be stored: %s", no)
            return False
        return not busy

    @contextmanager
    def _queued(self) -> Iterator[None]:
        place = self.writers.enter(PATIENCE_SECONDS)
        try:
            yield
        finally:
            self.writers.leave(place)

    def _locks(self, lock_type: str | None, until: float) -> bool:
        """Take the lock; False when another program has it and there is time for another try."""
        try:
            super().begin(lock_type)
        except peewee.OperationalError as error:
            if time.monotonic() < until and database_errors.state_of(error) == "locked":
                return False
            raise
        return True

    def _leave(self) -> None:
        place, self._here.place = self._here.place, None
        if place is not None:
            self.writers.leave(place)


class Postgres(Watched, peewee.PostgresqlDatabase):
    """A PostgreSQL server, through psycopg 3."""

    field_types = {**peewee.PostgresqlDatabase.field_types, **_OUR_TYPES_POSTGRES}


def open_database(
    url: str, *, statement_timeout_ms: int = 15_000, cache_kb: int = CACHE_KB, durable: bool = True
) -> None:
    """Point `database` at `url` (sqlite:///path or postgresql://...) without connecting yet.

    `cache_kb` is the memory that each connection to SQLite keeps for pages of the file; each thread has its own
    connection. An SQLite file that is not `durable` may be lost in a power cut. Raises ValueError for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        database.initialize(_sqlite(path, cache_kb, durable))
        database.obj.register_function(translate, "translate", 3, deterministic=True)
        database.obj.watch(statement_timeout_ms)
    elif parts.scheme in ("postgresql", "postgres"):
        limits = f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS}"
        options = f"{limits} -c timezone=UTC -c application_name={APPLICATION}"
        database.initialize(Postgres(url, autoconnect=False, options=options, isolation_level=None))
    else:
        raise ValueError(f"DATABASE_URL: {parts.scheme!r} is neither sqlite nor postgresql")


def _sqlite(path: Path, cache_kb: int, durable: bool) -> Sqlite:
    return Sqlite(
        path,
        durable=durable,
        rank_functions=False,
        lock_type="IMMEDIATE",
        autoconnect=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
        pragmas=(
            ("journal_mode", "wal"),
            ("synchronous", "normal" if durable else "off"),  # a commit is synced by durability.py
            ("foreign_keys", 1),
            ("busy_timeout", BUSY_TIMEOUT_MS),
            ("cache_size", -cache_kb),
            ("secure_delete", SECURE_DELETE),
            ("wal_autocheckpoint", LOG_PAGES_MAX if durable else LOG_PAGES),
        ),
    )


def translate(text: str | None, letters: str, others: str) -> str | None:
    """PostgreSQL's `translate` for SQLite: replaces each of `letters` by the one at its place in `others`."""
    return None if text is None else text.translate(_table(letters, others))


@lru_cache(maxsize=256)
def _table(letters: str, others: str) -> dict[int, int]:
    return str.maketrans(letters, others)


def sqlite_weakness() -> str | None:
    """Why the SQLite version in use must not store points, or None; always None on PostgreSQL."""
    if not on_sqlite():
        return None
    version = tuple(database.obj.server_version)
    if version >= SQLITE_FIXED or version in SQLITE_FIXED_ALSO:
        return None
    return (
        f"SQLite {'.'.join(map(str, version))} can lose commits in WAL mode: install the package cysqlite "
        "(it bundles a newer one) or use PostgreSQL by DATABASE_URL."
    )


def on_sqlite() -> bool:
    """True with the embedded database (SQLite), False with PostgreSQL."""
    return isinstance(database.obj, Sqlite)
