"""A network of two shops in Chromium: one plugin, activated for both, and a connection for each.

The first shop keeps orders as posts, the second in tables of their own.
"""

from collections.abc import Callable
from pathlib import Path

from pictures import Pictures
from playwright.sync_api import Browser, expect
from shopper import Shopper
from story import HOME, PHONE, Story
from widget import Widget
from wordpress_site import SECOND, Site

NETWORK_ADMIN = "/wp-admin/network"


class NetworkStory(Story):
    """Ann is a customer of both shops, Ben comes to the second one."""

    def __init__(self, site: Site, widget: Widget, browser: Browser, folder: Path, pictures: Pictures) -> None:
        """Create the second shop too: Ann sees it in the same profile, in a tab of its own."""
        self.second_id = widget.add_shop("Moss Pots", site.home)
        super().__init__(site, widget, browser, folder, pictures)
        self.ann_there = Shopper(site, browser, SECOND, self.ann.context)
        self.ben_there = Shopper(site, browser, SECOND, self.ben.context)

    def steps(self) -> tuple[Callable[[], str], ...]:
        """Returns what is played, in this order."""
        return (
            self.installs_for_both, self.connects_both, self.has_a_balance_in_each, self.orders_in_the_second,
            self.brings_a_friend_to_the_second, self.disconnects_the_first, self.leaves_nothing_in_either,
        )  # fmt: skip

    def shoppers(self) -> list[Shopper]:
        """Returns the tabs of the second shop too."""
        return [self.ann, self.ben, self.ann_there, self.ben_there]

    def installs_for_both(self) -> str:
        """The owner installs the plugin in the network's administration, and activates it for every site."""
        self.owner.logs_in(self.widget.owner_link(self.shop_id))
        self.owner.opens_connection()
        self.owner.installs(self.owner.downloads(self.folder), NETWORK_ADMIN)
        assert not self.site.left(SECOND).in_posts and self.site.left(SECOND).in_tables
        return "one plugin, activated for the network"

    def connects_both(self) -> str:
        """Each site is connected by a code of its own, and knows only its own shop."""
        self.owner.opens_plugin()
        self.owner.pastes(self.owner.makes_code())
        expect(self.owner.page.locator(".wrap")).to_contain_text("“Fern Mugs” on")
        self.owner.opens_plugin(f"{SECOND}/wp-admin")
        self.owner.pastes(self.widget.shell("shop", "code", "--shop", self.second_id).split()[-1])
        expect(self.owner.page.locator(".wrap")).to_contain_text("“Moss Pots” on")
        for path, shop_id in (("/", self.shop_id), (SECOND, self.second_id)):
            self.has_webhooks(path)
            assert all(shop_id in one["delivery_url"] for one in self.site.left(path).webhooks), path
            assert self.site.left(path).keys == ["Loyalty Widget"], path
        return "each site is connected to its own shop, with keys and webhooks of its own"

    def has_a_balance_in_each(self) -> str:
        """Ann logs in once for the network; an order in the first shop changes her balance there alone."""
        self.ann.logs_in("ann")
        for one in (self.ann, self.ann_there):  # by the panel she joins each program
            one.visit("/product/fern-mug/")
            one.opens_own_panel()
        assert (self.ann.points(), self.ann_there.points()) == (700, 700)
        self.ann.adds_mug()
        self.ann.orders()
        seen = self.ann.sees(800)
        assert self.ann_there.points() == 700
        for one, points in ((self.ann, "800"), (self.ann_there, "700")):
            one.visit("/product/fern-mug/")
            expect(one.opens_panel().locator(".sum b").first).to_contain_text(points)
        return f"after an order Ann has {seen} points in the first shop, and 700 in the second"

    def orders_in_the_second(self) -> str:
        """Points, a code, its order and a refund in the shop whose orders are in tables of their own."""
        ann = self.ann_there
        ann.adds_mug()
        ann.visit("/cart/")
        panel = ann.redeems("Two off")
        panel.get_by_role("button", name="Use it now").first.click()
        expect(ann.page.locator("tr.cart-discount")).to_be_visible()
        ann.orders()
        seen = ann.sees(583)  # 700 - 200 + 83
        left = self.site.left(SECOND)
        assert left.in_tables and not left.in_posts and len(left.orders) == 1, left
        self.owner.refunds(int(left.orders[0]["id"]), f"{SECOND}/wp-admin")
        return f"in the second shop: {seen} points after an order with a code, {ann.sees(500)} after its refund"

    def brings_a_friend_to_the_second(self) -> str:
        """Ben follows Ann's link to the second shop; his order there has her code."""
        self.ann_there.visit("/product/fern-mug/")
        code = self.ann_there.referral_link().partition("?ref=")[2]
        self.ben_there.visit(f"/product/fern-mug/?ref={code}")
        expect(self.ben_there.panel().get_by_text("A gift from your friend")).to_be_visible()
        self.ben_there.adds_mug()
        self.ben_there.orders(billing=HOME | PHONE | {"email": "ben@example.com"})
        order = self.site.left(SECOND).orders[0]
        assert order["ref"] == code, order
        seen = self.ann_there.sees(750)
        return f"Ben orders in the second shop as a guest, with Ann’s code {code}: she has {seen} points"

    def disconnects_the_first(self) -> str:
        """The end of one connection leaves the other as it is."""
        self.owner.disconnects()
        first, second = self.site.left(), self.site.left(SECOND)
        assert (first.keys, first.webhooks) == ([], []), first
        assert len(second.keys) == 1 and len(second.webhooks) > 1, second
        assert self.ann_there.points() == 750
        return "the first shop is disconnected, the second goes on"

    def leaves_nothing_in_either(self) -> str:
        """The owner deletes the plugin in the network's administration."""
        self.owner.deletes(NETWORK_ADMIN)
        for path in ("/", SECOND):
            left = self.site.left(path)
            assert left.is_nothing(), (path, left)
        return "deleted in the network’s administration: nothing is left in either site"
