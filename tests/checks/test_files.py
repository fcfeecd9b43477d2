"""Files of the server: nobody else on the machine reads or changes them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from widget_server.checks import files
from widget_server.config import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "instance"
    return Settings(instance=folder, database_url=f"sqlite:///{folder / 'loyalty.db'}")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_instance_folder_is_for_its_user_alone(settings: Settings) -> None:
    assert files.find(settings) == []
    assert mode(settings.instance) == 0o700


def test_what_others_may_read_is_mended(settings: Settings) -> None:
    settings.instance.mkdir(0o777)
    settings.instance.chmod(0o777)
    for name in ("loyalty.db", "loyalty.db-wal", "loyalty.db-shm"):
        (settings.instance / name).touch()
        (settings.instance / name).chmod(0o666)
    assert files.find(settings) == []
    assert mode(settings.instance) == 0o700
    assert [mode(path) for path in sorted(settings.instance.iterdir())] == [0o600] * 3


def test_what_cannot_be_mended_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.instance.mkdir()
    settings.instance.chmod(0o755)
    monkeypatch.setattr(files.Path, "chmod", _not_permitted)
    ((one),) = files.find(settings)
    assert one.is_fatal and "chown" in one.text and str(settings.instance) in one.text


def _not_permitted(path: Path, mode: int) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_folder_in_which_others_may_exchange_the_database_is_refused(settings: Settings, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    elsewhere = Settings(instance=settings.instance, database_url=f"sqlite:///{shared / 'loyalty.db'}")
    shared.chmod(0o777)
    ((one),) = files.find(elsewhere)
    assert one.is_fatal and "chmod go-w" in one.text
    for fine in (0o1777, 0o755):  # as /tmp, where only the owner renames; as most folders
        shared.chmod(fine)
        assert files.find(elsewhere) == []


def test_a_path_that_depends_on_the_folder_one_stands_in_is_refused(settings: Settings) -> None:
    ((one),) = files.find(Settings(instance=settings.instance, database_url="sqlite:///loyalty.db"))
    assert one.is_fatal and "DATABASE_URL" in one.text


OTHER = """
import sys
from pathlib import Path
from widget_server.checks import files
from widget_server.config import Settings
print(files.claim(Settings(instance=Path(sys.argv[1]), database_url=sys.argv[2])), flush=True)
sys.stdin.readline()
"""


class Server:
    """Another process that claims a database for its instance folder."""

    def __init__(self, instance: Path, url: str) -> None:
        words = [sys.executable, "-c", OTHER, str(instance), url]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()

    def ends(self) -> None:
        self.process.communicate("\n", timeout=30)


def test_two_instance_folders_never_share_one_database(settings: Settings, tmp_path: Path) -> None:
    settings.instance.mkdir()
    first = Server(settings.instance, settings.database_url)
    same = Server(settings.instance, settings.database_url)
    other = Server(tmp_path / "other", settings.database_url)
    try:
        assert first.said == same.said == "None"
        assert other.said.startswith("refused:") and str(settings.instance) in other.said
    finally:
        for one in (other, same, first):
            one.ends()
    later = Server(tmp_path / "other", settings.database_url)
    assert later.said == "None"
    later.ends()
