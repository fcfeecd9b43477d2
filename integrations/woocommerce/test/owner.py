"""The shop's owner with a browser profile of their own: WordPress' administration, and the server's dashboard."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect
from shopper import PATIENCE_MS
from wordpress_site import PASSWORD, Site

PLUGIN = "tr[data-plugin='loyalty-widget/loyalty-widget.php']"


class Owner:
    """The owner: `clicks` counts presses of buttons and links since it was last set to 0."""

    def __init__(self, site: Site, browser: Browser) -> None:
        """Open a profile with a page for WordPress, and one for the dashboard."""
        self.site = site
        self.context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        self.page, self.dashboard = self.context.new_page(), self.context.new_page()
        for page in (self.page, self.dashboard):
            page.set_default_timeout(PATIENCE_MS)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.clicks = 0

    def presses(self, button: Locator) -> None:
        """Press a button or a link, and count it."""
        self.clicks += 1
        button.click()

    def visit(self, path: str) -> None:
        """Open a page of WordPress' administration."""
        self.page.goto(f"{self.site.home}{path}")

    def logs_in(self, link: str) -> None:
        """Log in at WordPress, and at the dashboard by a link."""
        self.visit("/wp-login.php")
        self.page.fill("#user_login", "admin")
        self.page.fill("#user_pass", PASSWORD)
        self.page.click("#wp-submit")
        self.page.locator("#wpadminbar").wait_for()
        self.dashboard.goto(link)
        self.dashboard.get_by_role("button").last.click()
        self.dashboard.get_by_role("link", name="Shop connection").wait_for()

    def opens_connection(self) -> None:
        """Open the dashboard's page of the shop's connection."""
        self.dashboard.get_by_role("link", name="Shop connection").click()
        self.dashboard.get_by_role("heading", name="Connect the shop").wait_for()

    def downloads(self, folder: Path) -> Path:
        """Download the plugin from the dashboard. Returns the file."""
        with self.dashboard.expect_download() as download:
            self.dashboard.get_by_role("link", name="Download the WordPress plugin").click()
        packed = folder / download.value.suggested_filename
        download.value.save_as(packed)
        return packed

    def installs(self, packed: Path, admin: str = "/wp-admin") -> None:
        """Install and activate the plugin from its file, beginning at the list of plugins."""
        self.visit(f"{admin}/plugins.php")
        self.presses(self.page.locator(".page-title-action"))
        self.presses(self.page.locator(".upload-view-toggle"))
        self.page.set_input_files("#pluginzip", packed)
        self.clicks += 1  # the choice of the file
        self.presses(self.page.locator("#install-plugin-submit"))
        self.presses(self.page.get_by_role("link", name=re.compile("Activate")))
        self.page.wait_for_url("**/plugins.php**")

    def makes_code(self) -> str:
        """Returns a new code of the dashboard."""
        self.opens_connection()
        self.presses(self.dashboard.get_by_role("button", name="Make a code"))
        return str(self.dashboard.locator("#code").inner_text())

    def opens_form(self) -> None:
        """Open the plugin's page by its link in the list of plugins."""
        if not self.page.url.split("?")[0].endswith("/plugins.php"):
            self.visit("/wp-admin/plugins.php")
        self.presses(self.page.locator(PLUGIN).get_by_role("link", name="Connect", exact=True))

    def pastes(self, code: str) -> None:
        """Paste into the field that has the focus already, and press the button."""
        expect(self.page.locator("#loyalty-widget-code")).to_be_focused()
        self.page.keyboard.insert_text(code)
        self.presses(self.page.get_by_role("button", name="Connect"))
        self.page.locator(".notice[role]").wait_for()

    def opens_plugin(self, admin: str = "/wp-admin") -> None:
        """Open the plugin's page."""
        self.visit(f"{admin}/admin.php?page=loyalty-widget")

    def adds_block(self, title: str) -> str:
        """Write a page with our block in the block editor, and publish it. Returns its path."""
        self.visit("/wp-admin/post-new.php?post_type=page")
        self.page.get_by_role("button", name="Close dialog").or_(
            self.page.get_by_label("Close", exact=True)
        ).first.click()
        self.page.get_by_role("textbox", name="Add title").fill(title)
        self.page.keyboard.press("Enter")
        self.page.keyboard.type("/loyalty page")
        self.page.get_by_role("option", name="Loyalty page").click()
        expect(self.page.locator("[data-type='loyalty-widget/page'] .loyalty-widget-page")).to_be_visible()
        self.page.get_by_role("button", name="Publish", exact=True).click()
        self.page.locator(".editor-post-publish-panel .editor-post-publish-button").click()
        address = self.page.locator(".post-publish-panel__postpublish-buttons a").first.get_attribute("href")
        return str(address).removeprefix(self.site.home)

    def refunds(self, order: int, admin: str = "/wp-admin") -> None:
        """Refund an order wholly, by hand, on its page."""
        in_tables = self.site.left(admin.removesuffix("/wp-admin")).in_tables
        page = f"admin.php?page=wc-orders&action=edit&id={order}" if in_tables else f"post.php?post={order}&action=edit"
        self.visit(f"{admin}/{page}")
        self.page.locator("button.refund-items").click()
        self.page.locator("tr.item input.refund_order_item_qty").first.fill("1")
        self.page.locator("tr.item input.refund_order_item_qty").first.dispatch_event("change")
        self.page.locator("button.do-manual-refund").click()
        self.page.locator("tr.refund").first.wait_for()

    def disconnects(self) -> str:
        """Press Disconnect. Returns what the page says then."""
        self.opens_plugin()
        self.page.get_by_role("button", name="Disconnect").click()
        return str(self.page.locator(".notice").filter(has_text="Disconnected").inner_text())

    def deletes(self, admin: str = "/wp-admin") -> None:
        """Deactivate and delete the plugin on the list of plugins."""
        self.visit(f"{admin}/plugins.php")
        self.page.locator(PLUGIN).get_by_role("link", name=re.compile("Deactivate")).click()
        self.page.wait_for_url("**/plugins.php?deactivate**")
        self.page.locator(PLUGIN).get_by_role("link", name="Delete").click()
        deleted = self.page.locator(f"{PLUGIN}.deleted")
        sure = self.page.get_by_role("button", name="Yes, delete these files")
        deleted.or_(sure).first.wait_for()
        if sure.is_visible():  # the list's script did not run yet: WordPress asks on a page of its own
            sure.click()
            self.page.locator(".notice", has_text="deleted").wait_for()
