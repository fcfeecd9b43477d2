"""A hostile script on the shop's page reads nothing but the three things of contracts §6."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import add_page, panel_frame, points_of, script_tag, stored
from widget_server.demo_shop.config import ShopConfig
from widget_server.demo_shop.loyalty import Loyalty

Make = Callable[..., Visitor]
HOSTILE = Path(__file__).with_name("hostile.js")
NAME, EMAIL, PASSWORD = "Paulina Quaresma", "paulina.secret@example.com", "moss-on-a-71-stone"
BIRTHDAY = "1984-07-29"
ORDER = "#Z90417"


@dataclass
class Spy:
    """What the hostile script has said aloud."""

    visitor: Visitor
    heard: list[str] = field(default_factory=list)
    beats: int = 0

    def __post_init__(self) -> None:
        self.visitor.context.add_init_script(path=HOSTILE)
        self.visitor.page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.text.startswith("HEARD "):
            self.heard += json.loads(message.text.removeprefix("HEARD "))
            self.beats += 1

    def knows(self, secret: str) -> bool:
        """Whether the secret stands in what was heard; a number only as a number of its own."""
        return "it" in self.leaks({"it": secret})

    def leaks(self, secrets: dict[str, str]) -> dict[str, str]:
        """Which of the secrets were heard, each with where."""
        until = self.beats + 2  # after two beats, all that has happened by now was looked at
        for _ in range(200):
            if self.beats >= until:
                break
            self.visitor.page.wait_for_timeout(50)
        else:
            raise AssertionError("the hostile script has fallen silent")
        found = {}
        for name, secret in secrets.items():
            form = re.compile(rf"(?<!\d){secret}(?!\d)" if secret.isdecimal() else re.escape(secret), re.IGNORECASE)
            where = next((text for text in self.heard if form.search(text)), None)
            if where is not None:
                found[name] = where[:200]
        return found


def _order_arrives(demo: Demo) -> None:
    """The shop tells of a large order of hers, so that her balance is like no other number."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"id": "1", "product_id": "p1", "collection_ids": ["plants"], "name": "Button fern", "quantity": 240}
    money = {"subtotal": "4321.00", "discount": "0.00", "tax": "0.00", "gift_card": False}
    body = {
        "id": "z-90417", "number": ORDER, "status": "paid", "currency": "EUR", "source": "web",
        "placed_at": at, "modified_at": at, "revision": 1,
        "customer": {"id": "c-90417", "email": EMAIL, "email_verified": True, "name": NAME, "phone": None},
        "lines": [{**line, **money}], "shipping": "0.00", "discount": "0.00", "tax": "0.00", "total": "4321.00",
        "coupon_codes": [], "landing_referral": None, "refunds": [],
    }  # fmt: skip
    wire = Loyalty(ShopConfig.read(demo.instance / "demo" / "shop.json"))
    assert wire.post("order", "z-90417", json.dumps(body)).accepted


def _signs_up_with_everything(paula: Visitor) -> str:
    """Join with name and password; answers the one-time code."""
    since = time.time()
    panel = paula.panel
    panel.get_by_role("button", name="Sign up").first.click()
    for label, text in (("E-mail", EMAIL), ("Name", NAME), ("Password", PASSWORD)):
        panel.get_by_label(label).first.press_sequentially(text)
    panel.locator("form button.go").click()
    code = paula.demo.code_for(EMAIL, after=since - 1)
    panel.get_by_role("textbox", name="Code").press_sequentially(code)
    panel.locator("form button.go").click()
    panel.get_by_role("tab").first.wait_for()
    return code


def _redeems(paula: Visitor, what: str, cost: str) -> str:
    """Buy a reward; answers its code."""
    panel = paula.tab("Redeem points")
    panel.get_by_role("button", name=f"Redeem {what}", exact=True).click()
    panel.get_by_role("dialog").get_by_role("button", name=f"Redeem {cost} points").click()
    panel.get_by_text("is yours").wait_for()
    code = panel.locator("dialog .code span").inner_text()
    panel.get_by_role("button", name="Later").click()
    return code


def _own_link_code(visitor: Visitor) -> str:
    link = visitor.tab("Referral program").locator(".code span").first.inner_text()
    return link.rpartition("ref=")[2]


