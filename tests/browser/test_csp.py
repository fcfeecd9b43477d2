"""Under the strict policy of contracts §6 nothing is violated, nothing is complained of and nothing moves."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.pages import alter_page, logs_in, points_of, policy

Make = Callable[..., Visitor]

# every document, ours and the shop's, says aloud what its policy refused; the shop's page adds up what moved
WATCH = """
addEventListener("securitypolicyviolation", (event) =>
  console.error("refused", event.violatedDirective, event.blockedURI, event.sourceFile));
if (self === top) {
  const moved = { byItself: 0, inAll: 0 };
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      moved.inAll += shift.value;
      if (!shift.hadRecentInput) moved.byItself += shift.value;
    }
  }).observe({ type: "layout-shift", buffered: true });
  Object.defineProperty(document, "moved", { get: () => moved });
}
"""
TABS = ("Earn points", "Redeem points", "My rewards", "Referral program", "My balance")


def _moved(page: Page) -> tuple[float, float]:
    """Layout shift without and with what follows a press: there, the launcher's word moves in its place."""
    page.wait_for_timeout(300)  # shifts are reported with the next frames
    moved = page.evaluate("document.moved")
    return moved["byItself"], moved["inAll"]


def test_all_tabs_badges_and_use_it_now_under_the_strict_policy(visitor: Make) -> None:
    mara = visitor()
    mara.context.add_init_script(WATCH)
    logs_in(mara)
    answer = mara.page.goto(mara.demo.shop + "/")
    assert answer is not None
    assert answer.headers["content-security-policy"] == policy(mara.demo)

    mara.opens_widget()
    points_of(mara)
    for name in TABS:
        mara.tab(name)
    by_itself, in_all = _moved(mara.page)
    assert by_itself == 0
    assert in_all < 0.00001

    panel = mara.tab("Redeem points")
    panel.get_by_role("button", name="Redeem Free shipping").click()
    panel.get_by_role("dialog").get_by_role("button", name=re.compile("^Redeem 400")).click()
    panel.get_by_text("is yours").wait_for()

    mara.visits("/products/p4")
    mara.page.locator("[data-loyalty-points-for]", has_text="points").wait_for()
    mara.page.get_by_role("button", name="Add to cart").click()
    mara.opens_widget()
    mara.tab("My rewards").get_by_role("button", name="Use it now").first.click()
    mara.page.wait_for_url("**/cart")
    mara.page.locator("[data-loyalty-points-for]", has_text="points").wait_for()
    assert mara.complaints == []


def test_a_violation_would_have_been_heard(visitor: Make) -> None:
    ann = visitor()
    ann.context.add_init_script(WATCH)
    ann.visits("/")
    ann.page.evaluate("document.head.append(document.createElement('style'))")
    ann.page.evaluate("document.querySelector('style').textContent = 'body { margin-top: 90px }'")
    ann.page.evaluate("document.body.insertAdjacentElement('afterbegin', document.createElement('h1')).append('More')")
    ann.page.wait_for_timeout(300)
    assert any("style-src" in one for one in ann.complaints)
    assert min(_moved(ann.page)) > 0.001


def test_one_global_and_no_other_mark(visitor: Make) -> None:
    ann = visitor()
    ann.visits("/")
    ann.opens_widget()
    with_widget = set(ann.page.evaluate("Object.getOwnPropertyNames(window)"))
    native = (
        "[Array, String, Promise, EventTarget, Element].flatMap((kind) => Object.getOwnPropertyNames(kind.prototype))"
    )
    prototypes = ann.page.evaluate(native)

    bare = visitor()
    alter_page(bare, "/", lambda page: re.sub(r"<script[^>]*widget\.js[^>]*></script>", "", page))
    bare.visits("/")
    bare.launcher.wait_for(state="hidden")
    assert with_widget - set(bare.page.evaluate("Object.getOwnPropertyNames(window)")) == {"LoyaltyWidget"}
    assert prototypes == bare.page.evaluate(native)
    assert ann.context.cookies(ann.demo.shop) == bare.context.cookies(bare.demo.shop) == []  # no cookie of ours
    assert ann.context.cookies(ann.demo.widget) == []
    assert ann.complaints == []
