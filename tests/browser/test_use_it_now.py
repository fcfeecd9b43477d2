"""Use it now: the panel says of a code what the shop's page said, and copies it (acceptance 35, 36; contracts §6)."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import JONAS, add_page, logs_in, program, script_tag

Make = Callable[..., Visitor]
ON_APPLY = "document.addEventListener('loyalty:apply-coupon', (event) => {{ window.detail = event.detail.code; {} }})"
CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture
def jonas(visitor: Make) -> Iterator[Visitor]:
    """A member with points and a clipboard."""
    one = visitor(permissions=["clipboard-read", "clipboard-write"])
    logs_in(one, JONAS)
    yield one
    assert one.complaints == []


def without_address(jonas: Visitor) -> None:
    """The shop's home with a tag that names no address for codes."""
    add_page(jonas, "/test/plain*", head=script_tag(jonas.demo, 'data-identity-url="/loyalty/identity"'))
    jonas.visits("/test/plain?loyalty=my_rewards")


def redeems(jonas: Visitor) -> str:
    """Buy 5.00 off; answers the code as it is shown."""
    jonas.visits("/?loyalty=redeem")
    jonas.panel.get_by_role("button", name="Redeem €5 off", exact=True).click()
    jonas.panel.locator("dialog .go").click()
    code = jonas.panel.locator("dialog .code span").inner_text()
    jonas.panel.get_by_role("button", name="Later").click()
    return code


def uses(jonas: Visitor, code: str, page: str = "") -> None:
    """Press Use it now, on a page that does this when it hears of a code."""
    if page:
        jonas.page.evaluate(ON_APPLY.format(page))
    jonas.tab("My rewards").locator("article", has_text=code).get_by_role("button", name="Use it now").click()


def says(jonas: Visitor, text: str) -> None:
    jonas.panel.get_by_text(text).wait_for()


def status(jonas: Visitor, code: str) -> str:
    """How the code stands for the server."""
    jonas.visits("/?loyalty=my_rewards")
    return jonas.panel.locator("article", has_text=code).locator(".tag").inner_text()


def test_the_page_says_that_it_is_in_the_cart(jonas: Visitor) -> None:
    code = redeems(jonas)
    uses(jonas, code, "event.detail.respondWith(Promise.resolve({ ok: true }))")
    says(jonas, "The code is in your cart")
    assert jonas.page.evaluate("detail") == code
    assert status(jonas, code) == "Applied"


def test_the_page_says_why_not(jonas: Visitor) -> None:
    code = redeems(jonas)
    uses(jonas, code, "event.detail.respondWith({ ok: false, reason: 'Only for mugs.' })")
    says(jonas, "Only for mugs. The code stays yours.")
    jonas.page.wait_for_timeout(1500)
    assert "/cart" not in jonas.page.url  # an address there is, and it is not taken
    assert status(jonas, code) == "Active"


@pytest.mark.parametrize("page", ["event.preventDefault()", "event.detail.respondWith(undefined ?? {})"])
def test_a_page_that_takes_the_code_and_says_no_more_has_it_handed_over(jonas: Visitor, page: str) -> None:
    code = redeems(jonas)
    uses(jonas, code, page)
    says(jonas, "The code was handed to the shop's cart.")
    assert status(jonas, code) == "Active"


def test_a_page_that_fails_has_not_applied_it(jonas: Visitor) -> None:
    code = redeems(jonas)
    uses(jonas, code, "event.detail.respondWith(Promise.reject(new Error('no')))")
    says(jonas, "The code could not be put into the cart")
    assert status(jonas, code) == "Active"


def test_where_only_an_address_is_opened_the_code_is_copied_first(jonas: Visitor) -> None:
    code = redeems(jonas)
    asked: list[str] = []
    jonas.page.on("request", lambda request: asked.append(request.url) if "/cart/apply" in request.url else None)
    uses(jonas, code, "")
    says(jonas, "Opened your cart: paste the code there.")
    assert jonas.page.evaluate(CLIPBOARD) == code
    jonas.page.wait_for_url("**/cart")
    assert asked == [f"{jonas.demo.shop}/cart/apply?code={code}"]
    assert status(jonas, code) == "Active"  # nobody said that it is in the cart


def test_the_copied_code_is_found_by_a_checkout_that_wants_its_own_spelling(jonas: Visitor, demo: Demo) -> None:
    with program(demo, widget={"apply_url": "/cart"}):  # as WooCommerce has it: no address takes a code
        code = redeems(jonas)
        jonas.visits("/products/p4")
        jonas.page.get_by_role("button", name="Add to cart").click()
        without_address(jonas)
        uses(jonas, code)
        says(jonas, "Opened your cart: paste the code there.")
        jonas.page.wait_for_url("**/cart")
        assert jonas.page.locator(".coupon").count() == 0  # nobody put it there
        field = jonas.page.locator("#code")
        other = code.replace("-", "") if "-" in code else "-".join(re.findall("....", code))
        field.fill(other)
        jonas.page.get_by_role("button", name="Apply", exact=True).click()
        jonas.page.get_by_text("We do not know this code.").wait_for()

        field.focus()
        jonas.page.keyboard.press("Control+V")
        expect(field).to_have_value(code)
        jonas.page.get_by_role("button", name="Apply", exact=True).click()
        jonas.page.locator(".coupon code", has_text=code).wait_for()
        assert jonas.page.locator(".coupon .error").count() == 0


def test_without_an_address_the_code_is_copied_for_the_checkout(jonas: Visitor, demo: Demo) -> None:
    with program(demo, widget={"apply_url": None}):
        code = redeems(jonas)
        without_address(jonas)
        uses(jonas, code)
        says(jonas, "Copied · The code could not be put into the cart: paste it at checkout.")
        assert jonas.page.evaluate(CLIPBOARD) == code
        assert status(jonas, code) == "Active"
