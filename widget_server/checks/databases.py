"""Checks for a database that may lose or damage data, or that needs a newer version of the server."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import cysqlite

from widget_server import clock, config, migrate
from widget_server.checks.files import sqlite_file
from widget_server.checks.findings import Finding, refusal, warning
from widget_server.config import Settings
from widget_server.db import APPLICATION, database

POSTGRES_MIN = 130_000
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
CLOCK_MAY_DIFFER = timedelta(minutes=2)
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's virtual machine


def find(settings: Settings, *, seconds: float) -> list[Finding]:
    """Problems of the open database; reads the pages of an SQLite file for at most `seconds`."""
    file = sqlite_file(settings)
    return [*_versions(), *(_sqlite(file, seconds) if file else _postgres(settings))]


def _versions() -> Iterator[Finding]:
    if newer := migrate.unknown():
        yield refusal(
            f"The database was brought up to date by a newer version of this program ({', '.join(newer)}): "
            "install that version, or restore the backup from before its `upgrade`."
        )


def _sqlite(file: Path, seconds: float) -> Iterator[Finding]:
    if not os.access(file, os.W_OK):
        yield refusal(f"{file} is read-only: chown it to this user, or mount its disk read-write.")
        return
    (mode,) = database.execute_sql("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        yield refusal(f"{file} cannot keep a write-ahead log (mode {mode}): move it to a disk of this machine.")
    (encoding,) = database.execute_sql("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        yield refusal(f"{file} stores text as {encoding}: create it again with UTF-8.")
    yield from _pages(file, seconds)
    if file.stat().st_mtime > clock.now().timestamp() + CLOCK_MAY_DIFFER.total_seconds():
        yield warning(f"{file} has a time of change in the future: set the clock of this machine, points depend on it.")


def _pages(file: Path, seconds: float) -> Iterator[Finding]:
    """Check every page for damage, on a separate connection that stops after `seconds`."""
    end = time.monotonic() + seconds
    connection: Any = cysqlite.connect(f"file:{quote(str(file))}?mode=ro", uri=True)  # type: ignore[attr-defined]
    try:
        connection.progress(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
        (found,) = connection.execute_one("PRAGMA quick_check(1)")
    except cysqlite.OperationalError as stopped:
        if "interrupt" not in str(stopped):
            raise
        yield warning(f"{file} was not read to its end within {seconds:.0f} seconds: `widget-server check` reads all.")
        return
    except cysqlite.DatabaseError as broken:
        found = str(broken)
    finally:
        connection.close()
    if found != "ok":
        yield refusal(f"{file} is damaged ({_first_line(found)}): stop every server and restore the latest backup.")


def _postgres(settings: Settings) -> Iterator[Finding]:
    if int(_shown("server_version_num")) < POSTGRES_MIN:
        yield refusal(f"PostgreSQL {_shown('server_version')} is too old: 13 or newer is needed.")
    if off := [name for name in MUST_BE_ON if _shown(name) == "off"]:
        yield refusal(
            f"PostgreSQL may lose committed transactions, since {' and '.join(off)} is off: "
            f"ALTER SYSTEM SET {off[0]} = on (or ALTER DATABASE or ROLE, where it was set)."
        )
    if _shown("server_encoding") != "UTF8":
        yield refusal(
            f"The database stores text as {_shown('server_encoding')}, which cannot hold most names: "
            "make it with ENCODING 'UTF8'."
        )
    if _shown("transaction_read_only") == "on" or _value("SELECT pg_is_in_recovery()"):
        yield refusal("The database is read-only (a standby?): point DATABASE_URL at the primary.")
    if _value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield warning("DATABASE_URL signs in as a superuser: a role that owns this database alone is enough.")
    host = urlsplit(settings.database_url).hostname or ""
    is_far = bool(host) and not host.startswith("/") and not config.is_loopback(host)
    if is_far and not _value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"):
        yield warning("The connection to PostgreSQL is not encrypted: add ?sslmode=verify-full to DATABASE_URL.")
    if abs(_value("SELECT now()") - clock.now()) > CLOCK_MAY_DIFFER:
        yield warning("The clocks of this machine and of PostgreSQL differ by minutes: set them, points depend on it.")


def has_other_users() -> bool:
    """True while PostgreSQL has other connections of this program to the database, from any host."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return bool(_value(f"{others} AND application_name = '{APPLICATION}'"))


def _shown(name: str) -> str:
    return str(_value(f"SHOW {name}"))


def _value(statement: str) -> Any:
    return database.execute_sql(statement).fetchone()[0]


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if "***" not in line), text)
