"""What a platform last told us of an order, as plain data: states merge, they do not blindly replace.

The same set of states gives the same merged state in whatever order, and however often, they came
(acceptance 23). Money is read here too: what of an order is goods, after which discounts and refunds.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from widget_server import clock
from widget_server.db import canonical

Status = Literal["placed", "paid", "fulfilled", "cancelled"]
RANK: dict[str, int] = {"placed": 0, "paid": 1, "fulfilled": 2}
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Line:
    """A line of an order. `subtotal` is before, `discount` what this line was lowered by."""

    id: str
    product_id: str | None
    quantity: int
    subtotal: Decimal
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    collection_ids: tuple[str, ...] = ()
    name: str = ""
    gift_card: bool = False


@dataclass(frozen=True)
class RefundLine:
    """Goods of one line that were paid back."""

    line_id: str
    quantity: int
    amount: Decimal


@dataclass(frozen=True)
class Refund:
    """Money paid back: `amount` in all, of which `shipping` and `tax`. `as_of` is its state's precedence.

    A `provisional` one was worked out from its state, not told by it: it goes when a newer state comes.
    `parts_known`: lines, shipping and tax are the platform's own word, not worked out from the amount.
    """

    id: str
    amount: Decimal
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    lines: tuple[RefundLine, ...] = ()
    created_at: datetime | None = None
    provisional: bool = False
    parts_known: bool = False
    as_of: tuple[int, str] = (-1, "")

    @property
    def goods(self) -> Decimal:
        """What of the refund is goods: its lines, or what shipping and tax leave, whichever is more."""
        return max(sum((line.amount for line in self.lines), ZERO), self.amount - self.shipping - self.tax, ZERO)


@dataclass(frozen=True)
class OrderState:
    """One order as the platform sees it, without the person (docs/contracts.md §4)."""

    id: str
    number: str
    status: Status
    currency: str
    placed_at: datetime
    modified_at: datetime
    revision: int | None = None
    source: str = "web"
    lines: tuple[Line, ...] = ()
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    coupon_codes: tuple[str, ...] = ()
    landing_referral: str | None = None
    refunds: tuple[Refund, ...] = ()
    told_refunds: int = 0
    reached: dict[str, datetime] = field(default_factory=dict)

    @property
    def precedence(self) -> tuple[int, str]:
        """What decides which of two states is newer: the revision when there is one, else the time."""
        return (-1 if self.revision is None else self.revision, clock.iso(self.modified_at))

    @property
    def given_back(self) -> tuple[Refund, ...]:
        """Every refund that counts, each id once, with its parts where they are known."""
        return self.refunds

    def as_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back."""
        value: dict[str, Any] = json.loads(canonical(asdict(self)))
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "OrderState":
        """The state as kept by `as_json`."""
        known = dict(value)
        known["lines"] = tuple(_line(line) for line in value["lines"])
        known["refunds"] = tuple(_refund(refund) for refund in value["refunds"])
        known["coupon_codes"] = tuple(value["coupon_codes"])
        known["reached"] = {name: _time(text) for name, text in value["reached"].items()}
        for name in ("placed_at", "modified_at"):
            known[name] = _time(value[name])
        for name in ("shipping", "discount", "tax", "total"):
            known[name] = Decimal(value[name])
        return cls(**known)


def merge(known: OrderState | None, told: OrderState) -> OrderState:
    """The state after `told` arrived: the newer one's facts, every refund seen, when each status came first.

    A strictly newer state replaces the rest; in a tie more refunds win, then cancelled, then the text
    itself, so that the outcome never depends on which came first.
    """
    told = replace(
        told,
        refunds=_all_refunds(tuple(replace(refund, as_of=told.precedence) for refund in told.refunds)),
        told_refunds=len(told.refunds),
        reached={name: told.modified_at for name, rank in RANK.items() if RANK.get(told.status, -1) >= rank},
    )
    if known is None:
        return told
    newest = max(known, told, key=_strength)
    reached = dict(known.reached)
    for name, moment in told.reached.items():
        reached[name] = min(moment, reached.get(name, moment))
    own = tuple(refund for refund in newest.refunds if refund.provisional)
    lasting = [tuple(one for one in state.refunds if not one.provisional) for state in (known, told)]
    return replace(newest, refunds=_all_refunds(*lasting, own), reached=reached)


def add_refund(known: OrderState, refund: Refund) -> OrderState:
    """A refund that was told by itself; its own time decides against another telling of it."""
    moment = refund.created_at or known.modified_at
    return replace(known, refunds=_all_refunds(known.refunds, (replace(refund, as_of=(-1, clock.iso(moment))),)))


def _strength(state: OrderState) -> tuple[Any, ...]:
    own = tuple(refund for refund in state.refunds if refund.provisional)
    facts = canonical(replace(state, refunds=own, reached={}).as_json())
    return (*state.precedence, state.told_refunds, state.status == "cancelled", facts)


