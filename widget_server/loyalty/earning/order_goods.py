"""What of an order's money is goods: after which discounts, with or without tax, before and after refunds.

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
    """One line's money: what was bought and what of it is still kept, both after discounts, without tax."""

    line: Line
    full: Decimal
    kept: Decimal


def goods(
    state: OrderState, *, after_discounts: bool = True, with_tax: bool = False, with_gift_cards: bool = False
) -> list[Goods]:
    """The order's goods, line by line, before and after refunds (acceptance 19, 57).

    An order discount that its lines do not carry is spread over them by their value, and so are its lines below
    zero; so is a refund by amount, over what refunds by line have left. Gift cards are money, not goods, unless
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
    """The shipping charged and what of it is still kept."""
    back = sum((refund.shipping for refund in state.given_back), ZERO)
    kept = ZERO if state.is_void else max(state.shipping - back, ZERO)
    return state.shipping, kept


def is_deduction(line: Line) -> bool:
    """True for a line below zero: it is no goods but a discount of the whole order, never a reason to refuse it."""
    return line.subtotal < 0 or line.quantity < 0


def tax_is_inside(state: OrderState) -> bool:
    """True when the lines' amounts contain the tax.

    The sender's `tax_included` decides. Without it, tax is on top only when the total is what goods, shipping and
    tax come to, or more (a fee). A total short of that cannot hold the tax on top, or is only what
    was left to pay; then tax is taken to be inside, the lower base. Short by the smallest coin a line, or by what
    cash is rounded, is not short.
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
    that sends only what lies beyond its lines is recognised by its own total.
    """
    if state.loose_discount is not None:
        return state.loose_discount
    carried = sum((line.discount for line in state.lines if not is_deduction(line)), ZERO)
    beyond = _goods_value(state) - state.discount + state.shipping
    if carried > 0 and any(abs(beyond + tax - state.total) <= _tolerance(state) for tax in (state.tax, ZERO)):
        return state.discount
    return max(state.discount - carried, ZERO)


class _Prices:
    """An order's amounts, read once: which lines were bought, what each is worth, and whether tax is inside."""

    def __init__(self, state: OrderState) -> None:
        self.bought = [line for line in state.lines if not is_deduction(line)]
        self.tax_inside = tax_is_inside(state)
        self._loose = loose_discount(state)
        self._value = sum((line.subtotal - line.discount for line in self.bought), ZERO)
        # a gift card below zero is a payment, no discount
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
        """Which part of the bought lines is left once the lines below zero are taken off, each with its own tax."""
        off = sum((max(self._taxed(_below_zero(line), abs(line.tax), with_tax), ZERO) for line in deductions), ZERO)
        whole = sum((self._discounted(line, with_tax) for line in self.bought), ZERO)
        return max(1 - off / whole, ZERO) if whole > 0 else ONE


def _below_zero(line: Line) -> Decimal:
    """What a line below zero takes off; a discount on what was returned lowers it."""
    return max(abs(line.subtotal) - abs(line.discount), ZERO)


def _goods_value(state: OrderState) -> Decimal:
    """The lines' amounts after their own discounts, those below zero taken off."""
    return sum(
        (-_below_zero(line) if is_deduction(line) else line.subtotal - line.discount for line in state.lines), ZERO
    )


def _tolerance(state: OrderState) -> Decimal:
    return max(len(state.lines), CASH_COINS) * money.coin(state.currency)


def _kept_share(prices: _Prices, line: Line, refunded: Decimal) -> Decimal:
    """Which part of a line was not paid back, measured by what was paid for it (its tax only where inside)."""
    paid = prices.net(line, with_tax=prices.tax_inside)
    return min(max(1 - refunded / paid, ZERO), ONE) if paid > 0 else ONE


def _refunded(state: OrderState, prices: _Prices) -> tuple[dict[str, Decimal], Decimal]:
    """Goods paid back: by line, and beyond any line without tax.

    A refund by amount without a tax of its own has it inside, in the proportion of the order.
    """
    by_line: dict[str, Decimal] = {}
    loose = ZERO
    without_tax, with_tax = (
        sum((prices.net(line, with_tax=tax) for line in prices.bought), ZERO) for tax in (False, True)
    )
    there = {line.id for line in state.lines}
    for refund in state.given_back:
        named = ZERO
        for line in refund.lines:
            if line.line_id in there:
                by_line[line.line_id] = by_line.get(line.line_id, ZERO) + line.amount
            if line.line_id in there or has_left(state, line.line_id):
                named += line.amount
        rest = max(refund.goods - named, ZERO)
        untaxed = refund.tax > 0 or refund.lines or with_tax <= 0
        loose += rest if untaxed else rest * without_tax / with_tax
    return by_line, loose


def has_left(state: OrderState, line_id: str) -> bool:
    """True for a line that the order once had: gone with its money, it is not taken off the other lines again."""
    return line_id in state.seen_lines and all(line.id != line_id for line in state.lines)
