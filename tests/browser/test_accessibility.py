"""axe-core finds nothing in any state of the panel, whatever its look and width (acceptance 10)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Frame

from tests.browser import looks
from tests.browser.conftest import DESK, PHONE, Demo, Visitor
from widget_server.widget.panel import TABS

Make = Callable[..., Visitor]

AXE = (Path(__file__).parents[2] / "widget_static/node_modules/axe-core/axe.min.js").read_text("utf-8")
RUN = """async () => {
  await Promise.all(document.getAnimations().map((one) => one.finished));
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const { violations, passes } = await axe.run(ROOT, { runOnly: { type: "tag", values }, iframes: false });
  if (passes.length < 5) throw new Error("axe looked at too little: " + passes.length);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}"""
# what can be pressed and is too small for a thumb; a box drawn after it belongs to it, and so does its label
SMALL = """() => [...document.querySelectorAll("button, a, input, summary")].filter((one) => {
  const box = (one.closest("label") ?? one).getBoundingClientRect(), after = getComputedStyle(one, "::after");
  const height = box.height - (after.content === "none" ? 0 : 2 * parseFloat(after.top));
  return one.checkVisibility() && (Math.round(height) < 44 || Math.round(box.width) < 44);
}).map((one) => "small: " + one.outerHTML)"""


@pytest.fixture(scope="module", autouse=True)
def auto(demo: Demo) -> Iterator[None]:
    """The panel is light or dark as the device is."""
    with looks.as_the_device(demo):
        yield


class Inspector:
    """Looks at what a visitor sees, narrow and wide, and keeps what is wrong with it."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.found: dict[str, list[str]] = {}

    def sees(self, state: str) -> None:
        """Check the panel as it stands, on a phone and on a desk."""
        for width, size in looks.WIDTHS.items():
            self.visitor.page.set_viewport_size(size)
            frame = looks.panel_frame(self.visitor)
            self._keep(f"{state} at {width}", self._axe(frame, "document") + frame.evaluate(SMALL))

    def sees_on_the_page(self, state: str) -> None:
        """Check what stands in the shop's page: the launcher, and the frame's own notice."""
        for width, size in looks.WIDTHS.items():
            self.visitor.page.set_viewport_size(size)
            self._keep(f"{state} at {width}", self._axe(self.visitor.page.main_frame, '"loyalty-widget"'))

    def _axe(self, frame: Frame, root: str) -> list[str]:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE)
        found: list[str] = frame.evaluate(RUN.replace("ROOT", root))
        return found

    def _keep(self, state: str, found: list[str]) -> None:
        if found:
            self.found[state] = found


@pytest.fixture(params=looks.LOOKS)
def inspector(request: pytest.FixtureRequest, visitor: Make) -> Inspector:
    """Somebody who looks closely, in each look."""
    look = str(request.param)
    one = visitor(bypass_csp=True, **looks.options(look))
    looks.wear(one.context, look)
    return Inspector(one)


def test_a_guest_meets_no_barrier(inspector: Inspector) -> None:
    guest = inspector.visitor
    guest.visits("/?loyalty=redeem")
    panel = guest.panel
    panel.locator(".foot").wait_for()
    inspector.sees("guest")
    inspector.sees_on_the_page("launcher, open")

    panel.locator(".foot .btn").first.click()
    panel.locator("#email").wait_for()
    inspector.sees("log in with a code")
    panel.locator("section > .wide .btn").first.click()
    panel.locator("#password").wait_for()
    inspector.sees("log in with a password")
    panel.locator("#email").fill("nobody@example.com")
    panel.locator("#password").fill("not the password")
    panel.locator("form .go").click()
    panel.locator(".bad").wait_for()
    inspector.sees("refused")

    panel.locator("section > .wide .btn").last.click()
    panel.locator(".foot .go").click()
    panel.locator("#name").wait_for()
    inspector.sees("sign up")
    panel.locator("#email").fill("nobody")
    panel.locator("form .go").click()
    panel.locator("#email-no").wait_for()
    inspector.sees("sign up with half an address")
    panel.locator("#email").fill(f"axe.{id(inspector)}@example.com")
    panel.locator("form .go").click()
    panel.locator("#code").wait_for()
    inspector.sees("code")

    guest.page.keyboard.press("Escape")
    inspector.sees_on_the_page("launcher")
    assert inspector.found == {}