def _token(visitor: Visitor) -> str:
    return stored(panel_frame(visitor.page))[f"loyalty:{visitor.demo.facts['embed_key']}"]


def test_twelve_secrets_and_a_hostile_script_that_reads_none_of_them(visitor: Make) -> None:
    paula = visitor()
    spy = Spy(paula)

    # somebody else was here before, in the same browser
    paula.visits("/")
    paula.opens_widget()
    paula.signs_up("olga.before@example.com")
    points_of(paula)
    others = {
        "another's e-mail": "olga.before@example.com",
        "another's session": _token(paula),
        "another's link": _own_link_code(paula),
    }
    paula.tab("My balance").get_by_role("button", name="Log out").click()
    paula.panel.get_by_role("button", name="Sign up").first.wait_for()

    # she joins, tells her birthday, earns a number of points like no other, and buys two rewards
    _order_arrives(paula.demo)
    paula.visits("/")
    paula.opens_widget()
    one_time_code = _signs_up_with_everything(paula)
    points_of(paula)
    panel = paula.tab("Earn points")
    panel.get_by_role("button", name=re.compile("^Add date")).click()
    panel.get_by_label("Date of birth").fill(BIRTHDAY)
    panel.get_by_role("dialog").get_by_role("button", name="Save").click()
    panel.locator("li", has_text="birthday").get_by_text("Again on").wait_for()
    unused = _redeems(paula, "€5 off", "500")
    used = _redeems(paula, "Free shipping", "400")
    balance = points_of(paula)
    assert balance > 40_000
    panel = paula.tab("My balance")
    panel.get_by_text(ORDER).first.wait_for()
    paula.tab("My rewards").get_by_text(unused).wait_for()
    coupon = panel.locator("body").evaluate(
        """() => fetch("/widget/my-rewards", { headers: {
            "X-Loyalty-Shop": new URLSearchParams(location.search).get("shop"),
            Authorization: "Bearer " + localStorage["loyalty:" + new URLSearchParams(location.search).get("shop")],
        } }).then((answer) => answer.json()).then((page) => page.coupons[0].id)"""
    )
    secrets = {
        "her session": _token(paula),
        "her password": PASSWORD,
        "her e-mail": EMAIL,
        "the one-time code": one_time_code,
        "a code not yet used": unused,
        "her balance": str(balance),
        "her balance as shown": f"{balance:,}",
        "her name": NAME,
        "her birthday": BIRTHDAY,
        "her link": _own_link_code(paula),
        "her coupons": str(coupon),
        "her history": ORDER,
        **others,
    }
    assert all(secrets.values())
    assert spy.leaks(secrets) == {}
    assert not spy.knows(used)

    # what it may read: the code, once she wants it used; her other secrets stay hers on every page
    paula.visits("/products/p4")
    paula.page.locator("[data-loyalty-points-for]", has_text="points").wait_for()
    paula.page.get_by_role("button", name="Add to cart").click()
    paula.opens_widget()
    paula.tab("My rewards").locator("article", has_text=used).get_by_role("button", name="Use it now").click()
    paula.page.wait_for_url("**/cart")
    paula.page.locator("[data-loyalty-points-for='cart']", has_text="points").wait_for()
    assert spy.knows(used)
    assert spy.leaks(secrets) == {}

    # and a balance, where the theme shows one
    add_page(paula, "/test/balance", head=script_tag(paula.demo), body="<p data-loyalty-balance></p>")
    paula.visits("/test/balance")
    paula.page.locator("[data-loyalty-balance]", has_text=f"{balance:,} points").wait_for()
    assert spy.knows(f"{balance:,}")
    rest = {name: secret for name, secret in secrets.items() if "balance" not in name}
    assert spy.leaks(rest) == {}

    # its ears are good: one slip of the panel would have been heard
    assert spy.knows("Fern Club")
    paula.page.evaluate("JSON.parse(JSON.stringify({ said: 'into a wrapped call' }))")
    assert spy.knows("into a wrapped call")
    paula.opens_widget()
    points_of(paula)
    place = f"loyalty:{paula.demo.facts['embed_key']}"
    slip = "(place) => parent.postMessage({ slip: { token: localStorage[place] } }, '*')"
    panel_frame(paula.page).evaluate(slip, place)
    assert "her session" in spy.leaks(secrets)
