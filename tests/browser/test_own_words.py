"""The shop's own words in a sentence that runs the other way stand as they were written (acceptance 11)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import Visitor
from tests.browser.looks import speak
from tests.browser.pages import logs_in, rewards_called

Make = Callable[..., Visitor]

# where the characters of a text stand on the screen, from left to right, as offsets into it
ORDER = """(one, text) => {
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && !walker.currentNode.data.includes(text));
  const node = walker.currentNode, from = node.data.indexOf(text);
  const left = (at) => {
    const range = new Range();
    range.setStart(node, from + at);
    range.setEnd(node, from + at + 1);
    return range.getBoundingClientRect().left;
  };
  return [...text].map((sign, at) => [sign, left(at)]).filter(([sign]) => sign.trim())
    .sort(([, a], [, b]) => a - b).map(([sign]) => sign).join("");
}"""
ENGLISH, ARABIC = "20 € off, for Gold!", "5 أكواب!"


def _seen(one: Locator, text: str) -> str:
    return str(one.evaluate(ORDER, text))


@pytest.mark.parametrize(
    ("lang", "title", "seen"),
    [
        ("ar", ENGLISH, "20€off,forGold!"),  # as one reads it
        ("en", ARABIC, "!باوكأ5"),  # from right to left, so the last comes first
    ],
)
def test_a_title_stands_in_its_own_direction(visitor: Make, lang: str, title: str, seen: str) -> None:
    mara = visitor()
    logs_in(mara)
    speak(mara.context, lang)
    with rewards_called(mara.demo, title):
        mara.visits("/?loyalty=redeem")
        row = mara.panel.locator(".row", has_text=title)
        assert _seen(row.locator(".t"), title) == seen
        row.locator(".btn").click()
        mara.panel.locator("dialog").wait_for()
        assert _seen(mara.panel.locator("#sheet"), title) == seen
