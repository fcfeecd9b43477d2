"""Checks for files that other users may read or change. Modes of our own files are corrected, the rest is refused."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from widget_server.checks.findings import Finding, refusal, warning
from widget_server.config import Settings

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
PATH_BYTES_MAX = 4096
FREE_BYTES_MIN = 200 * 1024 * 1024


def find(settings: Settings) -> list[Finding]:
    """Problems of the instance folder and the database file; corrects their modes as well."""
    file = sqlite_file(settings)
    return [*_instance(settings.instance), *(_database(file, settings.instance) if file else ())]


def sqlite_file(settings: Settings) -> Path | None:
    """The file of the embedded database; None on PostgreSQL."""
    url = settings.database_url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None


def _instance(folder: Path) -> Iterator[Finding]:
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _close(folder, FOLDER_MODE)
    except OSError as failure:
        yield refusal(f"WIDGET_INSTANCE {folder} cannot be made this user's own ({failure.strerror}): chown it.")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield refusal(f"WIDGET_INSTANCE {folder} cannot be written by this user: chown it, or mount it read-write.")
    elif shutil.disk_usage(folder).free < FREE_BYTES_MIN:
        yield warning(f"The disk of {folder} is nearly full: points can be booked only while there is space.")


def _database(file: Path, instance: Path) -> Iterator[Finding]:
    if not file.is_absolute():
        yield refusal(
            f"DATABASE_URL names {file}, which depends on the folder this command is started in: "
            f"write the whole path, as sqlite:///{file.resolve()}."
        )
        return
    for one in (file, *(file.with_name(file.name + tail) for tail in ("-wal", "-shm", "-journal"))):
        try:
            if one.exists():
                _close(one, FILE_MODE)
        except OSError as failure:
            yield refusal(
                f"{one} may be read or changed by others, and cannot be corrected ({failure.strerror}): chown it."
            )
    folder = file.parent
    mode = folder.stat().st_mode if folder.exists() else FOLDER_MODE
    if folder != instance and mode & OTHERS_WRITE and not mode & stat.S_ISVTX:
        yield refusal(f"Others may put another file in the place of {file}: run `chmod go-w {folder}`.")


def _close(path: Path, mode: int) -> None:
    """Remove the permissions of other users on `path`: set `mode`."""
    if path.stat().st_mode & OTHERS:
        path.chmod(mode)


def claim(settings: Settings) -> Finding | None:
    """Claim the embedded database for this instance folder, until this process ends.

    Returns a refusal when a server with another instance folder uses it: neither would see all files.
    """
    file = sqlite_file(settings)
    if file is None or not file.parent.is_dir():
        return None
    mark = _mark(file)
    own = str(settings.instance).encode()
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(mark, 0)
        os.write(mark, own)
    except BlockingIOError:
        other = os.pread(mark, PATH_BYTES_MAX, 0)
        if other != own:
            os.close(mark)
            return refusal(
                f"{file} is served already, with the instance folder {other.decode()}: one database has one instance "
                "folder. Stop that server, or use PostgreSQL for several."
            )
    fcntl.flock(mark, fcntl.LOCK_SH)  # stays open: the claim ends with this process and its forks
    return None


def is_claimed(settings: Settings) -> bool:
    """True while a server of this machine uses the embedded database."""
    file = sqlite_file(settings)
    if file is None:
        return False
    mark = _mark(file)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(mark)
    return False


def _mark(file: Path) -> int:
    """Open the file beside the database; a lock on it means that the database is in use."""
    return os.open(file.with_name(file.name + ".server"), os.O_RDWR | os.O_CREAT, FILE_MODE)
