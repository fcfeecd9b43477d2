"""The story of the Oscar shop in Chromium: its own pages, as shoppers and staff use them."""

import re

from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from integrations.examples.oscar.site import PASSWORD, Site
from integrations.examples.server import LoyaltyServer, Outage, wait_for

PATIENCE_MS = 60_000
ADDRESS = {"first_name": "Ann", "last_name": "Lee", "line1": "Fern Road 1", "line4": "Berlin", "postcode": "10115"}
PRODUCTS = {"Fern mug": "/catalogue/fern-mug_1/", "Fern": "/catalogue/fern_2/"}  # Oscar's list needs a search engine
APPLY = """code => new Promise((done) => {
  const respondWith = (given) => Promise.resolve(given).then(done, (error) => done(String(error)));
  const event = new CustomEvent('loyalty:apply-coupon', {cancelable: true, detail: {code, respondWith: (given) => {
    event.preventDefault();
    respondWith(given);
  }}});
  if (document.dispatchEvent(event)) done('nobody heard it');
})"""


class Shopper:
    """One person in one browser profile."""

    def __init__(self, browser: Browser, site: Site, email: str, *, blocked: str = "") -> None:
        """Open the profile; `blocked` is the address of a server whose requests a blocker stops."""
        self.context: BrowserContext = browser.new_context(locale="en-GB")
        if blocked:
            self.context.route(f"{blocked}/**", lambda route: route.abort())
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.site, self.email = site, email

    def visit(self, path: str) -> None:
        """Open a page of the shop."""
        self.page.goto(self.site.origin + path)

    def register(self) -> None:
        """Register at the shop."""
        self.visit("/accounts/login/")
        self.page.fill("[name=registration-email]", self.email)
        self.page.fill("[name=registration-password1]", PASSWORD)
        self.page.fill("[name=registration-password2]", PASSWORD)
        self.page.click("[name=registration_submit]")
        expect(self.page.locator("#messages")).to_contain_text("Thanks for registering")

    def log_in(self) -> None:
        """Log in at the shop."""
        self.visit("/accounts/login/")
        self.page.fill("[name=login-username]", self.email)
        self.page.fill("[name=login-password]", PASSWORD)
        self.page.click("[name=login_submit]")
        self.page.wait_for_url(lambda address: "/login/" not in address)

    def put(self, *products: str) -> None:
        """Put one piece of each product into the basket."""
        for product in products:
            self.visit(PRODUCTS[product])
            self.page.click("#add_to_basket_form button")
            expect(self.page.locator("#messages")).to_contain_text("has been added to your basket")
            self.page.wait_for_load_state()  # the listener for codes is a deferred script

    def order(self) -> str:
        """Go through the checkout. Returns the number of the order."""
        self.visit("/checkout/")
        self.page.wait_for_url("**/checkout/shipping-address/")
        saved = self.page.locator(".ship-address")
        if saved.count():
            saved.first.click()
        else:
            for name, value in ADDRESS.items():
                self.page.fill(f"[name={name}]", value)
            self.page.get_by_role("button", name="Continue").click()
        self.page.wait_for_url("**/checkout/payment-details/")
        self.page.click("#view_preview")
        self.page.wait_for_url("**/checkout/preview/")
        self.page.get_by_role("button", name="Place order").click()
        self.page.wait_for_url("**/checkout/thank-you/")
        return self.page.locator("p.lead strong").inner_text()

    def token(self) -> tuple[int, str]:
        """Returns the status of the shop's token endpoint, and the token."""
        response = self.context.request.get(f"{self.site.origin}/loyalty-token/")
        return response.status, response.json()["token"] if response.status == 200 else ""

    def panel(self) -> FrameLocator:
        """Open the panel by its launcher."""
        self.page.locator("loyalty-widget button").first.click()
        panel = self.page.frame_locator("iframe[src*='/panel?']")
        panel.locator("h1").wait_for()
        return panel

    def dashboard(self, number: str, **form: str) -> None:
        """Send a form of the dashboard's page of an order, as staff."""
        address = f"{self.site.origin}/dashboard/orders/{number}/"
        self.page.goto(address)
        csrf = self.page.locator("[name=csrfmiddlewaretoken]").first.input_value()
        response = self.context.request.post(address, form={"csrfmiddlewaretoken": csrf, **form})
        assert response.ok, response.status


