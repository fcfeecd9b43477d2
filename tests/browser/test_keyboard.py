"""The whole story without a mouse, and for eyes that need it larger or still (acceptance 10, 35)."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import looks
from tests.browser.conftest import Visitor
from tests.browser.pages import add_page, script_tag
from widget_server.web import built_files
from widget_server.widget.panel import TABS

Make = Callable[..., Visitor]

# what has the keyboard: its role or element, and the name a reader says; "" is nothing at all, which is focus lost
NAME = """() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body || one === document.documentElement) return "";
  const label = one.labels?.[0]?.textContent ?? document.getElementById(one.getAttribute("aria-labelledby"))?.ariaLabel;
  return `${one.role || one.localName} ${one.ariaLabel || label || one.textContent.trim() || one.title}`;
}"""
# a reader says what is put into a live region that stands there already
LISTEN = """
window.said = [];
new MutationObserver((all) => {
  for (const { target } of all) {
    const region = (target.closest ? target : target.parentElement)?.closest("[role=status]");
    if (region?.textContent) window.said.push(region.textContent);
  }
}).observe(document, { childList: true, characterData: true, subtree: true });
"""


class Keyboard:
    """A person who has a keyboard and nothing else."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.keys = visitor.page.keyboard

    @property
    def at(self) -> str:
        """The role or element, and the name, of what has the keyboard."""
        page = self.visitor.page
        if page.evaluate("document.activeElement?.shadowRoot?.activeElement?.localName") != "iframe":
            return str(page.evaluate(NAME))
        if all("/panel?" not in frame.url for frame in page.frames):
            return "a frame on its way"
        return str(looks.panel_frame(self.visitor).evaluate(NAME))

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.keys.press(key)

    def comes_to(self, name: str) -> None:
        """Wait until the keyboard is there by itself."""
        for _ in range(80):
            if re.match(name, self.at):
                return
            time.sleep(0.05)
        raise AssertionError(f"not at {name!r} but at {self.at!r}")

    def tabs_to(self, name: str, key: str = "Tab") -> list[str]:
        """Press Tab until the keyboard is there; answers the way. Nothing on it may be nowhere."""
        way: list[str] = []
        for _ in range(60):
            if re.match(name, self.at):
                return way
            self.press(key)
            way.append(self.at)
            assert way[-1], "; ".join(way)
        raise AssertionError(f"{name!r} is not reached: {way}")

    def said(self) -> list[str]:
        """What a reader has announced of the panel's results."""
        found: list[str] = looks.panel_frame(self.visitor).evaluate("window.said")
        return found


@pytest.fixture
def keyboard(visitor: Make) -> Callable[..., Keyboard]:
    """Open the shop's home for somebody without a mouse, and go to the launcher."""

    def make(look: str = "light", path: str = "/", **options: Any) -> Keyboard:
        one = visitor(**looks.options(look, **options))
        looks.wear(one.context, look)
        one.context.add_init_script(LISTEN)
        one.visits(path)
        hands = Keyboard(one)
        hands.press("Tab")
        return hands

    return make


def test_the_whole_story_without_a_mouse(keyboard: Callable[..., Keyboard]) -> None:
    hands = keyboard(permissions=["clipboard-read", "clipboard-write"])
    email = "keys@example.com"
    hands.tabs_to("button Rewards")
    hands.press("Enter")
    hands.comes_to("h2 Ways to earn")

    hands.tabs_to("button Sign up")
    hands.press("Enter")
    hands.comes_to("h2 Join Fern Club")
    hands.tabs_to("input E-mail")
    hands.keys.type("keys@")
    hands.press("Enter")
    hands.visitor.panel.get_by_role("alert").wait_for()
    hands.comes_to("input E-mail")  # to what was refused
    hands.keys.type("example.com")
    since = time.time() - 1
    hands.press("Enter")
    hands.comes_to("h2 Check your mail")
    code = hands.visitor.demo.code_for(email, after=since)
    hands.tabs_to("input Code")
    hands.keys.type(code)
    hands.press("Enter")
    hands.comes_to("h2 Earn points")

    # one stop for five tabs; arrows go round, Home and End to the ends
    hands.tabs_to("tab Earn points", "Shift+Tab")
    for key, name in (
        ("ArrowRight", "Redeem points"),
        ("End", "My balance"),
        ("ArrowRight", "Earn points"),
        ("ArrowLeft", "My balance"),
        ("Home", "Earn points"),
        ("ArrowRight", "Redeem points"),
    ):
        hands.press(key)
        hands.comes_to(f"tab {name}")
        hands.visitor.panel.locator("[role=tab][aria-selected=true]:focus").wait_for()
        hands.visitor.panel.get_by_role("heading", name=name).wait_for()

    # the sheet has the keyboard until it closes, and gives it back
    hands.visitor.panel.get_by_role("button", name="Redeem €1 off").wait_for()
    way = hands.tabs_to("button Redeem €1 off")
    assert way[0] == "tabpanel Redeem points", way
    assert not [one for one in way if one.startswith("tab ")], way
    hands.press("Enter")
    hands.comes_to("h2 Redeem €1 off")
    hands.press("Escape")
    hands.comes_to("button Redeem €1 off")
    hands.press("Enter")
    hands.comes_to("h2 Redeem €1 off")
    round_trip = {*hands.tabs_to("button Cancel"), *hands.tabs_to("button Redeem 100 points")}
    assert round_trip <= {"button Redeem 100 points", "button Cancel", "button Close", "i ", "iframe Fern Club"}
    hands.press("Enter")
    hands.comes_to("h2 €1 off is yours")

    hands.tabs_to("button Copy code")
    copied = hands.at.removeprefix("button Copy code ")
    hands.press("Enter")
    hands.visitor.panel.get_by_text("Copied").wait_for()
    assert hands.said()[-1] == "Copied"
    assert hands.at == f"button Copy code {copied}"
    assert hands.visitor.page.evaluate("navigator.clipboard.readText()") == copied

    hands.tabs_to("button Use it now")
    hands.press("Enter")
    hands.visitor.page.wait_for_url("**/cart")
    hands.visitor.page.get_by_text(copied).first.wait_for()
    hands.visitor.page.get_by_role("button", name="Rewards").wait_for()  # it comes when the page is complete

    hands.press("Tab")
    hands.tabs_to("button Rewards")
    hands.press("Enter")
    hands.comes_to("h2 Earn points")
    hands.press("Escape")
    hands.comes_to("button Rewards")
    hands.visitor.page.locator("loyalty-widget .panel").wait_for(state="hidden")
    (refused,) = hands.visitor.complaints
    assert "400 (Bad Request)" in refused  # the browser's own word on half an address


