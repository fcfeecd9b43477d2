"""The tax contained in a shop's printed prices, computed as an order states it (acceptance 12, 19)."""

from decimal import ROUND_HALF_UP, Decimal

from widget_server.loyalty.program.programs import ProgramSettings

ZERO = Decimal(0)
PLACES = 2
WITHOUT_COINS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
IN_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def inside(rules: ProgramSettings, price: Decimal, currency: str) -> Decimal:
    """The tax in a printed price, rounded half up to the currency's coins, as in an order.

    Zero unless the program says that prices contain tax, and at which rate.
    """
    if not rules.prices_include_tax or rules.tax_percent is None:
        return ZERO
    tax = price * rules.tax_percent / (100 + rules.tax_percent)
    places = 0 if currency in WITHOUT_COINS else 3 if currency in IN_THOUSANDTHS else PLACES
    return tax.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
