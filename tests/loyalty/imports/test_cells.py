"""What a cell says: read in one way only, or refused."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.make import NOON, tries
from widget_server import clock
from widget_server.loyalty.imports import cells
from widget_server.loyalty.imports.cells import Wrong


@pytest.mark.parametrize(
    ("text", "day_first", "meant"),
    [
        ("2025-03-31", None, date(2025, 3, 31)),
        ("2025-03-31T10:00:00Z", None, date(2025, 3, 31)),
        ("31.03.2025", None, date(2025, 3, 31)),
        ("31/03/2025", None, date(2025, 3, 31)),
        ("03/31/2025", None, date(2025, 3, 31)),
        ("05/05/2025", None, date(2025, 5, 5)),
        ("03/04/2025", True, date(2025, 4, 3)),
        ("03/04/2025", False, date(2025, 3, 4)),
    ],
)
def test_a_day_as_programs_write_it(text: str, day_first: bool | None, meant: date) -> None:
    assert cells.day(text, day_first, "date_invalid") == meant


@pytest.mark.parametrize(
    ("text", "code"),
    [("03/04/2025", "date_ambiguous"), ("2025-02-30", "date_invalid"), ("soon", "date_invalid"), ("", "date_invalid")],
)
def test_a_day_is_never_guessed(text: str, code: str) -> None:
    with pytest.raises(Wrong, match=code):
        cells.day(text, None, "date_invalid")


@given(some.dates(date(1950, 1, 1), date(2025, 12, 31)))
@tries(30)
def test_any_day_survives_any_way_of_writing_it(day: date) -> None:
    for text, day_first in ((f"{day}", None), (f"{day:%d.%m.%Y}", None), (f"{day:%m/%d/%Y}", False)):
        assert cells.day(text, day_first, "date_invalid") == day


def test_a_row_of_history_is_at_noon_of_the_shops_day_or_when_it_says() -> None:
    with clock.at(NOON):
        assert cells.moment("2025-07-01", None, "Europe/Berlin") == clock.parse("2025-07-01T10:00:00Z")
        assert cells.moment("2025-07-01 09:30:00 UTC", None, "Europe/Berlin") == clock.parse("2025-07-01T09:30:00Z")
        assert cells.moment("2025-07-01T09:30:00+02:00", None, "Asia/Tokyo") == clock.parse("2025-07-01T07:30:00Z")
        assert cells.moment(str(NOON.date()), None, "America/New_York") == NOON  # whose noon is still to come
        for text, code in ((str(NOON.date() + timedelta(days=1)), "date_in_future"), ("0001-01-01", "date_invalid")):
            with pytest.raises(Wrong, match=code):
                cells.moment(text, None, "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1990-03-31", date(1990, 3, 31)),
        ("1004-05-27", date(1904, 5, 27)),  # how Smile.io writes an unknown year
        ("02/29", date(1904, 2, 29)),
    ],
)
def test_a_birthday_may_lack_its_year(text: str, meant: date) -> None:
    assert cells.birthday(text, None) == meant


@pytest.mark.parametrize("text", ["2999-01-01", "13/13", "March"])
def test_what_is_no_birthday_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="birthday_invalid"):
        cells.birthday(text, None)


@pytest.mark.parametrize(("text", "meant"), [("5.00", "5.00"), ("5,50 €", "5.50"), ("10%", "10"), ("$3", "3")])
def test_money_with_its_sign(text: str, meant: str) -> None:
    assert cells.money(text, "amount_invalid") == Decimal(meant)


@pytest.mark.parametrize("text", ["", "0", "-5", "1,000.00", "five"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="amount_invalid"):
        cells.money(text, "amount_invalid")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ANN42", "ANN42"),
        ("https://shop.test/?ref=Ann42&x=1", "Ann42"),
        ("http://i.refs.cc/9qr5Pw", "9qr5Pw"),
        ("https://shop.test/?smile_ref=abc-1", "abc-1"),
    ],
)
def test_a_referral_code_or_the_one_in_a_link(text: str, meant: str) -> None:
    assert cells.referral_code(text) == meant


@pytest.mark.parametrize("text", ["a", "two words", "x" * 41, "<b>", "https://shop.test/"])
def test_what_is_no_referral_code_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="referral_code_invalid"):
        cells.referral_code(text)
