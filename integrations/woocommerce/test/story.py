"""The story in Chromium: from the zip and one code over orders, carts, a friend and an outage to the plugin's end."""

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from owner import Owner
from pictures import Pictures
from playwright.sync_api import Browser, Error, expect
from shopper import DIGIT, PATIENCE_MS, TRIES, Shopper
from widget import Widget
from wordpress_site import Site

TOPICS = {f"order.{event}" for event in ("created", "updated", "deleted", "restored")}
TOPICS |= {f"customer.{event}" for event in ("created", "updated", "deleted")}
CLICKS_MAX = 8
LOOK_EVERY_SECONDS = 16 * 60
FAILURES = 7  # WooCommerce switches a webhook off at the seventh delivery that fails
HOME = {"first_name": "Ben", "last_name": "Fox", "address_1": "Ring 7", "city": "Hamburg", "postcode": "20095"}
PHONE = {"phone": "0402233445"}
SIGNED_OUT = "fetch(document.querySelector('script[data-token]').dataset.token).then((r) => r.status)"
AS_CUSTOMER = """async () => {
  const script = document.querySelector('script[data-token]').dataset;
  const nonce = await fetch(script.ajax.replace('%%endpoint%%', 'loyalty_widget_nonce'));
  const token = await fetch(script.token, { headers: { 'X-WP-Nonce': (await nonce.json()).nonce } });
  return [nonce, token].map((one) => [one.status, one.headers.get('Cache-Control')]);
}"""


