"""The tax in a printed price, in the coins of its currency (acceptance 12, 19)."""

from decimal import Decimal

import pytest

from widget_server.loyalty.earning import taxes
from widget_server.loyalty.program.programs import ProgramSettings

GERMAN = ProgramSettings(prices_include_tax=True, tax_percent=Decimal(19))


@pytest.mark.parametrize(
    ("price", "currency", "tax"),
    [("49.00", "EUR", "7.82"), ("1000", "JPY", "160"), ("1.000", "KWD", "0.160"), ("0", "EUR", "0.00")],
)
def test_it_is_rounded_as_an_order_tells_it(price: str, currency: str, tax: str) -> None:
    told = taxes.inside(GERMAN, Decimal(price), currency)
    assert str(told) == tax


@pytest.mark.parametrize(
    "rules",
    [ProgramSettings(), ProgramSettings(tax_percent=Decimal(19)), ProgramSettings(prices_include_tax=True)],
)
def test_a_price_holds_none_unless_the_program_says_so_and_at_which_rate(rules: ProgramSettings) -> None:
    assert taxes.inside(rules, Decimal("49.00"), "EUR") == 0


def test_the_settings_are_kept_exact() -> None:
    rules = ProgramSettings(prices_include_tax=True, tax_percent=Decimal("7.70"))
    assert ProgramSettings.from_json(rules.as_json()) == rules
