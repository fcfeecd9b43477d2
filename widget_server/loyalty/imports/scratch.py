"""What one pass over a file remembers of its rows, in a temporary file of SQLite's: a pass over a large file takes no
more memory than one over a small file."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

TABLES = """
CREATE TABLE first_row (kind TEXT, value TEXT, owner TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE standing (email TEXT PRIMARY KEY, balance INTEGER, counted INTEGER, joins INTEGER) WITHOUT ROWID;
CREATE TABLE debit (line INTEGER, email TEXT, points INTEGER);
PRAGMA journal_mode = OFF;
BEGIN;
"""  # it is never committed, since nobody else reads it
READ_AT_ONCE = 500


@dataclass
class Standing:
    """An address: its balance after the rows so far, None before the first with points, and as what it was counted."""

    balance: int | None = None
    is_counted: bool = False
    joins: bool = False


@dataclass(frozen=True)
class Debit:
    """Points that a row of a history spends."""

    line: int
    email: str
    points: int


class Scratch:
    """The notes of one pass; a context manager that deletes them at its end."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # without a name: a file that SQLite deletes itself
        self._file.executescript(TABLES)

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def owner(self, kind: Literal["email", "code", "referral code"], value: str, owner: str) -> str:
        """Returns whose a value is: that of the first row with it, which is this owner's while there was none."""
        self._file.execute("INSERT INTO first_row VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (kind, value, owner))
        found = self._file.execute("SELECT owner FROM first_row WHERE kind = ? AND value = ?", (kind, value))
        return str(found.fetchone()[0])

    def standings(self, emails: Iterable[str]) -> dict[str, Standing]:
        """Returns how these addresses stand."""
        found = {email: Standing() for email in emails}
        rows = self._file.execute(
            "SELECT email, balance, counted, joins FROM standing WHERE email IN (SELECT value FROM json_each(?))",
            (json.dumps(list(found)),),
        )
        return found | {email: Standing(balance, bool(counted), bool(joins)) for email, balance, counted, joins in rows}

    def store(self, standings: Mapping[str, Standing]) -> None:
        """Store how these addresses stand now."""
        self._file.executemany(
            "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)",
            [(email, one.balance, one.is_counted, one.joins) for email, one in standings.items()],
        )

    def postpone(self, debits: Iterable[Debit]) -> None:
        """Store debits until all that the file gives is known."""
        rows = [(debit.line, debit.email, debit.points) for debit in debits]
        self._file.executemany("INSERT INTO debit VALUES (?, ?, ?)", rows)

    def postponed(self) -> Iterator[list[Debit]]:
        """Yields the debits in the order of the file, some at a time."""
        rows = self._file.execute("SELECT line, email, points FROM debit ORDER BY rowid")
        while some := rows.fetchmany(READ_AT_ONCE):
            yield [Debit(*row) for row in some]