class Story:
    """One run at one shop: Ann is a customer from the first day on, Ben is the friend whom she brings."""

    def __init__(self, site: Site, widget: Widget, browser: Browser, folder: Path, pictures: Pictures) -> None:
        """Create the shop on the server, and open the three profiles."""
        expect.set_options(timeout=PATIENCE_MS)
        self.site, self.widget, self.folder, self.pictures = site, widget, folder, pictures
        self.shop_id = widget.add_shop("Fern Mugs", site.home)
        widget.start()
        self.owner, self.ann, self.ben = Owner(site, browser), Shopper(site, browser), Shopper(site, browser)

    def steps(self) -> tuple[Callable[[], str], ...]:
        """Returns what is played, in this order: each says what was seen."""
        return (
            self.installs_and_connects, self.a_guest_sees_points, self.signs_in, self.signs_in_from_a_cache,
            self.works_under_a_strict_policy, self.has_a_block, self.orders, self.uses_it_in_the_classic_cart,
            self.refunds, self.uses_it_in_the_block_cart, self.brings_a_friend, self.server_is_down,
            self.connects_again, self.uninstalls,
        )  # fmt: skip

    def run(self, *, goes_on: bool = False) -> None:
        """Play it to its end; raises AssertionError where something is not as it should be.

        `goes_on`: the steps after one that failed are tried too, and it is raised at the end.
        """
        failed: list[str] = []
        for step in self.steps():
            began = time.monotonic()
            try:
                print(f"seen: {step()} ({time.monotonic() - began:.0f} s)", flush=True)
            except (AssertionError, Error) as wrong:
                self.reports(step.__name__)
                if not goes_on:
                    raise
                failed.append(step.__name__)
                print(f"FAILED: {step.__name__}: {wrong}", flush=True)
        assert failed == [], failed
        for one in self.shoppers():
            assert one.complaints == [], one.complaints
        assert self.site.complaints("loyalty-widget") == [], self.site.complaints("loyalty-widget")

    def reports(self, step: str) -> None:
        """Store a picture of each page when a step failed, and print what the customers' pages wait for."""
        pages = [self.owner.page, self.owner.dashboard]
        for one in self.shoppers():
            print(one.page.url, "waits for:", one.unanswered(), "complaints:", one.complaints, flush=True)
            pages.append(one.page)
        for number, page in enumerate(pages):
            with suppress(Error):
                page.screenshot(path=self.folder / f"{step}-{number}.png", full_page=True)

    def shoppers(self) -> list[Shopper]:
        """Returns the customers' profiles and tabs."""
        return [self.ann, self.ben]

    def installs_and_connects(self) -> str:
        """The owner downloads the zip from the dashboard, installs it, and pastes one code; a wrong one is refused."""
        self.owner.logs_in(self.widget.owner_link(self.shop_id))
        self.owner.opens_connection()
        packed = self.owner.downloads(self.folder)
        self.owner.clicks = 0
        self.owner.installs(packed)
        self.owner.opens_form()
        self.pictures.take("connect", self.owner.page, height=480)
        self.owner.pastes(self.owner.makes_code())
        clicks = self.owner.clicks
        assert clicks <= CLICKS_MAX, clicks
        expect(self.owner.page.locator(".wrap")).to_contain_text("“Fern Mugs” on")
        self.pictures.take("connected", self.owner.page, height=420)
        left = self.site.left()
        assert left.keys == ["Loyalty Widget"], left
        assert "loyalty_widget_secrets" in left.options and "loyalty_widget_secrets" not in left.autoload, left
        self.has_webhooks()
        told = self.owner.disconnects()
        assert self.site.left().keys == [] and self.site.left().webhooks == [], self.site.left()
        self.owner.pastes("wc1.bm90aGluZw")
        refused = self.owner.page.locator(".notice-error").inner_text()
        assert refused.startswith("Connection code: "), refused
        self.pictures.take("refused", self.owner.page, height=520)
        self.owner.opens_form()
        self.owner.pastes(self.owner.makes_code())
        expect(self.owner.page.locator(".wrap")).to_contain_text("“Fern Mugs” on")
        self.has_webhooks()
        return f"{clicks} clicks from the list of plugins to “connected”; “{told}”; refused: “{refused}”"

    def has_webhooks(self, path: str = "/") -> None:
        """Wait until the server has made its webhooks in the site at `path`, all active."""
        for _ in range(TRIES):
            found = {one["topic"]: one["status"] for one in self.site.left(path).webhooks}
            if found == dict.fromkeys(TOPICS, "active"):
                return
            time.sleep(0.5)
        raise AssertionError(found)

    def a_guest_sees_points(self) -> str:
        """A guest's product page has the points with tax as shown, and a signed-out panel."""
        self.ann.visit("/product/fern-mug/")
        badge = self.ann.page.locator("p.loyalty-widget-points span")
        expect(badge).to_contain_text("100")  # 11.90 with 19 % tax is 10.00 without
        panel = self.ann.opens_panel()
        expect(panel.get_by_role("button", name="Sign up").first).to_be_visible()
        return f"a guest reads “{badge.inner_text()}” at 11.90 with tax, and is not signed in"

    def signs_in(self) -> str:
        """The customer logs in at the shop; the panel needs no further sign-in. The account has a page for it."""
        self.ann.logs_in("ann")
        panel = self.ann.opens_panel()
        expect(panel.locator(".sum b").first).to_contain_text("700")
        self.pictures.take("panel", self.ann.page)
        token = self.ann.page.evaluate(SIGNED_OUT)
        assert token == 204, token  # without the nonce WordPress knows nobody
        answers = self.ann.page.evaluate(AS_CUSTOMER)
        assert answers == [[200, "no-store, private"]] * 2, answers
        self.ann.page.get_by_role("link", name="Loyalty", exact=True).click()
        expect(self.ann.page.locator(".loyalty-widget-balance")).to_contain_text("700")
        self.pictures.take("account", self.ann.page)
        self.ann.visit("/points/")
        assert self.ann.page.locator(".loyalty-widget-page").count() == 1  # the shortcode
        return "Ann is signed in by the shop, and reads 700 points in the account; the token is sent with no-store"

    def signs_in_from_a_cache(self) -> str:
        """The customer gets a page that a cache kept for guests, and one with an old nonce: signed in all the same."""
        address = f"{self.site.home}/product/fern-mug/"
        page = self.ann.page.request.get(address).text()
        assert 'data-nonce="' in page
        for kept in ("", 'data-nonce="0123456789"'):
            html = re.sub(r'data-nonce="\w+"', kept, page)
            self.ann.page.route(address, lambda route, _, html=html: route.fulfill(body=html, content_type="text/html"))
            self.ann.visit("/product/fern-mug/")
            expect(self.ann.opens_panel().locator(".sum b").first).to_contain_text(DIGIT)
            self.ann.page.unroute(address)
        return "signed in on a page that a cache kept for guests, and on one with an old nonce"

    def works_under_a_strict_policy(self) -> str:
        """A page whose policy lets only scripts with the theme's nonce run has the badge and the signed-in panel."""
        self.ann.visit("/product/fern-mug/?strict")
        assert self.ann.page.evaluate("typeof jQuery") == "undefined"  # the policy is in force
        expect(self.ann.opens_panel().locator(".sum b").first).to_contain_text("700")
        expect(self.ann.page.locator("p.loyalty-widget-points span")).to_contain_text("100")
        return "under a policy that lets only the nonce's scripts run, Ann is signed in"

    def has_a_block(self) -> str:
        """The owner adds our block in the block editor; the customer reads the balance on that page."""
        path = self.owner.adds_block("Our club")
        self.ann.visit(path)
        expect(self.ann.page.locator(".loyalty-widget-page .loyalty-widget-balance")).to_contain_text("700")
        return f"the block “Loyalty page”, chosen in the block editor, shows Ann’s balance at {path}"

    def orders(self) -> str:
        """An order without a code brings its points."""
        before = self.ann.points()
        self.ann.adds_mug()
        self.ann.visit("/cart/")
        expect(self.ann.page.locator(".loyalty-widget-row span")).to_contain_text("100")
        self.ann.orders()
        expect(self.ann.page.locator("p.loyalty-widget-points span")).to_contain_text("100")
        return f"an order of the classic checkout: from {before} to {self.ann.sees(before + 100)} points"

    def uses_it_in_the_classic_cart(self) -> str:
        """Points become a code, “Use it now” puts it into the classic cart, and the order takes it."""
        before = self.ann.points()
        self.ann.adds_mug()
        self.ann.visit("/cart/")
        refused = self.ann.applies("NO-SUCH-CODE")
        assert refused["ok"] is False and "does not exist" in refused["reason"], refused
        self.ann.visit("/cart/")
        panel = self.ann.redeems("Big cart")
        panel.get_by_role("button", name="Use it now").first.click()
        sentence = panel.get_by_text("The minimum spend for this coupon is €80.00.")
        expect(sentence).to_be_visible()
        told = sentence.inner_text()
        self.ann.visit("/cart/")
        panel = self.ann.redeems("Two off")
        panel.get_by_role("button", name="Use it now").first.click()
        expect(self.ann.page.locator("tr.cart-discount")).to_be_visible()
        self.pictures.take("classic-cart", self.ann.page)
        self.ann.orders()
        order = self.site.left().orders[0]
        assert len(order["coupons"]) == 1 and order["total"] == "9.90", order
        seen = self.ann.sees(before - 50 - 200 + 83)  # 83 for 8.32: 9.90 without tax
        return f"“Use it now” in the classic cart, and its order: from {before} to {seen} points; the panel: “{told}”"

    def refunds(self) -> str:
        """The owner refunds that order in WooCommerce: its points go."""
        before = self.ann.points()
        self.owner.refunds(int(self.site.left().orders[0]["id"]))
        return f"the owner refunds the order: from {before} to {self.ann.sees(before - 83)} points"

    def uses_it_in_the_block_cart(self) -> str:
        """The same in the cart block, up to the order of the checkout block."""
        before = self.ann.points()
        self.ann.adds_mug()
        self.ann.visit("/block-cart/")
        self.ann.page.locator(".wc-block-components-totals-wrapper").first.wait_for()
        refused = self.ann.applies("NO-SUCH-CODE")
        assert refused["ok"] is False and "no-such-code" in refused["reason"].lower(), refused
        panel = self.ann.redeems("Two off")
        panel.get_by_role("button", name="Use it now").first.click()
        expect(self.ann.page.locator(".wc-block-components-totals-discount")).to_contain_text("2.00")
        badge = self.ann.page.locator("p.loyalty-widget-points span")
        expect(badge).to_have_attribute("data-loyalty-price", "9.90")  # 11.90 less the code, without a new page
        self.pictures.take("block-cart", self.ann.page)
        self.ann.orders_in_blocks()
        order = self.site.left().orders[0]
        assert len(order["coupons"]) == 1 and order["total"] == "9.90", order
        seen = self.ann.sees(before - 200 + 83)
        said = refused["reason"]
        return f"“Use it now” in the cart block, and its order: from {before} to {seen} points; refused: “{said}”"

    def brings_a_friend(self) -> str:
        """Ann's link in another profile: the friend makes an account and orders, and both get their points."""
        before = self.ann.points()
        self.ann.visit("/product/fern-mug/")
        link = self.ann.referral_link()
        code = link.partition("?ref=")[2]
        self.ben.visit(f"/product/fern-mug/?ref={code}")
        expect(self.ben.panel().get_by_text("A gift from your friend")).to_be_visible()
        self.ben.registers("ben@example.com")
        self.ben.adds_mug()
        self.ben.orders(billing=HOME | PHONE)
        order = self.site.left().orders[0]
        assert order["ref"] == code, order
        self.ben.opens_own_panel()
        ben = self.ben.sees(700 + 100 + 150)  # for joining, for the order, and from Ann
        ann = self.ann.sees(before + 250)
        return f"Ben came by {link}: he has {ben} points, Ann {ann} after {before}; his order: {order}"

    def server_is_down(self) -> str:
        """The server is down while orders and a refund come, until WooCommerce switches its webhooks off; then all is
        caught up. OUTAGE_MINUTES lets it be down for so long; otherwise the time is skipped."""
        minutes = float(os.environ.get("OUTAGE_MINUTES", "0"))
        ann, ben = self.ann.points(), self.ben.points()
        began = time.monotonic()
        self.widget.stop()
        self.ann.adds_mug()
        self.ann.orders()
        self.ben.adds_mug()
        self.ben.orders_in_blocks()
        order = self.site.left().orders[0]
        assert order["ref"], order  # of the link that Ben followed: kept at the checkout block too
        self.owner.refunds(int(order["id"]))
        self.site.run("orders.php", "ann", str(FAILURES))
        self.site.run("queue.php")
        off = sorted(one["topic"] for one in self.site.left().webhooks if one["status"] == "disabled")
        assert {"order.created", "order.updated"} <= set(off), self.site.left().webhooks
        time.sleep(max(0.0, minutes * 60 - (time.monotonic() - began)))
        if not minutes:
            self.widget.make_look_due(self.shop_id)
        down = time.monotonic() - began
        self.widget.start()
        began = time.monotonic()
        ann = self.waits_for(self.ann, ann + 100 + 100 * FAILURES, minutes)
        self.waits_for(self.ben, ben, minutes)
        after = time.monotonic() - began
        self.has_webhooks()
        self.ben.adds_mug()
        self.ben.orders(billing=PHONE)  # the checkout block stored none
        new = self.ben.sees(ben + 100)  # by its webhook: the next look is a quarter of an hour away
        found = self.widget.findings(self.shop_id)
        assert found["well"], found
        return (
            f"down for {down:.0f} s, WooCommerce switched off {', '.join(off)}; {after:.0f} s after the start Ann has "
            f"{ann} points, Ben {ben}; the webhooks are on again, and bring Ben’s next order: {new}; shop check: well"
        )

    def waits_for(self, shopper: Shopper, points: int, minutes: float) -> int:
        """Wait until the account shows these points: longer where the next look was not made due."""
        ends = time.monotonic() + LOOK_EVERY_SECONDS * bool(minutes)
        while time.monotonic() < ends and shopper.points() != points:
            time.sleep(10)
        return shopper.sees(points)

    def connects_again(self) -> str:
        """The owner disconnects: keys, webhooks and widget are gone. Connected again, all is as before."""
        before = self.ann.points()
        told = self.owner.disconnects()
        left = self.site.left()
        assert left.keys == [] and left.webhooks == [], left
        self.ann.visit("/product/fern-mug/")
        assert self.ann.page.locator("#loyalty-widget-tag").count() == 0
        self.owner.opens_form()
        self.owner.pastes(self.owner.makes_code())
        self.has_webhooks()
        return f"“{told}”; connected again, Ann has {self.ann.sees(before)} points"

    def uninstalls(self) -> str:
        """The owner deletes the connected plugin in the browser: nothing is left, nor keys on the server."""
        assert any(one["ref"] for one in self.site.left().orders), "no order has a friend's code"
        self.owner.deletes()
        left = self.site.left()
        assert left.is_nothing(), left
        assert not (self.site.root / "wp-content" / "plugins" / "loyalty-widget").exists()
        shops = self.widget.shell("shop", "list")
        self.ann.visit("/product/fern-mug/")
        assert self.ann.page.locator("[class*=loyalty], [id*=loyalty]").count() == 0
        return f"deleted, and nothing is left in options, keys, webhooks, orders and customers; the server: {shops}"
