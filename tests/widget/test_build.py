"""What the build of widget_static refuses: words that its lists do not know, and lines that are too long."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from widget_server.web import built_files

EARN, REDEEM, LEAVE = (Path("src/panel") / name for name in ("tabs/earn.tsx", "tabs/redeem.tsx", "sheets/leave.tsx"))
LISTS = Path("src/panel/words_early.json")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of widget_static that a test may spoil."""
    for name in ("src", "locales"):
        shutil.copytree(built_files.FOLDER / name, tmp_path / name)
    for file in [*built_files.FOLDER.glob("*.mjs"), *built_files.FOLDER.glob("*.json")]:
        shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to((built_files.FOLDER / "node_modules").resolve())
    return tmp_path


def builds(sources: Path) -> str:
    """What the build prints; empty unless it refuses."""
    node = shutil.which("node")
    assert node
    done = subprocess.run([node, "build.mjs"], cwd=sources, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not done.stderr)
    return done.stderr


def alter(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_committed_files_are_what_the_build_makes(sources: Path) -> None:
    assert builds(sources) == ""
    made, committed = (
        {path.name: path.read_bytes() for path in one.iterdir()} for one in (sources / "dist", built_files.DIST)
    )
    assert made == committed


def test_a_word_of_early_code_that_no_list_has_is_named(sources: Path) -> None:
    alter(sources / EARN, 't("empty_earn")', 't("empty_redeem")')
    assert "empty_redeem: used, but missing from the list of earn" in builds(sources)


def test_a_prefix_stands_for_all_its_words(sources: Path) -> None:
    lists = json.loads((sources / LISTS).read_text("utf-8"))
    lists["my_balance"].remove("row_debt_repaid")
    (sources / LISTS).write_text(json.dumps(lists), "utf-8")
    assert "row_debt_repaid: used, but missing from the list of my_balance" in builds(sources)


@pytest.mark.parametrize("spare", ["confirm", "redeem", "no_such_word"])
def test_a_listed_word_that_nothing_needs_there_is_named(sources: Path, spare: str) -> None:
    lists = json.loads((sources / LISTS).read_text("utf-8"))
    lists["earn"].append(spare)
    (sources / LISTS).write_text(json.dumps(lists), "utf-8")
    assert f"{spare}: not used where the list of earn" in builds(sources)


def test_a_word_that_is_in_every_tab_stands_in_one_list_only(sources: Path) -> None:
    lists = json.loads((sources / LISTS).read_text("utf-8"))
    lists["earn"].append("close")
    (sources / LISTS).write_text(json.dumps(lists), "utf-8")
    assert "close: not used where the list of earn" in builds(sources)


def test_a_key_that_cannot_be_read_is_refused(sources: Path) -> None:
    alter(sources / REDEEM, 't("empty_redeem")', 't(all.length ? "more" : "empty_redeem")')
    assert "tabs/redeem.tsx: write the key of t(" in builds(sources)


def test_a_word_that_no_language_has_is_refused(sources: Path) -> None:
    alter(sources / LEAVE, 't("leave_more"', 't("leave_less"')
    assert "no word leave_less in en.json" in builds(sources)


def test_a_word_that_nothing_uses_is_refused(sources: Path) -> None:
    for file in (sources / "locales").glob("*.json"):
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "spare": "Spare"}), "utf-8")
    assert "nothing uses spare" in builds(sources)


@pytest.mark.parametrize("file", [EARN, Path("src/panel/panel.css"), Path("build_checks.mjs")])
def test_a_line_that_is_too_long_is_refused(sources: Path, file: Path) -> None:
    ending = "/* " + "x" * 115 + " */\n"
    (sources / file).write_text((sources / file).read_text("utf-8") + ending, "utf-8")
    assert f"{file}:" in (said := builds(sources)) and "120 characters" in said
