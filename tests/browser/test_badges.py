"""Badges on the shop's own pages: figures that hold, a balance that is hers (acceptance 12)."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.pages import JONAS, MARA, add_page, logs_in, logs_out, points_of, script_tag, settles, vouches, word

Make = Callable[..., Visitor]
BALANCE = "[data-loyalty-balance]"
IDENTITY = 'data-identity-url="/loyalty/identity"'


def _figure(page: Page, selector: str) -> int:
    """The number a badge shows, as soon as it shows one."""
    badge = page.locator(selector, has_text=re.compile(r"\d"))
    badge.wait_for()
    return int(re.sub(r"\D", "", badge.inner_text()))


def test_product_and_cart_promise_what_the_ledger_books(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    before = points_of(mara)

    mara.visits("/products/p4")
    promised = _figure(mara.page, "[data-loyalty-points-for='p4']")
    assert promised > 0
    mara.page.locator("#quantity").fill("2")
    mara.page.get_by_role("button", name="Add to cart").click()
    mara.visits("/products/p1")
    mara.page.get_by_role("button", name="Add to cart").click()
    mara.visits("/cart")
    assert _figure(mara.page, "[data-loyalty-points-for='cart']") > promised

    mara.visits("/checkout")
    mara.page.locator("#address").fill("1 Fern Road, Bergen")
    mara.page.get_by_role("button", name="Place order").click()
    number = re.search(r"\d{3,}", mara.page.locator("h1", has_text=re.compile(r"\d{3,}")).inner_text())
    assert number
    row = mara.panel.locator("details", has_text=f"Order #{number.group(0)}")
    for _ in range(20):
        mara.visits("/")
        mara.opens_widget()
        mara.tab("My balance").get_by_text("History").wait_for()
        if row.count():
            break
        mara.page.wait_for_timeout(300)
    earned = int(re.sub(r"\D", "", row.locator(".num").inner_text()))
    assert points_of(mara) >= before + earned
    mara.visits("/products/p4")
    singles = 2 * _figure(mara.page, "[data-loyalty-points-for='p4']")
    mara.visits("/products/p1")
    singles += _figure(mara.page, "[data-loyalty-points-for='p1']")
    assert abs(singles - earned) <= 2  # each badge is rounded for itself
    assert mara.complaints == []


def test_balance_and_page_badges_follow_the_member(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    points = points_of(mara)
    mara.visits("/account")
    assert _figure(mara.page, BALANCE) == points

    mara.page.locator("[data-loyalty-page='my_rewards']").click()
    mara.panel.get_by_role("heading", name="My rewards").wait_for()
    assert mara.page.url.endswith("/account")  # the link's own address was not followed

    mara.page.evaluate(
        "document.querySelector('main').append(document.querySelector('[data-loyalty-balance]').cloneNode())"
    )
    assert mara.page.locator(BALANCE, has_text=re.compile(r"\d")).nth(1).inner_text().startswith(f"{points:,}")
    mara.tab("My balance").get_by_role("button", name="Log out").click()
    mara.page.locator(f"{BALANCE}:empty").nth(1).wait_for(state="attached")
    assert mara.complaints == []


def test_a_member_whom_the_shop_logged_in_reads_the_balance_without_opening_the_panel(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    points = points_of(mara)
    elsewhere = visitor()  # another browser
    logs_in(elsewhere)
    elsewhere.visits("/account")
    assert _figure(elsewhere.page, BALANCE) >= points
    assert not elsewhere.page.locator("iframe[src*='/panel?']").count()
    assert elsewhere.complaints == []


def test_looking_at_a_balance_badge_makes_nobody_a_member(visitor: Make) -> None:
    nora = visitor()
    vouches(nora, lambda: word(nora.demo, "badge-2", email="nora.badge@example.com", email_verified=True))
    add_page(nora, "/test/badges", head=script_tag(nora.demo, IDENTITY), body="<p data-loyalty-balance>…</p>")
    nora.visits("/test/badges")
    nora.page.locator("[data-loyalty-balance]:empty").wait_for(state="attached")
    nora.opens_widget()  # only now does she join
    joined = points_of(nora)
    nora.page.locator("[data-loyalty-balance]", has_text=f"{joined:,} points").wait_for()
    assert nora.complaints == []


def test_a_page_without_a_balance_badge_is_told_none(visitor: Make) -> None:
    ann = visitor()
    vouches(ann, lambda: word(ann.demo, "badge-1", email="ann.badge@example.com", email_verified=True))
    price = '<p data-loyalty-points-for="p1" data-loyalty-price="10.00"></p>'
    add_page(ann, "/test/badges", head=script_tag(ann.demo, IDENTITY), body=price)
    ann.page.add_init_script("addEventListener('message', ({ data }) => (window.heard ??= []).push(data), true)")
    ann.visits("/test/badges")
    ann.opens_widget()
    assert points_of(ann) >= 100
    ann.visits("/test/badges")
    _figure(ann.page, "[data-loyalty-points-for]")
    figures = [one for one in ann.page.evaluate("heard") if one["type"] == "figures"]
    assert [one["balance"] for one in figures] == [None] * len(figures) != []
    assert ann.complaints == []


def test_the_next_shopper_at_the_same_browser_reads_no_balance_of_the_last(visitor: Make) -> None:
    both = visitor()
    logs_in(both, MARA)
    both.visits("/")
    both.opens_widget()
    hers = points_of(both)
    logs_out(both)
    logs_in(both, JONAS)
    settles(both)
    assert f"{hers:,}" not in both.page.locator(BALANCE).inner_text()
    both.opens_widget()
    points_of(both)
    settles(both)  # the day's first visit gives points, and the badge says so too
    his = points_of(both)
    assert his != hers
    both.page.locator(BALANCE, has_text=f"{his:,} points").wait_for()
    assert both.complaints == []
