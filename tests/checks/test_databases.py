"""Databases that may lose, garble or misread what is written are not served."""

import os
from collections.abc import Iterator
from pathlib import Path

import peewee
import psycopg
import pytest

from tests.make import World
from widget_server import db, migrate
from widget_server.checks import databases, files
from widget_server.checks.findings import Finding
from widget_server.config import Settings


def found(url: str, seconds: float = 60) -> list[Finding]:
    return databases.find(Settings(database_url=url), seconds=seconds)


def test_a_good_database_has_nothing_fatal(world: World, database: str) -> None:
    assert not [one for one in found(database) if one.is_fatal]


def test_a_database_from_a_newer_program_is_refused(database: str) -> None:
    db.database.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_flying', '2030-01-01')")
    try:
        assert migrate.unknown() == ["9999_flying"]
        (one,) = [one for one in found(database) if one.is_fatal]
        assert "9999_flying" in one.text and "newer version" in one.text
    finally:
        db.database.execute_sql("DELETE FROM schema_migration WHERE name = '9999_flying'")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A migrated SQLite file of its own."""
    path = tmp_path / "own.db"
    db.open_database(f"sqlite:///{path}")
    db.connect()
    migrate.upgrade()
    yield path
    db.disconnect()


def test_a_damaged_page_is_found(file: Path) -> None:
    db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert found(f"sqlite:///{file}") == []
    size = db.database.execute_sql("PRAGMA page_size").fetchone()[0]
    (root,) = db.database.execute_sql("SELECT rootpage FROM sqlite_master WHERE name = 'customer'").fetchone()
    db.disconnect()
    with file.open("r+b") as raw:
        raw.seek((root - 1) * size)
        raw.write(os.urandom(size))
    db.connect()
    (one,) = found(f"sqlite:///{file}")
    assert one.is_fatal and "restore the latest backup" in one.text


def test_what_takes_too_long_to_read_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "STEPS_BETWEEN_LOOKS", 1)
    (one,) = found(f"sqlite:///{file}", seconds=-1)
    assert not one.is_fatal and "widget-server check" in one.text


def test_a_clock_behind_the_database_is_said(file: Path) -> None:
    os.utime(file, (4_000_000_000, 4_000_000_000))
    (one,) = found(f"sqlite:///{file}")
    assert not one.is_fatal and "clock" in one.text


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_postgres_that_forgets_is_refused(database: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.on_sqlite():
        assert files.sqlite_file(Settings(database_url=database))
        return
    shown = databases._shown
    monkeypatch.setattr(databases, "_shown", lambda setting: "off" if setting == name else shown(setting))
    (one,) = [one for one in found(database) if one.is_fatal and "may lose" in one.text]
    assert name in one.text and "ALTER SYSTEM" in one.text


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("-c synchronous_commit=off", "synchronous_commit"),
        ("-c default_transaction_read_only=on", "read-only"),
    ],
)
def test_what_postgres_is_told_for_this_role_counts(database: str, options: str, named: str) -> None:
    if db.on_sqlite():
        return
    db.disconnect()
    before = db.database.obj
    db.database.initialize(db.Postgres(database, autoconnect=False, options=options, isolation_level=None))
    db.connect()
    try:
        assert any(named in one.text for one in found(database) if one.is_fatal)
    finally:
        db.disconnect()
        db.database.initialize(before)
        db.connect()


def test_a_database_with_no_room_for_names_is_refused(database: str) -> None:
    if db.on_sqlite():
        return
    name = "widget_latin"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}")
        admin.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        before = db.database.obj
        db.disconnect()
        here = database.partition("?")[0].rpartition("/")[2]
        db.open_database(database.replace(f"/{here}", f"/{name}"))
        try:
            db.connect()
            assert any("LATIN1" in one.text for one in found(database) if one.is_fatal)
        finally:
            db.disconnect()
            db.database.initialize(before)
            db.connect()
            admin.execute(f"DROP DATABASE {name}")


def test_a_page_that_cannot_be_read_is_an_error_of_the_database(file: Path) -> None:
    db.disconnect()
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(peewee.DatabaseError):
        db.connect()
        migrate.pending()
    db.disconnect()
    file.unlink()
    db.connect()
