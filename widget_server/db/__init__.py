"""The database: one connection per thread, one kind of transaction, own field types.

SQLite by default, PostgreSQL by DATABASE_URL; models and queries are the same on both. `atomic()` takes the write lock
at its start, so that data read inside is still valid when it writes. `away()` maps a database failure to an error for
the caller. Types that peewee leaves out are added here.
"""

from widget_server.db.built import objects
from widget_server.db.connections import connect, connected, disconnect
from widget_server.db.definitions import REFUSE, Guard, ddl, guards
from widget_server.db.engines import (
    APPLICATION,
    WRITES,
    Cursor,
    Postgres,
    Sqlite,
    database,
    on_sqlite,
    open_database,
    sqlite_weakness,
    translate,
)
from widget_server.db.failures import away, trouble
from widget_server.db.fields import Bool, Bytes, Int, Json, Money, Serial, Text, UtcDateTime, utc_text
from widget_server.db.locks import lock_free_rows, lock_name, lock_rows
from widget_server.db.parsed import parsed
from widget_server.db.rows import (
    Row,
    among,
    delete_before,
    execute_many,
    fetched,
    ids_of,
    insert_fresh,
    insert_many,
    insert_once,
    insert_values,
    is_among,
    listed,
    plain_rows,
)
from widget_server.db.statements import Statement, statement
from widget_server.db.tables import Changes, Column, Condition, Selection, ShopTable, Table
from widget_server.db.transactions import at_commit, atomic, give_way, in_transaction, snapshot, when_committed
from widget_server.db.upkeep import empty_log, file_of_database, rewrite, settle
from widget_server.db.values import canonical, new_id, new_ordered_id

__all__ = [
    "APPLICATION",
    "REFUSE",
    "WRITES",
    "Bool",
    "Bytes",
    "Changes",
    "Column",
    "Condition",
    "Cursor",
    "Guard",
    "Int",
    "Json",
    "Money",
    "Postgres",
    "Row",
    "Selection",
    "Serial",
    "ShopTable",
    "Sqlite",
    "Statement",
    "Table",
    "Text",
    "UtcDateTime",
    "among",
    "at_commit",
    "atomic",
    "away",
    "canonical",
    "connect",
    "connected",
    "database",
    "ddl",
    "delete_before",
    "disconnect",
    "empty_log",
    "execute_many",
    "fetched",
    "file_of_database",
    "give_way",
    "guards",
    "ids_of",
    "in_transaction",
    "insert_fresh",
    "insert_many",
    "insert_once",
    "insert_values",
    "is_among",
    "listed",
    "lock_free_rows",
    "lock_name",
    "lock_rows",
    "new_id",
    "new_ordered_id",
    "objects",
    "on_sqlite",
    "open_database",
    "parsed",
    "plain_rows",
    "rewrite",
    "settle",
    "snapshot",
    "sqlite_weakness",
    "statement",
    "translate",
    "trouble",
    "utc_text",
    "when_committed",
]
