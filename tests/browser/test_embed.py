"""The embed on the shop's page: its API, its settings, its manners, and whose word it takes (acceptance 1-9, 16)."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import PHONE, Demo, Visitor
from tests.browser.pages import (
    JONAS,
    MARA,
    add_page,
    logs_in,
    logs_out,
    panel_frame,
    points_of,
    policy,
    program,
    script_tag,
    settles,
    stored,
    vouches,
    word,
)

Make = Callable[..., Visitor]
OPEN_POLICY = "default-src 'self' 'unsafe-inline'; script-src 'self' {0}; frame-src {0}"

# counts what listens and watches now; a signal that is aborted takes its listeners away
COUNT = """
if (self === top) {
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  const { observe, disconnect } = MutationObserver.prototype;
  const live = new Set();
  const ids = new WeakMap();
  let last = 0;
  const id = (one) => ids.get(one) ?? (ids.set(one, ++last), last);
  const name = (target, type, listener, options) =>
    [target.constructor.name, id(target), type, id(listener), !!(options?.capture ?? options)].join(" ");
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    const signal = options?.signal;
    if (listener && !signal?.aborted && !(target instanceof AbortSignal)) {
      const one = name(target, type, listener, options);
      live.add(one);
      if (signal) add.call(signal, "abort", () => live.delete(one));
    }
    return add.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    live.delete(name(this ?? window, type, listener, options));
    return remove.call(this ?? window, type, listener, options);
  };
  MutationObserver.prototype.observe = function (...given) {
    live.add("observer " + id(this));
    return observe.apply(this, given);
  };
  MutationObserver.prototype.disconnect = function () {
    live.delete("observer " + id(this));
    return disconnect.call(this);
  };
  Object.defineProperty(document, "live", { get: () => [...live] });
}
"""


def _button(visitor: Visitor) -> Locator:
    """The launcher, whatever it is called."""
    return visitor.page.locator("loyalty-widget button[aria-expanded]")


def _selected(visitor: Visitor) -> str:
    """The full name of the open tab."""
    tab = visitor.panel.get_by_role("tab", selected=True)
    tab.wait_for()
    return str(tab.get_attribute("aria-label"))


def _is_guest(visitor: Visitor) -> bool:
    """Whether the panel settles on the guest's page."""
    visitor.panel.get_by_role("button", name="Sign up").first.wait_for()
    return visitor.panel.get_by_role("tab").count() == 0


def _vouched(visitor: Visitor, sub: str, name: str = "Ann Lee") -> None:
    """The shop knows her, and says so freshly each time it is asked."""
    email = f"{sub}@example.com"
    vouches(visitor, lambda: word(visitor.demo, sub, email=email, email_verified=True, name=name))


def test_the_api_opens_closes_names_and_tells(visitor: Make) -> None:
    ann = visitor()
    demo = ann.demo
    add_page(ann, "/test/api", head=script_tag(demo), body="<h1>Page</h1>")
    ann.visits("/test/api")
    token = word(demo, "api-1", email="ann.api@example.com", email_verified=True)
    ann.page.evaluate(
        """(token) => {
          window.told = [];
          const api = LoyaltyWidget;
          for (const name of ["ready", "open", "close", "signed-in", "signed-out"]) {
            api.on(name, (detail) => told.push([name, detail]));
          }
          api.on("open", () => { throw new Error("the listener's own affair"); });
          api.identify(async () => token);
          api.open("redeem");
        }""",
        token,
    )
    assert points_of(ann) >= 100
    assert _selected(ann) == "Redeem points"
    assert _button(ann).get_attribute("aria-expanded") == "true"
    ann.page.evaluate("LoyaltyWidget.open('my_balance')")
    ann.panel.get_by_role("heading", name="My balance").wait_for()
    ann.page.evaluate("LoyaltyWidget.close()")
    ann.panel.locator("h1").wait_for(state="hidden")
    ann.page.evaluate("LoyaltyWidget.toggle()")
    ann.panel.locator("h1").wait_for()
    ann.page.evaluate("LoyaltyWidget.toggle()")
    ann.panel.locator("h1").wait_for(state="hidden")
    ann.page.evaluate("LoyaltyWidget.logout()")
    ann.page.evaluate("LoyaltyWidget.open()")
    assert _is_guest(ann)
    told = ann.page.evaluate("told")
    names = [name for name, _ in told]
    assert names.count("signed-out") == 1
    names.remove("signed-out")  # it need not wait for the press that came after it
    assert names == ["open", "ready", "signed-in", "open", "close", "open", "close", "open"]
    assert all(detail is None for _, detail in told)  # nothing about her rides along
    assert set(ann.complaints) == {"the listener's own affair"}


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("/?loyalty=redeem", "Redeem points"),
        ("/?a=1&loyalty=my_rewards", "My rewards"),
        ("/#loyalty-referral", "Referral program"),
        ("/?loyalty=nonsense", "Earn points"),
        ("/#loyalty-", "Earn points"),
    ],
)
def test_deep_links_open_their_tab(visitor: Make, path: str, tab: str) -> None:
    ann = visitor()
    _vouched(ann, "deep-1")
    ann.visits(path)
    assert _selected(ann) == tab
    assert ann.complaints == []


