"""Whether the prices on the shop's pages hold tax, as the shop's own settings say (contracts §13)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.stores.woo_shop import WooShop
from widget_server.stores.calls import Api, Refused
from widget_server.stores.woocommerce import prices as woocommerce_prices
from widget_server.stores.woocommerce.prices import Prices

GERMAN = {
    "woocommerce_calc_taxes": "yes",
    "woocommerce_default_country": "DE:DE-BE",
    "woocommerce_prices_include_tax": "yes",
    "woocommerce_tax_display_shop": "incl",
}


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with WooShop(settings=dict(GERMAN), rates=[rate("19.0000")]) as running:
        yield running


def rate(percent: str, country: str = "DE", state: str = "", **facts: Any) -> dict[str, Any]:
    known = {"country": country, "state": state, "postcode": "", "city": "", "postcodes": [], "cities": []}
    return {**known, "rate": percent, "priority": 1, "compound": False, "class": "standard", **facts}


def read(shop: WooShop) -> Prices:
    return woocommerce_prices.read(Api(shop.url, shop.keys))


def test_a_german_shop(shop: WooShop) -> None:
    assert read(shop) == Prices(include_tax=True, tax_percent=Decimal(19), entered_with_tax=True)
    told = "shown with tax, entered with tax, standard rate of the base country: 19 %"
    assert str(read(shop)) == told


def test_what_shoppers_see_counts_not_what_staff_typed(shop: WooShop) -> None:
    shop.settings["woocommerce_tax_display_shop"] = "excl"
    assert (read(shop).include_tax, read(shop).entered_with_tax) == (False, True)


def test_without_taxes_there_is_none(shop: WooShop) -> None:
    shop.settings["woocommerce_calc_taxes"] = "no"
    assert read(shop) == Prices(include_tax=False, tax_percent=None, entered_with_tax=False)


@pytest.mark.parametrize(
    ("base", "rates", "percent"),
    [
        ("DE", [rate("7", "FR"), rate("19", "DE")], "19"),
        ("DE:DE-BE", [rate("20", ""), rate("19", "DE")], "19"),
        ("US:CA", [rate("7.25", "US", "CA"), rate("4", "US", "NY"), rate("1", "US")], "7.25"),
        ("CA:QC", [rate("5", "CA"), rate("9.975", "CA", "QC", priority=2)], "14.975"),
        ("CA:QC", [rate("5", "CA"), rate("9.5", "CA", "QC", priority=2, compound=True)], None),
        ("US:NY", [rate("8.875", "US", "NY", postcodes=["10001"])], None),
        ("DE", [rate("7", "DE", **{"class": "reduced-rate"})], None),
        ("DE", [rate("0.0000", "DE")], None),
        ("DE", [rate("a lot", "DE")], None),
        ("DE", [], None),
    ],
)
def test_the_base_countrys_standard_rate(
    shop: WooShop, base: str, rates: list[dict[str, Any]], percent: str | None
) -> None:
    shop.settings["woocommerce_default_country"], shop.rates = base, rates
    assert read(shop).tax_percent == (None if percent is None else Decimal(percent))


def test_keys_without_the_right_are_refused(shop: WooShop) -> None:
    shop.may_read_settings = False
    with pytest.raises(Refused, match="woocommerce_rest_cannot_view"):
        read(shop)
