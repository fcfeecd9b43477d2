"""A commit is acknowledged once it is on the disk, and the threads that commit at the same time share a sync."""

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import copyfile
from typing import Any

import cysqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import World, at_once, proof, refused
from tests.test_serve import until
from widget_server import db, durability
from widget_server.db import engines
from widget_server.durability import Durability, NotDurable, Store
from widget_server.loyalty import books
from widget_server.write_queue import Place, TurnNotReached, WriteQueue

THREADS = 8


class Disk:
    """A disk of which a power cut leaves what was synced: `image` has the files as they were when a sync began.

    While it is held, syncs begin and do not end; `let_go` ends one. Those whose number is in `broken` fail.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.image = file.parent / "image" / "loyalty.db"
        self.image.parent.mkdir()
        self.begun = 0
        self.broken: dict[int, int] = {}
        self.is_held = False
        self._permits = threading.Semaphore(0)

    def __call__(self, file: int) -> None:
        self.begun += 1
        number = self.begun
        for suffix in ("", "-wal"):
            copyfile(f"{self.file}{suffix}", f"{self.image}{suffix}.{number}")
        if self.is_held:
            assert self._permits.acquire(timeout=30)
        if number in self.broken:
            raise OSError(self.broken[number], os.strerror(self.broken[number]))
        os.fdatasync(file)
        for suffix in ("", "-wal"):
            Path(f"{self.image}{suffix}.{number}").replace(f"{self.image}{suffix}")

    def let_go(self, syncs: int = 1) -> None:
        self._permits.release(syncs)

    def notes(self) -> set[int]:
        """The rows after a power cut now."""
        copy = self.image.with_name(f"after-{threading.get_ident()}.db")
        for suffix in ("", "-wal"):
            copyfile(f"{self.image}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as left:
            return {number for (number,) in left.execute("SELECT number FROM note")}


class EachAlone(Durability):
    """The twin without a group: each commit has a sync of its own."""

    def wait(self, store: Store) -> None:
        with self._changed:
            self.rounds += 1
            self.sync(self._open() or 0)


class WithTheOneBefore(Durability):
    """The twin that joins a sync which has begun before."""

    def _lead(self, mine: Any, store: Store) -> None:
        self._next = mine
        super()._lead(mine, store)

    def wait(self, store: Store) -> None:
        running = self._running if self._is_syncing else None
        if running is None:
            self._running = self._next
            super().wait(store)
        else:
            until(lambda: running.is_over, "the running sync is over")

    _running: Any = None


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """An open SQLite file with an empty table of notes."""
    path = tmp_path / "loyalty.db"
    db.open_database(f"sqlite:///{path}")
    db.connect()
    db.database.execute_sql("CREATE TABLE note (number INTEGER PRIMARY KEY)")
    yield path
    db.disconnect()


@pytest.fixture
def disk(file: Path) -> Disk:
    return use(file, Durability)


def use(file: Path, kind: Callable[[Path, Disk], Durability]) -> Disk:
    """Give the database a disk of the test, and one commit on it."""
    made = Disk(file)
    db.database.obj.durability = kind(file.with_name(f"{file.name}-wal"), made)
    note(0)
    return made


def log_of() -> Durability:
    found: Durability = db.database.obj.durability
    return found


def note(number: int) -> None:
    with db.atomic():
        db.database.execute_sql(f"INSERT INTO note VALUES ({number})")


def notes() -> set[int]:
    return {number for (number,) in db.fetched("SELECT number FROM note")}


class Doing(threading.Thread):
    """Does something in a thread of its own; `outcome` is what it was refused with, or None when it is done."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act = act
        self.is_done = False
        self.outcome: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with db.connected():
                self.act()
        except Exception as no:
            self.outcome = no
        self.is_done = True

    def result(self) -> Exception | None:
        self.join(30)
        assert self.is_done
        return self.outcome


def held(disk: Disk, act: Callable[[], Any]) -> Doing:
    """An act whose sync has begun and does not end."""
    disk.is_held, before = True, disk.begun
    doing = Doing(act)
    until(lambda: disk.begun > before, "the sync has begun")
    return doing


