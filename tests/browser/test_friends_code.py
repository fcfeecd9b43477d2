"""A friend's code in an address: whose word counts, and where it is read (acceptance 41, 43)."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import add_file, add_page, code_of, program, script_tag, settles

Make = Callable[..., Visitor]
GIFT = "A gift from your friend"
KEPT = "JSON.parse(localStorage.getItem('loyalty:friend'))?.code ?? null"


@pytest.fixture
def code(visitor: Make) -> str:
    """Mara's code."""
    return code_of(visitor())


def kept(bob: Visitor) -> Any:
    """The code that the page keeps, once it has heard whose it is."""
    settles(bob)
    return bob.page.evaluate(KEPT)


def is_promised(bob: Visitor) -> bool:
    """Whether the panel opened by itself and promises the friend's gift."""
    settles(bob)
    opened = bob.page.locator("loyalty-widget .panel:visible").count() == 1
    return opened and bob.panel.get_by_text(GIFT).count() == 1


@pytest.mark.parametrize("attribution", ["first", "last"])
def test_a_word_that_is_nobodys_code_is_neither_kept_nor_promised_nor_opened(
    visitor: Make, demo: Demo, code: str, attribution: str
) -> None:
    with program(demo, referral={"attribution": attribution}) if attribution == "last" else nullcontext():
        bob = visitor()
        bob.visits("/?ref=producthunt")
        assert kept(bob) is None
        assert not is_promised(bob)

        bob.visits(f"/?ref={code.lower()}")
        bob.panel.get_by_text(GIFT).wait_for()
        assert kept(bob) == code

        bob.visits("/?ref=producthunt")  # and displaces no friend's
        assert kept(bob) == code
        assert not is_promised(bob)
        assert bob.complaints == []


def test_what_was_kept_unasked_before_is_asked_about_now(visitor: Make, code: str) -> None:
    bob = visitor()
    for word, found in (("producthunt", None), (code, code)):
        bob.visits("/about")
        bob.page.evaluate("(word) => localStorage.setItem('loyalty:ref', `${Date.now()} ${word}`)", word)
        bob.visits("/about")
        bob.opens_widget()
        assert kept(bob) == found
        assert bob.page.evaluate("localStorage.getItem('loyalty:ref')") is None
    assert bob.complaints == []


def test_a_code_that_was_used_is_not_promised_again(visitor: Make, code: str) -> None:
    bob = visitor()
    bob.visits(f"/?ref={code}")
    bob.panel.get_by_text(GIFT).wait_for()
    bob.signs_up("bob.friend@example.com")
    settles(bob)
    bob.visits(f"/?ref={code}")
    assert not is_promised(bob)
    assert bob.complaints == []


def test_the_shops_own_parameter_is_read_beside_ours(visitor: Make, code: str) -> None:
    bob = visitor()
    add_page(bob, "/test/param*", head=script_tag(bob.demo, 'data-ref-param="friend"'))
    bob.visits(f"/test/param?friend={code}&ref=producthunt")
    bob.panel.get_by_text(GIFT).wait_for()
    assert kept(bob) == code

    cy = visitor()
    add_page(cy, "/test/param*", head=script_tag(cy.demo, 'data-ref-param="friend"'))
    cy.visits(f"/test/param?ref={code}")
    cy.panel.get_by_text(GIFT).wait_for()
    assert bob.complaints + cy.complaints == []


@pytest.mark.parametrize(
    "strips",
    [
        "history.replaceState({}, '', location.pathname)",
        "if (location.search) location.replace(location.pathname)",
    ],
)
def test_a_page_that_takes_the_query_away_first_does_not_lose_the_code(visitor: Make, code: str, strips: str) -> None:
    bob = visitor()
    add_file(bob, "/test/taken.js", strips)
    head = "<script src='/test/taken.js'></script>" + script_tag(bob.demo).replace(" async", " defer")
    add_page(bob, "/test/strip*", head=head)
    bob.visits(f"/test/strip?ref={code}")
    bob.panel.get_by_text(GIFT).wait_for()
    assert "ref=" not in bob.page.url
    assert kept(bob) == code
    assert bob.complaints == []


def test_the_address_of_another_site_says_nothing(visitor: Make, code: str) -> None:
    bob = visitor()
    other = bob.demo.shop.replace("shop.localhost", "other.localhost")
    link = f"<a href='{bob.demo.shop}/about' referrerpolicy='unsafe-url'>Shop</a>"
    bob.context.route(other + "/**", lambda route: route.fulfill(body=link, content_type="text/html"))
    bob.page.goto(f"{other}/?ref={code}")
    bob.page.get_by_text("Shop").click()
    bob.page.wait_for_url("**/about")
    assert bob.page.evaluate("document.referrer").endswith(code)
    assert kept(bob) is None
    assert not is_promised(bob)


def test_without_consent_nothing_is_kept(visitor: Make, demo: Demo, code: str) -> None:
    with program(demo, widget={"needs_consent": True}):
        bob = visitor()
        bob.visits(f"/?ref={code}")
        bob.panel.get_by_text(GIFT).wait_for()
        assert kept(bob) is None
        bob.page.evaluate("document.dispatchEvent(new Event('loyalty:consent'))")
        assert kept(bob) == code
        until = json.loads(bob.page.evaluate("localStorage.getItem('loyalty:friend')"))["until"]
        assert 29 < (until - bob.page.evaluate("Date.now()")) / 864e5 <= 30
    assert bob.complaints == []
