"""What `make integrations-test-oscar` starts. KEEP=folder keeps what was made there, for a look at it."""

import sys

from integrations.examples.oscar.site import PYTHON, Site
from integrations.examples.oscar.story import Story
from integrations.examples.play import Shop, play

SHOP = Shop("Oscar", Site, Story, mugs="1", fern="2")

if __name__ == "__main__":
    missing = "" if PYTHON.exists() else "its packages are missing: make integrations-test-oscar installs them"
    sys.exit(play(SHOP, missing))
