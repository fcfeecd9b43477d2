"""The database: one connection a thread, one kind of transaction, field types of our own.

SQLite by default, PostgreSQL by DATABASE_URL; models and queries are the same on both. `atomic()` takes the
write lock at once, so that what was read inside is still true when it is written. On SQLite whoever writes waits in a
queue first (write_queue.py), and what a failure of the database means for the caller is said by `away()`.
"""

import json
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import urlsplit

import peewee
from peewee import SQL, DatabaseProxy, Field, NodeList, SchemaManager
from playhouse.cysqlite_ext import CySqliteDatabase

from widget_server import database_errors, write_queue
from widget_server.errors import DatabaseAway, DatabaseState, NotFound
from widget_server.work import Watched
from widget_server.write_queue import WriteQueue

SQLITE_FIXED = (3, 51, 3)  # earlier ones can lose commits in WAL mode, but for two back-ports
SQLITE_FIXED_ALSO = ((3, 44, 6), (3, 50, 7))
PATIENCE_SECONDS = 10.0  # how long a writer waits for its turn, and for the lock
PROBE_SECONDS = 3.0  # the same for whoever asks how the server is
BUSY_TIMEOUT_MS = 1_000  # one try for SQLite's own lock; the queue leaves it to programs that are not ours
LOCK_TIMEOUT_MS = 10_000
DELETED_AT_ONCE = 1000
SECURE_DELETE = 1  # what is deleted is overwritten with zeros, so that no file still has it (acceptance 58)
FULL_SECONDS = 60.0  # a database that was full so recently, and took nothing since, is full
FREE_BYTES_MIN = 1024 * 1024
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|REINDEX|ANALYZE|VACUUM\s*$)", re.IGNORECASE)

APPLICATION = "loyalty-widget"  # what PostgreSQL lists our connections as

database = DatabaseProxy()

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


class Sqlite(Watched, CySqliteDatabase):
    """An SQLite file: WAL, every commit on the disk before it is acknowledged, writers in order of arrival."""

    field_types = {**CySqliteDatabase.field_types, **_OUR_TYPES_SQLITE}

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(str(path), **options)
        self.writers: WriteQueue = write_queue.of(path.resolve())
        self._here = threading.local()

    def begin(self, lock_type: str | None = None, *, patience_seconds: float | None = None) -> None:
        """Wait for this thread's turn and take the write lock, within `patience_seconds` (default: PATIENCE_SECONDS).

        Raises TurnNotReached, or SQLite's own error while a program that is not ours holds the lock.
        """
        patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        until = time.monotonic() + patience_seconds
        self._here.place = self.writers.enter(patience_seconds)
        try:
            while not self._locks(lock_type, until):
                pass
        except BaseException:
            self._leave()
            raise

    def commit(self) -> None:
        """Commit, and let the next writer go."""
        super().commit()
        self._leave()

    def rollback(self) -> None:
        """Undo, and let the next writer go, whether or not that worked."""
        try:
            super().rollback()
        finally:
            self._leave()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement; one that writes by itself waits for its turn too."""
        if WRITES.match(sql):
            with self.turn():
                return super().execute_sql(sql, params)
        return super().execute_sql(sql, params)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A place in the queue for a statement outside a transaction; inside, the transaction has one."""
        if self.in_transaction() or self.is_closed():
            yield
            return
        place = self.writers.enter(PATIENCE_SECONDS)
        try:
            yield
        finally:
            self.writers.leave(place)

    def _locks(self, lock_type: str | None, until: float) -> bool:
        """Take the lock; False when a stranger has it and there is time for another try."""
        try:
            super().begin(lock_type)
        except peewee.OperationalError as error:
            if time.monotonic() < until and database_errors.state_of(error) == "locked":
                return False
            raise
        return True

    def _leave(self) -> None:
        place, self._here.place = getattr(self._here, "place", None), None
        if place is not None:
            self.writers.leave(place)


class Postgres(Watched, peewee.PostgresqlDatabase):
    """A PostgreSQL server, through psycopg 3."""

    field_types = {**peewee.PostgresqlDatabase.field_types, **_OUR_TYPES_POSTGRES}


