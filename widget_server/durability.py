"""Group commit for one SQLite file: threads that commit during a sync of the write-ahead log share the next sync.

A connection with `synchronous=NORMAL` appends a commit to the log without a sync and lets the next writer go. The
commit is durable once a sync of the log has succeeded that began after it. Reasons: docs/decisions/017-group-commit.md.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

Sync = Callable[[int], None]  # makes what was written to a file descriptor durable; raises OSError
Identity = tuple[int, int, int]
Store = Callable[[], bool]  # stores the whole log in the database file and empties it; False when it could not

sync_file: Sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class NotDurable(Exception):
    """The log could not be synced: the commit was applied, and a power cut may undo it. `errno` is the disk's."""

    def __init__(self, errno: int | None = None) -> None:
        super().__init__("The write-ahead log could not be synced.")
        self.errno = errno


class _Round:
    """One sync of the log, for all commits before its beginning. Failed until it has succeeded."""

    def __init__(self) -> None:
        self.failure: NotDurable | None = NotDurable()
        self.is_over = False


class Durability:
    """The syncs of the log of one file. One object per file and process.

    One thread syncs at a time, for itself and for all whose commits came before that sync began; who comes later
    waits for the next one. `rounds` counts the syncs, `served` the commits that they made durable.
    """

    def __init__(self, log: Path, sync: Sync = sync_file) -> None:
        """`log` is the file of the log, whose name is that of the database file and `-wal`."""
        self.log = log
        self.sync = sync
        self.rounds = 0
        self.served = 0
        self._waiting = 0
        self._grown = 0
        self._database: int | None = None
        self._changed = threading.Condition()
        self._next = _Round()
        self._is_syncing = False
        self._is_torn = False
        self._file: int | None = None
        self._opened: Identity | None = None

    def attend(self) -> None:
        """Have the log open before a commit, so that each later error of writing it back is reported to its syncs.

        Raises NotDurable when it cannot be opened.
        """
        if self._found() != self._opened:
            with self._changed:
                self._until_still()
                self._open()

    def wait(self, store: Store) -> None:
        """Wait until a sync that began after this call has succeeded. Raises NotDurable when it failed.

        After a failed sync the system counts as written what it could not write, and no later sync tells. Then the
        log counts again only after `store` has stored all of it in the database file and emptied it.
        """
        with self._changed:
            mine = self._next
            self._waiting += 1
            try:
                while not mine.is_over:
                    if self._is_syncing:
                        self._changed.wait()
                    else:
                        self._lead(mine, store)
            finally:
                self._waiting -= 1
            if mine.failure is not None:
                raise NotDurable(mine.failure.errno) from mine.failure
            self.served += 1

    def is_long(self, pages: int, limit: int) -> bool:
        """Count pages that were appended to the log; True once for each `limit` of them."""
        with self._changed:
            self._grown += pages
            if self._grown < limit:
                return False
            self._grown = 0
            return True

    def flush_database(self) -> None:
        """Sync what was written to the database file. Raises OSError.

        Its descriptor is never closed: with it this process would lose SQLite's locks on the file.
        """
        if self._database is None:
            path = self.log.with_name(self.log.name.removesuffix("-wal"))
            self._database = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.sync(self._database)

    def waiting(self) -> int:
        """How many threads of this process wait for a sync or run one now."""
        return self._waiting

    def close(self) -> None:
        """Close the log; the next commit opens it again."""
        with self._changed:
            self._until_still()
            self._close()

    def _until_still(self) -> None:
        """Wait until no sync uses the file descriptor."""
        while self._is_syncing:
            self._changed.wait()

    def _lead(self, mine: _Round, store: Store) -> None:
        """Sync for everybody in this round, without the lock; those who come meanwhile are in the next round."""
        self._is_syncing, self._next = True, _Round()
        try:
            file = self._open()
            self._changed.release()
            try:
                self._sync(file, store)
            finally:
                self._changed.acquire()
            mine.failure = None
        except NotDurable as no:
            mine.failure = no
        finally:
            mine.is_over, self._is_syncing = True, False
            self.rounds += 1
            self._changed.notify_all()

    def _sync(self, file: int | None, store: Store) -> None:
        if self._is_torn:
            if not store():
                raise NotDurable()
            self._is_torn = False
        elif file is not None:
            try:
                self.sync(file)
            except OSError as no:
                self._is_torn = True
                raise NotDurable(no.errno) from no

    def _open(self) -> int | None:
        """The log's file descriptor; None when there is no log, and so nothing in it."""
        found = self._found()
        if found != self._opened:
            self._close()
            if found is not None:
                try:
                    self._file, self._opened = os.open(self.log, os.O_RDONLY | os.O_CLOEXEC), found
                except OSError as no:
                    raise NotDurable(no.errno) from no
        return self._file

    def _found(self) -> Identity | None:
        """The process and the file: a child that shares a descriptor would share its reports of errors."""
        try:
            log = self.log.stat()
        except FileNotFoundError:
            return None
        except OSError as no:
            raise NotDurable(no.errno) from no
        return os.getpid(), log.st_dev, log.st_ino

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self._opened = None, None


_opened: dict[Path, Durability] = {}


def of(database: Path) -> Durability:
    """The syncs of this SQLite file's log. The log of the file that was in use before is closed."""
    log = database.with_name(f"{database.name}-wal")
    if log not in _opened:
        for other in _opened.values():
            other.close()
        _opened.clear()
        _opened[log] = Durability(log)
    return _opened[log]
