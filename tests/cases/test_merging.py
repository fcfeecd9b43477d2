"""Case 19: the customer proves the address; a guest row and the shop's own row become one, and no figure changes."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.cases.shop import CaseShop, case
from tests.make import day
from widget_server import clock, ledger
from widget_server.ledger import Account
from widget_server.loyalty.people import recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import expiry, tiers


def figures(shop: CaseShop, **person: str) -> tuple[int, int, int, int]:
    """Balance, earned, adjusted and tier points of a person."""
    account = account_of(shop, **person)
    return account.balance, account.earned, account.adjusted, account.tier_points


def account_of(shop: CaseShop, **person: str) -> Account:
    account = ledger.account_of(shop.shop.id, recognition.recognise(shop.shop.id, Person(**person)).id)
    assert account is not None
    return account


def tier_of(shop: CaseShop, account: Account) -> str | None:
    standing = tiers.standing(shop.shop.id, account)
    return standing.name if standing else None


@pytest.fixture
def shop(shop_on: Callable[..., CaseShop]) -> CaseShop:
    """Open for two years; 10 points per 1.00; Gold from 1000 points, with twice the points."""
    shop = shop_on("generic", began=day("2025-01-01"))
    shop.world.tier("Gold", 1000, "2")
    return shop


def test_proving_the_address_costs_neither_tier_nor_earned_points(shop: CaseShop) -> None:
    guest, registered, proven, order = case("19-proving-the-mail-costs-the-tier.json")
    for message in (guest, registered, proven):
        shop.tells(message["topic"], message["body"])
    assert figures(shop, external_id="c9") == (2000, 2000, 0, 2000)
    assert tier_of(shop, account_of(shop, external_id="c9")) == "Gold"
    shop.tells(order["topic"], order["body"])
    assert figures(shop, external_id="c9")[0] == 2200  # 10.00 x 10 x 2
    shop.tells("order", {**guest["body"], "status": "cancelled", "revision": 2})
    assert figures(shop, external_id="c9") == (200, 200, 0, 200)
    assert tier_of(shop, account_of(shop, external_id="c9")) is None
    shop.world.books_must_balance()


def test_half_a_refund_after_the_merge_is_taken_from_the_order_s_own_points(shop: CaseShop) -> None:
    guest, registered, proven, _ = case("19-proving-the-mail-costs-the-tier.json")
    for message in (guest, registered, proven):
        shop.tells(message["topic"], message["body"])
    refund = {"id": "r1", "amount": "120.00", "lines": [{"line_id": "1", "quantity": 1, "amount": "120.00"}]}
    shop.tells("order", {**guest["body"], "revision": 2, "refunds": [refund]})
    assert figures(shop, external_id="c9") == (800, 800, 0, 800)
    assert tier_of(shop, account_of(shop, external_id="c9")) is None


def test_points_keep_their_age(shop: CaseShop) -> None:
    """Points of 10 January, merged on 20 December, expire on 11 January a year after they were earned."""
    shop.world.settings(expiry="age", expiry_months=12)
    order = {
        "id": "7",
        "status": "paid",
        "currency": "USD",
        "placed_at": "2026-01-10T10:00:00Z",
        "customer": {"id": None, "email": "ann@example.com", "email_verified": False},
        "lines": [{"id": "1", "quantity": 1, "subtotal": "30.00"}],
        "total": "30.00",
    }
    customer = {"id": "c9", "email": "ann@example.com", "registered_at": "2026-02-01T10:00:00Z"}
    with clock.at(day("01-10")):
        shop.tells("order", order)
    with clock.at(day("12-20")):
        shop.tells("customer", {**customer, "email_verified": True})
        account = account_of(shop, external_id="c9")
        coming = expiry.next_expiry(shop.shop, shop.world.program, account)
        gone = datetime.fromisoformat("2027-01-11T00:00+00:00")
        assert coming == expiry.NextExpiry(300, gone)
    with clock.at(day("2027-01-10", 23)):
        assert expiry.expire_due(shop.shop) == 0
    with clock.at(gone):
        assert expiry.expire_due(shop.shop) == 1
    assert account_of(shop, external_id="c9").balance == 0
