"""The pictures of the owner's guide in docs/guide/pictures: `make guide`.

The shop, its days and what is drawn by lot are the same each time; a picture that looks the same is not written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize

from bench.shots import _png
from bench.shots._dashboard import connected_shop, empty_shop, lively_shop
from tests.browser.chromium import browser
from tests.dashboard.conftest import PHONE, Clerk
from tests.dashboard.full_shop import FullShop
from widget_server.loyalty.earning import rules
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward

OUT = Path(__file__).parents[2] / "docs" / "guide" / "pictures"
DESK = ViewportSize(width=1040, height=680)
TALL = ViewportSize(width=1040, height=980)
AS_A_SHOP = """() => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    texts.currentNode.data = texts.currentNode.data.replace(/http:[/][/]127[.]0[.]0[.]1:[0-9]+/, "https://shop.example");
  }
}"""
FIRST = {"first-program", "platform", "connect-shopify", "shop-connection"}  # each from a shop of its own


class Picture(NamedTuple):
    """A file, the page that it shows, and what is done there first."""

    name: str
    path: Callable[[FullShop], str]
    act: Callable[[Clerk], object] = lambda clerk: clerk
    size: ViewportSize = DESK


def at(path: str) -> Callable[[FullShop], str]:
    """A page that is about no row."""
    return lambda shop: path


def of_customer(path: str = "") -> Callable[[FullShop], str]:
    """A page about the customer with the most history."""
    return lambda shop: f"/customers/{shop.customer_id}{path}"


def code_at_the_till(shop: FullShop) -> str:
    """A code that a customer has just got at the till."""
    coupon = Coupon.need(shop.world.shop, Coupon.status == "active", Coupon.cost_points > 0)
    return f"/till/{coupon.customer_id}/coupon/{coupon.id}"


def opens_the_texts(clerk: Clerk) -> None:
    """Enter points, and open the fields of the reason and the comment."""
    clerk.types(Points="50")
    clerk.page.locator("summary", has_text="Reason and comment").click()


def deducts_too_much(clerk: Clerk) -> None:
    """Send the form with more points than there are."""
    clerk.page.get_by_label("Points", exact=True).fill("-5000")
    clerk.presses("Adjust points balance")
    clerk.page.locator("main [role=alert]").wait_for()


def ticks_rows(clerk: Clerk) -> None:
    """Select two rows of the list."""
    for number in range(2):
        clerk.page.locator("td.pick input[type=checkbox]").nth(number).check()


def checks_the_connection(clerk: Clerk) -> None:
    """Look at the connection. The address of this machine differs each time, so it is shown as that of a shop."""
    clerk.presses("Check now").sees("A test code was made")
    clerk.page.evaluate(AS_A_SHOP)


def types_the_keys(clerk: Clerk) -> None:
    """Enter what the app of a Shopify shop has."""
    clerk.types(
        Address_of_the_shop="https://fjord-fern.myshopify.com", Client_ID="c0ffee", Client_secret="shpss_example"
    )


def tries_more_points(clerk: Clerk) -> None:
    """Try the rule for orders with more points."""
    clerk.page.get_by_label("Points", exact=True).fill("15")
    clerk.presses("Try it")
    clerk.page.get_by_text("What it would have given").first.wait_for()


PICTURES = (
    Picture("overview", at("/overview")),
    Picture("accounting", at("/accounting")),
    Picture("customers", at("/customers")),
    Picture("customers-phone", at("/customers"), ticks_rows, PHONE),
    Picture("card", of_customer()),
    Picture("card-phone", of_customer(), size=PHONE),
    Picture("give", of_customer("/give"), opens_the_texts),
    Picture("balance", of_customer("/edit-balance")),
    Picture("balance-refused", of_customer("/edit-balance"), deducts_too_much),
    Picture("bulk", lambda shop: f"/bulk/{shop.batch_id}"),
    Picture("import-new", at("/imports/new")),
    Picture("import-preview", lambda shop: shop.more[0].removeprefix("/dashboard")),
    Picture("program", at("/program")),
    Picture("rules", at("/ways-to-earn")),
    Picture("reward", lambda shop: f"/rewards/{Reward.need(shop.world.shop).id}"),
    Picture("tiers", at("/tiers")),
    Picture("referral-program", at("/referral-program")),
    Picture("versions", at("/program/versions")),
    Picture("backtest", lambda shop: f"/ways-to-earn/{rules.listed_all(shop.world.shop)[0].id}", tries_more_points),
    Picture("orders", at("/orders")),
    Picture("order", lambda shop: f"/orders/{shop.order_id}"),
    Picture("parked", at("/orders/parked")),
    Picture("referrals", at("/referrals")),
    Picture("referral", lambda shop: f"/referrals/{Referral.need(shop.world.shop).id}"),
    Picture("till", at("/till"), size=PHONE),
    Picture("till-customer", lambda shop: f"/till/{shop.customer_id}", size=PHONE),
    Picture("till-coupon", code_at_the_till, size=PHONE),
    Picture("settings", at("/settings")),
    Picture("secrets", at("/secrets")),
    Picture("keys", at("/api-keys")),
    Picture(
        "webhook", at("/webhooks"), lambda clerk: clerk.presses("https://hooks.example/loyalty").sees("Deliveries")
    ),
    Picture("mails", at("/mails")),
    Picture("widget", at("/widget/edit")),
    Picture("test-clock", at("/test-clock")),
    Picture("staff", at("/staff")),
)


def main() -> None:
    """Take the pictures, and say which ones changed."""
    OUT.mkdir(parents=True, exist_ok=True)
    names = {picture.name for picture in PICTURES} | FIRST
    for file in OUT.glob("*.png"):
        if file.stem not in names:
            file.unlink()
    with browser() as chromium:
        changed = [*first_run(chromium), *connections(chromium), *from_day_to_day(chromium)]
    print(f"{len(names)} pictures in {OUT}; changed: {', '.join(changed) or 'none'}")


def first_run(chromium: Browser) -> list[str]:
    """The set-up of a new shop; returns the pictures that changed."""
    paper, changed = chromium.new_page(), list[str]()
    with empty_shop(chromium) as come:
        clerk = come("owner", viewport=DESK)
        clerk.goes("/start/program")
        changed += keep(clerk, paper, "first-program")
        clerk.goes("/start/platform")
        changed += keep(clerk, paper, "platform")
    paper.close()
    return changed


def connections(chromium: Browser) -> list[str]:
    """The keys of a Shopify shop, and a WooCommerce shop that is connected; returns the pictures that changed."""
    paper, changed = chromium.new_page(), list[str]()
    with empty_shop(chromium, "shopify") as come:
        clerk = come("owner", viewport=DESK)
        types_the_keys(clerk.goes("/settings/connection"))
        changed += keep(clerk, paper, "connect-shopify")
    with connected_shop(chromium) as come:
        clerk = come("owner", viewport=TALL)
        checks_the_connection(clerk.goes("/shop-connection"))
        changed += keep(clerk, paper, "shop-connection")
    paper.close()
    return changed


def from_day_to_day(chromium: Browser) -> list[str]:
    """All other pictures; returns those that changed."""
    paper, changed = chromium.new_page(), list[str]()
    with lively_shop(chromium) as (shop, come):
        clerk = come("owner", viewport=DESK)
        for picture in PICTURES:
            clerk.page.set_viewport_size(picture.size)
            clerk.goes(picture.path(shop))
            picture.act(clerk)
            changed += keep(clerk, paper, picture.name)
    paper.close()
    return changed


def keep(clerk: Clerk, paper: Page, name: str) -> list[str]:
    """Write what is on the screen; returns the name when it changed. `paper` is an empty page to compute on."""
    shot = clerk.page.screenshot(animations="disabled", caret="hide")
    return [name] if _png.write(paper, shot, OUT / f"{name}.png") else []


if __name__ == "__main__":
    main()