def _all_refunds(*sets: tuple[Refund, ...]) -> tuple[Refund, ...]:
    """The union by id; of two tellings the newer one, then the larger."""
    by_id: dict[str, Refund] = {}
    for refund in (one for refunds in sets for one in refunds):
        other = by_id.get(refund.id)
        if other is None or _refund_strength(refund) > _refund_strength(other):
            by_id[refund.id] = refund
    return tuple(by_id[name] for name in sorted(by_id))


def _refund_strength(refund: Refund) -> tuple[Any, ...]:
    return (refund.parts_known, *refund.as_of, refund.amount, canonical(asdict(refund)))


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

    An order discount that its lines do not carry is spread over them by their value; so is a refund by
    amount, over what refunds by line have left. Gift cards are money, not goods, unless asked for.
    """
    by_line, loose = _refunded(state)
    shares = {line.id: _kept_share(state, line, by_line.get(line.id, ZERO)) for line in state.lines}
    left = sum((_net(state, line, True, False) * shares[line.id] for line in state.lines), ZERO)
    loose_share = min(loose / left, ONE) if left > 0 else ZERO
    found = []
    for line in state.lines:
        if with_gift_cards or not line.gift_card:
            full = _net(state, line, after_discounts, with_tax)
            kept = ZERO if state.status == "cancelled" else full * shares[line.id] * (1 - loose_share)
            found.append(Goods(line, full, kept))
    return found


def _kept_share(state: OrderState, line: Line, refunded: Decimal) -> Decimal:
    """Which part of a line was not paid back, measured by what was paid for it (its tax only where inside)."""
    paid = _net(state, line, True, _tax_is_inside(state))
    return max(1 - refunded / paid, ZERO) if paid > 0 else ONE


def shipping(state: OrderState) -> tuple[Decimal, Decimal]:
    """The shipping charged and what of it is still kept."""
    back = sum((refund.shipping for refund in state.refunds), ZERO)
    kept = ZERO if state.status == "cancelled" else max(state.shipping - back, ZERO)
    return state.shipping, kept


def _net(state: OrderState, line: Line, after_discounts: bool, with_tax: bool) -> Decimal:
    gross = line.subtotal
    if after_discounts:
        gross -= line.discount
        value = sum((one.subtotal - one.discount for one in state.lines), ZERO)
        if value > 0:
            gross -= _loose_discount(state) * gross / value
    inside = _tax_is_inside(state)
    if with_tax and not inside:
        gross += line.tax
    if inside and not with_tax:
        gross -= line.tax
    return max(gross, ZERO)


def _loose_discount(state: OrderState) -> Decimal:
    """The part of the order's discount that no line carries.

    `discount` is the order's total discount by our contract; a shop that sends only what lies beyond its
    lines is recognised by its own total.
    """
    carried = sum((line.discount for line in state.lines), ZERO)
    subtotal = sum((line.subtotal for line in state.lines), ZERO)
    for tax in (state.tax, ZERO):
        if subtotal - carried - state.discount + state.shipping + tax == state.total and carried > 0:
            return state.discount
    return max(state.discount - carried, ZERO)


def _tax_is_inside(state: OrderState) -> bool:
    """True when the shop's prices contain the tax: then its total adds up without it."""
    if state.tax <= 0:
        return False
    subtotal = sum((line.subtotal for line in state.lines), ZERO)
    carried = sum((line.discount for line in state.lines), ZERO)
    without = (
        subtotal - max(state.discount, carried) + state.shipping,
        subtotal - carried - state.discount + state.shipping,
    )
    return state.total in without and state.total not in tuple(value + state.tax for value in without)


def _refunded(state: OrderState) -> tuple[dict[str, Decimal], Decimal]:
    """Goods paid back: by line, and beyond any line without tax.

    A refund by amount that does not tell its tax has it inside, in the proportion of the order.
    """
    by_line: dict[str, Decimal] = {}
    loose = ZERO
    without_tax, with_tax = (sum((_net(state, line, True, tax) for line in state.lines), ZERO) for tax in (False, True))
    known = {line.id for line in state.lines}
    for refund in state.refunds:
        named = ZERO
        for line in refund.lines:
            if line.line_id in known:
                by_line[line.line_id] = by_line.get(line.line_id, ZERO) + line.amount
                named += line.amount
        rest = max(refund.goods - named, ZERO)
        told = refund.tax > 0 or refund.lines or with_tax <= 0
        loose += rest if told else rest * without_tax / with_tax
    return by_line, loose


def _time(text: str) -> datetime:
    return clock.parse(text)


def _line(value: dict[str, Any]) -> Line:
    money = {name: Decimal(value[name]) for name in ("subtotal", "discount", "tax")}
    return Line(**{**value, **money, "collection_ids": tuple(value["collection_ids"])})


def _refund(value: dict[str, Any]) -> Refund:
    money = {name: Decimal(value[name]) for name in ("amount", "shipping", "tax")}
    lines = tuple(RefundLine(**{**line, "amount": Decimal(line["amount"])}) for line in value["lines"])
    created = _time(value["created_at"]) if value["created_at"] else None
    return Refund(**{**value, **money, "lines": lines, "created_at": created, "as_of": tuple(value["as_of"])})
