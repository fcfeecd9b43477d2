"""`make integrations-test-woocommerce` starts it: the plugin in a real WordPress with WooCommerce, in Chromium.

WordPress comes from Debian's package, WooCommerce from the zip that WOOCOMMERCE_ZIP names. Without one of them it says
in one line what is missing, and exits with 1. First the whole story, then a network of two sites.
--tables: the story with orders in tables of their own (HPOS). --story, --network: that part alone.
--go-on: tries the steps after one that failed, too. --pictures FOLDER: stores the pictures of the documentation.
KEEP=folder keeps what was made there, for a look at it. OUTAGE_MINUTES=10 plays the outage in real time.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT)]

from network import NetworkStory  # noqa: E402
from pictures import Pictures  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402
from story import Story  # noqa: E402
from widget import Widget  # noqa: E402
from wordpress_site import Site, missing  # noqa: E402

from tests.browser.chromium import browser  # noqa: E402


def main() -> int:
    """Run what was asked for. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--story", action="store_true")
    parser.add_argument("--network", action="store_true")
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--go-on", action="store_true")
    asked = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    lack = missing() or ("" if chromium else "Chromium is missing: apt-get install chromium")
    if lack:
        print(f"The plugin was not tried: {lack}.")
        return 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made, browser() as opened:
        folder = Path(os.environ.get("KEEP") or made)
        if asked.story or not asked.network:
            storage = "tables" if asked.tables else "posts"
            _play(Story, opened, folder / "one", Pictures(asked.pictures), storage, goes_on=asked.go_on)
        if asked.network or not asked.story:
            _play(NetworkStory, opened, folder / "network", Pictures(None), "posts", goes_on=asked.go_on)
    print(f"The plugin works as told ({time.monotonic() - began:.0f} s).")
    return 0


def _play(kind: type[Story], opened: Browser, folder: Path, pictures: Pictures, storage: str, *, goes_on: bool) -> None:
    for name in ("site", "widget"):
        (folder / name).mkdir(parents=True)
    site = Site(folder / "site", storage, is_network=kind is NetworkStory)
    try:
        print(site.versions(), flush=True)
        widget = Widget(folder / "widget")
        try:
            story = kind(site, widget, opened, folder, pictures)
            story.run(goes_on=goes_on)
        finally:
            widget.stop()
    finally:
        print("complaints of PHP:", site.complaints("loyalty-widget")[:5])
        site.stop()


if __name__ == "__main__":
    sys.exit(main())
