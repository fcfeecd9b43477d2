"""A customer with a browser profile of their own, at one shop."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Dialog, FrameLocator, Request, TimeoutError, expect
from wordpress_site import PASSWORD, Site

APPLY = """code => new Promise((done) => {
  const event = new CustomEvent('loyalty:apply-coupon', {cancelable: true, detail: {code, respondWith: (given) => {
    Promise.resolve(given).then(done);
  }}});
  if (document.dispatchEvent(event)) done('nobody heard it');
})"""
PATIENCE_MS = 60_000  # PHP's own server, on a machine that does other things too
PRESS_MS = 20_000  # how long an order of the checkout block may take before its button is pressed again
TRIES = 20
DIGIT = re.compile(r"\d")
BALANCE = re.compile(r"^[\d,]+ points$")


class Shopper:
    """The customer: `complaints` are the errors of the pages they saw; `path` is where their shop's pages begin."""

    def __init__(self, site: Site, browser: Browser, path: str = "", profile: BrowserContext | None = None) -> None:
        """Open a profile, or a tab in one."""
        self.site, self.path = site, path
        self.context = profile or browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.under_way: set[Request] = set()
        self.page.on("request", self._asks)
        self.page.on("requestfinished", self._is_answered)
        self.page.on("requestfailed", self._is_answered)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", _decline)

    def unanswered(self) -> list[str]:
        """Returns the requests of this page that have no answer yet."""
        return sorted({f"{one.method} {one.url}" for one in self.under_way})

    def visit(self, path: str) -> None:
        """Open a page of the shop."""
        self.page.goto(self.site.home + self.path + path)

    def logs_in(self, name: str) -> None:
        """Log in at the shop's account page."""
        self.visit("/my-account/")
        self.page.fill("#username", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[name=login]")
        self.page.locator(".woocommerce-MyAccount-content").wait_for()

    def registers(self, email: str) -> None:
        """Make an account at the shop's account page."""
        self.visit("/my-account/")
        self.page.fill("#reg_email", email)
        self.page.click("button[name=register]")
        self.page.locator(".woocommerce-MyAccount-content").wait_for()

    def opens_panel(self) -> FrameLocator:
        """Open the panel by its launcher, on any page."""
        self.page.locator("loyalty-widget button").first.click()
        return self.panel()

    def opens_own_panel(self) -> FrameLocator:
        """Open the panel of a customer who is logged in, and wait for their balance."""
        panel = self.opens_panel()
        expect(panel.locator(".sum b").first).to_contain_text(DIGIT)
        return panel

    def panel(self) -> FrameLocator:
        """Returns the open panel."""
        panel = self.page.frame_locator("iframe[src*='/panel?']")
        panel.locator("h1").wait_for()
        return panel

    def redeems(self, reward: str) -> FrameLocator:
        """Buy a reward in the panel, on the present page. Returns the panel with the new code."""
        panel = self.opens_own_panel()
        self._opens_tab(panel, "Redeem")
        panel.get_by_role("button", name=f"Redeem {reward}").click()
        panel.get_by_role("dialog").get_by_role("button", name=re.compile("Redeem")).click()
        panel.get_by_role("button", name="Use it now").first.wait_for()
        return panel

    def referral_link(self) -> str:
        """Returns the link to invite friends with that the panel shows, opened on the present page."""
        panel = self.opens_own_panel()
        self._opens_tab(panel, "Referral")
        return str(panel.get_by_text(re.compile(r"\?ref=")).first.inner_text()).strip()

    def applies(self, code: str) -> Any:
        """Send the widget's own event with a code on this page. Returns the answer."""
        return self.page.evaluate(APPLY, code)

    def adds_mug(self) -> None:
        """Put one mug into the cart."""
        self.visit("/product/fern-mug/")
        self.page.click("button.single_add_to_cart_button")
        expect(self.page.locator(".woocommerce-message")).to_contain_text("added to your cart")
        self.page.wait_for_load_state("load")  # WooCommerce stores the cart when the page has been sent to its end

    def orders(self, query: str = "", billing: dict[str, str] | None = None) -> None:
        """Order what is in the cart, at the classic checkout."""
        with self._totals():
            self.visit(f"/checkout/{query}")
        if billing:
            for name, value in billing.items():
                self.page.fill(f"#billing_{name}", value)
            with self._totals():
                self.page.evaluate("jQuery(document.body).trigger('update_checkout')")
        expect(self.page.locator(".blockOverlay")).to_have_count(0)
        self.page.click("label[for=payment_method_cod]")
        self.page.click("#place_order")
        self.page.wait_for_url("**/order-received/**")

    def orders_in_blocks(self, query: str = "") -> None:
        """Order what is in the cart, at the checkout block."""
        self.visit(f"/block-checkout/{query}")
        button = self.page.locator(".wc-block-components-checkout-place-order-button")
        button.wait_for()
        self.page.get_by_label("Cash on delivery").check()
        for _ in range(TRIES):  # a press is lost while the block draws itself anew; while it orders, it takes none
            expect(button).to_be_enabled()
            button.click()
            with suppress(TimeoutError):
                self.page.wait_for_url("**/order-received/**", timeout=PRESS_MS)
                return
        raise AssertionError("the checkout block does not order")

    def _opens_tab(self, panel: FrameLocator, name: str) -> None:
        """Press a tab, again while the panel's script was not there yet to hear it."""
        tab = panel.get_by_role("tab", name=name)
        for _ in range(TRIES):
            tab.click()
            with suppress(AssertionError):
                expect(tab).to_have_attribute("aria-selected", "true", timeout=2000)
                return
        raise AssertionError(f"the tab {name} does not open")

    def _asks(self, request: Request) -> None:
        self.under_way.add(request)

    def _is_answered(self, request: Request) -> None:
        self.under_way.discard(request)

    @contextmanager
    def _totals(self) -> Iterator[None]:
        """What is done within makes the classic checkout draw its totals anew: wait for them."""
        with self.page.expect_response(lambda response: "update_order_review" in response.url):
            yield

    def points(self) -> int:
        """Returns the balance that the account shows."""
        self.visit("/my-account/loyalty-points/")
        shown = self.page.locator(".loyalty-widget-balance")
        expect(shown).to_have_text(BALANCE)
        return int(str(shown.inner_text()).removesuffix(" points").replace(",", ""))

    def sees(self, points: int) -> int:
        """Wait until the account shows these points, while the shop's queue goes on. Returns them."""
        seen = 0
        for _ in range(TRIES):
            self.site.run("queue.php", path=self.path or "/")
            seen = self.points()
            if seen == points:
                return seen
        raise AssertionError(f"{seen} points, not {points}")


def _decline(dialog: Dialog) -> None:
    raise AssertionError(f"a page asks: {dialog.message}")
