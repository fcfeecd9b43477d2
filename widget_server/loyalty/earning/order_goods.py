"""Which part of an order's money is goods: after which discounts, with or without tax, before and after refunds.

Pure arithmetic over an `OrderState` (acceptance 19, 57; docs/contracts.md §4, §8).
"""

from dataclasses import dataclass
from decimal import Decimal

from widget_server import money
from widget_server.loyalty.earning.order_states import ZERO, Line, OrderState

ONE = Decimal(1)
CASH_COINS = 5  # cash is rounded by up to this many of a currency's smallest coins


@dataclass(frozen=True)
class Goods:
    """One line's money: `full` before refunds, `kept` after them; by default after discounts and without tax."""

    line: Line
    full: Decimal
    kept: Decimal


def goods(
    state: OrderState, *, after_discounts: bool = True, with_tax: bool = False, with_gift_cards: bool = False
) -> list[Goods]:
    """The order's goods, line by line, before and after refunds (acceptance 19, 57).

    An order discount that no line carries is spread over the lines by their value, and so are lines below zero;
    a refund by amount is spread over what refunds by line have left. Gift cards are money, not goods, unless
    requested.
    """
    prices = _Prices(state)
    by_line, loose = _refunded(state, prices)
    shares = {line.id: _kept_share(prices, line, by_line.get(line.id, ZERO)) for line in prices.bought}
    left = sum((prices.net(line) * shares[line.id] for line in prices.bought), ZERO)
    loose_share = min(loose / left, ONE) if left > 0 else ZERO
    found = []
    for line in prices.bought:
        if with_gift_cards or not line.gift_card:
            full = prices.net(line, after_discounts=after_discounts, with_tax=with_tax)
            kept = ZERO if state.is_void else full * shares[line.id] * (1 - loose_share)
            found.append(Goods(line, full, kept))
    return found


def shipping(state: OrderState) -> tuple[Decimal, Decimal]:
    """The shipping charged, and the part of it that was not refunded."""
    back = sum((refund.shipping for refund in state.given_back), ZERO)
    kept = ZERO if state.is_void else max(state.shipping - back, ZERO)
    return state.shipping, kept


def is_deduction(line: Line) -> bool:
    """True for a line below zero: a discount of the whole order, not goods, and never a reason to refuse the order."""
    return line.subtotal < 0 or line.quantity < 0


def tax_is_inside(state: OrderState) -> bool:
    """True when the lines' amounts contain the tax.

    The sender's `tax_included` decides. Without it, tax is on top only when the total is at least the sum of goods,
    shipping and tax (more with a fee). A smaller total cannot contain the tax on top, or is only what was left to
    pay; then tax is assumed to be inside, which gives the lower base. A difference of one smallest coin per line, or
    of cash rounding, does not count.
    """
    if state.tax_included is not None:
        return state.tax_included
    if state.tax <= 0:
        return False
    with_tax_on_top = _goods_value(state) - loose_discount(state) + state.shipping + state.tax
    return state.total < with_tax_on_top - min(_tolerance(state), state.tax / 2)


def loose_discount(state: OrderState) -> Decimal:
    """The part of the order's discount that no line carries.

    The sender's `loose_discount` decides. Without it, `discount` is the order's total discount by our contract; a shop
    that sends only the discount beyond its lines is recognised by the order's total.
    """
    if state.loose_discount is not None:
        return state.loose_discount
    carried = sum((line.discount for line in state.lines if not is_deduction(line)), ZERO)
    beyond = _goods_value(state) - state.discount + state.shipping
    if carried > 0 and any(abs(beyond + tax - state.total) <= _tolerance(state) for tax in (state.tax, ZERO)):
        return state.discount
    return max(state.discount - carried, ZERO)


