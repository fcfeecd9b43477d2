"""Case 17: points are gone on the day that the panel shows, whenever we heard of them."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.cases.shop import CaseShop
from tests.make import Shopper, World, day, refund
from widget_server import clock, jobs, ledger
from widget_server.job_queue import Job
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import customers, recognition
from widget_server.loyalty.points import expiry
from widget_server.loyalty.program import shops

ANN = "ann@example.com"
ORDER = {
    "id": "1",
    "status": "paid",
    "currency": "USD",
    "placed_at": "2026-01-10T10:00:00Z",
    "customer": {"id": None, "email": ANN, "email_verified": False},
    "lines": [{"id": "1", "quantity": 1, "subtotal": "30.00"}],
    "total": "30.00",
}
GONE = datetime.fromisoformat("2027-01-11T00:00+00:00")


@pytest.fixture
def shop(shop_on: Callable[..., CaseShop]) -> CaseShop:
    """Open for two years; points expire 12 months after they were earned."""
    shop = shop_on("generic", began=day("2025-01-01"))
    shop.world.settings(expiry="age", expiry_months=12)
    return shop


def shown(shop: CaseShop) -> expiry.NextExpiry | None:
    owner = shop.customer(ANN)
    assert owner is not None
    account = ledger.account_of(shop.shop.id, owner.id)
    assert account is not None
    return expiry.next_expiry(shop.shop, shop.world.program, account)


def test_an_order_heard_late_expires_on_the_day_shown(shop: CaseShop) -> None:
    with clock.at(day("06-10")):
        shop.tells("order", ORDER)
        assert shown(shop) == expiry.NextExpiry(300, GONE)
    with clock.at(day("2027-01-10", 23)):
        assert expiry.expire_due(shop.shop) == 0
    with clock.at(day("2027-01-20")):
        assert expiry.expire_due(shop.shop) == 1
        assert (shop.balances()[ANN], shown(shop)) == (0, None)


def test_points_that_are_too_old_when_they_come_go_with_the_next_night(shop: CaseShop) -> None:
    """The day's run is over when the order is heard of: a day that has passed already is not shown."""
    with clock.at(day("2027-03-05")):
        jobs.every_minute()
        shop.tells("order", ORDER)
        shop.world.shop = shops.by_id(shop.shop.id)
        tonight = datetime.fromisoformat("2027-03-06T00:00+00:00")
        assert shown(shop) == expiry.NextExpiry(300, tonight)
        jobs.every_minute()
        assert shop.balances()[ANN] == 300
    with clock.at(tonight):
        jobs.every_minute()
        assert shop.balances()[ANN] == 0


def test_the_reminder_is_sent_for_the_day_shown(shop: CaseShop) -> None:
    with clock.at(day("06-10")):
        shop.tells("order", ORDER)
        shop.world.member(ANN)
    with clock.at(day("2027-01-04")):
        before = Job.everywhere().where(Job.name == "send_mail").count()
        expiry.remind(shop.shop)
        assert Job.everywhere().where(Job.name == "send_mail").count() == before + 1


def test_an_older_order_heard_after_a_newer_one_expires_first(shop: CaseShop) -> None:
    later = {**ORDER, "id": "2", "placed_at": "2026-03-01T10:00:00Z"}
    with clock.at(day("06-10")):
        shop.tells("order", later)
        expiry.expire_due(shop.shop)
        shop.tells("order", ORDER)
        assert shown(shop) == expiry.NextExpiry(300, GONE)
    with clock.at(GONE):
        assert expiry.expire_due(shop.shop) == 1
        assert shop.balances()[ANN] == 300


@pytest.fixture
def berlin(database: str) -> World:
    """A shop in Berlin, since the year began; points expire after a month."""
    with clock.at(day("01-01")):
        world = World.create()
        world.settings(expiry="age", expiry_months=1)
    return world


def test_points_that_come_back_old_expire_on_their_day(berlin: World) -> None:
    """All was spent, so nothing was due; a return brings points back that are older than the account's others."""
    world = berlin
    with clock.at(day("01-10")):
        ann = world.member()
        ann.is_given(100)
    with clock.at(day("01-20")):
        coupon = ann.redeems(world.reward(cost=100))
        ann.is_given(7)
        expiry.expire_due(world.shop)
        ann.returns(coupon)
    with clock.at(day("02-12")):
        assert expiry.expire_due(world.shop) == 1
        assert ann.balance == 7


def test_a_refunded_order_takes_its_own_points(berlin: World) -> None:
    """The older order's points stay the older ones: the newer order was given back."""
    world = berlin
    world.order_rule(10)
    ann = Shopper(world, recognition.recognise(world.shop.id, customers.Person(email=ANN)).id, "")
    for when, number in (("01-10", "o1"), ("01-20", "o2")):
        with clock.at(day(when)):
            ann.orders("10.00", id=number)
    with clock.at(day("01-25")):
        orders.receive_refund(world.shop, "generic", "o2", refund("10.00"))
        coming = expiry.next_expiry(world.shop, world.program, ann.account)
        assert coming == expiry.NextExpiry(100, datetime.fromisoformat("2026-02-11T00:00+01:00"))
