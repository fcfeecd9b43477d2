"""Coupons whose codes a shop makes and ends: it may take some seconds, and it may say no (acceptance 30, 39)."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Locator, Route, expect

from tests.browser.conftest import Visitor
from tests.browser.pages import JONAS, logs_in, settles

Make = Callable[..., Visitor]
MADE: dict[str, Any] = {}
ISSUING = {"status": "issuing", "code": None}
RETURNING = {"status": "active", "returning": True, "return_until": None}
LISTEN = """
window.said = [];
new MutationObserver((all) => {
  for (const { target } of all) {
    const region = (target.closest ? target : target.parentElement)?.closest("[role=status]");
    if (region?.textContent) window.said.push(region.textContent);
  }
}).observe(document, { childList: true, characterData: true, subtree: true });
"""


class SlowShop:
    """Answers about coupons are the server's own, but her newest coupon is as a connected shop would have it."""

    def __init__(self, visitor: Visitor, state: dict[str, Any]) -> None:
        self.state = state
        visitor.context.route("**/widget/redeem", self._one)
        visitor.context.route("**/return", self._one)
        visitor.context.route("**/widget/my-rewards", self._many)
        visitor.context.route("**/widget/panel?tab=my_rewards*", self._panel)

    def _one(self, route: Route) -> None:
        if route.request.method == "GET":
            return route.fallback()
        answer = _asked(route)
        told = answer.json()
        if "coupon" in told:
            told["coupon"] |= self.state
        return route.fulfill(response=answer, json=told)

    def _many(self, route: Route) -> None:
        answer = _asked(route)
        route.fulfill(response=answer, json=self._put(answer.json()))

    def _panel(self, route: Route) -> None:
        answer = _asked(route)
        told = answer.json()
        route.fulfill(response=answer, json={**told, "my_rewards": self._put(told["my_rewards"])})

    def _put(self, page: dict[str, Any]) -> dict[str, Any]:
        page["coupons"][0] |= self.state
        return page


@pytest.fixture
def jonas(visitor: Make) -> Iterator[Visitor]:
    """A member with points, about to redeem; what is said to readers is noted."""
    one = visitor()
    one.context.add_init_script(LISTEN)
    logs_in(one, JONAS)
    yield one
    one.context.unroute_all(behavior="ignoreErrors")


def _asked(route: Route) -> APIResponse:
    """The server's own answer; outside the browser a name under localhost may mean nothing."""
    return route.fetch(url=route.request.url.replace("widget.localhost", "127.0.0.1"))


def _redeems(jonas: Visitor, name: str) -> Locator:
    jonas.visits("/?loyalty=redeem")
    jonas.panel.get_by_role("button", name=f"Redeem {name}", exact=True).click()
    jonas.panel.locator("dialog .go").click()
    return jonas.panel.get_by_role("dialog")


def _said(jonas: Visitor, text: str) -> None:
    frame = next(frame for frame in jonas.page.frames if "/panel?" in frame.url)
    frame.wait_for_function("(text) => said.some((one) => one.includes(text))", arg=text)


def test_every_coupon_she_ever_had_stays_listed(visitor: Make) -> None:  # acceptance 34
    mara = visitor()
    logs_in(mara)
    mara.visits("/?loyalty=my_rewards")
    mara.panel.get_by_role("heading", name="Earlier").wait_for()
    kept, *past = (tag.inner_text() for tag in mara.panel.locator(".card .tag, .row .tag").all())
    assert kept in ("Active", "Applied")  # another story may have put it into a cart
    assert {"Returned", "Used"} <= set(past)


def test_a_code_expires_on_the_day_that_was_told_before(jonas: Visitor) -> None:  # acceptance 33
    jonas.visits("/?loyalty=redeem")
    jonas.panel.get_by_role("button", name="Redeem €5 off", exact=True).click()
    day = r"\w+ \d+, \d{4}"
    told = re.search(day, jonas.panel.get_by_role("dialog").get_by_text("365 days later").inner_text())
    assert told
    jonas.panel.locator("dialog .go").click()
    line = jonas.panel.get_by_role("dialog").get_by_text("It stays in My rewards").inner_text()
    assert re.findall(day, line) == [told.group()]


