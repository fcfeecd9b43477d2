"""Whether the prices on a WooCommerce shop's pages include tax, and how much, by its own settings (contracts §13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from widget_server.stores.calls import Api
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce.api import Row

PERCENT_MAX = 100


@dataclass(frozen=True)
class Prices:
    """`include_tax` is about the prices that shoppers see; `tax_percent` is the base country's standard rate.

    The rate is None when the shop has none for its base, or a compound one, which is not a single figure.
    """

    include_tax: bool
    tax_percent: Decimal | None
    entered_with_tax: bool

    def __str__(self) -> str:
        rate = f"{self.tax_percent.normalize():f} %" if self.tax_percent is not None else "not known"
        entered = "with" if self.entered_with_tax else "without"
        shown = "with" if self.include_tax else "without"
        return f"shown {shown} tax, entered {entered} tax, standard rate of the base country: {rate}"


def read(api: Api) -> Prices:
    """Returns the shop's price settings. Raises NotReached, and Refused when the keys may not read settings."""
    if woocommerce_api.setting(api, "general", "woocommerce_calc_taxes") != "yes":
        return Prices(include_tax=False, tax_percent=None, entered_with_tax=False)
    base = woocommerce_api.setting(api, "general", "woocommerce_default_country")
    return Prices(
        include_tax=woocommerce_api.setting(api, "tax", "woocommerce_tax_display_shop") == "incl",
        tax_percent=_rate(woocommerce_api.standard_rates(api), base),
        entered_with_tax=woocommerce_api.setting(api, "tax", "woocommerce_prices_include_tax") == "yes",
    )


def _rate(rows: Iterable[Row], base: str) -> Decimal | None:
    """Returns the percentage for the whole `base` (as DE or US:CA): the closest rate of each priority counts."""
    country, _, state = base.partition(":")
    closest: dict[str, tuple[int, Row]] = {}
    for row in rows:
        is_near = row.get("country") in ("", country) and row.get("state") in ("", state)
        if not is_near or any(row.get(name) for name in ("postcode", "city", "postcodes", "cities")):
            continue
        closeness = 2 * bool(row["state"]) + bool(row["country"])
        priority = str(row.get("priority"))
        if priority not in closest or closeness > closest[priority][0]:
            closest[priority] = (closeness, row)
    chosen = [row for _, row in closest.values()]
    if not chosen or any(row.get("compound") for row in chosen):
        return None
    try:
        percent = sum((Decimal(str(row.get("rate"))) for row in chosen), Decimal(0))
    except InvalidOperation:
        return None
    return percent if 0 < percent < PERCENT_MAX else None
