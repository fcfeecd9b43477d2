"""The SDK in a real browser, on a page of the shop: a visitor's and a member's calls cross origins (wix-api §3, §7)."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import HERE, ROOT

ESBUILD = ROOT / "widget_static" / "node_modules" / ".bin" / "esbuild"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def script() -> str:
    """The page's script with the SDK in it."""
    command = [ESBUILD, "page.mjs", "--bundle", "--format=iife", "--log-level=error"]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page of the browser; whatever address it is sent to is empty."""
    with chromium.new_page() as page:
        page.route("http://*.localhost:8001/**", lambda route: route.fulfill(content_type="text/html", body="<p>Hi"))
        yield page


@pytest.fixture
def ask(site: Site, page: Page, script: str) -> Ask:
    """Call from a page of an origin, as somebody; answers what the SDK says there."""

    def run(call: str, origin: str = "http://shop.localhost:8001", **strategy: Any) -> dict[str, Any]:
        page.goto(origin)
        page.add_script_tag(content=script)
        given = [site.base_url, {"clientId": site.id, **strategy}, call]
        return dict(page.evaluate("([server, strategy, call]) => ask(server, strategy, call)", given))

    return run


def test_a_member_calls_from_a_page_of_the_shop(site: Site, ask: Ask) -> None:
    ann = site.world.member()
    tokens = site.member(ann).js("return client.auth.getTokens()")
    for access in (tokens["accessToken"], {"value": "old", "expiresAt": 1}):  # the second is renewed on the way
        said = ask("accounts.getCurrentMemberAccount", tokens={**tokens, "accessToken": access})
        assert said["value"]["account"]["_id"] == ann.account.id, said


def test_a_no_can_be_read_there(ask: Ask) -> None:
    visitor = ask("accounts.getCurrentMemberAccount")
    assert (visitor["status"], visitor["code"]) == (403, "MEMBERS_ONLY") and visitor["requestId"]
    nobody = {"accessToken": {"value": "gone", "expiresAt": 9e12}, "refreshToken": {"value": "", "role": "none"}}
    unknown = ask("programs.getLoyaltyProgram", tokens=nobody)
    assert (unknown["status"], unknown["code"]) == (401, "SIGNED_OUT")


def test_a_page_of_somebody_else_reads_nothing(site: Site, ask: Ask) -> None:
    tokens = site.member(site.world.member()).js("return client.auth.getTokens()")
    said = ask("accounts.getCurrentMemberAccount", "http://elsewhere.localhost:8001", tokens=tokens)
    assert "value" not in said and said["status"] is None, said