def test_links_on_the_page_open_their_tab_when_pressed_and_only_then(visitor: Make) -> None:
    ann = visitor()
    _vouched(ann, "deep-1")
    body = """<button data-loyalty-open="my_balance">Balance</button>
    <a href="/away" data-loyalty-open="nonsense">Other</a> <a href="#loyalty-redeem">Later</a>"""
    add_page(ann, "/test/links", head=script_tag(ann.demo, 'data-identity-url="/loyalty/identity"'), body=body)
    ann.visits("/test/links")
    ann.page.get_by_text("Balance").hover()
    ann.page.wait_for_timeout(300)
    assert ann.page.locator("iframe").count() == 0
    ann.page.evaluate(
        "document.dispatchEvent(new Event('click')); dispatchEvent(new Event('click'))"
    )  # as libraries do

    ann.page.get_by_text("Balance").click()
    assert _selected(ann) == "My balance"
    ann.page.get_by_text("Later").click()
    ann.panel.get_by_role("tab", name="Redeem points", selected=True).wait_for()
    ann.visits("/test/links")
    ann.page.get_by_text("Other").click()
    assert _selected(ann) == "Earn points"
    assert ann.page.url.endswith("/test/links")
    assert ann.complaints == []


def test_a_second_script_tag_is_harmless(visitor: Make) -> None:
    ann = visitor()
    tag = script_tag(ann.demo)
    add_page(ann, "/test/twice", head=tag + tag, body="<h1>Page</h1>" + tag)
    ann.visits("/test/twice")
    ann.opens_widget()
    settles(ann)
    assert ann.page.locator("loyalty-widget").count() == 1
    assert ann.page.locator("iframe").count() == 1
    assert ann.complaints == []


def test_destroy_takes_every_node_and_listener_away_and_the_tag_may_come_again(visitor: Make) -> None:
    ann = visitor()
    demo = ann.demo
    ann.context.add_init_script(COUNT)
    body = '<p data-loyalty-points-for="p1" data-loyalty-price="10.00">as it was</p>'
    add_page(ann, "/test/spa", body=body, csp=OPEN_POLICY.format(demo.widget))
    ann.visits("/test/spa")
    html, live = "document.documentElement.outerHTML", "document.live"
    before, listened = ann.page.evaluate(html), ann.page.evaluate(live)
    add = """(src) => new Promise((done) => {
      const tag = document.createElement("script");
      tag.src = src;
      tag.onload = () => { tag.remove(); done(); };
      document.head.append(tag);
    })"""
    src = re.search(r'src="([^"]+)"', script_tag(demo))
    assert src
    for _ in range(2):
        ann.page.evaluate(add, src.group(1))
        ann.page.locator("[data-loyalty-points-for]", has_text="points").wait_for()
        ann.opens_widget()
        assert len(ann.page.evaluate(live)) > len(listened) + 5
        ann.page.evaluate("LoyaltyWidget.destroy()")
        assert ann.page.evaluate(html) == before
        assert ann.page.evaluate(live) == listened
        assert ann.page.evaluate("'LoyaltyWidget' in window") is False

    # also when the embed is still on its way
    ann.page.evaluate(add, src.group(1))
    ann.page.evaluate("LoyaltyWidget.open(); LoyaltyWidget.destroy()")
    ann.page.wait_for_timeout(500)
    assert ann.page.evaluate(html) == before
    assert ann.page.evaluate(live) == listened
    assert ann.complaints == []


