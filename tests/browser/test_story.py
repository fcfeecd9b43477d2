"""The whole story in a real browser, over two sites: from the script tag to a redeemed coupon and a rewarded friend."""

import re
from collections.abc import Callable

from playwright.sync_api import TimeoutError

from tests.browser.conftest import PHONE, Visitor

Make = Callable[..., Visitor]


def _buys(visitor: Visitor, email: str, *, product: str = "p4", code: str | None = None, units: int = 3) -> str:
    """Put a product into the cart and pay; answers the order's number."""
    page = visitor.page
    visitor.visits(f"/products/{product}")
    page.locator("#quantity").fill(str(units))
    page.get_by_role("button", name="Add to cart").click()
    if code is not None:
        visitor.visits("/cart")
        page.locator("#code").fill(code)
        page.get_by_role("button", name="Apply").click()
    return _pays(visitor, email)


def _pays(visitor: Visitor, email: str) -> str:
    """Pay for what is in the cart; answers the order's number, which the shop shows when it has the order."""
    page = visitor.page
    visitor.visits("/checkout")
    page.locator("#email").fill(email)
    page.locator("#name").fill("Ann Lee")
    page.locator("#address").fill("1 Fern Road, Bergen")
    page.get_by_role("button", name="Place order").click()
    heading = page.locator("h1", has_text=re.compile(r"\d{3,}")).inner_text()
    found = re.search(r"\d{3,}", heading)
    assert found, heading
    return found.group(0)


def _owner_does(visitor: Visitor, number: str, verb: str) -> None:
    """The shop's owner presses a button beside an order."""
    visitor.visits("/admin/orders")
    visitor.page.get_by_role("button", name=re.compile(rf"^{verb}.*{number}")).first.click()


def _balance_becomes(visitor: Visitor, wanted: Callable[[int], bool], path: str = "/") -> int:
    """Open the panel until the balance is as wanted: the shop's news take a moment."""
    found = -1
    for _ in range(20):
        visitor.visits(path)
        visitor.opens_widget()
        visitor.panel.get_by_role("tab").first.wait_for()
        visitor.panel.locator(".sum b", has_text=re.compile(r"\d")).wait_for()
        found = visitor.balance()
        if wanted(found):
            return found
        visitor.page.wait_for_timeout(300)
    raise AssertionError(f"the balance stays at {found}")


def _reward_becomes(visitor: Visitor, status: str) -> None:
    """Open My rewards until one has this status: the shop's news take a moment."""
    for _ in range(20):
        visitor.visits("/")
        visitor.opens_widget()
        try:
            visitor.tab("My rewards").get_by_text(status).first.wait_for(timeout=1000)
            return
        except TimeoutError:
            continue
    raise AssertionError(f"no reward becomes {status}")


def test_from_the_script_tag_to_a_redeemed_coupon_and_a_rewarded_friend(visitor: Make) -> None:
    ann = visitor()
    ann.visits("/")
    ann.opens_widget()
    ann.panel.get_by_text("Ways to earn").wait_for()  # acceptance 13
    ann.signs_up("ann.story@example.com")
    joined = _balance_becomes(ann, lambda points: points >= 105)  # for joining, and for the day's visit

    # an order in the shop earns: 3 mugs, ceramics count twice, and a first order
    order = _buys(ann, "ann.story@example.com")
    earned = _balance_becomes(ann, lambda points: points > joined)
    assert earned - joined >= 594  # 59.40 of goods at 10 a euro, at the least

    # redeem: say it before it costs, then have it
    panel = ann.tab("Redeem points")
    panel.get_by_role("button", name="Redeem €5 off", exact=True).click()
    dialog = panel.get_by_role("dialog")
    dialog.get_by_text("Cost").wait_for()
    dialog.get_by_role("button", name=re.compile("^Redeem 500")).click()
    panel.get_by_text("is yours").wait_for()
    code = panel.locator(".code span").first.inner_text()
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", code)

    # Use it now puts the code into the cart
    ann.visits("/products/p4")
    ann.page.get_by_role("button", name="Add to cart").click()
    ann.opens_widget()
    panel = ann.tab("My rewards")
    panel.get_by_role("button", name="Use it now").first.click()
    ann.page.wait_for_url("**/cart")
    ann.page.get_by_text(code).first.wait_for()

    # an order with the coupon uses it up
    _pays(ann, "ann.story@example.com")
    _reward_becomes(ann, "Used")

    # the first order is refunded, and the balance explains itself
    before = ann.balance()
    _owner_does(ann, order, "Refund all")
    _balance_becomes(ann, lambda points: points < before)
    panel = ann.tab("My balance")
    row = panel.locator("details", has_text=re.compile(f"Refund, order #?{order}")).first
    row.locator("summary").click()
    row.get_by_text("had given").wait_for()

    # a friend comes through the link, in a browser of her own, and both are rewarded
    panel = ann.tab("Referral program")
    link = panel.locator(".code span").first.inner_text()
    ref = re.search(r"ref=([2-9A-Z]+)", link)
    assert ref
    count = ann.balance()
    bob = visitor(viewport=PHONE)
    bob.visits(f"/?ref={ref.group(1)}")
    bob.sees_panel()
    bob.panel.get_by_text("gift from your friend", exact=False).wait_for()  # acceptance 43
    bob.signs_up("bob.story@example.com")
    bob_code = bob.tab("My rewards").locator(".code span").first.inner_text()
    _buys(bob, "bob.story@example.com", product="p2", code=bob_code, units=1)
    _balance_becomes(ann, lambda points: points >= count + 200)
    ann.tab("Referral program").get_by_text("Completed").wait_for()

    # the same friend comes again with a variant of the address: blocked, with the reason
    cheat = visitor()
    cheat.visits(f"/?ref={ref.group(1)}")
    cheat.sees_panel()
    cheat.signs_up("bob.story+again@example.com")
    again = cheat.tab("My rewards")
    again.get_by_text("None yet").wait_for()
    assert _referral_reason(cheat) == ("blocked", "existing_customer_email_variant")

    assert "The books balance." in ann.demo.audit()
    for one in (ann, bob, cheat):
        assert one.complaints == []


def _referral_reason(visitor: Visitor) -> tuple[str, str]:
    """What the owner reads of the cheat's referral."""
    import sqlite3

    base = sqlite3.connect(visitor.demo.instance / "demo" / "loyalty.db")
    try:
        found = base.execute("SELECT status, reason FROM referral ORDER BY created_at DESC LIMIT 1").fetchone()
    finally:
        base.close()
    return found
