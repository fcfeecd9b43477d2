"""Pages beside the demo shop's own, what its owner changes, and its word on the shopper."""

import json
import re
import secrets
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import jwt
import yaml
from playwright.sync_api import Frame, Page, Route

from demo_shop.history import DEMO_PASSWORD
from tests.browser.conftest import Demo, Visitor
from widget_server.demo import PROGRAM

MARA, JONAS = "mara@fjord.example", "jonas.weber@fjord.example"


@contextmanager
def program(demo: Demo, **sections: dict[str, Any]) -> Iterator[None]:
    """The owner applies a file with other values in these sections; afterwards the demo's own hold again."""
    own = yaml.safe_load(PROGRAM.read_text("utf-8"))
    before = {name: own[name] for name in sections}
    try:
        _apply(demo, {name: {**before[name], **told} for name, told in sections.items()})
        yield
    finally:
        _apply(demo, before)


@contextmanager
def rewards_called(demo: Demo, title: str) -> Iterator[None]:
    """The owner calls the first reward so; afterwards all are as the demo has them."""
    own = yaml.safe_load(PROGRAM.read_text("utf-8"))["rewards"]
    try:
        _apply(demo, {"rewards": [{**own[0], "title": title}, *own[1:]]})
        yield
    finally:
        _apply(demo, {"rewards": [{**own[0], "title": None}, *own[1:]]})


@contextmanager
def without_rule(demo: Demo, handle: str) -> Iterator[None]:
    """The owner takes one way to earn away; afterwards it is there again."""
    own = yaml.safe_load(PROGRAM.read_text("utf-8"))["earning_rules"]
    try:
        _apply(demo, {"earning_rules": [rule for rule in own if rule["handle"] != handle]})
        yield
    finally:
        _apply(demo, {"earning_rules": own})


def _apply(demo: Demo, told: dict[str, Any]) -> None:
    file = demo.instance / "changes.yaml"
    file.write_text(yaml.safe_dump(told), "utf-8")
    said = demo.shell("program", "apply", str(file))
    assert "changes" in said, said


def policy(demo: Demo) -> str:
    """The strict policy of contracts §6, as the demo shop sends it."""
    return (
        f"default-src 'self'; script-src 'self' {demo.widget}; frame-src {demo.widget}; "
        "require-trusted-types-for 'script'"
    )


def script_tag(demo: Demo, attributes: str = "") -> str:
    """The shop's script tag with attributes of the test's own."""
    return str(demo.facts["script_tag"]).replace("></script>", f" {attributes}></script>")


