"""Where browsers keep what belongs to a frame apart, or keep nothing at all (contracts §5)."""

import re
import time
from collections.abc import Callable

from tests.browser.conftest import Visitor
from tests.browser.pages import code_of, panel_frame, points_of, stored

Make = Callable[..., Visitor]

COOKIE = "(document.cookie = 'probe=1; SameSite=None; Secure', document.cookie)"
# as a browser that was told to keep no data: every door throws, in the shop's page and in our frames
CLOSED = """
const refuse = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
  Object.defineProperty(window, name, { get: refuse });
}
Object.defineProperty(Document.prototype, "cookie", { get: refuse, set: refuse });
"""


def test_a_member_stays_signed_in_where_third_party_cookies_are_blocked(visitor: Make) -> None:
    ann = visitor()
    ann.visits("/")
    ann.opens_widget()
    frame = panel_frame(ann.page)
    # it is really so: our frame gets no cookie, and its storage is not that of our own pages
    assert frame.evaluate(COOKIE) == ""
    assert frame.evaluate("document.hasStorageAccess()") is False

    ann.signs_up("ann.storage@example.com")
    points = points_of(ann)
    assert points >= 100
    assert any(name.startswith("loyalty:") for name in stored(frame))
    own = ann.context.new_page()
    own.goto(ann.demo.widget + "/healthz")
    assert own.evaluate(COOKIE) == "probe=1"
    assert stored(own.main_frame) == {}
    own.close()

    for path in ("/", "/products/p1", "/"):
        ann.visits(path)
        ann.opens_widget()
        assert points_of(ann) >= points
    assert ann.complaints == []


def test_a_browser_stays_a_known_device_after_logging_out(visitor: Make) -> None:  # contracts §19
    ann = visitor()
    ann.visits("/")
    ann.opens_widget()
    ann.signs_up("ann.device@example.com")
    points_of(ann)
    session = f"loyalty:{ann.demo.facts['embed_key']}"
    device = stored(panel_frame(ann.page))[session + ":device"]
    assert session in stored(panel_frame(ann.page))
    ann.tab("My balance").get_by_role("button", name="Log out").click()
    ann.panel.get_by_role("button", name="Log in").first.click()
    kept = stored(panel_frame(ann.page))
    assert session not in kept and kept[session + ":device"] == device

    ann.panel.get_by_label("E-mail").fill("ann.device@example.com")
    asked_at = time.time()
    ann.panel.get_by_role("button", name="Send me a code").click()
    ann.panel.get_by_label("Code").fill(ann.demo.code_for("ann.device@example.com", after=asked_at))
    ann.panel.get_by_role("button", name="Confirm").click()
    points_of(ann)
    assert stored(panel_frame(ann.page))[session + ":device"] == device
    assert "new device" not in ann.demo.mail_to("ann.device@example.com")
    assert ann.complaints == []


def test_where_all_storage_throws_everything_works_until_the_page_is_left(visitor: Make) -> None:
    bob = visitor()
    bob.context.add_init_script(CLOSED)
    bob.visits("/?loyalty=redeem")
    bob.panel.get_by_text("Ways to redeem").wait_for()
    frame = panel_frame(bob.page)
    thrown = "try { localStorage; false } catch (no) { no.name }"
    assert frame.evaluate(thrown) == bob.page.evaluate(thrown) == "SecurityError"

    bob.signs_up("bob.storage@example.com")
    assert points_of(bob) >= 100
    panel = bob.tab("Redeem points")
    panel.get_by_role("button", name=re.compile("^Redeem €1 off")).click()
    panel.get_by_role("dialog").get_by_role("button", name="Redeem 100 points").click()
    panel.get_by_text("is yours").wait_for()
    code = panel.locator("dialog .code span").inner_text()
    panel.get_by_role("button", name="Later").click()
    for name in ("Referral program", "My balance", "My rewards"):
        bob.tab(name)
    panel.get_by_text(code).wait_for()
    assert points_of(bob) < 100

    panel.get_by_role("button", name="Use it now").click()
    bob.page.wait_for_url("**/cart")
    bob.page.get_by_text(code).first.wait_for()

    bob.opens_widget()  # another page: nothing could be kept
    bob.panel.get_by_role("button", name="Sign up").wait_for()
    assert bob.panel.get_by_role("tab").count() == 0
    assert bob.complaints == []


def test_a_friends_code_counts_without_storage_as_long_as_the_page_lives(visitor: Make) -> None:
    code = code_of(visitor())
    eve = visitor()
    eve.context.add_init_script(CLOSED)
    eve.visits(f"/?ref={code}")
    eve.panel.get_by_text("A gift from your friend").wait_for()
    assert eve.complaints == []
