"""The points that support gives: never more at once, and never more in a day, however they are divided."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import BERLIN_MIDNIGHT, NOON, World, at_once, proof, undone
from widget_server import clock, ledger
from widget_server.db import atomic, new_id
from widget_server.errors import PointsCapReached
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.staff import accounts, members, point_caps
from widget_server.loyalty.staff.members import Caps, StaffMember

EACH, DAY = 100, 250


@pytest.fixture
def sven(world: World) -> StaffMember:
    return members.add(world.shop, accounts.open_account("sven@fjord.example"), "support", Caps(EACH, DAY))


def gives(world: World, sven: StaffMember, customer_id: str, points: int) -> bool:
    """Sven changes a balance; False when the caps forbid it, and then nothing is booked."""
    account = ledger.open_account(world.shop.id, customer_id)
    try:
        with atomic():
            point_caps.need_within(world.shop, sven, points)
            note = Annotation(staff=sven.id)
            adjustments.adjust(world.shop, account.id, source="dashboard", key=new_id(), by=points, annotation=note)
    except PointsCapReached:
        return False
    return True


def test_no_division_of_a_gift_passes_the_caps(world: World, sven: StaffMember) -> None:
    @proof(40, 300)
    @given(st.lists(st.integers(-150, 150).filter(bool), min_size=1, max_size=12))
    def story(changes: list[int]) -> None:
        with undone(), clock.at(NOON):
            _changes_within_caps(world, sven, changes)

    story()


def _changes_within_caps(world: World, sven: StaffMember, changes: list[int]) -> None:
    shopper = world.vouched("c-1")
    shopper.is_given(10_000)
    ann, moved = shopper.id, 0
    for points in changes:
        fits = abs(points) <= EACH and moved + abs(points) <= DAY
        assert gives(world, sven, ann, points) == fits
        moved += abs(points) * fits
    assert point_caps.moved_today(world.shop, sven) == moved <= DAY


def test_the_next_day_of_the_shop_begins_anew(world: World, sven: StaffMember) -> None:
    ann = world.vouched("c-1").id
    with clock.at(BERLIN_MIDNIGHT - timedelta(minutes=1)):
        assert [gives(world, sven, ann, 100) for _ in range(3)] == [True, True, False]
    with clock.at(BERLIN_MIDNIGHT):
        assert gives(world, sven, ann, 100)


def test_two_changes_at_once_count_both(world: World, sven: StaffMember) -> None:
    ann = world.vouched("c-1").id
    with clock.at(NOON):
        done = at_once(*[lambda: gives(world, sven, ann, 100)] * 5)
    assert sorted(done) == [False, False, False, True, True]


def test_an_owner_has_no_cap(world: World) -> None:
    olga = members.add(world.shop, accounts.open_account("olga@fjord.example"), "owner")
    assert gives(world, olga, world.vouched("c-1").id, 1_000_000)