def open_database(url: str, *, statement_timeout_ms: int = 15_000) -> None:
    """Point `database` at `url` (sqlite:///path or postgresql://...) without connecting yet.

    Raises ValueError for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        database.initialize(_sqlite(path))
        database.obj.register_function(translate, "translate", 3, deterministic=True)
        database.obj.watch(statement_timeout_ms)
    elif parts.scheme in ("postgresql", "postgres"):
        limits = f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS}"
        options = f"{limits} -c timezone=UTC -c application_name={APPLICATION}"
        database.initialize(Postgres(url, autoconnect=False, options=options, isolation_level=None))
    else:
        raise ValueError(f"DATABASE_URL: {parts.scheme!r} is neither sqlite nor postgresql")


def _sqlite(path: Path) -> Sqlite:
    return Sqlite(
        path,
        rank_functions=False,
        lock_type="IMMEDIATE",
        autoconnect=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
        pragmas=(
            ("journal_mode", "wal"),
            ("synchronous", "full"),
            ("foreign_keys", 1),
            ("busy_timeout", BUSY_TIMEOUT_MS),
            ("cache_size", -16_000),
            ("secure_delete", SECURE_DELETE),
        ),
    )


def translate(text: str | None, letters: str, others: str) -> str | None:
    """PostgreSQL's translate, for SQLite: each of `letters` becomes the one of `others` in its place."""
    return None if text is None else text.translate(_table(letters, others))


@lru_cache(maxsize=256)
def _table(letters: str, others: str) -> dict[int, int]:
    return str.maketrans(letters, others)


def sqlite_weakness() -> str | None:
    """Why the SQLite in use must not hold points, or None; always None on PostgreSQL."""
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
    """True on the embedded database, False on PostgreSQL."""
    return isinstance(database.obj, Sqlite)


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
    """In the connection that this thread has; a thread that has none, since it waits for others, gets one for now."""
    if not database.is_closed():
        yield
        return
    connect()
    try:
        yield
    finally:
        disconnect()


_at_commit: list[tuple[Callable[[], None], Callable[[], None]]] = []


def at_commit(act: Callable[[], None], forget: Callable[[], None]) -> None:
    """Run `act` as the last part of each outermost transaction, and `forget` before one begins and when it is over."""
    _at_commit.append((act, forget))


@contextmanager
def atomic() -> Iterator[None]:
    """All or nothing. The outermost one takes the write lock at once; nested ones are savepoints.

    What its failures mean for the caller is said by `away`. A commit that failed may have been done all the same.
    """
    if database.in_transaction():
        with database.atomic():
            yield
        return
    for _, forget in _at_commit:
        forget()
    _afterwards().clear()
    try:
        with database.atomic():
            yield
            for act, _ in _at_commit:
                act()
    finally:
        for _, forget in _at_commit:
            forget()
    _last_failure.state = None
    promised = list(_afterwards())
    _afterwards().clear()
    for one in promised:
        one()


@contextmanager
def in_transaction() -> Iterator[None]:
    """In the transaction that is open, without a savepoint; in one of its own when none is."""
    if database.in_transaction():
        yield
    else:
        with atomic():
            yield


def when_committed(act: Callable[[], object]) -> None:
    """Run `act` in this thread right after the transaction that is under way is committed, and never after a rollback.

    It is lost when the process ends in between: what must happen is a job (job_queue.py) as well.
    """
    _afterwards().append(act)


def _afterwards() -> list[Callable[[], object]]:
    if not hasattr(_here, "afterwards"):
        _here.afterwards = []
    found: list[Callable[[], object]] = _here.afterwards
    return found


_here = threading.local()


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


def away(error: BaseException | None) -> DatabaseAway | None:
    """The refusal that stands for `error`, when the database cannot be used now or left the outcome open; else None."""
    state = database_errors.state_of(error)
    if state is None:
        return None
    _last_failure.state, _last_failure.at = state, time.monotonic()
    return DatabaseAway(state)


class _Failure:
    """What the database could not do when something was last written in this process, and when that was."""

    state: DatabaseState | None = None  # None: it could
    at = 0.0


_last_failure = _Failure()


def trouble() -> DatabaseState | None:
    """What keeps the database from being written now, found by trying; None when it can be. For `/readyz`."""
    try:
        connect()
        if on_sqlite():
            _try_to_write()
        elif _is_standby():
            return "read_only"
    except Exception as error:
        disconnect()
        return database_errors.state_of(error) or "away"
    return "full" if _is_full() else None


