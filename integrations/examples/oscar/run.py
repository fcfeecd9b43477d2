"""What `make integrations-test-oscar` starts: the example shop and a loyalty server, driven in Chromium.

KEEP=folder keeps what was made there, for a look at it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from integrations.examples.oscar.site import PYTHON, Site
from integrations.examples.oscar.story import Story
from integrations.examples.server import LoyaltyServer
from tests.browser.chromium import FLAGS


def main() -> int:
    """Run the story. Returns the exit code."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    lack = "" if PYTHON.exists() else "its packages are missing: make integrations-test-oscar installs them"
    lack = lack or ("" if chromium else "Chromium is missing: apt-get install chromium")
    if lack:
        print(f"The Oscar shop was not tried: {lack}.")
        return 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get("KEEP") or made)
        for name in ("shop", "loyalty"):
            (folder / name).mkdir(parents=True)
        _play(folder, str(chromium))
    print("The Oscar shop works as told.")
    return 0


def _play(folder: Path, chromium: str) -> None:
    site = Site(folder / "shop")
    server = LoyaltyServer(folder / "loyalty", site.origin, mugs="1", fern="2")
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
                print(site.log("outbox")[-2000:], site.log("web")[-3000:])
                raise
    finally:
        site.stop()
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