def test_the_keyboard_stays_in_the_open_widget(keyboard: Callable[..., Keyboard]) -> None:
    hands = keyboard()
    hands.tabs_to("button Rewards")
    hands.press("Space")
    hands.comes_to("h2 Ways to earn")
    hands.visitor.panel.locator(".foot").wait_for()
    for key in ("Tab", "Shift+Tab"):
        round_trip = []
        for _ in range(40):
            hands.press(key)
            time.sleep(0.03)  # the panel hears by a message that the keyboard comes in
            round_trip.append(hands.at)
        assert round_trip.count("button Sign up") >= 2, round_trip  # all the way round, twice
        assert round_trip.count("button Close") >= 4, round_trip  # the panel's own, and the launcher
        assert all(round_trip), round_trip
        assert not [one for one in round_trip if one.startswith("a ")], round_trip  # the page's links are outside


def test_arrows_are_mirrored_where_the_text_is(keyboard: Callable[..., Keyboard]) -> None:
    words = json.loads((Path(__file__).parents[2] / "widget_static/locales/ar.json").read_text("utf-8"))
    hands = keyboard("rtl", "/account")
    looks.logs_in(hands.visitor)
    hands.visitor.visits("/")
    hands.press("Tab")
    hands.tabs_to("button " + words["launcher.label"])
    hands.press("Enter")
    hands.comes_to("h2 " + words["name_earn"])
    hands.tabs_to("tab " + words["name_earn"], "Shift+Tab")
    steps = (("ArrowLeft", "redeem"), ("ArrowLeft", "my_rewards"), ("ArrowRight", "redeem"), ("End", "my_balance"))
    for key, tab in steps:
        hands.press(key)
        hands.visitor.panel.locator(f"#t-{tab}[aria-selected=true]:focus").wait_for()
        hands.comes_to("tab " + words[f"name_{tab}"])


def test_the_keys_go_by_the_number_of_tabs(keyboard: Callable[..., Keyboard]) -> None:
    """Panels that have fewer tabs, or others last: the ends are where the list of tabs ends."""
    hands = keyboard(path="/account")
    looks.logs_in(hands.visitor)
    listed, code = json.dumps(TABS, separators=(",", ":")), built_files.text(built_files.name("panel.js"))
    assert code.count(listed) == 1
    served = code
    hands.visitor.context.route(
        "**/assets/panel-*.js", lambda route: route.fulfill(body=served, content_type="text/javascript")
    )
    for tabs in (TABS[:-1], TABS[:2], (*TABS[1:], TABS[0])):
        served = code.replace(listed, json.dumps(tabs, separators=(",", ":")))
        hands.visitor.visits("/?loyalty=redeem")
        hands.visitor.panel.locator("#t-redeem").click()
        for key, tab in (("End", tabs[-1]), ("ArrowRight", tabs[0]), ("ArrowLeft", tabs[-1]), ("Home", tabs[0])):
            hands.press(key)
            hands.visitor.panel.locator(f"#t-{tab}[aria-selected=true]:focus").wait_for()
    assert hands.visitor.complaints == []


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_asked(visitor: Make, motion: str) -> None:
    one = visitor(reduced_motion=motion)
    one.context.add_init_script(
        "window.moved = 0; addEventListener('animationend', (event) => { moved += event.elapsedTime; }, true);"
    )
    looks.logs_in(one)
    one.visits("/?loyalty=redeem")
    one.panel.locator(".row .btn").first.click()
    one.panel.locator("dialog").wait_for()
    one.page.wait_for_timeout(400)
    moved = looks.panel_frame(one).evaluate("moved")
    assert (moved > 0) == (motion == "no-preference")


