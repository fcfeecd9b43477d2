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
PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
IDS: dict[str, Callable[[FullShop], str]] = {
    "customer_id": lambda shop: shop.customer_id,
    "order_id": lambda shop: shop.order_id,
    "coupon_id": lambda shop: shop.coupon_id,
    "referral_id": lambda shop: str(Referral.need(shop.world.shop).id),
    "parked_id": lambda shop: str(Parked.need(shop.world.shop).id),
    "reward_id": lambda shop: str(Reward.need(shop.world.shop).id),
    "language": lambda shop: "ar",
    "rule_id": lambda shop: rules.listed_all(shop.world.shop)[0].id,
}


def pages_of(noun: Pages) -> list[Rule]:
    """The pages of a noun that a GET shows to staff."""
    return [rule for rule in noun.rules if rule.action is not None and "GET" in rule.methods]


NOUNS = [noun for noun in dashboard.PAGES if pages_of(noun)]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
@pytest.mark.parametrize("is_full", [False, True], ids=["empty", "full"])
def test_every_page(noun: Pages, is_full: bool, world: World, office: Callable[..., Clerk]) -> None:
    shop = full_shop.fill(world) if is_full else None
    clerk = office("owner")
    for rule in pages_of(noun):
        places = PLACE.findall(rule.path)
        if places and (shop is None or not set(places) <= IDS.keys()):
            continue
        path = PLACE.sub(lambda place: IDS[place[1]](shop) if shop else "", rule.path)
        if "/preview" in path or clerk.is_file(path):  # the documents of a frame have a story of their own
PARTS = 4  # each with one shop and one browser, which is most of the time that a page takes


def inspect(clerk: Clerk, paths: list[str]) -> None:
    """Open each page, and look at it narrow and wide, light and dark."""
    seen = set[str]()
    for path in paths:
        if "/widget/preview" in path or clerk.is_file(path):  # the documents of a frame have a story of their own
            continue
        response = clerk.page.goto(clerk.address + path)
        assert response is not None and response.status < 400, (path, response and response.status)
        if clerk.page.url in seen:  # it led to another page
            continue
        seen.add(clerk.page.url)
        assert clerk.inspects() == [], path
        assert clerk.page.evaluate("window.hacked") is None, path


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_an_empty_shop(part: int, office: Callable[..., Clerk]) -> None:
    found = [full_shop.address_without_rows(rule) for rule in full_shop.pages()[part::PARTS]]
    inspect(office("owner"), [path for path in found if path is not None])


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_a_full_shop(part: int, world: World, office: Callable[..., Clerk]) -> None:
    shop = full_shop.fill(world)
    clerk = office("owner")
    found = [full_shop.address(shop, rule) for rule in full_shop.pages()]
    inspect(clerk, [*found, *shop.more][part::PARTS])
