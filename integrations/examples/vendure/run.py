"""What `make integrations-test-vendure` starts. KEEP=folder keeps what was made there, for a look at it."""

import shutil
import sys

from integrations.examples.play import Shop, play
from integrations.examples.vendure.site import MAIN, Site
from integrations.examples.vendure.story import Story

SHOP = Shop("Vendure", Site, Story, mugs="2", fern="2")

if __name__ == "__main__":
    missing = "" if shutil.which("node") else "node is missing: install version 20 or newer"
    missing = missing or ("" if MAIN.exists() else "it is not built: make integrations-test-vendure builds it")
    sys.exit(play(SHOP, missing))
