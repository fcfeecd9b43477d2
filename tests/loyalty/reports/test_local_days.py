"""The database puts each moment on the local day that the calendar puts it on, in any zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from peewee import fn

from tests.make import World, tries, undone
from widget_server import clock
from widget_server.db import Column, Selection
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.reports import local_days

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia")
BEGIN = datetime(2026, 3, 20, tzinfo=UTC)


def test_each_moment_is_on_its_local_day(world: World) -> None:
    @tries(12)
    @given(zone=st.sampled_from(ZONES), hours=st.lists(st.integers(0, 24 * 30 * 8 * 60), min_size=1, max_size=12))
    def run(zone: str, hours: list[int]) -> None:
        with undone():
            shop = World.create(timezone=zone).shop
            moments = [BEGIN + timedelta(minutes=number) for number in hours]
            for moment in moments:
                Customer.change(shop, {"joined_at": moment}, Customer.id == customers.new_visitor(shop.id).id)
            days = [clock.local_date(moment, zone) for moment in moments]

            def query(day: Column) -> Selection[Any]:
                return Customer.of(shop, day, fn.COUNT(Customer.id)).group_by(local_days.LOCAL_DAY)

            found = local_days.sums_by_day(shop, min(days), max(days), Customer.joined_at, query)
            assert found == {(day.isoformat(),): days.count(day) for day in days}

    run()


def test_a_day_of_23_hours_stands_by_itself(world: World) -> None:
    made = list(local_days.stretches(world.shop, date(2026, 3, 27), date(2026, 3, 31)))
    assert [(one.day, one.offset) for one in made] == [(None, 3600), (date(2026, 3, 29), 3600), (None, 7200)]
    lengths = [(one.span.end - one.span.start) / timedelta(hours=1) for one in made if one.span.end and one.span.start]
    assert lengths == [48, 23, 48]
