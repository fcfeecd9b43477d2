"""What `make integrations-test-vendure` starts: the example shop and a loyalty server, driven in Chromium.

KEEP=folder keeps what was made there, for a look at it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from integrations.examples.server import LoyaltyServer
from integrations.examples.vendure.site import MAIN, Site
from integrations.examples.vendure.story import Story
from tests.browser.chromium import FLAGS


def main() -> int:
    """Run the story. Returns the exit code."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    lack = "" if shutil.which("node") else "node is missing: install version 20 or newer"
    lack = lack or ("" if MAIN.exists() else "it is not built: make integrations-test-vendure installs and builds it")
    lack = lack or ("" if chromium else "Chromium is missing: apt-get install chromium")
    if lack:
        print(f"The Vendure shop was not tried: {lack}.")
        return 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get("KEEP") or made)
        for name in ("shop", "loyalty"):
            (folder / name).mkdir(parents=True)
        _play(folder, str(chromium))
    print("The Vendure shop works as told.")
    return 0


def _play(folder: Path, chromium: str) -> None:
    site = Site(folder / "shop")
    server = LoyaltyServer(folder / "loyalty", site.origin, mugs="2", fern="2")
    try:
        site.start(server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=FLAGS, ignore_default_args=["--disable-features"]
            )
            story = Story(site, server, browser)
            try:
                story.run()
            except BaseException:
                for name, one in (("ann", story.ann), ("staff", story.staff)):
                    one.page.screenshot(path=folder / f"{name}.png", full_page=True)
                print(site.log()[-5000:])
                raise
    finally:
        site.stop()
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