# what sticks out of the screen, and words that stick out of their box; a code is cut and can be copied whole
OVERFLOW = """() => {
  const out = (rect, { left, right }) => rect.left < left - 1 || rect.right > right + 1;
  const all = [...document.querySelectorAll("body *:not(.code span)")];
  const seen = all.filter((one) => one.checkVisibility());
  const range = new Range();
  return seen.filter((one) => out(one.getBoundingClientRect(), { left: 0, right: innerWidth })
    || [...one.childNodes].some((node) => {
      range.selectNode(node);
      return node.nodeType === 3 && [...range.getClientRects()].some((rect) => out(rect, one.getBoundingClientRect()));
    })).map((one) => one.outerHTML.slice(0, 120));
}"""
LARGE = """addEventListener("DOMContentLoaded", () => {
  if (self !== top) document.documentElement.style.fontSize = "200%";
})"""


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar"])
def test_large_text_fits_a_small_phone(visitor: Make, language: str) -> None:
    one = visitor(viewport={"width": 320, "height": 640}, reduced_motion="reduce")
    one.context.add_init_script(LARGE)
    looks.speak(one.context, language)
    found: dict[str, list[str]] = {}

    def fits(state: str) -> None:
        frame = looks.panel_frame(one)
        assert frame.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        if sticking_out := frame.evaluate(OVERFLOW):
            found[state] = sticking_out

    one.visits("/?loyalty=redeem")
    one.panel.locator(".foot").wait_for()
    fits("guest")
    one.panel.locator(".foot .go").click()
    one.panel.locator("#email").wait_for()
    fits("sign up")
    looks.logs_in(one)
    one.visits("/?loyalty=redeem")
    one.panel.locator(".row .btn").nth(1).click()
    one.panel.locator("dialog").wait_for()
    fits("confirm")
    one.panel.locator("dialog .txt").click()
    for tab in TABS:
        one.panel.locator(f"#t-{tab}").click()
        one.panel.locator("#p:not(:has(.wait))").wait_for()
        fits(tab)
        if tab == "referral":
            one.panel.locator(".code .icon").click()
            said, tabs = one.panel.locator(".toast").bounding_box(), one.panel.locator(".bar").bounding_box()
            assert said and tabs
            assert said["y"] + said["height"] <= tabs["y"]  # what is said covers no tab
    assert found == {}

    tops = looks.panel_frame(one).evaluate("""() => {
      document.documentElement.style.fontSize = "100%";
      return [...document.querySelectorAll("[role=tab]")].map((tab) => tab.getBoundingClientRect().top);
    }""")
    assert len(tops) == 5
    assert len(set(tops)) == 1  # one row, where the text has its own size


DIALOGS = {
    "native": "<dialog id='theirs'><button>Inside</button></dialog>",
    "drawn": """<div id="theirs" role="dialog" hidden><button>Inside</button></div>""",
    "popover": "<div id='theirs' popover><button>Inside</button></div>",
}
OPENS = {
    "native": "theirs.showModal()",
    # it closes itself on Escape before anybody else hears of the key
    "drawn": """() => {
      theirs.hidden = false;
      theirs.addEventListener("keydown", ({ key }) => { if (key === "Escape") theirs.hidden = true; });
      theirs.querySelector("button").focus();
    }""",
    "popover": "theirs.showPopover()",
}


@pytest.mark.parametrize("focused", [True, False])
@pytest.mark.parametrize("kind", DIALOGS)
def test_escape_in_the_shops_own_dialog_closes_only_that(visitor: Make, kind: str, focused: bool) -> None:
    one = visitor()
    body = f"<h1>Page</h1><button>Outside</button>{DIALOGS[kind]}"
    add_page(one, "/test/dialog", head=script_tag(one.demo), body=body)
    one.visits("/test/dialog")
    one.opens_widget()
    panel = one.page.locator("loyalty-widget .panel")
    one.page.evaluate(OPENS[kind])
    inside = one.page.get_by_role("button", name="Inside")
    inside.wait_for()
    if focused:
        inside.focus()
    elif kind != "drawn":
        one.page.evaluate("document.activeElement.blur()")
    one.page.keyboard.press("Escape")
    inside.wait_for(state="hidden")
    assert panel.is_visible()

    one.page.get_by_role("button", name="Outside").focus()
    one.page.keyboard.press("Escape")  # nothing of the page's is open: it is for us
    panel.wait_for(state="hidden")
    assert one.complaints == []


def test_a_dialog_that_waits_out_of_sight_keeps_no_key_from_us(visitor: Make) -> None:
    one = visitor()
    drawer = (
        "<div role='dialog' aria-hidden='true'>Cart</div><div role='dialog' hidden>Search</div><button>Outside</button>"
    )
    add_page(one, "/test/drawer", head=script_tag(one.demo), body=drawer)
    one.visits("/test/drawer")
    one.opens_widget()
    one.page.get_by_role("button", name="Outside").focus()
    one.page.keyboard.press("Escape")
    one.page.locator("loyalty-widget .panel").wait_for(state="hidden")
    assert one.complaints == []
