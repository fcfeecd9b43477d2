"""Tiers: levels reached by points earned in a rolling window (contracts §2, acceptance 51)."""

from datetime import date, datetime, timedelta

import peewee
import pytest

from tests.make import Shopper, World, at_once, refund
from widget_server import clock
from widget_server.loyalty import points, tiers
from widget_server.loyalty.tiers import Tier


def day(text: str) -> datetime:
    """Noon of that day, by UTC."""
    return clock.parse(f"{text}T12:00:00Z")


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member of a shop with Silver from 100 and Gold from 300 points in 30 days."""
    world.tier("Gold", 300, "1.5")
    world.tier("Silver", 100, "1.25")
    tiers.save_program(world.shop.id, window_days=30, base_name="Fern", base_multiplier="1.1")
    world.rule("custom", rate_points=1, rate_per=1, terms=None)
    return world.member()


def level(ann: Shopper) -> tuple[str | None, int]:
    """What she reads: her level, and the points that count."""
    standing = tiers.standing(ann.world.shop.id, ann.account)
    assert standing is not None
    return standing.name, standing.points


def until(ann: Shopper) -> date | None:
    """The first local day on which her level is gone."""
    ends_at = ann.account.tier_until
    return clock.local_date(ends_at, "Europe/Berlin") if ends_at else None


def gets(ann: Shopper, points: int, on: str) -> None:
    """She earns points that day."""
    with clock.at(day(on)):
        ann.is_given(points)


def rechecked(ann: Shopper, on: str) -> tuple[str | None, int]:
    """Her level after the daily recheck of that day."""
    with clock.at(day(on)):
        tiers.recheck_all(ann.world.shop)
    return level(ann)


def test_a_shop_may_have_no_tiers(world: World) -> None:
    shopper = world.member()
    assert tiers.standing(world.shop.id, shopper.account) is None
    assert tiers.recheck_all(world.shop) == 0


def test_levels_are_reached_on_the_booking(world: World, ann: Shopper) -> None:  # acceptance 51
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing is not None
    assert standing.next is not None
    assert (standing.name, standing.tier, standing.next.name) == ("Fern", None, "Silver")
    gets(ann, 99, "2026-03-10")
    assert level(ann) == ("Fern", 99)
    gets(ann, 1, "2026-03-10")
    assert level(ann) == ("Silver", 100)
    gets(ann, 500, "2026-03-10")
    assert level(ann) == ("Gold", 600)
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing is not None
    assert standing.next is None


def test_a_level_without_its_own_multiplier_uses_the_base(world: World, ann: Shopper) -> None:  # contracts §2
    def multiplier() -> str:
        standing = tiers.standing(world.shop.id, ann.account)
        assert standing is not None
        return str(standing.multiplier.normalize())

    assert multiplier() == "1.1"
    ann.is_given(100)
    assert multiplier() == "1.25"
    Tier.change(world.shop, {Tier.multiplier: None}, Tier.name == "Silver")
    assert multiplier() == "1.1"


def test_only_earned_points_count(world: World, ann: Shopper) -> None:  # contracts §2
    ann.is_given(150)
    points.adjust(world.shop, ann.account.id, by=1000, source="staff", key="a")
    ann.redeems(world.reward(cost=500))
    assert level(ann) == ("Silver", 150)


def test_points_leave_the_window_by_whole_days_of_the_shop(world: World, ann: Shopper) -> None:  # acceptance 51
    gets(ann, 100, "2026-03-01")
    gets(ann, 250, "2026-03-11")
    assert level(ann) == ("Gold", 350)
    assert until(ann) == date(2026, 3, 31)
    assert rechecked(ann, "2026-03-30") == ("Gold", 350)
    assert rechecked(ann, "2026-03-31") == ("Silver", 250)
    assert until(ann) == date(2026, 4, 10)
    assert rechecked(ann, "2026-04-09") == ("Silver", 250)
    assert rechecked(ann, "2026-04-10") == ("Fern", 0)
    assert until(ann) is None


def test_the_end_date_is_that_of_the_points_which_hold_the_level(ann: Shopper) -> None:  # acceptance 51
    gets(ann, 100, "2026-03-01")
    gets(ann, 100, "2026-03-05")
    assert until(ann) == date(2026, 4, 4)
    gets(ann, 50, "2026-03-06")
    assert until(ann) == date(2026, 4, 4)
    gets(ann, 50, "2026-03-07")
    assert (level(ann), until(ann)) == (("Gold", 300), date(2026, 3, 31))


def test_a_refund_re_evaluates(world: World, ann: Shopper) -> None:  # acceptance 51
    world.order_rule(10)
    with clock.at(day("2026-03-01")):
        ann.orders("40.00", id="o1")
        assert level(ann) == ("Gold", 440)
        ann.orders("40.00", id="o1", refunds=(refund("25.00"),))
        assert level(ann) == ("Silver", 165)
        ann.orders("40.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
        assert level(ann) == ("Fern", 0)


def test_a_refund_of_spent_points_re_evaluates_too(world: World, ann: Shopper) -> None:  # acceptance 51, 57
    """What she owes was taken back as well, though no row could be booked; earning repays it."""
    world.order_rule(10)
    with clock.at(day("2026-03-01")):
        ann.orders("10.00", id="o1")
        assert level(ann) == ("Silver", 110)
        ann.redeems(world.reward(cost=110))
        ann.orders("10.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
        assert (ann.balance, ann.debt) == (0, 110)
        assert level(ann) == ("Fern", 0)
        ann.is_given(60)
        assert level(ann) == ("Fern", 60)
        ann.is_given(60)
        assert (level(ann), ann.balance, ann.debt) == (("Silver", 120), 10, 0)


def test_a_clawback_leaves_the_window_with_what_it_took_back(world: World, ann: Shopper) -> None:
    """An old order given back late must not cost her the level that newer ones hold."""
    world.order_rule(10)
    tiers.save_program(world.shop.id, base_multiplier=1)
    with clock.at(day("2026-03-01")):
        ann.orders("10.00", id="o1")
    gets(ann, 120, "2026-03-25")
    with clock.at(day("2026-03-28")):
        ann.orders("10.00", id="o1", status="cancelled", placed_at=day("2026-03-01"))
    assert level(ann) == ("Silver", 120)
    assert until(ann) == date(2026, 4, 24)
    assert rechecked(ann, "2026-04-05") == ("Silver", 120)
    assert rechecked(ann, "2026-04-24") == ("Fern", 0)


def test_the_multiplier_is_that_of_the_level_before_the_order(world: World, ann: Shopper) -> None:  # acceptance 21
    world.order_rule(10)
    for expected in (110, 125, 125, 150):
        order = ann.orders("10.00")
        assert ann.history()[0] == ("order", expected)
        assert order.customer_id == ann.id


def test_bookings_and_the_daily_recheck_at_once_end_where_they_should(world: World, ann: Shopper) -> None:
    gives = [lambda: ann.is_given(40)] * 6
    checks = [lambda: tiers.recheck_all(world.shop)] * 3
    assert not [answer for answer in at_once(*gives, *checks) if isinstance(answer, Exception)]
    assert level(ann) == ("Silver", 240)


def test_levels_have_names_and_points_of_their_own(world: World, ann: Shopper) -> None:
    for name, required in (("Silver", 7), ("New", 100)):
        with pytest.raises(peewee.IntegrityError):
            tiers.create(world.shop.id, name, required)
    other = World.create()
    other.tier("Silver", 100)
    assert [tier.name for tier in tiers.listed(world.shop.id)] == ["Silver", "Gold"]
