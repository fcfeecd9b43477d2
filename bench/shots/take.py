"""Every state of the widget as screenshots in build/shots, and one page to look at them all: `make shots`.

Five tabs as a guest, a member, somebody new and somebody without a connection see them, and what opens above them;
380 and 1280 pixels wide; light, dark, and Arabic.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from bench.shots._contact import write_index
from tests.browser import looks
from tests.browser.chromium import browser
from tests.browser.conftest import PHONE, Demo, Visitor, demo_in
from widget_server.widget.panel import TABS

OUT = Path(__file__).parents[2] / "build" / "shots"


class Album:
    """Takes the pictures of one look and names them."""

    def __init__(self, chromium: Browser, demo: Demo, look: str) -> None:
        self.chromium, self.demo, self.look = chromium, demo, look

    @contextmanager
    def visitor(self) -> Iterator[Visitor]:
        """Somebody with a browser of her own; it speaks the look's language after `wear`."""
        context = self.chromium.new_context(locale="en-GB", viewport=PHONE, **looks.options(self.look))
        context.set_default_timeout(15_000)
        yield Visitor(self.demo, context, context.new_page())
        context.close()

    def take(self, visitor: Visitor, state: str, what: str) -> None:
        """Both widths of what is on screen."""
        for width, size in looks.WIDTHS.items():
            visitor.page.set_viewport_size(size)
            visitor.page.wait_for_timeout(80)
            visitor.page.screenshot(path=OUT / f"{state}-{what}-{self.look}-{width}.png")

    def guest(self) -> None:
        """What a guest sees, and the ways in."""
        with self.visitor() as guest:
            looks.wear(guest.context, self.look)
            guest.visits("/")
            guest.page.wait_for_timeout(300)
            self.take(guest, "moment", "launcher")
            for tab in TABS:
                guest.visits(f"/?loyalty={tab}")
                guest.panel.locator(".foot").wait_for()
                guest.page.wait_for_timeout(200)
                self.take(guest, "guest", tab)
            for button, field, what in ((".foot .btn", "#email", "log_in"), (".foot .go", "#name", "sign_up")):
                guest.panel.locator(button).first.click()
                guest.panel.locator(field).wait_for()
                self.take(guest, "moment", what)
                if what == "log_in":
                    guest.panel.locator("section > .wide .btn").last.click()
            guest.panel.locator("#email").fill(f"{self.look}.guest@example.com")
            guest.panel.locator("form .go").click()
            guest.panel.locator("#code").wait_for()
            guest.panel.locator("#code").fill("000000")
            guest.panel.locator("form .go").click()
            guest.panel.locator("#code-no").wait_for()
            self.take(guest, "moment", "wrong_code")

    def empty(self) -> None:
        """What somebody sees who has just joined."""
        with self.visitor() as new:
            new.visits("/?loyalty=redeem")
            new.signs_up(f"{self.look}.new@example.com")
            looks.wear(new.context, self.look)
            new.visits("/?loyalty=redeem")
            self._tabs(new, "empty")

    def member(self) -> None:
        """What a member sees, what opens above it, and what is left of it without a connection."""
        with self.visitor() as mara:
            looks.wear(mara.context, self.look)
            looks.logs_in(mara)
            mara.visits("/?loyalty=redeem")
            self._tabs(mara, "member")
            panel = mara.panel
            self._opens(mara, "my_balance", "summary >> nth=3", ".why[open]", "why")
            self._opens(mara, "my_balance", ".txt", "dialog", "leave")
            panel.locator("dialog .txt").click()
            self._opens(mara, "my_rewards", ".card summary", ".card details[open]", "return")
            self._opens(mara, "referral", "[aria-expanded]", "#qr", "qr")
            self._opens(mara, "redeem", ".row .btn >> nth=1", "dialog", "confirm")
            panel.locator("dialog .go").click()
            panel.locator("dialog .code").wait_for()
            self.take(mara, "moment", "done")
            panel.locator("dialog .txt").click()
            mara.context.route("**/widget/**", lambda route: route.abort())
            self._tabs(mara, "error")
        with self.visitor() as unlucky:
            looks.wear(unlucky.context, self.look)
            unlucky.context.route("**/panel?**", lambda route: route.abort())
            unlucky.visits("/?loyalty=earn")
            unlucky.page.locator("loyalty-widget [role=alert] button").first.wait_for()
            self.take(unlucky, "moment", "no_panel")

    def _tabs(self, visitor: Visitor, state: str) -> None:
        for tab in TABS:
            self._goes_to(visitor, tab)
            self.take(visitor, state, tab)

    def _opens(self, visitor: Visitor, tab: str, press: str, seen: str, what: str) -> None:
        self._goes_to(visitor, tab)
        visitor.panel.locator("#p").locator(press).first.click()
        visitor.panel.locator(seen).first.scroll_into_view_if_needed()
        self.take(visitor, "moment", what)

    def _goes_to(self, visitor: Visitor, tab: str) -> None:
        visitor.panel.locator(f"#t-{tab}").click()
        visitor.panel.locator("#p:not(:has(.wait))").wait_for()
        visitor.panel.locator(".toast:empty").wait_for(state="attached")  # said and gone


def fill_wallet(album: Album) -> None:
    """Beside what the demo gave her Mara has one in her cart, one that is being made, and one that could not be."""
    with album.visitor() as mara:
        looks.logs_in(mara)
        for name in ("€10 off", "10% off", "Free shipping"):
            mara.visits("/?loyalty=redeem")
            mara.panel.get_by_role("button", name=f"Redeem {name}", exact=True).click()
            mara.panel.locator("dialog .go").click()
            mara.panel.locator("dialog .code").wait_for()
        mara.visits("/products/p4")
        mara.page.get_by_role("button", name="Add to cart").click()
        mara.visits("/?loyalty=my_rewards")
        mara.panel.locator(".card", has_text="Free shipping").get_by_role("button", name="Use it now").click()
        mara.page.wait_for_url("**/cart")
    with sqlite3.connect(album.demo.instance / "demo" / "loyalty.db") as database:
        fate = "UPDATE coupon SET code = NULL, status = ?, failure = ? WHERE status = 'active' AND cost_points = ?"
        database.execute(fate, ("issuing", None, 1000))
        database.execute(fate, ("failed", "shop_unreachable", 800))
    database.close()


def names(stem: str) -> tuple[str, str]:
    """The section and the caption of a picture."""
    state, what, look, width = stem.split("-")
    return f"{state}: {what}", f"{look}, {width}"


def main() -> None:
    """Start the demo, take all pictures, and say where they are."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as instance,
        demo_in(Path(instance)) as demo,
        browser() as chromium,
        looks.as_the_device(demo),
    ):
        fill_wallet(Album(chromium, demo, "light"))
        for look in looks.LOOKS:
            album = Album(chromium, demo, look)
            album.guest()
            album.empty()
            album.member()
    index = write_index(OUT, "Every state of the widget", names)
    print(f"{len(list(OUT.glob('*.png')))} pictures: {index}")


if __name__ == "__main__":
    main()