def test_a_code_that_is_on_its_way_is_waited_for_and_then_can_be_used(jonas: Visitor) -> None:
    shop = SlowShop(jonas, ISSUING)
    sheet = _redeems(jonas, "€5 off")
    sheet.get_by_text("The shop is making the code").wait_for()
    expect(sheet.get_by_role("heading", name="€5 off", exact=True)).to_be_visible()
    expect(sheet.get_by_role("button", name="Use it now")).to_have_count(0)

    shop.state = MADE
    sheet.get_by_role("heading", name="€5 off is yours").wait_for()
    expect(sheet.locator(".code span")).to_have_text(re.compile("^.{4}-.{4}-.{4}$"))
    expect(sheet.get_by_role("button", name="Use it now")).to_be_visible()
    _said(jonas, "€5 off: Active")


def test_a_code_that_cannot_be_made_says_why_and_that_the_points_are_back(jonas: Visitor) -> None:
    shop = SlowShop(jonas, ISSUING)
    sheet = _redeems(jonas, "€5 off")
    sheet.get_by_text("The shop is making the code").wait_for()
    shop.state = {"status": "failed", "code": None, "failure": "shop_unreachable"}
    sheet.get_by_text("The shop did not answer").wait_for()
    expect(sheet.get_by_text("Your 500 points are back.")).to_be_visible()
    expect(sheet.get_by_role("button", name="Use it now")).to_have_count(0)
    sheet.get_by_role("button", name="Close").click()
    jonas.tab("My rewards")
    row = jonas.panel.locator(".row", has_text="The shop did not answer")
    expect(row).to_contain_text("Your 500 points are back.")
    expect(row.locator(".tag")).to_have_text("Failed")


def test_a_list_asks_again_after_1_2_4_and_8_seconds_and_then_no_more(jonas: Visitor) -> None:
    shop = SlowShop(jonas, MADE)
    _redeems(jonas, "€5 off").get_by_role("button", name="Use it now").wait_for()
    shop.state = ISSUING
    jonas.context.clock.install()
    times: list[float] = []
    jonas.page.on("request", lambda request: times.append(time.monotonic()) if "my-rewards" in request.url else None)
    jonas.visits("/?loyalty=my_rewards")
    card = jonas.panel.locator(".card").first
    expect(card.locator(".tag")).to_have_text("Issuing")
    expect(card.get_by_role("button")).to_have_count(0)
    while len(times) < 3:
        jonas.page.wait_for_timeout(100)
    assert [round(later - before) for before, later in pairwise(times)] == [2, 4]
    with jonas.page.expect_response("**/widget/my-rewards"):
        jonas.context.clock.run_for(8_500)
    jonas.context.clock.run_for(60_000)
    assert len(times) == 4
    expect(card.locator(".tag")).to_have_text("Issuing")


def test_a_code_that_is_being_ended_cannot_be_used_and_may_stay_hers_after_all(jonas: Visitor) -> None:
    shop = SlowShop(jonas, MADE)
    _redeems(jonas, "€5 off").get_by_role("button", name="Use it now").wait_for()
    jonas.visits("/?loyalty=my_rewards")
    card = jonas.panel.locator(".card").first
    card.locator("summary").click()
    shop.state = RETURNING
    card.get_by_role("button", name="Return for 500 points").click()
    card.get_by_text("The shop is ending the code").wait_for()
    expect(card.locator(".code")).to_have_count(0)
    expect(card.get_by_role("button")).to_have_count(0)

    shop.state = {"status": "active", "failure": "shop_unreachable"}
    card.get_by_text("the code stays yours").wait_for()
    expect(card.get_by_role("button", name="Use it now")).to_be_visible()


def test_where_what_follows_a_coupon_cannot_be_fetched_the_list_stands_all_the_same(jonas: Visitor) -> None:
    shop = SlowShop(jonas, MADE)
    _redeems(jonas, "€5 off").get_by_role("button", name="Use it now").wait_for()
    shop.state = ISSUING
    jonas.context.route("**/lazy_actions-*.js", lambda route: route.abort())
    jonas.visits("/?loyalty=my_rewards")
    expect(jonas.panel.locator(".card .tag").first).to_have_text("Issuing")
    settles(jonas)
    assert [line for line in jonas.complaints if "Failed to load resource" not in line] == []
