"""`make integrations-test-woocommerce` starts it: the plugin in a real WordPress with WooCommerce, in Chromium.

WordPress comes from Debian's package, WooCommerce from the zip that WOOCOMMERCE_ZIP names. Without one of them it says
in one line what is missing, and exits with 1. KEEP=folder keeps what was made there, for a look at it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT)]

from playwright.sync_api import sync_playwright  # noqa: E402
from story import Story  # noqa: E402
from widget import Widget  # noqa: E402
from wordpress_site import Site, missing  # noqa: E402

from tests.browser.chromium import FLAGS  # noqa: E402
from widget_server.stores.woocommerce import plugin_zip  # noqa: E402


def main() -> int:
    """Run the story. Returns the exit code."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    lack = missing() or ("" if chromium else "Chromium is missing: apt-get install chromium")
    if lack:
        print(f"The plugin was not tried: {lack}.")
        return 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get("KEEP") or made)
        folder.mkdir(exist_ok=True)
        for name in ("site", "widget"):
            (folder / name).mkdir()
        packed = folder / plugin_zip.NAME
        packed.write_bytes(plugin_zip.build())
        _play(folder, packed, str(chromium))
    print("The plugin works as told.")
    return 0


def _play(folder: Path, packed: Path, chromium: str) -> None:
    site = Site(folder / "site")
    try:
        widget = Widget(folder / "widget", site.home)
        link = None if widget.has_codes() else widget.stand_in()
        print(f"{site.versions()}, the server's own link: {'no, a stand-in' if link else 'yes'}", flush=True)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=FLAGS, ignore_default_args=["--disable-features"]
                )
                story = Story(site, widget, link, browser, packed)
                try:
                    story.run()
                except BaseException:
                    for name, page in (("owner", story.owner), ("shopper", story.shopper)):
                        page.screenshot(path=folder / f"{name}.png", full_page=True)
                    raise
                finally:
                    print("complaints of pages:", story.complaints, "of PHP:", site.complaints("loyalty-widget")[:5])
        finally:
            widget.stop()
            if link:
                link.stop()
    finally:
        site.stop()


if __name__ == "__main__":
    sys.exit(main())
