"""README lists every command, every setting and only what there is."""

import re
from pathlib import Path

import click

from tests.test_cli import leaves
from widget_server import config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def table(head: str) -> list[str]:
    """The code in the first column of the table whose first column is called `head`."""
    rows = README.split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return [row.split("`")[1] for row in rows]


def test_every_command_is_listed_and_no_other() -> None:
    assert table("command") == [f"widget-server {name}" for name in _in_order(table("command"))]
    assert {name for name, _ in leaves()} == {name.removeprefix("widget-server ") for name in table("command")}


def test_every_command_line_it_shows_can_be_typed() -> None:
    known = dict(leaves())
    shown = re.findall(r"^    widget-server (.+(?:\\\n.+)*)", README, re.M)
    assert shown
    for line in shown:
        typed = line.replace("\\\n", " ").split()
        name = next(name for name in (" ".join(typed[:2]), typed[0]) if name in known)
        options = {option for one in known[name].params for option in one.opts if isinstance(one, click.Option)}
        assert {word for word in typed if word.startswith("--")} <= options, line


def test_every_setting_is_listed_and_no_other() -> None:
    assert sorted(table("setting")) == sorted({"DATABASE_URL", *config.NAMES})


def test_every_mail_scheme_is_listed() -> None:
    (row,) = [line for line in README.splitlines() if line.startswith("| `WIDGET_MAIL_URL`")]
    assert all(f"{scheme}://" in row for scheme in config.MAIL_SCHEMES)


def test_every_target_of_make_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"`make ([a-z]+)`|^    make ([a-z]+)", README, re.M))
    found = {first or second for first, second in named}
    assert {"demo", "test", "proofs", "bench", "shots"} <= found <= targets


def test_every_file_and_folder_that_it_names_exists() -> None:
    named = set(re.findall(r"`(docs/[\w.-]+)`", README)) | set(re.findall(r"^    ((?:\w+/)+[\w.]*)", README, re.M))
    assert len(named) > 5
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.startswith("# Changelog\n\n## ") and re.search(r"^- ", text, re.M)


def _in_order(listed: list[str]) -> list[str]:
    return [name.removeprefix("widget-server ") for name in listed]
