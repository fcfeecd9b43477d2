"""The story of the Vendure shop: its page in Chromium, and its APIs as a storefront and as staff call them."""

import json
import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from integrations.examples.server import LoyaltyServer, Outage, wait_for
from integrations.examples.vendure.site import PASSWORD, Site

PATIENCE_MS = 60_000
ADDRESS = {"fullName": "Ann Lee", "streetLine1": "Fern Road 1", "city": "Berlin", "postalCode": "10115"}
PROBLEM = "... on ErrorResult { errorCode message }"
APPLY = """code => new Promise((done) => {
  const respondWith = (given) => Promise.resolve(given).then(done, (error) => done(String(error)));
  const event = new CustomEvent('loyalty:apply-coupon', {cancelable: true, detail: {code, respondWith: (given) => {
    event.preventDefault();
    respondWith(given);
  }}});
  if (document.dispatchEvent(event)) done('nobody heard it');
})"""


class Visitor:
    """One person in one browser profile: the page and the calls share its cookies."""

    def __init__(self, browser: Browser, site: Site, api: str, *, blocked: str = "") -> None:
        """Open the profile; `blocked` is the address of a server whose requests a blocker stops."""
        self.context: BrowserContext = browser.new_context(locale="en-GB")
        if blocked:
            self.context.route(f"{blocked}/**", lambda route: route.abort())
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.site, self._api = site, api

    def call(self, query: str, **variables: object) -> Any:
        """Returns the first field of a GraphQL response; raises AssertionError with its errors.

        PROBLEM in the query stands for the fields of an error.
        """
        body = json.dumps({"query": query.replace("PROBLEM", PROBLEM), "variables": variables})
        headers = {"content-type": "application/json"}
        response = self.context.request.post(f"{self.site.origin}/{self._api}", data=body, headers=headers)
        said = response.json()
        assert "errors" not in said, said
        (field,) = said["data"].values()
        assert not isinstance(field, dict) or "errorCode" not in field, field
        return field

    def visit(self, path: str = "/") -> None:
        """Open the page of the shop."""
        self.page.goto(self.site.origin + path)
        self.page.get_by_role("button", name="Add Fern mug").wait_for()

    def register(self, email: str, name: str) -> None:
        """Register, verify the address by the mail, and log in on the page."""
        customer = {"emailAddress": email, "firstName": name, "lastName": "Lee", "password": PASSWORD}
        self.call(
            "mutation ($input: RegisterCustomerInput!) { registerCustomerAccount(input: $input) "
            "{ __typename PROBLEM } }",
            input=customer,
        )
        self.call(
            "mutation ($token: String!) { verifyCustomerAccount(token: $token) { __typename PROBLEM } }",
            token=self.site.mail_to(email),
        )
        self.call("mutation { logout { success } }")
        self.visit()
        self.page.fill("[name=email]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.locator("#who")).to_have_text(email)

    def put(self, *products: str) -> None:
        """Put one piece of each product into the cart, on the page."""
        self.visit()
        for product in products:
            before = self.page.locator("#total").inner_text()
            self.page.get_by_role("button", name=f"Add {product}", exact=True).click()
            expect(self.page.locator("#total")).not_to_have_text(before)

    def order(self) -> str:
        """Go through Vendure's checkout. Returns the code of the order, which is paid."""
        order = "{ ... on Order { code state } PROBLEM }"
        address = {**ADDRESS, "countryCode": "DE"}
        self.call(f"mutation ($to: CreateAddressInput!) {{ setOrderShippingAddress(input: $to) {order} }}", to=address)
        (method,) = self.call("{ eligibleShippingMethods { id } }")
        self.call(
            f"mutation ($id: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $id) {order} }}", id=method["id"]
        )
        self.call(f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {order} }}')
        (pay,) = self.call("{ eligiblePaymentMethods { code } }")
        paid = self.call(
            f"mutation ($with: PaymentInput!) {{ addPaymentToOrder(input: $with) {order} }}",
            **{"with": {"method": pay["code"], "metadata": {}}},
        )
        assert paid["state"] == "PaymentSettled", paid
        code: str = paid["code"]
        return code

    def token(self) -> tuple[int, str]:
        """Returns the status of the shop's token endpoint, and the token."""
        response = self.context.request.get(f"{self.site.origin}/loyalty-token")
        return response.status, response.json()["token"] if response.status == 200 else ""

    def panel(self) -> FrameLocator:
        """Open the panel by its launcher."""
        self.page.locator("loyalty-widget button").first.click()
        panel = self.page.frame_locator("iframe[src*='/panel?']")
        panel.locator("h1").wait_for()
        return panel

    def found(self, code: str) -> Any:
        """Returns an order as staff see it."""
        listed = self.call(
            "query ($code: String!) { orders(options: { filter: { code: { eq: $code } } }) { items "
            "{ id state lines { id quantity productVariant { name } } payments { id } } } }",
            code=code,
        )
        return listed["items"][0]


