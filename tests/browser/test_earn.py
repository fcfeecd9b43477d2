"""What a member tells the shop on the Earn tab (acceptance 25)."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.pages import without_rule

Make = Callable[..., Visitor]


def test_a_birthday_is_noted_even_if_its_rule_went_away_meanwhile(visitor: Make) -> None:
    ann = visitor()
    ann.visits("/?loyalty=earn")
    ann.signs_up("ann.birthday@example.com")
    ann.panel.get_by_role("button", name="Add date").click()
    ann.panel.locator("#birthday").fill("1990-05-17")
    with without_rule(ann.demo, "birthday"):
        ann.panel.locator("dialog form .go").click()
        expect(ann.panel.get_by_role("dialog")).to_have_count(0)
    expect(ann.panel.locator(".row", has_text="birthday")).to_contain_text("May 17, 1990")