def test_the_shops_settings_place_name_and_hide_the_launcher(visitor: Make, demo: Demo) -> None:
    look = {"side": "start", "offset_x": 40, "offset_y": 60, "z_index": 77, "label": "Perks", "hide_paths": ["/cart*"]}
    with program(demo, widget={**look, "hide_on_mobile": True}):
        ann = visitor()
        ann.visits("/")
        button = _button(ann)
        button.wait_for()
        box, height = button.bounding_box(), (ann.page.viewport_size or {})["height"]
        assert box and (box["x"], height - box["y"] - box["height"]) == (40, 60)
        assert button.inner_text() == "Perks"
        assert button.evaluate("(it) => getComputedStyle(it).zIndex") == "77"
        button.click()
        ann.panel.locator("h1").wait_for()
        frame = ann.page.locator("iframe").bounding_box()
        assert frame and frame["x"] == 40
        ann.visits("/cart")
        button.wait_for(state="hidden")
        ann.visits("/cart?loyalty=earn")  # hidden, and still of use
        ann.panel.locator("h1").wait_for()

        phone = visitor(viewport=PHONE)
        phone.visits("/")
        _button(phone).wait_for(state="hidden")
    with program(demo, widget={"hidden": True}):
        bob = visitor()
        bob.visits("/")
        _button(bob).wait_for(state="hidden")
        bob.visits("/?loyalty=redeem")
        bob.panel.get_by_text("Ways to redeem").wait_for()
    assert ann.complaints + phone.complaints + bob.complaints == []


def test_when_the_widgets_server_is_away_the_shop_is_not(visitor: Make) -> None:
    ann = visitor()
    everything = ann.demo.widget + "/**"
    ann.context.route(everything, lambda route: route.abort())
    ann.visits("/")
    ann.page.get_by_role("link", name="Stoneware mug").first.click()
    ann.page.wait_for_url("**/products/p4")
    ann.context.unroute(everything)
    ann.visits("/")
    ann.launcher.wait_for()

    # away again before anything was opened: a press does no harm, and the next one works
    ann.context.route(everything, lambda route: route.abort())
    ann.launcher.click()
    expect(ann.launcher).to_have_css("opacity", "0.5")  # it says that nothing came
    ann.context.unroute(everything)
    ann.opens_widget()
    expect(ann.launcher).to_have_css("opacity", "1")
    for failure in ("abort", "503"):
        ann.visits("/")
        panel = re.compile(re.escape(ann.demo.widget) + r"/panel\?")
        ann.context.route(
            panel, lambda route, how=failure: route.abort() if how == "abort" else route.fulfill(status=503)
        )
        ann.launcher.click()
        ann.page.get_by_role("alert").get_by_text("No connection").wait_for()
        ann.context.unroute(panel)
        ann.page.get_by_role("button", name="Try again").click()
        ann.panel.get_by_text("Ways to earn").wait_for()
        ann.page.get_by_role("alert").wait_for(state="hidden")

    # a member whose answers do not come reads so in the tab, and tries again there
    _vouched(ann, "away-1")
    ann.visits("/")
    ann.opens_widget()
    points = points_of(ann)
    results = re.compile(re.escape(ann.demo.widget) + "/widget/")
    ann.context.route(results, lambda route: route.abort())
    ann.panel.get_by_role("tab", name="My balance").click()
    ann.panel.get_by_role("alert").get_by_text("Your points are safe").wait_for()
    ann.context.unroute(results)
    ann.panel.get_by_role("button", name="Try again").click()
    ann.panel.get_by_text("History").wait_for()
    assert points_of(ann) >= points
    # the browser's own lines about what it could not fetch, and no error of ours
    assert [line for line in ann.complaints if "Failed to load resource" not in line] == []


def test_on_a_page_that_is_not_on_the_list_there_is_no_panel(visitor: Make) -> None:
    ann = visitor()
    other = ann.demo.shop.replace("shop.localhost", "other.localhost")
    page = f"<!doctype html><title>Other</title>{script_tag(ann.demo)}<h1>Other</h1>"
    headers = {"Content-Security-Policy": policy(ann.demo)}
    ann.context.route(other + "/", lambda route: route.fulfill(body=page, content_type="text/html", headers=headers))
    ann.page.goto(other + "/")
    ann.launcher.click()
    ann.page.get_by_role("alert").get_by_text("No connection").wait_for()
    assert all("frame-ancestors" in line for line in ann.complaints)
    refused = ann.page.evaluate(
        "(url) => fetch(url).then((answer) => answer.text(), () => 'refused')",
        f"{ann.demo.widget}/widget/panel?shop={ann.demo.facts['embed_key']}",
    )
    assert refused == "refused"


def test_the_shops_word_signs_in_and_out_without_typing(visitor: Make) -> None:
    both = visitor()
    logs_in(both, MARA)
    both.visits("/")
    both.opens_widget()
    hers = points_of(both)
    both.tab("My balance").get_by_text(MARA).wait_for()

    logs_out(both)
    both.opens_widget()
    assert _is_guest(both)
    assert MARA not in both.panel.locator("body").inner_text()
    assert stored(panel_frame(both.page)) == {}

    logs_in(both, JONAS)
    both.visits("/")
    both.opens_widget()
    assert points_of(both) != hers
    both.tab("My balance").get_by_text(JONAS).wait_for()
    assert both.complaints == []