def add_page(
    visitor: Visitor,
    path: str,
    *,
    head: str = "",
    body: str = "",
    html: str | None = None,
    csp: str | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Have the shop serve one page more, of head and body or whole, under its strict policy unless told otherwise."""
    text = html or f'<!doctype html><html lang="en"><head><title>Page</title>{head}</head><body>{body}</body></html>'
    sent = {"Content-Security-Policy": policy(visitor.demo) if csp is None else csp, **(headers or {})}
    visitor.context.route(
        visitor.demo.shop + path,
        lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8", headers=sent),
    )


def add_file(visitor: Visitor, path: str, code: str) -> None:
    """Have the shop serve one script more."""
    visitor.context.route(
        visitor.demo.shop + path, lambda route: route.fulfill(body=code, content_type="text/javascript; charset=utf-8")
    )


def alter_page(visitor: Visitor, path: str, change: Callable[[str], str]) -> None:
    """Have the shop serve one of its guest pages changed, under the same policy."""
    shop = urlsplit(visitor.demo.shop)
    asked = urllib.request.Request(f"http://127.0.0.1:{shop.port}{path}", headers={"Host": shop.netloc})
    with urllib.request.urlopen(asked) as answer:
        page = change(answer.read().decode())
    headers = {"Content-Security-Policy": policy(visitor.demo)}
    visitor.context.route(
        visitor.demo.shop + path, lambda route: route.fulfill(body=page, content_type="text/html", headers=headers)
    )


def logs_in(visitor: Visitor, email: str = MARA) -> None:
    """Log in at the shop, which vouches for the shopper from then on."""
    visitor.visits("/account")
    visitor.page.locator("#log_in_email").fill(email)
    visitor.page.locator("#log_in_password").fill(DEMO_PASSWORD)
    visitor.page.locator("form[action*='log-in'] button").click()
    visitor.page.get_by_role("button", name="Log out").wait_for()


def code_of(visitor: Visitor, email: str = MARA) -> str:
    """The code for friends of a member, who logs in for it."""
    logs_in(visitor, email)
    visitor.visits("/?loyalty=referral")
    found = re.search(r"ref=(\w+)", visitor.panel.locator(".code span").first.inner_text())
    assert found
    return found.group(1)


def logs_out(visitor: Visitor) -> None:
    """Log out at the shop."""
    visitor.visits("/account")
    visitor.page.get_by_role("button", name="Log out").click()
    visitor.page.wait_for_url(visitor.demo.shop + "/")


def word(demo: Demo, sub: str, *, secret: str | None = None, seconds: int = 300, **claims: Any) -> str:
    """The shop's signed word on a shopper (contracts §5); claims may be put wrong."""
    now = int(time.time())
    told = {
        "aud": demo.facts["shop_id"],
        "sub": sub,
        "jti": secrets.token_urlsafe(12),
        "iat": now,
        "exp": now + seconds,
    }
    return jwt.encode({**told, **claims}, secret or demo.facts["identity_secret"], algorithm="HS256")


def vouches(visitor: Visitor, answer: Callable[[], str | None]) -> None:
    """The shop answers with this word from now on, whoever is logged in."""

    def respond(route: Route) -> None:
        token = answer()
        if token is None:
            route.fulfill(status=204)
        else:
            route.fulfill(body=json.dumps({"token": token}), content_type="application/json")

    visitor.context.unroute(visitor.demo.shop + "/loyalty/identity")
    visitor.context.route(visitor.demo.shop + "/loyalty/identity", respond)


def settles(visitor: Visitor) -> None:
    """Wait until her pages have asked for nothing for half a second."""
    count = -1
    while count != len(visitor.requests):
        count = len(visitor.requests)
        visitor.page.wait_for_timeout(500)


def panel_frame(page: Page) -> Frame:
    """The panel's own frame, as the embed made it."""
    return next(frame for frame in page.frames if "/panel?" in frame.url and "theme=" in frame.url)


def stored(frame: Frame) -> dict[str, str]:
    """What lies in the frame's own storage."""
    return frame.evaluate("() => ({ ...localStorage })")


def points_of(visitor: Visitor) -> int:
    """A member's balance, as soon as it is there."""
    visitor.panel.get_by_role("tab").first.wait_for()
    visitor.panel.locator(".sum b", has_text=re.compile(r"\d")).wait_for()
    return visitor.balance()


@contextmanager
def long_lists(demo: Demo, rewards: int, rules: int) -> Iterator[None]:
    """The owner has so many more rewards, from 1 point on, and ways to earn before the demo's; afterwards its own."""
    own = yaml.safe_load(PROGRAM.read_text("utf-8"))
    more = [
        {"handle": f"small-{n}", "kind": "amount", "title": f"Small thing {n}", "cost_points": n, "amount": 1}
        for n in range(1, rewards + 1)
    ]
    tasks = [
        {"handle": f"task-{n}", "kind": "custom", "title": f"Task {n}", "points": n, "terms": {"name": f"task-{n}"}}
        for n in range(1, rules + 1)
    ]
    try:
        _apply(demo, {"rewards": [*own["rewards"], *more], "earning_rules": [*tasks, *own["earning_rules"]]})
        yield
    finally:
        _apply(demo, {"rewards": own["rewards"], "earning_rules": own["earning_rules"]})