class Story:
    """One run."""

    def __init__(self, site: Site, server: LoyaltyServer, browser: Browser) -> None:
        """Open the profiles of a customer, of a friend with a blocker, and of staff."""
        expect.set_options(timeout=PATIENCE_MS)
        self.site, self.server = site, server
        self.ann = Shopper(browser, site, "ann@shop.example")
        self.bob = Shopper(browser, site, "bob@shop.example", blocked=server.url)
        self.staff = Shopper(browser, site, "staff@shop.example")

    def run(self) -> None:
        """Play it to its end; raises AssertionError where something is not as it should be."""
        for step in (
            self.signs_in, self.earns, self.survives_an_outage, self.uses_it_now, self.orders_with_the_code,
            self.cancels, self.refunds, self.brings_a_friend, self.takes_codes_of_every_kind,
        ):  # fmt: skip
            print(f"seen: {step()}", flush=True)

    def signs_in(self) -> str:
        """A guest sees the launcher; a customer of the shop is signed in to the panel."""
        self.ann.visit("/catalogue/")
        assert self.ann.page.locator("script[data-identity-url]").count() == 1
        self.ann.page.locator("loyalty-widget button").first.wait_for()
        assert self.ann.token() == (204, "")
        self.ann.register()
        status, token = self.ann.token()
        assert status == 200
        self.session = self.server.session(token)
        expect(self.ann.panel().locator(".sum b").first).to_have_text(re.compile(r"^0\b"))
        self.staff.log_in()
        return "the tag is in the page; 204 for a guest; Ann's token is accepted by the API, and the panel signs her in"

    def earns(self) -> str:
        """Two mugs at 11.90 with 10 % off and a fern at 5.95, 19 % tax inside: 18.00 and 5.00 count."""
        self.ann.put("Fern mug", "Fern mug", "Fern")
        self.first = self.ann.order()
        self.server.expect_order(self.first, "placed", points=230, pending=230)
        self.pay(self.first)
        held = self.server.expect_order(self.first, "paid", points=230)
        sent = self.site.compare(self.first)["sent"]
        assert (sent["total"], sent["discount"], sent["tax"]) == ("32.27", "2.38", "5.15"), sent
        assert (held["total"], held["goods"], held["kept"]) == ("32.27", "23.00", "23.00"), held
        return f"order {self.first} of 32.27 with 2.38 off, 4.90 for the parcel and 5.15 tax: 23.00 count, 230 points"

    def survives_an_outage(self) -> str:
        """The loyalty server is away, then a proxy returns 503; the outbox is killed meanwhile. Nothing is lost."""
        self.server.stop()
        self.ann.put("Fern")
        second = self.ann.order()
        wait_for("a failed attempt", lambda: "Connection refused" in self.site.said())
        self.site.kill_outbox()
        outage = Outage(self.server.port)
        self.site.start_outbox()
        wait_for("an attempt that gets 503", lambda: outage.count > 1)
        outage.stop()
        self.server.start()
        self.server.expect_order(second, "placed", points=50, pending=50)
        self.pay(second)
        self.server.expect_order(second, "paid", points=50)
        assert self.server.points(self.session) == 280
        return f"order {second} was sent again after no response, {outage.count} times 503, and the end of the outbox"

    def uses_it_now(self) -> str:
        """Points become a code in the panel, which the page puts into Oscar's basket."""
        self.ann.put("Fern mug")
        refused = self.ann.page.evaluate(APPLY, "NO-SUCH-CODE")
        assert refused == {"ok": False, "reason": "No voucher found with code 'NO-SUCH-CODE'"}, refused
        panel = self.ann.panel()
        panel.get_by_role("tab", name="Redeem").click()
        panel.get_by_role("button", name=re.compile("Redeem")).first.click()
        panel.get_by_role("dialog").get_by_role("button", name=re.compile("Redeem")).click()
        panel.get_by_role("button", name=re.compile("Use it now")).click()
        expect(panel.get_by_text("in your cart")).to_be_visible()
        self.code = self.coupon()["code"]
        assert self.coupon()["status"] == "applied", self.coupon()
        self.bob.register()
        self.bob.put("Fern")
        stolen = self.bob.page.evaluate(APPLY, self.code)
        assert stolen == {"ok": False, "reason": "This code belongs to somebody else."}, stolen
        self.ann.visit("/basket/")
        expect(self.ann.page.locator("#content_inner")).to_contain_text(self.code)
        return f"“Use it now” put {self.code} into the basket; refused: “{refused['reason']}”, “{stolen['reason']}”"

    def orders_with_the_code(self) -> str:
        """The checkout uses the code: 10.71 less 2.00 are 8.71 with tax, 7.32 without."""
        self.third = self.ann.order()
        self.pay(self.third)
        held = self.server.expect_order(self.third, "paid", points=73)
        assert held["coupons"] == [{"code": self.code, "status": "used", "used_by_this_order": True}], held
        assert self.server.points(self.session) == 153
        return f"order {self.third} used {self.code} and earned 73 points"

    def cancels(self) -> str:
        """A cancelled order frees its code, here and there; it can be used again, once."""
        self.staff.dashboard(self.third, order_action="change_order_status", new_status="Cancelled")
        held = self.server.expect_order(self.third, "cancelled", points=0)
        assert (held["why_nothing"], self.coupon()["status"]) == ("cancelled", "active"), held
        self.ann.put("Fern mug")
        self.ann.visit("/basket/")
        self.ann.page.get_by_role("link", name="I have a voucher code").click()
        self.ann.page.fill("[name=code]", self.code.lower())
        self.ann.page.get_by_role("button", name="Add voucher").click()
        expect(self.ann.page.locator("#messages")).to_contain_text("added to basket")
        fourth = self.ann.order()
        self.pay(fourth)
        self.server.expect_order(fourth, "paid", points=73)
        self.ann.put("Fern mug")
        again = self.ann.page.evaluate(APPLY, self.code)
        assert again == {"ok": False, "reason": "This code has been used."}, again
        return f"order {self.third} was cancelled and freed the code; order {fourth} used it; then: “{again['reason']}”"

    def refunds(self) -> str:
        """One of the two mugs is paid back: 10.71 with tax, 9.00 without, 90 points. A dry run says it first."""
        line = next(one for one in self.site.compare(self.first)["sent"]["lines"] if one["name"] == "Fern mug")
        event = {"line_action": "create_payment_event", "payment_event_type": "refunded", "amount": "10.71"}
        self.server.stop()  # so that the dry run comes first
        self.staff.dashboard(self.first, **event, selected_line=line["id"], **{f"selected_line_qty_{line['id']}": "1"})
        self.site.kill_outbox()
        self.server.start()
        trial = self.site.compare(self.first)
        would, held = trial["would"], trial["held"]
        assert (would["status"], would["points_now"], would["order"]["points"]) == ("booked", 230, 140), would
        assert (held["points"], held["refunds"]) == (230, []), held
        self.site.start_outbox()
        held = self.server.expect_order(self.first, "paid", points=140)
        assert held["refunds"][0]["amount"] == "10.71" and held["kept"] == "14.00", held
        assert self.server.points(self.session) == 63
        return "a dry run said 140 in place of 230 points; after the refund of 10.71 the order has 140 points"

    def brings_a_friend(self) -> str:
        """A friend comes by Ann's link; a blocker stops the widget, the shop itself keeps the code."""
        code = self.server.call("referral", self.session)["code"]
        self.bob.visit(f"/catalogue/?ref={code}")
        assert self.bob.page.locator("loyalty-widget").count() == 0
        number = self.bob.order()
        self.pay(number)
        self.server.expect_order(number, "paid", points=50)
        wait_for("the gift for the friend's order", lambda: self.server.points(self.session) == 363)
        return f"Bob's order {number} by {code} brought Ann 300 points"

    def takes_codes_of_every_kind(self) -> str:
        """10 % of the mugs, a free fern, a free parcel: of a mug at 10.71, a fern at 5.95 and a parcel at 4.90."""
        self.ann.put("Fern")
        codes, page = self.server.redeem(self.session), self.ann.page
        for kind, total in (("percent", "€20.37"), ("free_product", "€15.61"), ("free_shipping", "€16.66")):
            assert page.evaluate(APPLY, codes[kind])["ok"], kind
            self.ann.visit("/basket/")
            expect(page.locator("#content_inner")).to_contain_text(f"Order total {total}", use_inner_text=True)
            beside = page.evaluate(APPLY, codes["free_shipping" if kind == "percent" else "percent"])
            assert beside == {"ok": False, "reason": "This code cannot be used together with another one."}, beside
            if kind != "free_shipping":
                self.ann.visit("/basket/")
                page.get_by_role("button", name="Remove", exact=True).click()
                expect(page.locator("#content_inner")).to_contain_text("Order total €21.56", use_inner_text=True)
        return "10 % of the mugs, a free fern and a free parcel, each alone"

    def pay(self, number: str) -> None:
        """Staff set an order to paid."""
        self.staff.dashboard(number, order_action="change_order_status", new_status="Paid")

    def coupon(self) -> dict[str, str]:
        """Returns Ann's only coupon."""
        (found,) = self.server.call("my-rewards", self.session)["coupons"]
        return dict(found)