def _is_standby() -> bool:
    return bool(database.execute_sql("SHOW transaction_read_only").fetchone()[0] == "on")


def _try_to_write() -> None:
    """Take the write lock; after a failure write a page too, since the lock alone needs no disk."""
    with database.atomic(patience_seconds=PROBE_SECONDS):
        if _last_failure.state:
            version = database.execute_sql("PRAGMA user_version").fetchone()[0]
            database.execute_sql(f"PRAGMA user_version = {int(version)}")


def _is_full() -> bool:
    """A page that is there already may be written in a full file: so a failure counts until something was written."""
    if _last_failure.state == "full" and time.monotonic() - _last_failure.at < FULL_SECONDS:
        return True
    return on_sqlite() and shutil.disk_usage(Path(database.obj.database).parent).free < FREE_BYTES_MIN


def lock_rows(query: Any) -> Any:
    """Lock what `query` selects until the transaction ends; SQLite's writer already has the only lock.

    Keys never change: so rows that refer to a locked one may still be written, and nobody waits in a ring.
    """
    return query if on_sqlite() else query.for_update("FOR NO KEY UPDATE")


def lock_name(*names: str) -> None:
    """Lock what these names stand for until the transaction ends, though it may have no row yet.

    SQLite's writer already has the only lock.
    """
    if not on_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (canonical(names),))


class Text(Field):
    """Text of any length."""

    field_type = "LW_TEXT"


class Bytes(Field):
    """Bytes as they are: a piece of a file."""

    field_type = "LW_BYTES"

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else bytes(value)


class Int(Field):
    """A whole number of 64 bits: counts, points."""

    field_type = "LW_INT"

    def adapt(self, value: Any) -> int:
        return int(value)


class Serial(peewee.BigAutoField):
    """The database's own count of rows: a later one is higher, and no number comes twice, whatever is deleted."""

    def ddl(self, ctx: Any) -> Any:
        column = super().ddl(ctx)
        return peewee.NodeList((column, SQL("AUTOINCREMENT"))) if on_sqlite() else column


class Bool(Field):
    """True or false."""

    field_type = "LW_BOOL"

    def db_value(self, value: Any) -> Any:
        if value is None:
            return None
        return int(value) if on_sqlite() else bool(value)

    def python_value(self, value: Any) -> bool | None:
        return None if value is None else bool(value)


class UtcDateTime(Field):
    """An aware time, kept in UTC: sortable text on SQLite, TIMESTAMPTZ on PostgreSQL."""

    field_type = "LW_TIME"

    def db_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError("naive time")
        value = value.astimezone(UTC)
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if on_sqlite() else value

    def python_value(self, value: Any) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(str(value)).astimezone(UTC)