class _Prices:
    """An order's amounts, computed once: which lines were bought, what each is worth, and whether tax is inside."""

    def __init__(self, state: OrderState) -> None:
        self.bought = [line for line in state.lines if not is_deduction(line)]
        self.tax_inside = tax_is_inside(state)
        self._loose = loose_discount(state)
        self._value = sum((line.subtotal - line.discount for line in self.bought), ZERO)
        # a gift card below zero is a payment, not a discount
        deductions = [line for line in state.lines if is_deduction(line) and not line.gift_card]
        self._left_over = {tax: self._share_after(deductions, tax) for tax in (False, True)}

    def net(self, line: Line, *, after_discounts: bool = True, with_tax: bool = False) -> Decimal:
        """What was charged for a bought line, in the order's currency, with its share of the order's discounts."""
        if after_discounts:
            return self._discounted(line, with_tax) * self._left_over[with_tax]
        return max(self._taxed(line.subtotal, line.tax, with_tax), ZERO)

    def _discounted(self, line: Line, with_tax: bool) -> Decimal:
        gross = line.subtotal - line.discount
        if self._value > 0:
            gross -= self._loose * gross / self._value
        return max(self._taxed(gross, line.tax, with_tax), ZERO)

    def _taxed(self, amount: Decimal, tax: Decimal, with_tax: bool) -> Decimal:
        if with_tax == self.tax_inside:
            return amount
        return amount + tax if with_tax else amount - tax

    def _share_after(self, deductions: list[Line], with_tax: bool) -> Decimal:
        """The share (0 to 1) of the bought lines left after the lines below zero, each with its own tax."""
        off = sum((max(self._taxed(_below_zero(line), abs(line.tax), with_tax), ZERO) for line in deductions), ZERO)
        whole = sum((self._discounted(line, with_tax) for line in self.bought), ZERO)
        return max(1 - off / whole, ZERO) if whole > 0 else ONE


def _below_zero(line: Line) -> Decimal:
    """The amount that a line below zero takes off; a discount on what was returned lowers it."""
    return max(abs(line.subtotal) - abs(line.discount), ZERO)


def _goods_value(state: OrderState) -> Decimal:
    """The sum of the lines after their own discounts, less the lines below zero."""
    return sum(
        (-_below_zero(line) if is_deduction(line) else line.subtotal - line.discount for line in state.lines), ZERO
    )


def _tolerance(state: OrderState) -> Decimal:
    return max(len(state.lines), CASH_COINS) * money.coin(state.currency)


def _kept_share(prices: _Prices, line: Line, refunded: Decimal) -> Decimal:
    """The share (0 to 1) of a line that was not refunded, of what was paid for it (with its tax only where inside)."""
    paid = prices.net(line, with_tax=prices.tax_inside)
    return min(max(1 - refunded / paid, ZERO), ONE) if paid > 0 else ONE


def _refunded(state: OrderState, prices: _Prices) -> tuple[dict[str, Decimal], Decimal]:
    """Goods refunded: by line id, and the amount beyond all lines, without tax.

    A refund by amount that names no tax contains it, in the proportion of the order.
    """
    by_line: dict[str, Decimal] = {}
    loose = ZERO
    without_tax, with_tax = (
        sum((prices.net(line, with_tax=tax) for line in prices.bought), ZERO) for tax in (False, True)
    )
    present = {line.id for line in state.lines}
    for refund in state.given_back:
        named = ZERO
        for line in refund.lines:
            if line.line_id in present:
                by_line[line.line_id] = by_line.get(line.line_id, ZERO) + line.amount
            if line.line_id in present or has_left(state, line.line_id):
                named += line.amount
        rest = max(refund.goods - named, ZERO)
        untaxed = refund.tax > 0 or refund.lines or with_tax <= 0
        loose += rest if untaxed else rest * without_tax / with_tax
    return by_line, loose


def has_left(state: OrderState, line_id: str) -> bool:
    """True for a line that the order had once: its money left with it, so a refund of it does not lower other lines."""
    return line_id in state.seen_lines and all(line.id != line_id for line in state.lines)
