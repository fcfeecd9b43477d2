"""The coins of each currency, by ISO 4217."""

from decimal import Decimal

import pytest

from widget_server import money


@pytest.mark.parametrize(
    ("currency", "decimals", "coin"),
    [("USD", 2, "0.01"), ("EUR", 2, "0.01"), ("JPY", 0, "1"), ("ISK", 0, "1"), ("KWD", 3, "0.001"), ("XYZ", 2, "0.01")],
)
def test_a_currency_has_its_smallest_coin(currency: str, decimals: int, coin: str) -> None:
    assert (money.decimals(currency), str(money.coin(currency))) == (decimals, coin)


def test_the_lists_are_those_of_the_standard() -> None:
    assert len(money.WITHOUT_DECIMALS) == 17 and len(money.THREE_DECIMALS) == 7
    assert not money.WITHOUT_DECIMALS & money.THREE_DECIMALS
    assert all(len(one) == 3 and one.isupper() for one in money.WITHOUT_DECIMALS | money.THREE_DECIMALS)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("50.5", "JPY", "50"),
        ("0.0375", "KWD", "0.037"),
        ("0.999", "USD", "0.99"),
        ("5", "EUR", "5.00"),
        ("1E+3", "USD", "1000.00"),
    ],
)
def test_an_amount_is_rounded_down_to_whole_coins(amount: str, currency: str, text: str) -> None:
    assert money.text(Decimal(amount), currency) == text
    assert money.is_whole_coins(money.whole_coins(Decimal(amount), currency), currency)
    assert money.is_whole_coins(Decimal(amount), currency) == (Decimal(text) == Decimal(amount))