def all_share_the_next_sync(file: Path, kind: Callable[[Path, Disk], Durability]) -> None:
    """While a sync is held, THREADS others commit; one further sync must do for all of them."""
    disk = use(file, kind)
    first, before = held(disk, lambda: note(100)), log_of().rounds
    others = [Doing(lambda number=number: note(number)) for number in range(1, THREADS + 1)]  # type: ignore[misc]
    until(lambda: notes() >= set(range(1, THREADS + 1)) or disk.begun > 2, "all have committed")
    if kind is Durability:
        until(lambda: log_of().waiting() == THREADS + 1, "all wait")
    disk.let_go(THREADS + 1)
    assert [one.result() for one in (first, *others)] == [None] * (THREADS + 1)
    assert disk.notes() == {0, 100, *range(1, THREADS + 1)}
    assert disk.begun - before == 2


def test_all_that_commit_during_a_sync_share_the_next_one(file: Path) -> None:
    all_share_the_next_sync(file, Durability)
    assert (log_of().rounds, log_of().served) == (3, THREADS + 2)


def test_without_the_group_each_needs_a_sync(file: Path) -> None:
    with pytest.raises(AssertionError):
        all_share_the_next_sync(file, EachAlone)


def nobody_joins_a_sync_that_has_begun(file: Path, kind: Callable[[Path, Disk], Durability]) -> None:
    disk = use(file, kind)
    first = held(disk, lambda: note(1))
    second = Doing(lambda: (note(2), stored.append(disk.notes())))
    stored: list[set[int]] = []
    until(lambda: 2 in notes(), "the second has committed")
    disk.let_go()
    assert first.result() is None
    until(lambda: second.is_done or disk.begun == 3, "the next sync has begun")
    disk.let_go()
    assert second.result() is None
    assert stored == [{0, 1, 2}]


def test_a_commit_waits_for_a_sync_that_began_after_it(file: Path) -> None:
    nobody_joins_a_sync_that_has_begun(file, Durability)


def test_a_sync_that_began_before_a_commit_does_not_store_it(file: Path) -> None:
    with pytest.raises(AssertionError):
        nobody_joins_a_sync_that_has_begun(file, WithTheOneBefore)


def test_while_one_syncs_others_read_and_write(disk: Disk) -> None:
    first = held(disk, lambda: note(1))
    assert db.database.obj.writers.waiting() == 0
    with db.snapshot():
        assert notes() == {0, 1}
    second = Doing(lambda: note(2))
    until(lambda: notes() == {0, 1, 2}, "the second has committed")
    disk.let_go(2)
    assert [first.result(), second.result()] == [None, None]


def test_a_failed_sync_fails_those_who_waited_for_it_alone(disk: Disk) -> None:
    first = held(disk, lambda: note(1))
    disk.broken = {3: errno.EIO}
    failing = [Doing(lambda number=number: note(number)) for number in (2, 3, 4)]  # type: ignore[misc]
    until(lambda: log_of().waiting() == 4, "all wait")
    disk.let_go(2)
    assert first.result() is None
    assert [type(one.result()) for one in failing] == [NotDurable] * 3
    refusal = db.away(failing[0].result())
    assert refusal is not None
    assert refusal.state == "away"
    note(5)  # stored in another way, see below
    assert notes() == {0, 1, 2, 3, 4, 5}  # a failed one is not undone


def test_a_full_disk_is_said_to_be_full(disk: Disk) -> None:
    disk.broken = {2: errno.ENOSPC}
    refusal = db.away(refused(lambda: note(1), NotDurable))
    assert refusal is not None
    assert refusal.state == "full"


def test_after_a_failed_sync_the_log_counts_only_once_it_was_stored_as_a_whole(disk: Disk, file: Path) -> None:
    """The system forgets what it could not write: a later sync that succeeds says nothing of it."""
    disk.broken = {2: errno.EIO}
    refused(lambda: note(1), NotDurable)
    with closing(cysqlite.connect(str(file))) as reader:  # Python's own SQLite would not see the locks of this process
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM note").fetchall()
        refused(lambda: note(2), NotDurable)  # somebody reads: the log cannot be emptied
        reader.execute("ROLLBACK")
    note(3)
    assert disk.begun == 2
    assert log_of().log.stat().st_size == 0
    note(4)
    assert disk.begun == 3
    assert disk.notes() == notes() == {0, 1, 2, 3, 4}


