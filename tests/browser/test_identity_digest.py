"""A shop that can only sign in a template: its page hands over a digest where others hand over a token."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import add_page, points_of, program, script_tag, vouches
from tests.liquid import render

Make = Callable[..., Visitor]
SHOPIFY = Path(__file__).parents[2] / "docs" / "shopify.md"


def digest(demo: Demo, id: str, email: str) -> str:
    """What a template prints, with the padding that some filters add."""
    encoded = ".".join(base64.urlsafe_b64encode(text.encode()).decode() for text in (id, email))
    parts, key = f"{encoded}.{int(time.time())}", str(demo.facts["identity_secret"]).encode()
    signed = hmac.new(key, f"d1.{demo.facts['shop_id']}.{parts}".encode(), hashlib.sha256).hexdigest()
    return f"d1.{parts}.{signed}"


def test_a_page_hands_over_a_digest_where_the_shop_turned_it_on(visitor: Make, demo: Demo) -> None:
    refused = visitor()
    vouches(refused, lambda: digest(demo, "digest-0", "zoe@example.com"))
    refused.visits("/?loyalty=my_balance")
    expect(refused.panel.get_by_role("button", name="Sign up").first).to_be_visible()
    assert refused.panel.get_by_role("tab").count() == 0
    with program(demo, widget={"identity_digest": True}):
        ann = visitor()
        vouches(ann, lambda: digest(demo, "digest-1", "ann.digest@example.com"))
        ann.visits("/?loyalty=my_balance")
        assert points_of(ann) >= 100
        assert ann.complaints == []


def test_the_page_of_a_theme_signs_its_customer_in(visitor: Make, demo: Demo) -> None:
    """The snippet of docs/shopify.md as it is printed there; nothing else of the page knows the shopper."""
    with program(demo, widget={"identity_digest": True}):
        ann, guest = visitor(), visitor()
        for one, customer in ((ann, {"id": 7000000000000000001, "email": "ann.theme@example.com"}), (guest, None)):
            html = f"<!doctype html><title>Theme</title><h1>Theme</h1>{theme(demo, customer)}"
            add_page(one, "/test/theme*", html=html, csp="")  # a theme of Shopify has no policy against inline scripts
            one.visits("/test/theme?loyalty=my_balance")
        assert points_of(ann) >= 100
        expect(guest.panel.get_by_role("button", name="Sign up").first).to_be_visible()
        assert guest.panel.get_by_role("tab").count() == 0
        assert ann.complaints == guest.complaints == []


def test_a_page_of_yesterday_signs_nobody_in(visitor: Make, demo: Demo) -> None:
    with program(demo, widget={"identity_digest": True}):
        ann = visitor()
        old = theme(demo, {"id": 7000000000000000001, "email": "ann.theme@example.com"}, now=time.time() - 301)
        add_page(ann, "/test/theme*", html=f"<!doctype html><title>Theme</title><h1>Theme</h1>{old}", csp="")
        with ann.page.expect_response(lambda response: "/session/identity" in response.url) as answered:
            ann.visits("/test/theme?loyalty=my_balance")
        assert answered.value.status == 401
        expect(ann.panel.get_by_role("button", name="Sign up").first).to_be_visible()
        assert ann.panel.get_by_role("tab").count() == 0


def theme(demo: Demo, customer: dict[str, object] | None, *, now: float | None = None) -> str:
    """What the theme prints for this customer, or a guest."""
    (snippet,) = re.findall(r"```liquid\n(.*?)```", SHOPIFY.read_text(), re.DOTALL)
    own = re.search(r'src="([^"]+)"', script_tag(demo))
    assert own
    for placeholder, fact in (
        ("https://loyalty.example/widget.js?shop=EMBED_KEY", own[1]),
        ("SHOP_ID", demo.facts["shop_id"]),
        ("IDENTITY_SECRET", demo.facts["identity_secret"]),
    ):
        assert placeholder in snippet
        snippet = snippet.replace(placeholder, str(fact))
    return render(snippet, time.time() if now is None else now, customer=customer)
