"""From an empty installation to a rewarded order, in a browser only (the set-up link is what `serve` prints)."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from tests.dashboard.conftest import Clerk
from tests.make import SECRET
from tests.pictures import png
from tests.test_serve import free_port, until
from widget_server.app import create_app
from widget_server.config import current
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import first_shop
from widget_server.loyalty.staff.members import StaffMember

DATABASES = ("sqlite",)
CLICKS_MAX = 25
COUNT_CLICKS = "addEventListener('click', (event) => event.isTrusted && console.info('a click'), true)"


class Installation:
    """An empty folder, `upgrade` and `serve` on ports of its own, and a demo shop that is set up later."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.shop_port = folder, free_port(), free_port()
        self.address = f"http://widget.localhost:{self.port}"
        self.shop = f"http://shop.localhost:{self.shop_port}"
        self.env = {
            **os.environ,
            "WIDGET_INSTANCE": str(folder),
            "WIDGET_SECRET_KEY": SECRET,
            "WIDGET_BASE_URL": self.address,
            "DATABASE_URL": f"sqlite:///{folder / 'loyalty.db'}",
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def starts(self) -> str:
        """Start the server; returns the set-up link that it prints."""
        subprocess.run([sys.executable, "-m", "widget_server.cli", "upgrade"], env=self.env, check=True)
        self._run("-m", "widget_server.cli", "serve", "--port", str(self.port), "--workers", "1", name="serve")
        found = until(lambda: re.search(r"http\S+/dashboard/setup\S+", self._said("serve")), "a set-up link")
        return str(found[0])

    def opens_shop(self, page: Page) -> None:
        """Copy what the page shows into the settings of the demo shop, and start it."""
        facts = dict(
            zip(
                page.locator("dl.facts dt").all_inner_texts(),
                page.locator("dl.facts dd").all_inner_texts(),
                strict=True,
            )
        )
        tag = page.locator("#tag").inner_text()
        config = {
            "shop_id": facts["shop_id"],
            "embed_key": re.search(r"shop=(\w+)", tag)[1],  # type: ignore[index]
            "identity_secret": facts["Identity secret"],
            "webhook_secret": facts["Webhook secret"],
            "webhook_urls": {name: text for name, text in facts.items() if text.startswith("http")},
            "script_tag": tag,
            "widget_url": self.address,
            "origin": self.shop,
            "database": str(self.folder / "shop.db"),
            "mail_dir": str(self.folder / "mail"),
            "secret_key": SECRET,
            "currency": "EUR",
        }
        file = self.folder / "shop.json"
        file.write_text(json.dumps(config))
        self._run("-m", "demo_shop", "serve", "--port", str(self.shop_port), "--config", str(file), name="shop")

    def ends(self) -> None:
        """Stop every process."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)

    def _run(self, *words: str, name: str) -> None:
        command = [sys.executable, "-u", *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT))

    def _said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.ends()


def test_from_nothing_to_a_rewarded_order_in_few_clicks(installation: Installation, chromium: Browser) -> None:
    link = installation.starts()
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    context.add_init_script(COUNT_CLICKS)
    page, clicks = context.new_page(), list[str]()
    page.on("console", lambda message: clicks.append(message.text) if message.text == "a click" else None)
    owner = Clerk(installation.address, context, page)
    until(lambda: page.goto(link, wait_until="load") if _answers(installation.port) else None, "the server")

    owner.types(Name_of_the_shop="Fjord & Fern", Address_of_the_shop=installation.shop)
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    owner.types(Your_name="Olga", **{"Your_e-mail": "olga@fjord.example"}, Password="a fern in the fjord")
    owner.presses("Create the shop").sees("Your program")
    page.get_by_label("10 points for each").check()
    page.get_by_label("Picture of a point").set_input_files(
        {"name": "leaf.png", "mimeType": "image/png", "buffer": png()}
    )
    owner.presses("Save and go on").sees("Not seen yet").sees("No order heard yet")
    owner.presses("Show the secrets").sees("Copy these two now")
    installation.opens_shop(page)
    owner.presses("Activate the program").sees("The program is active")

    until(lambda: _answers(installation.shop_port), "the shop")
    _buys(page, installation.shop)
    owner.goes("/start/platform")
    for news in ("Heard", "Seen"):
        until(lambda news=news: page.reload() and page.get_by_text(news, exact=True).count(), news)
    until(lambda: _points(installation) > 0, "points for the order")
    assert 0 < len(clicks) <= CLICKS_MAX, len(clicks)
    context.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _buys(page: Page, shop: str) -> None:
    """Put something into the cart and pay, as a guest with an e-mail address."""
    page.goto(f"{shop}/products/p4")
    page.get_by_role("button", name="Add to cart").click()
    page.goto(f"{shop}/checkout")
    for field, text in {"email": "ann@example.com", "name": "Ann Lee", "address": "1 Fern Road, Bergen"}.items():
        page.locator(f"#{field}").fill(text)
    page.get_by_role("button", name="Place order").click()
    page.locator("h1", has_text=re.compile(r"\d{3,}")).wait_for()


def _points(installation: Installation) -> int:
    with sqlite3.connect(installation.folder / "loyalty.db") as connection:
        return int(connection.execute("SELECT COALESCE(SUM(earned + pending), 0) FROM account").fetchone()[0])


def test_the_link_ends_when_there_is_a_shop(client: FlaskClient) -> None:
    """The story's shop exists: there is no second first shop, and no link is printed."""
    assert first_shop.setup_link() is None
    assert client.get("/dashboard/setup?link=guessed").status_code == 400


@pytest.mark.parametrize("wrong", [{"address": "not an address"}, {"email": "olga"}, {"password": "short"}])
def test_a_form_that_is_refused_creates_nothing(database: str, wrong: dict[str, str]) -> None:
    path = str(first_shop.setup_link()).partition(current().base_url)[2]
    app = create_app(current())
    app.testing = True
    browser = app.test_client()
    fields = {
        "shop_name": "Fjord & Fern", "address": "https://fjord.example", "platform": "generic", "currency": "EUR",
        "timezone": "Europe/Berlin", "locale": "en", "owner": "Olga", "email": "olga@fjord.example",
        "password": "a fern in the fjord",
    }  # fmt: skip
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(path).text)
    assert found
    refused = browser.post(path, data={"csrf_token": found[1], **fields, **wrong})
    assert refused.status_code == 422 and 'aria-invalid="true"' in refused.text
    assert not Shop.select().exists() and not StaffMember.select().exists()
    assert browser.post(path, data={"csrf_token": found[1], **fields}).headers["Location"] == "/dashboard/start"
    shop = Shop.select().get()
    assert (shop.name, shop.origins, programs.of(shop.id).status) == (
        "Fjord & Fern",
        ["https://fjord.example"],
        "draft",
    )
