"""The story in Chromium: install the zip, paste one code, sign in, spend points in both carts, remove the plugin."""

import json
import re
import urllib.parse
import urllib.request
from base64 import b64encode
from pathlib import Path

from link_server import LinkServer
from playwright.sync_api import Browser, FrameLocator, Page, expect
from widget import Widget
from wordpress_site import PASSWORD, Site

APPLY = """code => new Promise((done) => {
  const event = new CustomEvent('loyalty:apply-coupon', {cancelable: true, detail: {code, respondWith: (given) => {
    Promise.resolve(given).then(done);
  }}});
  if (document.dispatchEvent(event)) done('nobody heard it');
})"""
TOPICS = ("order.created", "order.updated", "customer.created", "customer.updated")
FRIEND = "FRIEND-123"
TRIES = 20
PATIENCE_MS = 120_000  # PHP's own server, on a machine that does other things too


class Story:
    """One run. `clicks` counts from the list of plugins to "Connected"; `complaints` are of the shop's pages."""

    def __init__(self, site: Site, widget: Widget, link: LinkServer | None, browser: Browser, packed: Path) -> None:
        """Open two browser profiles: the owner's and the customer's."""
        self.site, self.widget, self.link, self.packed = site, widget, link, packed
        self.owner = browser.new_context(locale="en-GB").new_page()
        self.shopper = browser.new_context(locale="en-GB").new_page()
        self.clicks = 0
        self.complaints: list[str] = []
        self.shopper.on("pageerror", lambda error: self.complaints.append(str(error)))
        for page in (self.owner, self.shopper):
            page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)

    def run(self) -> None:
        """Play it to its end; raises AssertionError where something is not as it should be."""
        for step in (
            self.installs, self.connects, self.a_guest_sees_points, self.signs_in, self.signs_in_from_a_cache,
            self.uses_it_in_the_classic_cart,
            self.orders_with_a_friends_code, self.gets_points, self.applies_in_the_block_cart, self.orders_in_blocks,
            self.disconnects, self.uninstalls,
        ):  # fmt: skip
            print(f"seen: {step()}", flush=True)

    def installs(self) -> str:
        """The owner installs and activates the zip."""
        self.log_in(self.owner, "/wp-login.php", "#user_login", "#user_pass", "#wp-submit", "admin")
        self.owner.goto(f"{self.site.home}/wp-admin/plugin-install.php?tab=upload")
        self.owner.set_input_files("#pluginzip", self.packed)
        self.owner.click("#install-plugin-submit")
        self.owner.get_by_role("link", name="Activate Plugin").click()
        self.owner.wait_for_url("**/plugins.php**")
        return "the zip is installed and active"

    def connects(self) -> str:
        """The owner tries a wrong code, then connects with the right one; the clicks of the latter are counted."""
        self.owner.goto(f"{self.site.home}/wp-admin/admin.php?page=loyalty-widget")
        self.paste("wc1.bm90aGluZw")
        refused = self.owner.locator(".notice-error").inner_text()
        assert refused.startswith("Connection code: "), refused
        code = (
            self.link.code if self.link else self.widget.shell("shop", "code", "--shop", self.widget.facts["shop_id"])
        )
        self.owner.goto(f"{self.site.home}/wp-admin/plugins.php")
        self.clicks += 1
        self.owner.get_by_role("link", name="Connect", exact=True).click()
        self.paste(re.search(r"wc1\.[\w-]+", code)[0])  # type: ignore[index]
        expect(self.owner.locator(".wrap")).to_contain_text("“Fern Mugs” on")
        if self.link:
            self.connect_by_hand(self.link.linked[0])
        left = self.left()
        assert left["keys"] == ["Loyalty Widget"], left
        assert "loyalty_widget_secrets" in left["options"], left
        assert "loyalty_widget_secrets" not in left["autoload"], left
        return f"connected in {self.clicks} clicks from the list of plugins; a wrong code is refused with “{refused}”"

    def a_guest_sees_points(self) -> str:
        """A guest's product page has the points with tax as shown, and a signed-out panel."""
        self.visit("/product/fern-mug/")
        badge = self.shopper.locator("p.loyalty-widget-points span")
        expect(badge).to_contain_text("100")  # 11.90 with 19 % tax is 10.00 without
        assert self.shopper.locator("#loyalty-widget-tag").evaluate("one => one.nonce") == "abc123"
        panel = self.open_panel()
        expect(panel.get_by_role("button", name="Sign up").first).to_be_visible()
        return f"a guest reads “{badge.inner_text()}” at 11.90 with tax, and is not signed in"

    def signs_in(self) -> str:
        """The customer logs in at the shop; the panel needs no further sign-in. The account has a page for it."""
        self.log_in(self.shopper, "/my-account/", "#username", "#password", "button[name=login]", "ann")
        panel = self.open_panel()
        expect(panel.locator(".sum b").first).to_contain_text(re.compile(r"\d"))
        token = self.shopper.evaluate(
            "fetch(document.querySelector('script[data-token]').dataset.token).then((r) => r.status)"
        )
        assert token == 204, token  # without the nonce WordPress knows nobody
        self.shopper.get_by_role("link", name="Loyalty", exact=True).click()
        expect(self.shopper.locator(".loyalty-widget-balance")).to_contain_text(re.compile(r"\d"))
        balance = self.shopper.locator(".loyalty-widget-balance").inner_text()
        self.visit("/points/")
        assert self.shopper.locator(".loyalty-widget-page").count() == 2  # the shortcode and the block
        return f"Ann is signed in by the shop, and reads “{balance}” in the account"

    def signs_in_from_a_cache(self) -> str:
        """The customer gets a page that a cache kept for guests, and one with an old nonce: signed in all the same."""
        address = f"{self.site.home}/product/fern-mug/"
        page = self.shopper.request.get(address).text()
        assert 'data-nonce="' in page
        for kept in ("", 'data-nonce="0123456789"'):
            html = re.sub(r'data-nonce="\w+"', kept, page)
            self.shopper.route(address, lambda route, _, html=html: route.fulfill(body=html, content_type="text/html"))
            self.visit("/product/fern-mug/")
            expect(self.open_panel().locator(".sum b").first).to_contain_text(re.compile(r"\d"))
            self.shopper.unroute(address)
        return "signed in on a page that a cache kept for guests, and on one with an old nonce"

    def uses_it_in_the_classic_cart(self) -> str:
        """Points become a code, and the code is put into the classic cart."""
        self.add_to_cart()
        self.visit("/cart/")
        expect(self.shopper.locator(".loyalty-widget-row span")).to_contain_text("100")
        refused = self.shopper.evaluate(APPLY, "NO-SUCH-CODE")
        assert refused["ok"] is False and "does not exist" in refused["reason"], refused
        self.visit("/cart/")
        panel = self.open_panel()
        panel.get_by_role("tab", name="Redeem").click()
        panel.get_by_role("button", name=re.compile("Redeem")).first.click()
        panel.get_by_role("dialog").get_by_role("button", name=re.compile("Redeem")).click()
        panel.get_by_role("button", name=re.compile("Use it now")).click()
        expect(self.shopper.locator("tr.cart-discount")).to_be_visible()
        return f"“Use it now” in the classic cart; a wrong code gets WooCommerce’s “{refused['reason']}”"

    def gets_points(self) -> str:
        """The order's webhook brings its points, beside what the code cost; its refund takes them back."""
        earned = self.balance_other_than("500 points")
        assert earned == "583 points", earned  # 9.90 with 19 % tax is 8.32 without
        self.site.run("refund.php", str(self.left()["orders"][0]["id"]))
        return f"“{earned}” after the order, and “{self.balance_other_than(earned)}” after its refund"

    def balance_other_than(self, before: str) -> str:
        """Returns the balance that the account shows once it is another one."""
        for _ in range(TRIES):
            if (now := self.balance()) != before:
                return now
        raise AssertionError(f"still {before}")

    def balance(self) -> str:
        """Returns the balance that the account shows."""
        self.visit("/my-account/loyalty-points/")
        shown = self.shopper.locator(".loyalty-widget-balance")
        expect(shown).to_contain_text(re.compile(r"\d"))
        return shown.inner_text()

    def applies_in_the_block_cart(self) -> str:
        """The event of the widget, in the block cart and on a page without a cart."""
        self.make_coupon("block-one", "block-two")
        self.add_to_cart()
        self.visit("/block-cart/")
        self.shopper.locator(".wc-block-components-totals-wrapper").first.wait_for()
        applied = self.shopper.evaluate(APPLY, "BLOCK-ONE")
        assert applied == {"ok": True}, applied
        expect(self.shopper.locator(".wc-block-components-totals-discount")).to_contain_text("block-one")
        badge = self.shopper.locator("p.loyalty-widget-points span")
        expect(badge).to_have_attribute("data-loyalty-price", "10.90")  # 11.90 less the coupon, without a new page
        refused = self.shopper.evaluate(APPLY, "NO-SUCH-CODE")
        assert refused["ok"] is False and "NO-SUCH-CODE".lower() in refused["reason"].lower(), refused
        self.visit("/product/fern-mug/")
        elsewhere = self.shopper.evaluate(APPLY, "BLOCK-TWO")
        assert elsewhere == {"ok": True}, elsewhere
        return f"a code in the cart block, and by the Store API from a product page; refused: “{refused['reason']}”"

    def orders_with_a_friends_code(self) -> str:
        """The classic checkout keeps the friend's code in the order."""
        self.visit(f"/checkout/?ref={FRIEND}")
        self.shopper.wait_for_load_state("networkidle")
        self.shopper.click("label[for=payment_method_cod]")
        self.shopper.wait_for_load_state("networkidle")
        self.shopper.click("#place_order")
        self.shopper.wait_for_url("**/order-received/**")
        order = self.left()["orders"][0]
        assert order["ref"] == FRIEND and len(order["coupons"]) == 1, order
        expect(self.shopper.locator("p.loyalty-widget-points span")).to_contain_text(re.compile(r"\d"))
        return f"an order of the classic checkout with its friend’s code, {order}"

    def orders_in_blocks(self) -> str:
        """The checkout block keeps it too."""
        self.visit(f"/block-checkout/?ref={FRIEND}")
        button = self.shopper.locator(".wc-block-components-checkout-place-order-button")
        button.wait_for()
        self.shopper.wait_for_load_state("networkidle")
        button.click()
        self.shopper.wait_for_url("**/order-received/**")
        orders = self.left()["orders"]
        assert len(orders) == 2 and all(one["ref"] == FRIEND for one in orders), orders
        return "an order of the checkout block with its friend’s code"

    def disconnects(self) -> str:
        """The owner disconnects: keys and webhooks are gone, and the widget with them."""
        self.owner.goto(f"{self.site.home}/wp-admin/admin.php?page=loyalty-widget")
        self.owner.get_by_role("button", name="Disconnect").click()
        told = self.owner.locator(".notice").filter(has_text="Disconnected").inner_text()
        left = self.left()
        assert left["keys"] == [] and left["webhooks"] == [], left
        self.visit("/product/fern-mug/")
        assert self.shopper.locator("#loyalty-widget-tag").count() == 0
        return f"“{told}”; no key and no webhook is left"

    def uninstalls(self) -> str:
        """The owner deletes the plugin: nothing is left."""
        self.owner.goto(f"{self.site.home}/wp-admin/plugins.php")
        row = self.owner.locator(
            "tr[data-slug='loyalty-widget-for-woocommerce'], tr[data-plugin^='loyalty-widget/']"
        ).first
        row.get_by_role("link", name="Deactivate").click()
        self.owner.on("dialog", lambda dialog: dialog.accept())
        row.get_by_role("link", name="Delete").click()
        expect(self.owner.locator("tr.deleted, tr[data-plugin^='loyalty-widget/'].deleted").first).to_be_attached()
        left = self.left()
        assert left["options"] == [] and left["meta"] == [] and left["keys"] == [], left
        assert not (self.site.root / "wp-content" / "plugins" / "loyalty-widget").exists()
        return "deleted, and nothing is left in options, keys, webhooks, orders and customers"

    def visit(self, path: str) -> None:
        """Open a page of the shop as the customer."""
        self.shopper.goto(self.site.home + path)

    def add_to_cart(self) -> None:
        """Put one mug into the cart."""
        self.visit("/product/fern-mug/")
        self.shopper.click("button.single_add_to_cart_button")
        expect(self.shopper.locator(".woocommerce-message")).to_contain_text("added to your cart")

    def log_in(self, page: Page, path: str, name: str, password: str, button: str, user: str) -> None:
        """Log in at the shop."""
        page.goto(self.site.home + path)
        page.fill(name, user)
        page.fill(password, PASSWORD)
        page.click(button)
        page.wait_for_load_state()

    def paste(self, code: str) -> None:
        """Paste into the field that has the focus already, and press the button."""
        expect(self.owner.locator("#loyalty-widget-code")).to_be_focused()
        self.owner.keyboard.insert_text(code)
        self.clicks += bool(self.clicks)
        self.owner.get_by_role("button", name="Connect").click()
        self.owner.wait_for_load_state()

    def open_panel(self) -> FrameLocator:
        """Open the panel by its launcher, on any page."""
        self.shopper.locator("loyalty-widget button").first.click()
        panel = self.shopper.frame_locator("iframe[src*='/panel?']")
        panel.locator("h1").wait_for()
        return panel

    def left(self) -> dict[str, list[str]]:
        """Returns what the plugin has in the database."""
        found: dict[str, list[str]] = json.loads(self.site.run("left.php").splitlines()[-1])
        return found

    def connect_by_hand(self, given: dict[str, str]) -> None:
        """Do what the server's own `link` does after a stand-in has taken the keys: store them, make the webhooks."""
        typed = f"{given['consumer_key']}\n{given['consumer_secret']}\n"
        self.widget.shell("shop", "connect", self.widget.facts["shop_id"], "--api-url", self.site.home, typed=typed)
        for topic in TOPICS:
            address = self.widget.facts["webhook_urls"][topic]
            secret = self.widget.facts["webhook_secret"]
            self.call("webhooks", {"name": topic, "topic": topic, "delivery_url": address, "secret": secret}, given)

    def make_coupon(self, *codes: str) -> None:
        """Create coupons in the shop that are not ours."""
        self.site.run("coupons.php", *codes)

    def call(self, path: str, body: dict[str, str], keys: dict[str, str]) -> None:
        """Send a body to the shop's own API."""
        login = b64encode(f"{keys['consumer_key']}:{keys['consumer_secret']}".encode()).decode()
        address = f"http://127.0.0.1:{urllib.parse.urlsplit(self.site.home).port}/wp-json/wc/v3/{path}"
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(address, json.dumps(body).encode(), headers), timeout=60
        ) as response:
            assert response.status == 201, response.status
