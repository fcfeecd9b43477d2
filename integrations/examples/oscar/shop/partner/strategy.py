"""Prices of this shop: stored without tax, shown with 19 %."""

from decimal import Decimal

from oscar.apps.partner import strategy


class WithTax(strategy.UseFirstStockRecord, strategy.StockRequired, strategy.FixedRateTax, strategy.Structured):
    """One rate for everything."""

    rate = Decimal("0.19")
    exponent = Decimal("0.01")


class Selector:
    """Named as Oscar looks it up."""

    def strategy(self, request=None, user=None, **kwargs):
        """Returns the same strategy for everybody."""
        return WithTax(request)