class Money(Field):
    """An exact amount; its currency is the shop's."""

    field_type = "LW_MONEY"

    def db_value(self, value: Any) -> Any:
        if value is None:
            return None
        amount = Decimal(value)
        return format(amount, "f") if on_sqlite() else amount

    def python_value(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


class Json(Field):
    """A JSON value, kept as canonical text."""

    field_type = "LW_TEXT"

    def db_value(self, value: Any) -> str | None:
        return None if value is None else canonical(value)

    def python_value(self, value: Any) -> Any:
        return None if value is None else json.loads(value)


_KEPT_AS_IS = (Text, Int)  # the database takes them as Python has them


def canonical(value: Any) -> str:
    """One text for equal JSON values: sorted keys, no spaces, Decimal as text."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def new_id() -> str:
    """A fresh GUID, as text."""
    return str(uuid.uuid4())


class _Schema(SchemaManager):
    """STRICT and WITHOUT ROWID are SQLite's words; PostgreSQL must not hear them."""

    def _create_table(self, safe: bool = True, **options: Any) -> Any:
        meta = self.model._meta
        meta.strict_tables = on_sqlite()
        meta.without_rowid = on_sqlite() and getattr(meta, "clustered", False)
        return super()._create_table(safe, **options)  # type: ignore[misc]


class WholeRows(peewee.ModelSelect):
    """A query of whole rows. It names all columns at once: one by one they are half of what a query costs to write."""

    def __sql_selection__(self, ctx: Any, is_subquery: bool = False) -> Any:
        if is_subquery or not self._is_default:  # type: ignore[attr-defined]
            return super().__sql_selection__(ctx, is_subquery)
        return ctx.literal(_columns(self.model, ctx.alias_manager[self.model._meta.table]))


@cache
def _columns(table: "type[Table]", alias: str) -> str:
    return ", ".join(f'"{alias}"."{field.column_name}"' for field in table._meta.sorted_fields)


class Table(peewee.Model):
    """What all tables share. Set Meta.clustered to keep rows in the order of their primary key.

    Meta.refuses names the statements, UPDATE or DELETE, that the database refuses on the table, whoever sends them.
    """

    class Meta:
        database = database
        legacy_table_names = False
        schema_manager_class = _Schema
        clustered = False
        refuses: tuple[str, ...] = ()

    @classmethod
    def select(cls, *columns: Any) -> Any:
        """A query of these columns, or of whole rows."""
        return super().select(*columns) if columns else WholeRows(cls, cls._meta.sorted_fields, is_default=True)

    @classmethod
    def is_there(cls) -> bool:
        """True when the database has the table: before the first migration it has none."""
        return bool(database.table_exists(cls._meta.table_name))

    @classmethod
    def everywhere(cls, *columns: Any) -> Any:
        """Select rows whatever shop they belong to: for jobs, audit and the operator, never for a request."""
        return cls.select(*columns)

    @classmethod
    def wrote(cls, rows: Iterable[Mapping[str, Any]]) -> None:
        """These rows were written by other means than peewee's: what keeps a journal takes note of it (journal.py)."""


class ShopTable(Table):
    """A table each of whose rows belongs to one shop. Read it through `of()` and `one()` only.

    That is the one place where queries are bound to their shop (acceptance 9).
    """

    shop_id = Text(constraints=[SQL("REFERENCES shop (id)")])

    @classmethod
    def of(cls, shop: Any, *columns: Any) -> Any:
        """Select this shop's rows. `shop` is a Shop or its id."""
        return cls.select(*columns).where(cls.shop_id == _id_of(shop))

    @classmethod
    def across(cls, shop: Any | None, *columns: Any) -> Any:
        """Select this shop's rows, or with None those of all shops: for audits."""
        return cls.everywhere(*columns) if shop is None else cls.of(shop, *columns)

    @classmethod
    def one(cls, shop: Any, *conditions: Any) -> Self | None:
        """The first of this shop's rows for which `conditions` hold, or None."""
        query = cls.of(shop)
        found: Self | None = (query.where(*conditions) if conditions else query).first()
        return found

    @classmethod
    def need(cls, shop: Any, *conditions: Any) -> Self:
        """Like `one`, but raises NotFound."""
        row = cls.one(shop, *conditions)
        if row is None:
            words = re.sub("(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()
            raise NotFound(f"There is no such {words} here.")
        return row

    @classmethod
    def change(cls, shop: Any, values: dict[Any, Any], *conditions: Any) -> int:
        """Update this shop's rows for which `conditions` hold; returns how many there were."""
        query = cls.update(values).where(cls.shop_id == _id_of(shop), *conditions)
        return int(query.execute())

    @classmethod
    def remove(cls, shop: Any, *conditions: Any) -> int:
        """Delete this shop's rows for which `conditions` hold; returns how many there were."""
        return int(cls.delete().where(cls.shop_id == _id_of(shop), *conditions).execute())


def _id_of(shop: Any) -> str:
    return shop if isinstance(shop, str) else str(shop.id)


def insert_once(row: type[Table], values: dict[Any, Any]) -> bool:
    """Insert a row unless a unique constraint says it is there already; True when it was inserted."""
    first = row._meta.sorted_fields[0]
    with in_transaction():
        returned = row.insert(values).on_conflict_ignore().returning(first).execute()
        inserted = returned is not None and bool(list(returned))
        if inserted:
            row.wrote([values])
    return inserted


def delete_before(table: type[Table], column: Any, moment: datetime) -> None:
    """Delete the rows of every shop whose time is over, so many at once that nobody waits long for the write lock."""
    over = column <= moment
    while edge := table.select(column).where(over).order_by(column).offset(DELETED_AT_ONCE).limit(1).scalar():
        if not table.delete().where(column < edge).execute():
            break  # so many of one moment
    table.delete().where(over).execute()


class Row(SimpleNamespace):
    """A row as plain attributes: among thousands a model each would cost more than the work."""


def insert_many(table: type[Table], rows: Iterable[Row], *, unless_there: bool = False) -> None:
    """Insert many rows by one statement, prepared once: much faster than one `save` a row.

    What a row does not name has its default. `unless_there` leaves out rows that a unique constraint says are there.
    """
    meta = table._meta
    fields = [(field, field.default() if callable(field.default) else field.default) for field in meta.sorted_fields]
    columns = [
        (field.name, default, None if type(field) in _KEPT_AS_IS else field.db_value) for field, default in fields
    ]
    names = ", ".join(f'"{field.column_name}"' for field, _ in fields)
    marks = ", ".join([database.param] * len(fields))
    tail = " ON CONFLICT DO NOTHING" if unless_there else ""
    written = list(map(vars, rows))
    values = [
        [
            db_value(given.get(name, default)) if db_value else given.get(name, default)
            for name, default, db_value in columns
        ]
        for given in written
    ]
    with in_transaction():
        execute_many(f'INSERT INTO "{meta.table_name}" ({names}) VALUES ({marks}){tail}', values)  # noqa: S608
        table.wrote(written)


def among(column: Any, values: Iterable[str]) -> Any:
    """`column` is one of thousands of texts: one parameter, where `in_` would build a statement of thousands."""
    if on_sqlite():
        return NodeList((column, SQL("IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),))))
    return NodeList((column, SQL("= ANY(%s)", (list(values),))))


def execute_many(statement: str, values: Sequence[Sequence[Any]]) -> None:
    """Run one statement of ours for each set of values; `database.param` marks their places."""
    if values:
        turn = database.obj.turn() if on_sqlite() else nullcontext()
        with turn, peewee.__exception_wrapper__:  # type: ignore[attr-defined]  # the errors of every other statement
            database.connection().cursor().executemany(statement, values)


def ddl(models: list[Any]) -> list[str]:
    """The statements that make `models` in the database in use, in the order given: what a migration freezes."""
    statements = []
    for model in models:
        schema = model._schema
        statements.append(schema._create_table(safe=False).query()[0])
        statements.extend(context.query()[0] for context in schema._create_indexes(safe=False))
        statements.extend(guard.create for guard in guards(model))
    return statements


@dataclass(frozen=True)
class Guard:
    """A trigger that refuses statements on a table: the statement that makes it, and the one that takes it away."""

    create: str
    drop: str


REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': ' || TG_OP || ' is refused', ERRCODE = '23000'; END $$"
)


def guards(model: Any) -> list[Guard]:
    """The triggers for what `model` refuses (Meta.refuses); on PostgreSQL TRUNCATE with it, by `refuse_change`."""
    meta = model._meta
    table, refuses = meta.table_name, meta.refuses
    if not refuses:
        return []
    if not on_sqlite():
        name, what = f'"{table}_refused"', " OR ".join((*refuses, "TRUNCATE"))
        made = f'BEFORE {what} ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
        return [Guard(f"CREATE TRIGGER {name} {made}", f'DROP TRIGGER {name} ON "{table}"')]
    events = dict.fromkeys(refuses, "")
    if "UPDATE" in refuses:
        events["INSERT"] = f" WHEN EXISTS ({_there_already(model)})"  # INSERT OR REPLACE is a change too
    return [
        Guard(
            f'CREATE TRIGGER "{table}_{event.lower()}_refused" BEFORE {event} ON "{table}"{when}'
            f" BEGIN SELECT RAISE(ABORT, '{table}: {event if not when else 'REPLACE'} is refused'); END",
            f'DROP TRIGGER "{table}_{event.lower()}_refused"',
        )
        for event, when in events.items()
    ]


def _there_already(model: Any) -> str:
    """The query that finds a row which a new one would replace, by any of the table's unique keys."""
    meta = model._meta
    keys = [[field.column_name for field in meta.get_primary_keys()]]
    keys += [[field.column_name] for field in meta.sorted_fields if field.unique]
    keys += [list(names) for names, is_unique in meta.indexes if is_unique]
    same = [" AND ".join(f'"{name}" = NEW."{name}"' for name in key) for key in keys]
    return f'SELECT 1 FROM "{meta.table_name}" WHERE ' + " OR ".join(f"({one})" for one in same)  # noqa: S608
