"""Every page of the dashboard, empty and full: axe-core finds nothing, no text of a stranger runs, no page is too wide.

The console must stay silent, so the Content Security Policy and Trusted Types hold on each of them (conftest.py).
"""

import re
from collections.abc import Callable

import pytest

from tests.dashboard import full_shop
from tests.dashboard.conftest import Clerk
from tests.dashboard.full_shop import FullShop
from tests.make import World
from widget_server import dashboard
from widget_server.dashboard.pages import Pages, Rule
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file import stored_drafts

DATABASES = ("sqlite",)
PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
IDS: dict[str, Callable[[FullShop], str]] = {
    "customer_id": lambda shop: shop.customer_id,
    "order_id": lambda shop: shop.order_id,
    "coupon_id": lambda shop: shop.coupon_id,
    "referral_id": lambda shop: str(Referral.need(shop.world.shop).id),
    "parked_id": lambda shop: str(Parked.need(shop.world.shop).id),
    "reward_id": lambda shop: str(Reward.need(shop.world.shop).id),
    "draft_id": lambda shop: stored_drafts.create(shop.world.shop, "Spring").id,
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
        if clerk.is_file(path):
            continue
        response = clerk.page.goto(clerk.address + path)
        assert response is not None and response.status < 500, path
        assert clerk.inspects() == [], path
        assert clerk.page.evaluate("window.hacked") is None, path
