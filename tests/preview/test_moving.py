"""What a preview copy shows before it happens: expiry and its warnings, birthdays, tiers, waiting points, coupons."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import day, proof
from tests.preview.rehearsal import Rehearsal
from widget_server import clock
from widget_server.errors import NotEnoughPoints
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.preview.steps import AddCopied, PastRow, Redeem

A_YEAR = 400


def told(found: list[Happening]) -> list[tuple[str, str]]:
    """The kind and the local day of each."""
    return [(one.kind, clock.local_date(one.at, "Europe/Berlin").isoformat()) for one in found]


def test_points_expire_after_their_warnings() -> None:
    copy = Rehearsal.of()
    copy.adds("Anna", 120)
    found = copy.moves(A_YEAR)
    assert told(found) == [("mail", "2026-08-12"), ("mail", "2026-09-04"), ("points", "2026-09-11")]
    assert found[0].facts["template"] == "points_expire" and found[0].facts["values"]["points"] == 120
    entry = found[2].entry
    assert entry is not None
    assert (entry.points, entry.balance_after, entry.why.expiry_mode, entry.why.expiry_months) == (
        *(-120, 0, "inactivity", 6),
    )
    assert copy.state["customers"][0]["balance"] == 0


def test_letters_that_are_on_are_written() -> None:
    copy = Rehearsal.of(letters=("points_earned", "reward_redeemed"))
    anna = copy.adds("Anna", 120)
    copy.redeems(anna)
    letters = [one.facts["template"] for one in copy.happened if one.kind == "mail"]
    assert letters == ["points_earned", "reward_redeemed"]


def test_a_tier_that_ends_is_told_of_thirty_days_before() -> None:
    copy = Rehearsal.of(letters=("tier_at_risk",))
    copy.adds("Anna", 1200)
    letters = [one for one in told(copy.moves(A_YEAR)) if one[0] == "mail"]
    assert letters == [("mail", "2027-02-08")]


def test_the_next_thing_that_happens_is_where_the_time_stops() -> None:
    copy = Rehearsal.of()
    copy.adds("Anna", 120)
    assert told(copy.moves(A_YEAR, is_to_first=True)) == [("mail", "2026-08-12")]
    assert copy.moment == day("08-11", 22)
    assert told(copy.moves(A_YEAR, is_to_first=True)) == [("mail", "2026-09-04")]


def test_nothing_is_done_twice_by_a_move_that_stops_on_its_way() -> None:
    copy, other = Rehearsal.of(), Rehearsal.of()
    for one in (copy, other):
        one.adds("Anna", 120, birthday=date(2000, 3, 13))
    end = copy.moment + timedelta(days=10)
    for _ in range(20):
        if copy.moment < end:
            copy.moves((end - copy.moment) / timedelta(days=1), seconds=0)
    other.moves(10)
    assert copy.moment == other.moment == end
    assert told(copy.happened) == told(other.happened) and copy.rows() == other.rows()


def test_a_birthday_pays_on_its_day() -> None:
    copy = Rehearsal.of("off")
    copy.adds("Anna", birthday=date(2000, 3, 13))
    found = copy.moves(A_YEAR)
    assert told(found) == [("points", "2026-03-13"), ("points", "2027-03-13")]
    assert found[0].entry is not None and found[0].entry.why.rule is not None
    assert (found[0].entry.cause, found[0].entry.points, found[0].entry.why.rule.handle) == ("birthday", 50, "birthday")


def test_a_tier_is_lost_when_its_points_leave_the_window() -> None:
    copy = Rehearsal.of("off")
    copy.adds("Anna", 1000)
    assert [one.facts for one in copy.happened if one.kind == "tier"] == [{"before": None, "after": "Gold"}]
    found = copy.moves(A_YEAR)
    assert told(found) == [("tier", "2027-03-10")]
    assert found[0].facts == {"before": "Gold", "after": None}


def test_points_of_an_order_wait_and_are_released() -> None:
    copy = Rehearsal.of("off")
    copy.orders(copy.adds("Anna"), "20.00")
    waiting = copy.happened[-1].entry
    assert waiting is not None
    assert (waiting.kind, waiting.points, waiting.due_at) == ("waiting", 200, day("03-23", 23))
    assert copy.state["customers"][0]["pending"] == 200
    found = copy.moves(30, is_to_first=True)
    assert found[0].entry is not None and (found[0].entry.kind, found[0].entry.points) == ("booked", 200)
    assert found[0].entry.why.base == Decimal("20.00") and copy.moment == day("03-23", 23)


def test_a_coupon_is_issued_and_expires() -> None:
    copy = Rehearsal.of("off")
    copy.adds("Anna", 100)
    copy.redeems(copy.state["customers"][0]["id"])
    assert [(one.kind, one.facts.get("status")) for one in copy.happened[1:]] == [
        ("points", None),
        ("coupon", "active"),
    ]
    found = copy.moves(30)
    assert [(one.kind, one.facts["status"]) for one in found] == [("coupon", "expired")]


def test_a_refusal_says_why_and_changes_nothing() -> None:
    copy = Rehearsal.of()
    anna, before = copy.adds("Anna", 99), copy.contents
    with pytest.raises(NotEnoughPoints):
        copy.does(Redeem(anna, copy.state["rewards"][0]["id"]))
    assert copy.contents == before


def test_a_copied_customer_has_the_lots_and_the_tier_of_the_real_one() -> None:
    copy = Rehearsal.of("age")
    rows = (
        PastRow("earn", 1000, day("2025-10-01")),
        PastRow("earn", 300, day("2026-02-01")),
        PastRow("earn", -100, day("2026-02-02"), reverses=1),
        PastRow("redeem", -400, day("2026-02-03")),
    )
    found = copy.does(AddCopied("A copy", rows, day("2026-02-03")))
    assert [(one.kind, one.facts) for one in found] == [("customer", {"points": 800})]
    assert copy.state["customers"][0]["tier"] == "Gold" and copy.state["customers"][0]["balance"] == 800
    expiring = [one.entry.points for one in copy.moves(A_YEAR) if one.entry]
    assert expiring == [-600, -200]


@proof(3, full=200)
@given(
    points=st.integers(1, 1500),
    birthday=st.dates(date(2000, 1, 1), date(2000, 12, 31)),
    expiry=st.sampled_from(["age", "inactivity"]),
    days=st.integers(30, 70),
    earned=st.dates(date(2026, 2, 1), date(2026, 3, 10)),
)
def test_one_long_move_does_what_the_worker_does_day_by_day(
    points: int, birthday: date, expiry: str, days: int, earned: date
) -> None:
    copy = Rehearsal.of(expiry, months=1, window_days=20)
    copy.orders(copy.adds("Anna", points, birthday=birthday), "31.99")
    copy.adds("Bo", 1000, earned_on=earned)
    expected = copy.rows_day_by_day(days)
    copy.moves(days)
    assert copy.rows() == expected and len(expected) > 2
