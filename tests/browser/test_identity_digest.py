"""A shop that can only sign in a template: its page hands over a digest where others hand over a token."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import points_of, program, vouches

Make = Callable[..., Visitor]


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
    refused.panel.locator("h1").wait_for()
    assert refused.panel.get_by_role("tab").count() == 0
    with program(demo, widget={"identity_digest": True}):
        ann = visitor()
        vouches(ann, lambda: digest(demo, "digest-1", "ann.digest@example.com"))
        ann.visits("/?loyalty=my_balance")
        assert points_of(ann) >= 100
        assert ann.complaints == []
