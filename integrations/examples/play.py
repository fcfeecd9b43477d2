"""Runs the story of one example shop: the shop and a loyalty server, driven in Chromium."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser

from integrations.examples.server import LoyaltyServer
from tests.browser.chromium import browser


class Site(Protocol):
    """A shop that runs."""

    origin: str

    def start(self, server: LoyaltyServer) -> None:
        """Start it, connected with the server."""

    def stop(self) -> None:
        """Stop it."""

    def said(self) -> str:
        """Returns the end of its logs."""


@dataclass(frozen=True)
class Shop:
    """An example shop: its name, what makes it in a folder, and the story that is played in it."""

    name: str
    site: Callable[[Path], Site]
    story: Callable[[Any, LoyaltyServer, Browser], Any]
    mugs: str
    fern: str


def play(shop: Shop, lack: str) -> int:
    """Play the story, or print what is missing. Returns the exit code. KEEP=folder keeps what was made there."""
    if not lack and not (os.environ.get("CHROMIUM") or shutil.which("chromium")):
        lack = "Chromium is missing: apt-get install chromium"
    if lack:
        print(f"The {shop.name} shop was not tried: {lack}.")
        return 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get("KEEP") or made)
        for name in ("shop", "loyalty"):
            (folder / name).mkdir(parents=True)
        _play(shop, folder)
    print(f"The {shop.name} shop works as told.")
    return 0


def _play(shop: Shop, folder: Path) -> None:
    site = shop.site(folder / "shop")
    server = LoyaltyServer(folder / "loyalty", site.origin, mugs=shop.mugs, fern=shop.fern)
    try:
        site.start(server)
        with browser() as opened:
            story = shop.story(site, server, opened)
            try:
                story.run()
            except BaseException:
                for name, one in (("ann", story.ann), ("staff", story.staff)):
                    one.page.screenshot(path=folder / f"{name}.png", full_page=True)
                print(site.said())
                raise
    finally:
        site.stop()
        server.stop()
