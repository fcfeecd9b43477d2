"""Every page of the dashboard, empty and full: axe-core finds nothing, no text of a stranger runs, no page is too wide.

The console must stay silent, so the Content Security Policy and Trusted Types hold on each of them (conftest.py).
A page of whose path a part has no row in the full shop fails here: full_shop.py and walk_dashboard.py name them.
"""

from collections.abc import Callable

import pytest

from tests.dashboard import full_shop
from tests.dashboard.conftest import Clerk
from tests.make import World

DATABASES = ("sqlite",)
PARTS = 4  # each with one shop and one browser, which is most of the time that a page takes


def inspect(clerk: Clerk, paths: list[str]) -> None:
    """Open each page, and look at it narrow and wide, light and dark."""
    seen = set[str]()
    for path in paths:
        if "/preview" in path or clerk.is_no_page(path):  # the documents of a frame have a story of their own
            continue
        response = clerk.page.goto(clerk.address + path)
        assert response is not None and response.status < 400, (path, response and response.status)
        if clerk.page.url in seen:  # it led to another page
            continue
        seen.add(clerk.page.url)
        assert clerk.inspects() == [], path
        assert clerk.page.evaluate("window.hacked") is None, path


@pytest.mark.timeout(900)  # some thirty pages, each looked at four times
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_an_empty_shop(part: int, office: Callable[..., Clerk]) -> None:
    found = [full_shop.address_without_rows(rule) for rule in full_shop.pages()[part::PARTS]]
    inspect(office("owner"), [path for path in found if path is not None])


@pytest.mark.timeout(900)  # some thirty pages, each looked at four times
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_a_full_shop(part: int, world: World, office: Callable[..., Clerk]) -> None:
    shop = full_shop.fill(world)
    clerk = office("owner")
    found = [full_shop.address(shop, rule) for rule in full_shop.pages()]
    inspect(clerk, [*found, *shop.more][part::PARTS])
