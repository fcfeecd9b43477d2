"""Maps errors of SQLite, PostgreSQL and the write queue to the state of the database."""

import errno
import re
from collections.abc import Iterator
from typing import Any

import cysqlite
import peewee

from widget_server.durability import NotDurable
from widget_server.errors import DatabaseState
from widget_server.write_queue import TurnNotReached

_SQLITE_STATES: dict[int, DatabaseState] = {  # by SQLite's result codes
    3: "away",  # PERM
    5: "locked",  # BUSY
    6: "locked",  # LOCKED
    7: "away",  # NOMEM
    8: "read_only",  # READONLY
    10: "away",  # IOERR
    11: "away",  # CORRUPT
    13: "full",  # FULL
    14: "away",  # CANTOPEN
    15: "away",  # PROTOCOL
    26: "away",  # NOTADB
}
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
_SQLITE_CODE = re.compile(r"\(code=(\d+)")
_POSTGRES_STATES: dict[str, DatabaseState] = {  # by the beginning of an SQLSTATE
    "08": "away",  # the connection
    "57P": "away",  # shutting down, starting up
    "53": "away",  # too many connections, no memory
    "53100": "full",
    "25006": "read_only",
    "55P03": "locked",  # lock_timeout
    "40": "locked",  # deadlock, serialization, completion unknown
    "57014": "locked",  # statement_timeout
    "58": "away",  # the server's own files
    "XX001": "away",
}


def state_of(error: BaseException | None) -> DatabaseState | None:
    """Why the database was not usable, by this error or one of its causes; None when they have another subject.

    "away" also means an unknown outcome: the connection broke, perhaps after the commit.
    """
    return next((state for one in _behind(error) if (state := _own_state(one))), None)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error, then its causes and contexts: a failed rollback hides the first failure."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "orig", None), one.__cause__, one.__context__]


def _own_state(error: BaseException) -> DatabaseState | None:
    """The database state by this error alone; None when it has another subject."""
    if isinstance(error, TurnNotReached):
        return "locked"
    if isinstance(error, NotDurable):
        return "full" if error.errno in _DISK_IS_FULL else "away"
    if isinstance(error, cysqlite.SqliteError | peewee.PeeweeException) and (code := _SQLITE_CODE.search(str(error))):
        return _SQLITE_STATES.get(int(code[1]))
    if isinstance(error, cysqlite.OperationalError) and "opening database" in str(error):
        return "away"
    if isinstance(error, peewee.InterfaceError) and "not open" in str(error):  # the connection is already closed
        return "away"
    if type(error).__module__.partition(".")[0] == "psycopg":
        return _postgres_state(error)
    return None


def _postgres_state(error: Any) -> DatabaseState | None:
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None:  # nothing from the server: not reached, or the connection broke
        return "away" if "OperationalError" in [kind.__name__ for kind in type(error).__mro__] else None
    fitting = [beginning for beginning in _POSTGRES_STATES if sqlstate.startswith(beginning)]
    return _POSTGRES_STATES[max(fitting, key=len)] if fitting else None
