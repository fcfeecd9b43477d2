"""Money: Decimal with two places in the code, text in messages."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_MOST = Decimal("1e12")


def money(value: Decimal | str) -> Decimal:
    """The value to the cent, half up; raises ValueError unless it is a finite amount below 10^12."""
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not an amount: {value!r}") from None
    if not amount.is_finite() or abs(amount) >= _MOST:
        raise ValueError(f"not an amount: {value!r}")
    return amount.quantize(CENT, ROUND_HALF_UP)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split the amount by weight into whole cents that add up to it; all 0 when the weights are all 0.

    While the amount is at most the sum of the weights, no share is above its weight.
    """
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    shares: list[Decimal] = []
    passed = given = ZERO
    for weight in weights:
        passed += weight
        # the running sum is rounded, not each share, so that the shares add up
        until_here = CENT * (amount * passed // (whole * CENT))
        shares.append(until_here - given)
        given = until_here
    return shares


def written(amount: Decimal | str, currency: str) -> str:
    """The amount for display: €1,240.00."""
    return f"{_SYMBOLS.get(currency, currency + ' ')}{Decimal(amount):,.2f}"
