"""The dashboard as its users meet it: a desk (requests with a session), and an office (a real server and a browser)."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.make import World
from widget_server import db
from widget_server.delivery import mail
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.staff import accounts, members, sign_in
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.roles import Role

PHONE, WIDE = ViewportSize(width=380, height=760), ViewportSize(width=1280, height=800)
AXE = (Path(__file__).parents[2] / "widget_static/node_modules/axe-core/axe.min.js").read_text("utf-8")
RUN_AXE = """async (only) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const runOnly = only ? { type: "rule", values: only } : { type: "tag", values: tags };
  const { violations, passes } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  if (passes.length < (only ? 1 : 5)) throw new Error("axe looked at too little: " + passes.length);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}"""
OF_COLORS = ["color-contrast", "link-in-text-block"]  # the rules that a scheme can make a difference to
UNSTICK = "for (const bar of document.querySelectorAll('.top, .bar')) bar.style.position = 'static'"
WIDER_THAN_THE_SCREEN = "document.scrollingElement.scrollWidth > innerWidth"


def hire(world: World, role: Role = "owner", email: str | None = None, name: str = "Olga Owner") -> StaffAccount:
    """A member of the shop's staff; support has the caps of a new one."""
    account = accounts.open_account(email or f"{role}@fjord.example", name)
    if members.of_account(world.shop.id, account.id) is None:
        members.add(world.shop, account, role)
    return account


@dataclass
class Desk:
    """Requests of one member of staff who is signed in."""

    client: FlaskClient
    account: StaffAccount

    def get(self, path: str) -> TestResponse:
        """A page of the dashboard."""
        return self.client.get(f"/dashboard{path}")

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form, with the token that every form of this session carries."""
        return self.client.post(f"/dashboard{path}", data={"csrf_token": self.token, **fields})

    @property
    def token(self) -> str:
        """The CSRF token of the session."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/profile").text)
        assert found
        return found[1]


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A browser of its own, in which nobody is signed in; `client` keeps the context of its last request."""
    return client.application.test_client()


@pytest.fixture
def desk_of(client: FlaskClient, world: World) -> Callable[..., Desk]:
    """Signs a member of staff in, in a browser of their own; `role`, `email` and `name` as of `hire`."""

    def open_desk(role: Role = "owner", **facts: Any) -> Desk:
        account = hire(world, role, **facts)
        own = client.application.test_client()
        token = sign_in.link_for(world.shop.id, account).rpartition("=")[2]
        page = own.get(f"/dashboard/sign-in/link?link={token}")
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert found, page.text
        entered = own.post(f"/dashboard/sign-in/link?link={token}", data={"csrf_token": found[1]})
        assert entered.status_code == 303, entered.text
        return Desk(own, account)

    return open_desk


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    """The owner, signed in."""
    return desk_of()


@pytest.fixture
def mailed(world: World) -> Callable[[str], str]:
    """Returns the link of the newest mail to an address."""

    def link_of(address: str) -> str:
        for job in Job.select().where(Job.name == JobName.SEND_MAIL).order_by(Job.id.desc()):
            letter = mail.opened(job.payload)
            if letter["to"].lower() == address.lower():
                return str(letter["values"]["link"])
        raise AssertionError(f"no mail to {address}")

    return link_of


@dataclass
class Clerk:
    """A member of staff in a real browser. What the pages complain about is kept, and must be nothing."""

    address: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def goes(self, path: str) -> "Clerk":
        """Open a page of the dashboard."""
        self.page.goto(f"{self.address}/dashboard{path}")
        return self

    def is_no_page(self, path: str) -> bool:
        """Whether the address sends a file, or a part of a page; it must not be an error of the server."""
        response = self.context.request.get(self.address + path, max_redirects=0)
        assert response.status < 500, path
        return "attachment" in response.headers.get("content-disposition", "") or "<html" not in response.text()

    def presses(self, name: str) -> "Clerk":
        """Press the button or follow the link of this name."""
        found = self.page.get_by_role("button", name=name, exact=True)
        found = found.or_(self.page.get_by_role("link", name=name, exact=True))
        found.locator("visible=true").first.click()
        return self

    def types(self, **fields: str) -> "Clerk":
        """Fill fields by their labels; _ stands for a blank."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " ")).locator("visible=true").first.fill(text)
        return self

    def sees(self, text: str) -> "Clerk":
        """Wait for a text."""
        self.page.get_by_text(text).locator("visible=true").first.wait_for()
        return self

    def inspects(self) -> list[str]:
        """What axe-core finds on the page, narrow and wide, light and dark, and whether it is wider than the screen."""
        found = []
        for size in (PHONE, WIDE):
            self.page.set_viewport_size(size)
            tall = self.page.evaluate("document.scrollingElement.scrollHeight")  # else the bar below covers a field
            self.page.set_viewport_size(ViewportSize(width=size["width"], height=max(tall, size["height"])))
            for scheme, rules in (("light", None), ("dark", OF_COLORS)):
                self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                if not self.page.evaluate("'axe' in window"):
                    self.page.evaluate(AXE)
                self.page.evaluate(UNSTICK)  # else what scrolls below the bars counts as covered by them
                found += [f"{size['width']} {scheme} {one}" for one in self.page.evaluate(RUN_AXE, rules)]
            if self.page.evaluate(WIDER_THAN_THE_SCREEN):
                found.append(f"{size['width']}: the page is wider than the screen")
        return found


@contextmanager
def offices(app: Flask, world: World, chromium: Browser, *, patient: bool = False) -> Iterator[Callable[..., Clerk]]:
    """The application behind a port of loopback; makes clerks who are signed in: `come("support", viewport=PHONE)`.

    A page that reports an error, or that breaks the Content Security Policy, is an AssertionError at the end.
    `patient` clerks, who take pictures, wait longer and forgive.
    """
    server = make_server("127.0.0.1", 0, app, threaded=False)

    def serve() -> None:
        server.serve_forever()
        db.disconnect()  # the thread's own connection

    thread = threading.Thread(target=serve)
    thread.start()
    address, clerks = f"http://127.0.0.1:{server.server_port}", list[Clerk]()

    def come(role: Role | None = "owner", **options: Any) -> Clerk:
        options.setdefault("viewport", WIDE)
        context = chromium.new_context(locale="en-GB", **options)
        context.set_default_timeout(300_000 if patient else 30_000)
        clerk = Clerk(address, context, context.new_page())

        def hear(message: ConsoleMessage) -> None:
            expected = re.search(r"status of 4\d\d", message.text)  # a refused form is a page with that status
            if message.type in ("error", "warning") and not expected:
                clerk.complaints.append(message.text)

        clerk.page.on("console", hear)
        clerk.page.on("pageerror", lambda error: clerk.complaints.append(str(error)))
        clerks.append(clerk)
        if role is not None:
            link = urlsplit(sign_in.link_for(world.shop.id, hire(world, role)))
            clerk.page.goto(f"{address}{link.path}?{link.query}")
            clerk.presses("Sign in")
            clerk.page.wait_for_url(re.compile(r"/dashboard/(?!sign-in)"))
        return clerk

    try:
        yield come
    finally:
        for clerk in clerks:
            clerk.context.close()
        server.shutdown()
        thread.join()
    complaints = [text for clerk in clerks for text in clerk.complaints]
    assert patient or not complaints, complaints


@pytest.fixture
def office(client: FlaskClient, world: World, chromium: Browser) -> Iterator[Callable[..., Clerk]]:
    """Clerks of the story's shop in real browsers: `office("support", viewport=PHONE)`; their pages must be silent."""
    with offices(client.application, world, chromium) as come:
        yield come
