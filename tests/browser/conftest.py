"""A real Chromium in front of two real sites: the demo's widget server and its shop."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    ViewportSize,
)

PHONE, DESK = ViewportSize(width=380, height=760), ViewportSize(width=1280, height=800)


@dataclass
class Demo:
    """The two sites of the demo, and the folder it lives in."""

    shop: str
    widget: str
    instance: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What the shop was told at `shop create`."""
        return json.loads((self.instance / "demo" / "shop.json").read_text())

    def mail_to(self, address: str, *, after: float = 0) -> str:
        """The text of the newest mail to `address`; waits for it."""
        for _ in range(150):
            for path in sorted((self.instance / "mail").glob("*.eml"), reverse=True):
                text = path.read_bytes()
                if path.stat().st_mtime >= after and re.search(
                    rb"^To:.*" + re.escape(address.encode()), text, re.M | re.I
                ):
                    from email import message_from_bytes, policy

                    body = message_from_bytes(text, policy=policy.default).get_body(("plain",))
                    return str(body.get_content())
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address}")

    def code_for(self, address: str, *, after: float = 0) -> str:
        """The one-time code of the newest mail."""
        found = re.search(r"\b(\d{8})\b", self.mail_to(address, after=after))
        assert found
        return found.group(1)

    def shell(self, *words: str) -> str:
        """What `widget-server WORDS` says in the demo's own surroundings."""
        home = self.instance / "demo"
        env = {
            **os.environ,
            "WIDGET_SECRET_KEY": (home / "secret-key").read_text(),
            "DATABASE_URL": f"sqlite:///{home / 'loyalty.db'}",
        }
        done = subprocess.run(
            [sys.executable, "-m", "widget_server.cli", *words], env=env, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def audit(self) -> str:
        """What `widget-server audit` says of the demo's books."""
        return self.shell("audit")


@contextmanager
def demo_in(instance: Path) -> Iterator[Demo]:
    """`widget-server demo` as README tells it, in an empty folder, on ports of its own."""
    port, shop_port = _free_port(), _free_port()
    log = (instance / "demo.log").open("wb")
    command = [sys.executable, "-m", "widget_server.cli", "demo", "--port", str(port), "--shop-port", str(shop_port)]
    process = subprocess.Popen(
        command, env={**os.environ, "WIDGET_INSTANCE": str(instance)}, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        for _ in range(1200):
            if b"Ready." in (instance / "demo.log").read_bytes():
                break
            assert process.poll() is None, (instance / "demo.log").read_text()
            time.sleep(0.1)
        else:
            raise AssertionError((instance / "demo.log").read_text())
        yield Demo(f"http://shop.localhost:{shop_port}", f"http://widget.localhost:{port}", instance)
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, running."""
    with demo_in(tmp_path_factory.mktemp("instance")) as running:
        yield running


@dataclass
class Visitor:
    """A person with a browser of her own. What her pages complain about is kept."""

    demo: Demo
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def visits(self, path: str = "/", *, until: Literal["load", "commit"] = "load") -> "Visitor":
        """Go to a page of the shop; until "commit" where a request of the page is held back."""
        self.page.goto(self.demo.shop + path, wait_until=until)
        return self

    @property
    def launcher(self) -> Locator:
        return self.page.locator("button", has_text=re.compile("Rewards|Close")).first

    @property
    def panel(self) -> FrameLocator:
        return self.page.frame_locator("iframe[src*='/panel?']")

    def opens_widget(self) -> FrameLocator:
        """Press the launcher."""
        self.launcher.click()
        return self.sees_panel()

    def sees_panel(self) -> FrameLocator:
        """Wait for the panel, which also opens by itself where a friend's code arrives."""
        self.panel.locator("h1").wait_for()
        return self.panel

    def tab(self, name: str) -> FrameLocator:
        """Press a tab by its full name."""
        self.panel.get_by_role("tab", name=name).click()
        self.panel.get_by_role("heading", name=name).wait_for()
        return self.panel

    def balance(self) -> int:
        """The number above every tab."""
        text = self.panel.locator(".sum b").first.inner_text()
        return int(re.sub(r"\D", "", text) or -1)

    def signs_up(self, email: str) -> None:
        """Join by e-mail and the code of the mail."""
        since = time.time()
        self.panel.get_by_role("button", name="Sign up").first.click()
        self.panel.get_by_role("textbox", name="E-mail").fill(email)
        self.panel.locator("form button.go").click()
        code = self.demo.code_for(email, after=since - 1)
        self.panel.get_by_role("textbox", name="Code").fill(code)
        self.panel.locator("form button.go").click()
        self.panel.get_by_role("tab").first.wait_for()


@pytest.fixture
def visitor(chromium: Browser, demo: Demo) -> Iterator[Callable[..., Visitor]]:
    """Make visitors, each with a fresh browser profile; none may leave a complaint on the console."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        options.setdefault("viewport", DESK)
        context = chromium.new_context(locale="en-GB", **options)
        context.set_default_timeout(10_000)
        page = context.new_page()
        one = Visitor(demo, context, page)

        def hear(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                one.complaints.append(f"{message.text} {message.location['url']}")

        page.on("console", hear)
        page.on("pageerror", lambda error: one.complaints.append(str(error)))
        page.on("request", lambda request: one.requests.append(request.url))
        made.append(one)
        return one

    yield make
    for one in made:
        one.context.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
