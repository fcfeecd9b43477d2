"""Money: the smallest unit ("coin") of each currency, by ISO 4217.

Every amount that is sent or shown is in whole coins: it is rounded down where it is calculated, never up, so that a
shop never gives more than it promised.
"""

from decimal import ROUND_DOWN, Decimal

COINS_DECIMALS = 2
WITHOUT_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())  # noqa: SIM905


def decimals(currency: str) -> int:
    """How many decimals the currency has: 0, 2 or 3 (ISO 4217); 2 for an unknown one."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else COINS_DECIMALS


def coin(currency: str) -> Decimal:
    """The smallest coin: 0.01 of USD, 1 of JPY, 0.001 of KWD."""
    return Decimal(1).scaleb(-decimals(currency))


def whole_coins(amount: Decimal, currency: str) -> Decimal:
    """The amount rounded down to whole coins, with exactly the currency's decimals."""
    return amount.quantize(coin(currency), ROUND_DOWN)


def coins_of(amount: Decimal, currency: str) -> int:
    """The number of coins in the amount, rounded down: 599 for 5.99 USD."""
    return int(amount.scaleb(decimals(currency)).to_integral_value(ROUND_DOWN))


def of_coins(coins: int, currency: str) -> Decimal:
    """The amount of this many coins: 5.99 USD for 599."""
    return Decimal(coins).scaleb(-decimals(currency))


def is_whole_coins(amount: Decimal, currency: str) -> bool:
    """False for an amount with more decimals than the currency has, such as 50.5 JPY or 0.005 USD."""
    return amount == whole_coins(amount, currency)


def text(amount: Decimal, currency: str) -> str:
    """The amount as text for a platform's API: `50`, `5.00`, `0.037`."""
    return f"{whole_coins(amount, currency):f}"


def coins_or_none(amount: Decimal | None, currency: str) -> Decimal | None:
    """The amount of a discount in whole coins, as it is shown and deducted; None stays None."""
    return None if amount is None else whole_coins(amount, currency)