class Story:
    """One run."""

    def __init__(self, site: Site, server: LoyaltyServer, browser: Browser) -> None:
        """Open the profiles of a customer, of a friend with a blocker, and of staff."""
        expect.set_options(timeout=PATIENCE_MS)
        self.site, self.server = site, server
        self.ann = Visitor(browser, site, "shop-api")
        self.bob = Visitor(browser, site, "shop-api", blocked=server.url)
        self.staff = Visitor(browser, site, "admin-api")

    def run(self) -> None:
        """Play it to its end; raises AssertionError where something is not as it should be."""
        for step in (
            self.signs_in, self.earns, self.survives_an_outage, self.uses_it_now, self.orders_with_the_code,
            self.cancels, self.refunds, self.brings_a_friend, self.takes_codes_of_every_kind,
        ):  # fmt: skip
            print(f"seen: {step()}", flush=True)

    def signs_in(self) -> str:
        """A guest sees the launcher; a customer of the shop is signed in to the panel."""
        self.ann.visit()
        assert self.ann.page.locator("script[data-identity-url]").count() == 1
        self.ann.page.locator("loyalty-widget button").first.wait_for()
        assert self.ann.token() == (204, "")
        self.ann.register("ann@shop.example", "Ann")
        status, token = self.ann.token()
        assert status == 200
        self.session = self.server.session(token)
        expect(self.ann.panel().locator(".sum b").first).to_have_text(re.compile(r"^0\b"))
        login = 'mutation ($password: String!) { login(username: "staff", password: $password) { __typename PROBLEM } }'
        self.staff.call(login, password=PASSWORD)
        return "the tag is in the page; 204 for a guest; Ann's token is accepted by the API, and the panel signs her in"

    def earns(self) -> str:
        """Two mugs at 11.90 with 10 % off and a fern at 5.95, 19 % tax inside: 18.00 and 5.00 count."""
        self.ann.put("Fern mug", "Fern mug", "Fern")
        self.first = self.ann.order()
        held = self.server.expect_order(self.first, "paid", points=230)
        wanted = ("32.27", "2.38", "5.15", "4.90", "23.00")
        assert tuple(held[name] for name in ("total", "discount", "tax", "shipping", "goods")) == wanted, held
        return f"order {self.first} of 32.27 with 2.38 off, 4.90 for the parcel and 5.15 tax: 23.00 count, 230 points"

    def survives_an_outage(self) -> str:
        """The loyalty server is away, then a proxy returns 503; the shop is restarted meanwhile. Nothing is lost."""
        self.server.stop()
        self.ann.put("Fern")
        second = self.ann.order()
        wait_for("a failed attempt", lambda: "[loyalty] failed" in self.site.log())
        self.site.stop()
        outage = Outage(self.server.port)
        self.site.start(self.server)
        wait_for("an attempt that gets 503", lambda: outage.count > 1)
        outage.stop()
        self.server.start()
        self.server.expect_order(second, "paid", points=50)
        assert self.server.points(self.session) == 280
        return f"order {second} was sent again after no response, {outage.count} times 503, and a restart of the shop"

    def uses_it_now(self) -> str:
        """Points become a code in the panel, which the page puts into Vendure's order."""
        self.ann.put("Fern mug")
        refused = self.ann.page.evaluate(APPLY, "NO-SUCH-CODE")
        assert refused == {"ok": False, "reason": 'Coupon code "NO-SUCH-CODE" is not valid'}, refused
        panel = self.ann.panel()
        panel.get_by_role("tab", name="Redeem").click()
        panel.get_by_role("button", name=re.compile("Redeem")).first.click()
        panel.get_by_role("dialog").get_by_role("button", name=re.compile("Redeem")).click()
        panel.get_by_role("button", name=re.compile("Use it now")).click()
        expect(panel.get_by_text("in your cart")).to_be_visible()
        self.code = self.coupon()["code"]
        assert self.coupon()["status"] == "applied", self.coupon()
        expect(self.ann.page.locator("#cart")).to_contain_text(self.code)
        expect(self.ann.page.locator("#total")).to_have_text("8.71")
        self.bob.register("bob@shop.example", "Bob")
        self.bob.put("Fern")
        stolen = self.bob.page.evaluate(APPLY, self.code)
        assert stolen["ok"] is False, stolen
        return f"“Use it now” put {self.code} into the cart; “{refused['reason']}”, and Bob: “{stolen['reason']}”"

    def orders_with_the_code(self) -> str:
        """The checkout uses the code: 10.71 less 2.00 are 8.71 with tax, 7.32 without."""
        self.third = self.ann.order()
        held = self.server.expect_order(self.third, "paid", points=73)
        assert held["coupons"] == [{"code": self.code, "status": "used", "used_by_this_order": True}], held
        assert self.server.points(self.session) == 153
        return f"order {self.third} used {self.code} and earned 73 points"

    def cancels(self) -> str:
        """A cancelled order frees its code, here and there; it can be used again, once."""
        cancel = "mutation ($id: ID!) { cancelOrder(input: { orderId: $id }) { __typename PROBLEM } }"
        self.staff.call(cancel, id=self.staff.found(self.third)["id"])
        held = self.server.expect_order(self.third, "cancelled", points=0)
        assert (held["why_nothing"], self.coupon()["status"]) == ("cancelled", "active"), held
        self.ann.put("Fern mug")
        assert self.ann.page.evaluate(APPLY, self.code.lower()) == {"ok": True}
        fourth = self.ann.order()
        self.server.expect_order(fourth, "paid", points=73)
        self.ann.put("Fern mug")
        again = self.ann.page.evaluate(APPLY, self.code)
        assert again["ok"] is False, again
        return f"order {self.third} was cancelled and freed the code; order {fourth} used it; then: “{again['reason']}”"

    def refunds(self) -> str:
        """One of the two mugs is paid back: 10.71 with tax, 9.00 without, 90 points. A dry run says it first."""
        order = self.staff.found(self.first)
        line = next(one for one in order["lines"] if one["productVariant"]["name"] == "Fern mug")
        refund = {"lines": [{"orderLineId": line["id"], "quantity": 1}], "shipping": 0, "adjustment": 0, "amount": 1071}
        compare = "query ($id: ID!) { loyaltyCompare(orderId: $id) }"
        sent = self.staff.call(compare, id=order["id"])["sent"]
        part = {"id": "r", "amount": "10.71", "lines": [{"line_id": line["id"], "quantity": 1, "amount": "10.71"}]}
        would = self.server.dry_run({**sent, "refunds": [part]})
        assert (would["status"], would["points_now"], would["order"]["points"]) == ("booked", 230, 140), would
        assert self.server.order(self.first)["points"] == 230
        made = self.staff.call(
            "mutation ($input: RefundOrderInput!) { refundOrder(input: $input) { ... on Refund { id } PROBLEM } }",
            input={**refund, "paymentId": order["payments"][0]["id"], "reason": "broken"},
        )
        self.staff.call(
            'mutation ($id: ID!) { settleRefund(input: { id: $id, transactionId: "1" }) { __typename PROBLEM } }',
            id=made["id"],
        )
        held = self.server.expect_order(self.first, "paid", points=140)
        assert held["refunds"][0]["amount"] == "10.71" and held["kept"] == "14.00", held
        assert self.server.points(self.session) == 63
        compared = self.staff.call(compare, id=order["id"])
        assert compared["would"]["order"]["points"] == compared["held"]["points"] == 140, compared
        assert compared["sent"]["total"] == compared["held"]["total"], compared
        return "a dry run said 140 in place of 230 points; after the refund of 10.71 the order has 140 points"

    def brings_a_friend(self) -> str:
        """A friend comes by Ann's link; a blocker stops the widget, the shop itself keeps the code."""
        code = self.server.call("referral", self.session)["code"]
        self.bob.visit(f"/?ref={code}")
        assert self.bob.page.locator("loyalty-widget").count() == 0
        self.bob.put("Fern")
        number = self.bob.order()
        self.server.expect_order(number, "paid", points=100)
        wait_for("the gift for the friend's order", lambda: self.server.points(self.session) == 363)
        assert self.server.call("referral", self.session)["completed"] == 1
        return f"Bob's order {number} by {code} brought Ann 300 points"

    def takes_codes_of_every_kind(self) -> str:
        """10 % of the mugs, a free fern, a free parcel: of a mug at 10.71, a fern at 5.95 and a parcel at 4.90."""
        self.ann.put("Fern")
        (method,) = self.ann.call("{ eligibleShippingMethods { id } }")
        choose = "mutation ($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) { __typename PROBLEM } }"
        self.ann.call(choose, id=method["id"])
        codes, total = self.server.redeem(self.session), self.ann.page.locator("#total")
        for kind, wanted in (("percent", "20.37"), ("free_product", "15.61"), ("free_shipping", "16.66")):
            assert self.ann.page.evaluate(APPLY, codes[kind]) == {"ok": True}, kind
            expect(total).to_have_text(wanted)
            beside = self.ann.page.evaluate(APPLY, codes["free_shipping" if kind == "percent" else "percent"])
            assert beside["ok"] is False, beside
            self.ann.call("mutation ($code: String!) { removeCouponCode(couponCode: $code) { id } }", code=codes[kind])
            self.ann.visit()
            expect(total).to_have_text("21.56")
        return "10 % of the mugs, a free fern and a free parcel, each alone"

    def coupon(self) -> dict[str, str]:
        """Returns Ann's only coupon."""
        (found,) = self.server.call("my-rewards", self.session)["coupons"]
        return dict(found)