def test_a_log_that_cannot_be_opened_refuses_before_the_commit(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    log_of().close()
    with monkeypatch.context() as patch:
        patch.setattr(durability.os, "open", _no_descriptors)
        refused(lambda: note(1), NotDurable)
    assert notes() == {0}
    note(2)
    assert disk.notes() == {0, 2}


def _no_descriptors(*_: Any) -> int:
    raise OSError(errno.EMFILE, "Too many open files")


def test_each_way_to_write_is_durable_before_it_returns(disk: Disk) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: note(1),
        lambda: db.database.execute_sql("INSERT INTO note VALUES (2)"),
        lambda: db.execute_many("INSERT INTO note VALUES (?)", [(3,), (4,)]),
        lambda: db.database.execute_sql("CREATE TABLE other (number INTEGER)"),
        lambda: _set_version(7),
        lambda: db.database.execute_sql("VACUUM"),
    ]
    for number, way in enumerate(ways, 2):
        way()
        assert disk.begun == number
    assert disk.notes() == {0, 1, 2, 3, 4}


def _set_version(version: int) -> None:
    with db.atomic():
        db.database.execute_sql(f"PRAGMA user_version = {version}")


def test_who_only_reads_syncs_nothing(disk: Disk) -> None:
    with db.atomic():
        notes()  # what others have committed before may not be durable yet
    before = disk.begun
    for _ in range(3):
        with db.atomic():
            notes()
        with db.snapshot():
            notes()
        db.settle()
        with suppress(ZeroDivisionError), db.atomic():
            db.database.execute_sql("INSERT INTO note VALUES (9)")
            raise ZeroDivisionError
    assert disk.begun == before


def test_what_one_read_under_the_lock_is_durable_before_it_is_acknowledged(disk: Disk) -> None:
    """A message that arrives twice: the second finds the first one's row and writes nothing, and is acknowledged."""
    first = held(disk, lambda: note(1))
    second = Doing(lambda: (_read(), stored.append(disk.notes())))
    stored: list[set[int]] = []
    until(lambda: log_of().waiting() == 2, "the second waits")
    disk.let_go(2)
    assert [first.result(), second.result()] == [None, None]
    assert stored == [{0, 1}]


def _read() -> None:
    with db.atomic():
        assert notes() == {0, 1}


def test_the_anchor_is_never_ahead_of_the_database(sqlite: Path) -> None:
    World.create()
    disk = Disk(sqlite)
    db.database.obj.durability = Durability(sqlite.with_name(f"{sqlite.name}-wal"), disk)
    disk.broken = {1: errno.EIO}
    anchor = sqlite.parent / "journal-anchor.json"
    refused(books.write_anchor, NotDurable)
    assert not anchor.exists()
    books.write_anchor()
    assert anchor.exists()


def test_a_database_that_may_be_lost_syncs_nothing(tmp_path: Path) -> None:
    db.open_database(f"sqlite:///{tmp_path / 'lost.db'}", durable=False)
    with db.connected():
        assert db.database.execute_sql("PRAGMA synchronous").fetchone() == (0,)
        assert db.database.obj.durability is None
        db.settle()


def test_the_log_of_a_file_that_was_replaced_is_opened_again(disk: Disk, file: Path) -> None:
    db.disconnect()  # the last connection removes the log
    assert not log_of().log.exists()
    with db.connected():
        note(1)
        assert disk.notes() == {0, 1}
    db.connect()


ACTS = st.lists(st.sampled_from(["note", "alone", "many", "read", "empty", "others"]), min_size=1, max_size=12)


def survives_a_power_cut(disk: Disk, acts: list[str]) -> None:
    """After each act that was acknowledged, a power cut leaves what it wrote."""
    for act in acts:
        top = max(notes())
        if act == "note":
            note(top + 1)
        elif act == "alone":
            db.database.execute_sql(f"INSERT INTO note VALUES ({top + 1})")
        elif act == "many":
            db.execute_many("INSERT INTO note VALUES (?)", [(top + 1,), (top + 2,)])
        elif act == "read":
            with db.atomic():
                notes()
        elif act == "empty":
            assert db.empty_log()
        else:
            found = at_once(*(lambda n=n: _noted_and_stored(disk, n) for n in range(top + 1, top + 4)))
            assert found == [True] * 3
        assert disk.notes() == notes()


def _noted_and_stored(disk: Disk, number: int) -> bool:
    note(number)
    with log_of()._changed:  # no sync replaces the image meanwhile
        return number in disk.notes()


def test_what_was_acknowledged_survives_a_power_cut(disk: Disk) -> None:
    @proof(20, 300)
    @given(ACTS)
    def holds(acts: list[str]) -> None:
        survives_a_power_cut(disk, acts)

    holds()


