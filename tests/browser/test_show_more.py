"""Lists of more than a page: the button below them, what has the keyboard after it, and what stays on screen."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import JONAS, MARA, logs_in, long_lists
from widget_server.widget.list_pages import PAGE

Make = Callable[..., Visitor]
REWARDS, RULES = 65, 45


@pytest.fixture(scope="module", autouse=True)
def long(demo: Demo) -> Iterator[None]:
    """The shop has many rewards and many ways to earn."""
    with long_lists(demo, REWARDS, RULES):
        yield


def more(visitor: Visitor, within: str = "main") -> Locator:
    return visitor.panel.locator(within).get_by_role("button", name="Show more")


def rows(visitor: Visitor, within: str = "main") -> Locator:
    return visitor.panel.locator(f"{within} li.row")


def test_a_reward_of_the_third_page_is_found_by_keyboard_bought_and_stays_where_it_was(visitor: Make) -> None:
    jonas = visitor()
    logs_in(jonas, JONAS)
    jonas.visits("/?loyalty=redeem")
    expect(rows(jonas)).to_have_count(PAGE)
    seen = rows(jonas).locator(".t").all_inner_texts()
    for page in (2, 3):
        more(jonas).focus()
        jonas.page.keyboard.press("Enter")
        expect(rows(jonas)).to_have_count(page * PAGE)
        expect(jonas.panel.locator("li:focus .t")).not_to_have_text("")
        assert jonas.panel.locator("li:focus .t").inner_text() not in seen
        now = rows(jonas).locator(".t").all_inner_texts()
        assert len(set(now)) == len(now) and set(seen) < set(now)
        seen = now

    jonas.page.keyboard.press("Tab")  # on from the first new item: its own button
    name = str(jonas.panel.locator("button:focus").get_attribute("aria-label"))
    assert name.startswith("Redeem ")
    before = jonas.balance()
    jonas.page.keyboard.press("Enter")
    jonas.panel.locator("dialog .go").click()
    jonas.panel.get_by_role("heading", name="is yours").wait_for()
    jonas.panel.get_by_role("button", name="Later").click()
    expect(jonas.panel.get_by_role("dialog")).to_have_count(0)
    assert jonas.balance() < before
    expect(rows(jonas)).to_have_count(3 * PAGE)
    more(jonas).click()
    expect(more(jonas)).to_have_count(0)
    assert rows(jonas).count() > REWARDS


def test_a_guest_reads_all_ways_to_earn_and_all_rewards(visitor: Make) -> None:
    guest = visitor()
    guest.visits()
    guest.opens_widget()
    earn, redeem = "section > ul", "#redeem"
    assert rows(guest, redeem).count() == PAGE
    ways = rows(guest, earn).count()
    while more(guest, "section > .wide").count():
        more(guest, "section > .wide").click()
        expect(rows(guest, earn)).not_to_have_count(ways)
        expect(guest.panel.locator(f"{earn} li:nth-child({ways + 1})")).to_be_focused()
        ways = rows(guest, earn).count()
    assert ways > RULES
    for page in (2, 3):
        more(guest, redeem).click()
        expect(rows(guest, redeem)).to_have_count(page * PAGE)
    more(guest, redeem).click()
    expect(more(guest, redeem)).to_have_count(0)
    assert rows(guest, redeem).count() > REWARDS


def test_a_member_reads_all_ways_to_earn_and_a_visit_counts_whose_rule_is_far_down(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara, MARA)
    with mara.page.expect_response("**/widget/earn/visit"):
        mara.visits("/?loyalty=earn")
    for page in (1, 2):
        count = rows(mara).count()
        more(mara).click()
        expect(rows(mara)).not_to_have_count(count)
        expect(mara.panel.locator(f"main li:nth-child({count + 1})")).to_be_focused()
        assert rows(mara).count() > page * PAGE
    expect(more(mara)).to_have_count(0)


CUT = 2  # rows of a first page that is cut short: the next page is the server's own


@pytest.mark.parametrize(
    ("tab", "part", "items", "drawn"),
    [
        ("my_balance", "history", "rows", "li:has(details)"),
        ("my_rewards", "my_rewards", "coupons", "article, main li.row"),
    ],
)
def test_the_history_and_coupons_go_on_where_the_page_before_ended(
    visitor: Make, tab: str, part: str, items: str, drawn: str
) -> None:
    mara = visitor()
    logs_in(mara, MARA)
    everything: list[dict[str, str]] = []

    def cut(route: Route) -> None:
        response = route.fetch(url=route.request.url.replace("widget.localhost", "127.0.0.1"))  # it has no resolver
        panel = response.json()
        everything[:] = [one for one in panel[part][items] if one.get("state") != "waiting"]
        kept = everything[:CUT]
        last = kept[-1]
        cursor = last["id"] if tab == "my_balance" else f"{last['created_at']}_{last['id']}"
        panel[part] |= {items: kept, "next_cursor": cursor}
        route.fulfill(response=response, body=json.dumps({**panel, "next_cursor": cursor}))

    mara.context.route(f"**/widget/panel?tab={tab}**", cut)
    mara.visits(f"/?loyalty={tab}")
    shown = mara.panel.locator(drawn)
    more(mara).wait_for()
    mara.context.unroute(f"**/widget/panel?tab={tab}**", cut)
    assert shown.count() == CUT < len(everything)
    with mara.page.expect_response(lambda response: "cursor=" in response.url) as following:
        more(mara).click()
    page = following.value.json()
    rest = [one["id"] for one in everything[CUT:]]
    assert [one["id"] for one in page[items]][: len(rest)] == rest
    expect(shown).to_have_count(CUT + len(page[items]))
    expect(more(mara)).to_have_count(0 if page["next_cursor"] is None else 1)
    expect(mara.panel.locator("li:focus, article:focus")).to_have_count(1)


def test_a_page_that_cannot_be_fetched_is_said_below_the_list_and_can_be_asked_for_again(visitor: Make) -> None:
    jonas = visitor()
    logs_in(jonas, JONAS)
    jonas.visits("/?loyalty=redeem")
    more(jonas).wait_for()
    jonas.context.route("**/widget/redeem?cursor=*", lambda route: route.abort())
    more(jonas).click()
    jonas.panel.get_by_role("alert").wait_for()
    jonas.context.unroute("**/widget/redeem?cursor=*")
    more(jonas).click()
    expect(rows(jonas)).to_have_count(2 * PAGE)
    expect(jonas.panel.get_by_role("alert")).to_have_count(0)
    jonas.complaints.clear()  # the browser names the request that failed
