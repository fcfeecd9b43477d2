"""An owner without a mouse: what has the focus is seen and not covered, and it moves as one reads (statement 3).

The stories press keys only. Each stop of the Tab key is looked at: its outline or shadow differs from the one without
the focus, nothing lies above it, and it stands after the stop before it in the document.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import ViewportSize

from tests.dashboard.conftest import PHONE, WIDE, Clerk, hire
from tests.make import Shopper, World
from widget_server.loyalty.earning import rules
from widget_server.loyalty.people import customer_edits, passwords
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.staff import accounts

DATABASES = ("sqlite",)
PASSWORD = "a fern in the fjord"
STOPS_MAX = 150
STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const look = () => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one);
    return `${outlineStyle === "none" ? "" : outlineStyle + outlineWidth + outlineColor} ${boxShadow}`;
  };
  const focused = look();
  const before = window.lastStop;
  one.blur();
  const plain = look();
  one.focus();
  const { left, top, width, height } = one.getBoundingClientRect();
  const above = document.elementFromPoint(left + Math.min(width / 2, 40), top + Math.min(height / 2, 20));
  const follows = !before?.isConnected || Boolean(before.compareDocumentPosition(one) & 4);
  window.lastStop = one;
  const label = one.labels?.[0] ?? one;
  return {
    name: (one.getAttribute("aria-label") ?? label.textContent).trim().replace(/\\s+/g, " "),
    html: one.outerHTML.slice(0, 160), follows,
    isSeen: focused !== plain,
    isCovered: !above || !(one.contains(above) || above.contains(one) || label.contains(above)),
  };
}"""


class Keyboard:
    """Somebody who has keys only."""

    def __init__(self, clerk: Clerk) -> None:
        self.page, self.press = clerk.page, clerk.page.keyboard.press

    def stop(self) -> dict[str, Any] | None:
        """What has the focus, after looking at it; None for the page itself."""
        found: dict[str, Any] | None = self.page.evaluate(STOP)
        if found is not None:
            assert found["isSeen"], f"{self.page.url}: the focus is not visible: {found['html']}"
            assert not found["isCovered"], f"{self.page.url}: something lies above {found['html']}"
            assert found["follows"], f"{self.page.url}: it goes back to {found['html']}"
        return found

    def goes_to(self, name: str) -> "Keyboard":
        """Press Tab until this link, button or field has the focus."""
        passed = []
        for _ in range(STOPS_MAX):
            self.press("Tab")
            found = self.stop()
            if found is not None and found["name"] == name:
                return self
            passed.append(found and found["name"])
        raise AssertionError(f"{self.page.url}: {name} is not among {passed}")

    def skips(self) -> "Keyboard":
        """Follow the skip link, the first stop of a page, to its content; who sent a form from there is there."""
        if self.page.url.endswith("#main"):
            return self
        self.goes_to("To the content").press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "main"
        return self

    def enters(self) -> "Keyboard":
        """Press Enter on a link or a button, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.press("Enter")
        return self

    def types(self, text: str) -> "Keyboard":
        """Replace what the field holds."""
        self.press("Control+A")
        self.page.keyboard.type(text)
        return self

    def is_led_to_the_fault(self) -> "Keyboard":
        """After a refusal the notice that names the fields has the focus; after the skip link, its content."""
        found = self.page.evaluate("[document.activeElement.getAttribute('role'), document.activeElement.id]")
        assert found[0] == "alert" or (found[1] == "main" and self.page.url.endswith("#main")), self.page.url
        assert self.page.locator("main [role=alert]").is_visible()
        return self


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with some points, among others, in a shop with a way to earn."""
    world.order_rule(title="Orders")
    ann = world.vouched("c-1", "ann@example.com", verified=True)
    customer_edits.edit(world.shop.id, ann.id, name="Ann Lee")
    ann.is_given(100)
    return ann


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "380"])
def test_an_owner_works_with_keys_alone(
    size: ViewportSize, office: Callable[..., Clerk], world: World, ann: Shopper
) -> None:
    olga = hire(world)
    accounts.set_password(olga, passwords.hash_password(PASSWORD))
    clerk = office(None, viewport=size)
    clerk.goes("/sign-in")
    keys = Keyboard(clerk)
    # a wrong password: the page says so, and the focus is there
    keys.goes_to("E-mail").types(olga.email)
    keys.goes_to("Password").types("something else").enters().is_led_to_the_fault()
    keys.goes_to("E-mail").types(olga.email)
    keys.goes_to("Password").types(PASSWORD).enters()
    # the menu, a customer
    if size == PHONE:
        keys.goes_to("Menu").enters()
    keys.goes_to("Customers").enters()
    keys.skips().goes_to("Search").types("ann").enters()
    keys.skips().goes_to("Ann Lee").enters()
    # points; then more than there are to deduct, and from the notice on to the field
    keys.skips().goes_to("Give points").enters()
    keys.skips().goes_to("Points").types("25").enters()
    assert ann.balance == 125
    keys.skips().goes_to("Edit balance").enters()
    keys.skips().goes_to("Points").types("-500").enters().is_led_to_the_fault()
    keys.goes_to("Points").types("-25").enters()
    assert ann.balance == 100
    # what cannot be undone: from a menu that Enter opens; the notice has a link to the field that was wrong
    keys.skips().goes_to("More actions").press("Enter")
    keys.goes_to("Erase data").enters()
    keys.skips().goes_to("Type it here").types("no").enters().is_led_to_the_fault()
    keys.goes_to("Type it here").press("Enter")
    assert clerk.page.evaluate("document.activeElement.tagName") == "INPUT"
    keys.types("Ann Lee").enters()
    assert Customer.need(world.shop, Customer.id == ann.id).erased_at is not None
    # a rule
    if size == PHONE:
        keys.goes_to("Menu").enters()
    keys.goes_to("Ways to earn").enters()
    keys.skips().goes_to("Orders").enters()
    keys.skips().goes_to("Name").types("Every order").enters()
    assert rules.listed_all(world.shop)[0].title == "Every order"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "380"])
def test_the_tab_key_passes_through_a_page_and_leaves_it(
    size: ViewportSize, office: Callable[..., Clerk], ann: Shopper
) -> None:
    clerk = office(viewport=size)
    keys = Keyboard(clerk)
    for path in ("/overview", "/customers"):
        clerk.goes(path)
        passed = 0
        keys.press("Tab")
        while keys.stop() is not None:
            passed += 1
            assert passed < STOPS_MAX, f"{path} does not let the focus go"
            keys.press("Tab")
        assert passed > 10, path
