"""The owner's guide says what the dashboard says: its pictures, links, pages and words exist (docs/guide)."""

import re
from pathlib import Path

import pytest

from tests.dashboard.test_words import used
from widget_server.dashboard.navigation import MENU

GUIDE = Path(__file__).parent.parent / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
BOLD = re.compile(r"\*\*([^*]+)\*\*", re.S)
LINK = re.compile(r"(!?)\[[^\]]+\]\(([^)]+)\)")
BYTES_MAX, PICTURES_MAX = 60_000, 40


def bold_in(page: Path) -> list[str]:
    """The words in bold, each on one line."""
    return [" ".join(text.split()) for text in BOLD.findall(page.read_text("utf-8"))]


def test_what_is_bold_is_a_text_of_the_dashboard() -> None:
    known = {str(text) for text in used()}
    wrong = [f"{page.name}: {text}" for page in PAGES for text in bold_in(page) if text not in known]
    assert wrong == []


def test_each_page_of_the_menu_has_its_place() -> None:
    told = {text for page in PAGES if page.name != "README.md" for text in bold_in(page)}
    names = [str(entry.name) for _, entries in MENU for entry in entries]
    assert [name for name in names if name not in told] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    links = [address for _, address in LINK.findall(page.read_text("utf-8"))]
    assert [address for address in links if not (GUIDE / address).is_file()] == []
    if page.name != "README.md":
        assert f"({page.name})" in (GUIDE / "README.md").read_text("utf-8")


def test_its_pictures_are_few_small_and_all_shown() -> None:
    shown = {address for page in PAGES for mark, address in LINK.findall(page.read_text("utf-8")) if mark}
    there = {f"pictures/{file.name}": file.stat().st_size for file in (GUIDE / "pictures").iterdir()}
    assert shown == set(there) and len(there) <= PICTURES_MAX
    assert {name: size for name, size in there.items() if size > BYTES_MAX} == {}


def test_the_pictures_of_the_wordpress_plugin_are_small_and_all_shown() -> None:
    page = GUIDE.parent / "woocommerce-plugin.md"
    shown = {GUIDE.parent / address for mark, address in LINK.findall(page.read_text("utf-8")) if mark}
    assert shown == set((GUIDE.parent / "pictures" / "woocommerce").iterdir())
    assert {file.name: file.stat().st_size for file in shown if file.stat().st_size > BYTES_MAX} == {}