def test_without_syncs_a_power_cut_loses_what_was_acknowledged(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Durability, "wait", lambda self, store: None)
    with pytest.raises(AssertionError):
        survives_a_power_cut(disk, ["note"])


# Writing the log back


class SlowFile(Disk):
    """A disk that takes its time only with what is written to the database file itself."""

    def __call__(self, file: int) -> None:
        if os.fstat(file).st_ino != self.file.stat().st_ino:
            super().__call__(file)
            return
        self.flushes += 1
        assert self._permits.acquire(timeout=30)

    flushes = 0


def others_write_while_the_log_is_written_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill the log; whoever does is held while the file is synced, and another thread commits."""
    disk = SlowFile(file)
    db.database.obj.durability = Durability(file.with_name(f"{file.name}-wal"), disk)
    monkeypatch.setattr(engines, "LOG_PAGES", 5)
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 0.5)
    filling = Doing(lambda: [note(number) for number in range(5)])
    until(lambda: disk.flushes == 1, "the file is synced")
    try:
        note(100)
    finally:
        disk.let_go()
        assert filling.result() is None
    _, frames, stored = db.database.execute_sql("PRAGMA wal_checkpoint(NOOP)").fetchone()
    assert frames == stored > 0  # all of it, also what was added meanwhile
    note(101)
    _, frames, _ = db.database.execute_sql("PRAGMA wal_checkpoint(NOOP)").fetchone()
    assert frames == 1  # the log began anew
    assert disk.notes() == {0, 1, 2, 3, 4, 100, 101}


def test_nobody_waits_while_the_log_is_written_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others_write_while_the_log_is_written_back(file, monkeypatch)


def test_in_the_queue_others_would_wait_for_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_the_queue(self: engines.Sqlite, durability: Durability) -> None:
        with self._queued():
            durability.flush_database()

    monkeypatch.setattr(engines.Sqlite, "_write_back", in_the_queue)
    with pytest.raises(TurnNotReached):
        others_write_while_the_log_is_written_back(file, monkeypatch)


def test_a_log_that_cannot_be_written_back_fails_no_commit(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LOG_PAGES", 1)
    monkeypatch.setattr(Durability, "flush_database", _no_descriptors)
    note(1)
    assert disk.notes() == {0, 1}


# The order of writers, in front of a real file


class WithoutAQueue(WriteQueue):
    """The twin of the queue: each goes to SQLite's own lock at once."""

    def enter(self, patience_seconds: float) -> Place:
        place = Place(0)
        self._line.append(place)
        return place

    def leave(self, place: Place) -> None:
        self._line.remove(place)


def commits_follow_the_order_of_arrival(first: int) -> None:
    """While one transaction writes, others arrive one after the other; then all commit in this order."""
    writers, others = db.database.obj.writers, list[Doing]()
    with db.atomic():
        for number in range(first, first + THREADS):
            before = writers.waiting()
            others.append(Doing(lambda number=number: _arrive(number)))  # type: ignore[misc]
            until(lambda before=before: writers.waiting() > before, "the next one waits")  # type: ignore[misc]
    assert [one.result() for one in others] == [None] * THREADS
    arrived = [number for (number,) in db.fetched("SELECT number FROM arrival WHERE number >= ? ORDER BY rowid", first)]
    assert arrived == list(range(first, first + THREADS))


def _arrive(number: int) -> None:
    with db.atomic():
        db.database.execute_sql(f"INSERT INTO arrival VALUES ({number})")


@pytest.fixture
def arrivals(file: Path) -> None:
    db.database.execute_sql("CREATE TABLE arrival (number INTEGER)")


@pytest.mark.usefixtures("arrivals")
def test_commits_follow_the_order_of_arrival() -> None:
    for first in (0, 100, 200):
        commits_follow_the_order_of_arrival(first)


@pytest.mark.usefixtures("arrivals")
def test_without_the_queue_the_order_of_commits_is_lost(file: Path) -> None:
    db.database.obj.writers = WithoutAQueue(file.with_name("none"))
    with pytest.raises(AssertionError):
        for first in range(0, 2000, 100):
            commits_follow_the_order_of_arrival(first)


def test_one_file_has_one_group_in_a_process(tmp_path: Path) -> None:
    one = durability.of(tmp_path / "a.db")
    assert durability.of(tmp_path / "a.db") is one
    assert durability.of(tmp_path / "b.db") is not one
    assert engines.Sqlite(tmp_path / "b.db").durability is durability.of(tmp_path / "b.db")