def test_the_last_shopper_is_not_shown_to_the_next_while_the_shop_is_asked(visitor: Make) -> None:
    both = visitor()
    _vouched(both, "first-1", "Berenice First")
    both.visits("/")
    both.opens_widget()
    points_of(both)

    held: list[Any] = []
    both.context.unroute(both.demo.shop + "/loyalty/identity")
    both.context.route(both.demo.shop + "/loyalty/identity", lambda route, _: held.append(route))
    both.visits("/?loyalty=my_balance")
    both.panel.locator("h1").wait_for()
    both.page.wait_for_timeout(800)  # the answer to her stored session is long here
    assert len(held) == 1
    both.requests.clear()
    both.panel.get_by_role("tab", name="My rewards").click()  # nor by whoever cannot wait
    both.page.evaluate("LoyaltyWidget.open('my_balance')")
    both.page.wait_for_timeout(300)
    assert both.requests == []
    shown = both.panel.locator("body").inner_text()
    assert "first-1@example.com" not in shown
    assert re.search(r"\d", both.panel.locator(".sum").inner_text()) is None
    token = word(both.demo, "second-1", email="second-1@example.com", email_verified=True)
    held[0].fulfill(body=json.dumps({"token": token}), content_type="application/json")
    both.panel.get_by_text("second-1@example.com").wait_for()
    assert points_of(both) >= 100
    assert both.complaints == []


def test_a_word_that_is_not_good_is_nobodys(visitor: Make, demo: Demo) -> None:
    claims = {"email": MARA, "email_verified": True}
    good = word(demo, "used-1", email="used-1@example.com", email_verified=True)
    head, body, _ = good.split(".")
    bad = {
        "forged": word(demo, "c-1", secret="s" * 64, **claims),
        "expired": word(demo, "c-1", iat=1_700_000_000, exp=1_700_000_300, **claims),
        "too long": word(demo, "c-1", seconds=3600, **claims),
        "of another shop": word(demo, "c-1", aud="00000000-0000-0000-0000-000000000000", **claims),
        "tampered": f"{head}.{word(demo, 'c-1', **claims).split('.')[1]}.{good.split('.')[2]}",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "garbage": "garbage",
        "used before": good,
    }
    ann = visitor()
    vouches(ann, lambda: good)
    ann.visits("/")
    ann.opens_widget()
    points_of(ann)
    one = visitor()
    for kind, token in bad.items():
        vouches(one, lambda token=token: token)
        one.visits("/")
        one.opens_widget()
        assert _is_guest(one), kind
        assert stored(panel_frame(one.page)) == {}, kind
    # the browser's own lines about our refusals
    assert len(one.complaints) == len(bad)
    assert all("status of 40" in line for line in one.complaints)


def test_a_paused_program_says_so_and_codes_stay_usable(visitor: Make, demo: Demo) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    panel = mara.tab("Redeem points")
    panel.get_by_role("button", name="Redeem €5 off", exact=True).click()
    panel.get_by_role("dialog").get_by_role("button", name=re.compile("^Redeem 500")).click()
    panel.get_by_text("is yours").wait_for()
    code = panel.locator("dialog .code span").inner_text()
    with program(demo, program={"status": "paused"}):
        mara.visits("/")
        mara.opens_widget()
        mara.panel.get_by_text("The program is paused").wait_for()
        points = points_of(mara)
        panel = mara.tab("Redeem points")
        assert panel.get_by_role("button", name=re.compile("^Redeem")).count() == 0
        mara.visits("/products/p4")
        mara.page.get_by_role("button", name="Add to cart").click()
        assert mara.page.locator("[data-loyalty-points-for='cart']").inner_text() == ""  # nothing is earned now
        mara.opens_widget()
        card = mara.tab("My rewards").locator("article", has_text=code)
        card.get_by_role("button", name="Use it now").click()
        mara.page.wait_for_url("**/cart")
        mara.page.get_by_text(code).first.wait_for()
        assert mara.page.locator(".coupon .error").count() == 0
        mara.opens_widget()
        assert points_of(mara) == points

        ann = visitor()
        ann.visits("/")
        ann.opens_widget()
        ann.panel.get_by_text("The program is paused").wait_for()
        assert ann.panel.get_by_role("button", name=re.compile("Log in to redeem")).count() == 0
        ann.panel.get_by_role("button", name="Log in").wait_for()  # the way to codes she has
    assert mara.complaints + ann.complaints == []
