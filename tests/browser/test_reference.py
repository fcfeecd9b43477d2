"""The reference as people see it: tables scroll in boxes of their own, axe-core finds nothing, narrow and wide."""

import pytest
from playwright.sync_api import Browser, ConsoleMessage, ViewportSize

from tests.browser.conftest import DESK, PHONE, Demo
from tests.browser.test_accessibility import AXE, RUN

PAGES = ("", "?of=accounts", "?of=customers", "?of=checkout")
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["380", "1280"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_meets_a_barrier(chromium: Browser, demo: Demo, scheme: str, size: ViewportSize) -> None:
    context = chromium.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    page = context.new_page()
    for query in PAGES:
        page.goto(f"{demo.widget}/reference{query}")
        page.evaluate(AXE)
        assert page.evaluate(RUN.replace("ROOT", "document")) == [], query
        assert not page.evaluate(TOO_WIDE), query
    context.close()


def test_a_wide_table_is_moved_by_the_keyboard_and_keeps_its_names_in_sight(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{demo.widget}/reference?of=accounts")
    box = page.get_by_role("group", name="What search.filter knows").first
    name = box.get_by_role("rowheader", name="contact.email")
    last = box.get_by_role("columnheader", name="operators")
    box.focus()
    place = name.bounding_box()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("(box) => box.scrollLeft > 200", arg=box.element_handle())
    moved = name.bounding_box()
    assert place and moved and moved["x"] == place["x"]
    last.wait_for()
    context.close()


def test_nothing_is_refused_and_nothing_comes_from_elsewhere(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(viewport=DESK)
    page = context.new_page()
    complaints: list[str] = []
    asked: set[str] = set()

    def hear(message: ConsoleMessage) -> None:
        if not message.location["url"].endswith("/favicon.ico"):  # the browser's own wish
            complaints.append(message.text)

    page.on("console", hear)
    page.on("request", lambda request: asked.add(request.url.removeprefix(demo.widget)))
    for query in PAGES:
        page.goto(f"{demo.widget}/reference{query}")
    assert complaints == []
    assert asked == {"/pages/reference.css", *(f"/reference{query}" for query in PAGES)}
    context.close()
