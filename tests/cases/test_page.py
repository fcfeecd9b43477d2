"""Cases of the shop's page that the server decides: an isolated page, and a foreign word in `?ref=`.

What a browser makes of them, and of a document that React hydrates or that is printed, is in
tests/browser/test_host_pages.py and tests/browser/test_friends_code.py.
"""

import pytest
from flask.testing import FlaskClient

from tests.make import World
from tests.panels import Panel


@pytest.mark.parametrize("path", ["/panel", "/badge"])
def test_both_frames_may_stand_on_a_page_with_an_embedder_policy(world: World, client: FlaskClient, path: str) -> None:
    headers = client.get(f"{path}?shop={world.shop.embed_key}").headers
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "frame-ancestors http://shop.localhost:8001;" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("attribution", ["first", "last"])
@pytest.mark.parametrize("foreign", ["producthunt", "newsletter-7", "AAAAAAA", "../../etc"])
def test_a_directorys_word_neither_counts_nor_displaces_the_friends_code(
    world: World, client: FlaskClient, attribution: str, foreign: str
) -> None:
    world.refer(attribution=attribution)
    friend = world.member().customer.referral_code
    page = Panel(client, world)

    def counts(kept: str | None, *found: str) -> tuple[str | None, bool]:
        told = page.post("/widget/friend-code", {"kept": kept, "found": list(found)}).json
        return told["code"], told["gift"]

    assert counts(None, foreign) == (None, False)
    assert counts(foreign, friend) == (friend, True)
    assert counts(friend, foreign) == (friend, True)