def test_a_member_meets_no_barrier(inspector: Inspector) -> None:
    mara = inspector.visitor
    looks.logs_in(mara)
    mara.visits("/?loyalty=redeem")
    panel = mara.panel
    panel.locator(".row .btn").first.wait_for()

    panel.locator(".row .btn").nth(3).click()  # free shipping
    panel.locator("dialog").wait_for()
    inspector.sees("confirm")
    panel.locator("dialog .go").click()
    panel.locator("dialog .code").wait_for()
    inspector.sees("done")
    panel.locator("dialog .txt").click()

    for tab in TABS:
        panel.locator(f"#t-{tab}").click()
        panel.locator("#p:not(:has(.wait))").wait_for()
        if tab == "my_rewards":
            panel.locator("summary").first.click()
        elif tab == "referral":
            panel.locator("[aria-expanded]").click()
            panel.locator("#qr").wait_for()
        elif tab == "my_balance":
            panel.locator("summary").first.click()
        inspector.sees(tab)
    panel.locator("#p .txt").last.click()
    panel.locator("dialog").wait_for()
    inspector.sees("leave")
    panel.locator("dialog .txt").click()

    mara.context.route("**/widget/panel?**", lambda route: route.abort())
    panel.locator("#t-earn").click()
    panel.get_by_role("alert").wait_for()
    inspector.sees("error")
    assert inspector.found == {}


def test_no_panel_at_all_meets_no_barrier(inspector: Inspector) -> None:
    unlucky = inspector.visitor
    unlucky.context.route("**/panel?**", lambda route: route.abort())
    unlucky.visits("/?loyalty=earn")
    unlucky.page.locator("loyalty-widget [role=alert] button").first.wait_for()
    inspector.sees_on_the_page("no panel")
    assert inspector.found == {}


@pytest.mark.parametrize("look", ["light", "rtl"])
def test_the_panel_stands_above_its_launcher(visitor: Make, look: str) -> None:  # acceptance 6, 11
    one = visitor(**looks.options(look))
    looks.wear(one.context, look)
    one.visits("/?loyalty=earn")
    one.panel.locator("h1").wait_for()
    launcher = one.page.locator("loyalty-widget button.open").bounding_box()
    panel = one.page.locator("loyalty-widget .panel").bounding_box()
    assert launcher and panel
    side = DESK["width"] - panel["x"] - panel["width"] if look == "light" else panel["x"]
    assert side == 24
    assert panel["y"] + panel["height"] < launcher["y"]
    assert panel["y"] > 0

    one.page.set_viewport_size(PHONE)
    assert one.page.locator("loyalty-widget .panel").bounding_box() == {"x": 0, "y": 0, **PHONE}


def test_the_theme_of_the_page_is_the_theme_of_the_widget(visitor: Make) -> None:
    one = visitor(**looks.options("light"))
    one.visits("/?loyalty=earn")
    root = one.panel.locator("html")
    root.and_(one.panel.locator("[data-theme=light]")).wait_for()
    one.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    root.and_(one.panel.locator("[data-theme=dark]")).wait_for()
    assert re.sub(r"\s", "", root.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")) == (
        "rgb(22,24,28)"
    )
    one.page.evaluate("delete document.documentElement.dataset.theme")
    root.and_(one.panel.locator("[data-theme=light]")).wait_for()
    one.page.emulate_media(color_scheme="dark")
    root.and_(one.panel.locator("[data-theme=dark]")).wait_for()
    assert one.complaints == []
