"""A birthday is told once and pays once a year (acceptance 25)."""

from datetime import date, datetime

import pytest

from tests.make import NOON, Shopper, World, at_once, day
from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.ledger import Transaction
from widget_server.loyalty.earning import birthdays


def pays_on(world: World, *days: str) -> list[int]:
    """What the nightly job pays on each of these days."""
    paid = []
    for text in days:
        with clock.at(day(text)):
            paid.append(birthdays.pay(world.shop))
    return paid


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member of a shop that pays 200 for a birthday."""
    world.rule("birthday", points=200)
    return world.member()


def born(ann: Shopper, birthday: str, *, set_on: str) -> None:
    """She tells her birthday."""
    with clock.at(day(set_on)):
        birthdays.tell(ann.customer, date.fromisoformat(birthday))


def test_a_birthday_pays_once_a_year(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-09", "03-10", "03-10", "03-11", "2027-03-09", "2027-03-10") == [0, 1, 0, 0, 0, 1]
    assert ann.balance == 400
    with clock.at(day("2028-03-10")):
        assert at_once(*[lambda: birthdays.pay(world.shop)] * 4).count(1) >= 1
    assert ann.balance == 600


def test_a_birthday_begins_at_midnight_of_the_shop(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    with clock.at(day("03-09", 22)):
        assert birthdays.pay(world.shop) == 0
    with clock.at(day("03-09", 23)):
        assert birthdays.pay(world.shop) == 1


@pytest.mark.parametrize(
    ("set_on", "expected"), [("02-07", [1, 1]), ("02-08", [0, 1]), ("03-10", [0, 1]), ("03-12", [0, 1])]
)
def test_a_date_set_within_the_next_30_days_pays_next_year(
    world: World, ann: Shopper, set_on: str, expected: list[int]
) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on=set_on)
    later = "03-14" if set_on > "03-10" else "03-10"
    assert pays_on(world, later, "2027-03-10") == expected


def test_a_later_edit_does_not_pay_twice(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-10") == [1]
    born(ann, "1990-06-01", set_on="03-11")
    assert pays_on(world, "06-01", "2027-02-20", "2027-06-01") == [0, 0, 1]
    born(ann, "1990-02-20", set_on="2027-06-02")
    assert pays_on(world, "2028-02-20", "2029-02-20") == [0, 1]


def test_a_date_told_again_is_no_edit(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    born(ann, "1990-03-10", set_on="03-09")
    assert pays_on(world, "03-10") == [1]


def test_29_february(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "2000-02-29", set_on="01-01")
    days = ("02-27", "02-28", "03-01", "2027-02-28", "2028-02-28", "2028-02-29", "2029-02-28")
    assert pays_on(world, *days) == [0, 1, 0, 1, 0, 1, 1]


def test_a_server_that_was_off_pays_what_it_missed(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-16") == [1]
    assert Transaction.need(world.shop).event_at == datetime.fromisoformat("2026-03-10T00:00+01:00")
    assert pays_on(world, "2027-03-17") == [0]


def test_visitors_and_people_of_other_shops_have_no_birthday_here(world: World) -> None:
    world.rule("birthday", points=200)
    other = World.create()
    for shopper in (world.visitor(), other.member()):
        born(shopper, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-10") == [0]


def test_a_birthday_is_a_day_of_the_past(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        for wrong in (date(2026, 3, 11), date(1906, 3, 10), date(1900, 1, 1)):
            with pytest.raises(BadRequest) as refusal:
                birthdays.tell(ann.customer, wrong)
            assert refusal.value.field == "birthday"
        birthdays.tell(ann.customer, date(2026, 3, 10))
