"""The state of an order as a platform reports it, as plain data: states merge, they do not simply replace.

The same messages give the same merged state, in whatever sequence and however often they arrive (acceptance 23): each
part of the merged state is a maximum, a minimum or a union over all messages. order_goods.py computes what the money
of an order means.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from widget_server import clock
from widget_server.db import canonical
from widget_server.json_types import JsonObject

Status = Literal["draft", "placed", "paid", "fulfilled", "cancelled"]
STATUSES: tuple[Status, ...] = ("draft", "placed", "paid", "fulfilled", "cancelled")  # a tie: the later wins
Milestone = Literal["placed", "paid", "settled", "fulfilled"]
MILESTONES: tuple[Milestone, ...] = ("placed", "paid", "settled", "fulfilled")
Precedence = tuple[int, str]
NEVER: Precedence = (-1, "")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A line of an order. `subtotal` is the amount before `discount`, which is the discount of this line.

    A line below zero (amount or quantity) is a discount of the order: a trade-in, a deposit, a return at the till.
    """

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
    """Goods of one line that were refunded."""

    line_id: str
    quantity: int
    amount: Decimal


@dataclass(frozen=True)
class Refund:
    """Money paid back: `amount` in all, of which `shipping` and `tax`. `as_of` is its state's precedence.

    A `provisional` one was computed from its state, not listed by it: it is dropped when a newer state arrives.
    `parts_known`: lines, shipping and tax are reported by the platform, not computed from the amount.
    """

    id: str
    amount: Decimal
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    lines: tuple[RefundLine, ...] = ()
    created_at: datetime | None = None
    provisional: bool = False
    parts_known: bool = False
    as_of: Precedence = NEVER

    @property
    def goods(self) -> Decimal:
        """The goods in the refund: its lines, or the amount less shipping and tax, whichever is more."""
        return max(sum((line.amount for line in self.lines), ZERO), self.amount - self.shipping - self.tax, ZERO)


@dataclass(frozen=True)
class OrderState:
    """One order as the platform sees it, without the person (docs/contracts.md §4, §8).

    Up to `refunds_complete` the fields are facts of the newest state, but for `refunds`, which is a union. The rest
    is collected over all states: when each milestone was first reached (`reached`), the newest facts of every
    milestone that the newest state no longer reaches (`held`), the ids of all lines there ever were
    (`seen_lines`), the precedence of the newest complete list of refunds (`complete_as_of`), the refunds whose
    parts are known (`refund_parts`), and the sub-orders of a multi-vendor shop by their ids (`children`).

    `coupon_codes` is None while no message had the list. A message without one leaves the list as it was, so the list
    has its own age, `codes_as_of`. `carried` names each code that the order listed while it was alive (§9).
    """

    id: str
    number: str
    status: Status
    currency: str
    placed_at: datetime
    modified_at: datetime
    revision: int | None = None
    parent_id: str | None = None
    source: str = "web"
    lines: tuple[Line, ...] = ()
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    loose_discount: Decimal | None = None
    tax: Decimal = ZERO
    tax_included: bool | None = None
    total: Decimal = ZERO
    payment_due: bool = False
    coupon_codes: tuple[str, ...] | None = None
    landing_referral: str | None = None
    refunds: tuple[Refund, ...] = ()
    told_refunds: int = 0
    refunds_complete: bool = False
    reached: dict[str, datetime] = field(default_factory=dict)
    held: tuple["OrderState", ...] = ()
    seen_lines: tuple[str, ...] = ()
    complete_as_of: Precedence | None = None
    refund_parts: tuple[Refund, ...] = ()
    children: dict[str, "OrderState"] = field(default_factory=dict)
    codes_as_of: tuple[int, str, int, int] | None = None
    carried: tuple[str, ...] = ()

    @property
    def precedence(self) -> Precedence:
        """Decides which of two states is newer: by the revision when there is one, else by the time."""
        return (-1 if self.revision is None else self.revision, clock.iso(self.modified_at))

    @property
    def is_void(self) -> bool:
        """True for what is not, or no longer, an order: cancelled, or a draft that was not placed."""
        return self.status in ("draft", "cancelled")

    @property
    def milestones(self) -> tuple[Milestone, ...]:
        """The milestones that this status has reached; `settled` is paid with no payment due, or fulfilled."""
        if self.status == "fulfilled":
            return MILESTONES
        if self.status == "paid":
            return MILESTONES[:2] if self.payment_due else MILESTONES[:3]
        return MILESTONES[:1] if self.status == "placed" else ()

    def having(self, milestone: str) -> "OrderState | None":
        """The newest facts of this order in a status that has reached `milestone`; None when it never reached it."""
        if milestone in self.milestones:
            return self
        return max((past for past in self.held if milestone in past.milestones), key=_strength, default=None)

    def as_of_now(self, past: "OrderState") -> "OrderState":
        """The goods of an earlier state of this order, with the refunds of them until now."""
        return replace(
            past,
            refunds=self.refunds,
            seen_lines=self.seen_lines,
            refund_parts=self.refund_parts,
            children=self.children,
        )

    @property
    def given_back(self) -> tuple[Refund, ...]:
        """Every refund that counts, each id once: the order's own with their parts where known, and its sub-orders'.

        Each record owns its list of refunds. A cancelled sub-order counts as a refund of all that is left of it.
        """
        known = {parts.id: parts for parts in self.refund_parts}
        found = {refund.id: known.get(refund.id, refund) for refund in self.refunds}
        for child in self.children.values():
            for refund in (*child.given_back, *child._cancelled_rest()):
                found.setdefault(refund.id, known.get(refund.id, refund))
        return tuple(found[name] for name in sorted(found))

    def _cancelled_rest(self) -> tuple[Refund, ...]:
        """The rest of a cancelled sub-order, beyond its own refunds, as a refund of the purchase."""
        if self.status != "cancelled" and not (self.is_void and self.reached):
            return ()
        back = self.given_back
        amount, shipping, tax = (
            max(whole - sum((getattr(refund, name) for refund in back), ZERO), ZERO)
            for name, whole in (("amount", self.total), ("shipping", self.shipping), ("tax", self.tax))
        )
        return (Refund(id=f"{self.id}-cancelled", amount=amount, shipping=shipping, tax=tax),)

    def as_json(self) -> JsonObject:
        """The state as an object keyed by field names, money and times as text, which `from_json` reads back."""
        value: JsonObject = json.loads(canonical(asdict(self)))
        return value

    @classmethod
    def from_json(cls, stored: JsonObject) -> "OrderState":
        """The state as stored by `as_json`, also by an older version without the newest fields."""
        value: dict[str, Any] = dict(stored)  # as `as_json` made it
        known = dict(value)
        known["lines"] = tuple(_line(line) for line in value["lines"])
        for name in ("refunds", "refund_parts"):
            known[name] = tuple(_refund(refund) for refund in value.get(name, ()))
        known["coupon_codes"] = None if value["coupon_codes"] is None else tuple(value["coupon_codes"])
        for name in ("seen_lines", "carried"):
            known[name] = tuple(value.get(name, ()))
        known["reached"] = {name: _time(text) for name, text in value["reached"].items()}
        known["held"] = tuple(cls.from_json(past) for past in value.get("held", ()))
        known["children"] = {name: cls.from_json(child) for name, child in value.get("children", {}).items()}
        for name in ("placed_at", "modified_at"):
            known[name] = _time(value[name])
        for name in ("shipping", "discount", "loose_discount", "tax", "total"):
            known[name] = None if value.get(name) is None else Decimal(value[name])
        if value.get("complete_as_of"):
            known["complete_as_of"] = _precedence(value["complete_as_of"])
        if value.get("codes_as_of"):
            known["codes_as_of"] = tuple(value["codes_as_of"])
        state = cls(**known)
        state = state if "held" in value else _upgraded(state)
        return state if "carried" in value else _with_codes(state)


def merge(known: OrderState | None, received: OrderState) -> OrderState:
    """The state after `received` arrived (contracts §4, §8).

    A strictly newer state replaces the facts; of two equally new ones, more refunds win, then the later status of
    `STATUSES`, then the text itself, so that the result never depends on which arrived first. Refunds are a set by
    id; a complete list removes those that are older than it and not in it.
    """
    refunds = tuple(replace(refund, as_of=received.precedence) for refund in received.refunds)
    fresh = replace(
        received,
        refunds=_union(refunds),
        told_refunds=len(refunds),
        reached=dict.fromkeys(received.milestones, received.modified_at),
        seen_lines=tuple(sorted({line.id for line in received.lines})),
        complete_as_of=received.precedence if received.refunds_complete else None,
        refund_parts=_union(tuple(refund for refund in refunds if refund.parts_known)),
    )
    fresh = _with_codes(fresh)
    return fresh if known is None else _joined(known, fresh)


def _with_codes(state: OrderState) -> OrderState:
    """A state as received, with the age of its list of codes, and `carried`: those codes, unless the order is void."""
    if state.coupon_codes is None:
        return replace(state, codes_as_of=None, carried=())
    as_of = (*state.precedence, len(state.refunds), STATUSES.index(state.status))
    return replace(state, codes_as_of=as_of, carried=() if state.is_void else state.coupon_codes)


def _codes_strength(state: OrderState) -> tuple[Any, ...]:
    """Sort key: of two lists of codes the newer one counts; a missing list is older than any."""
    return (state.codes_as_of is not None, state.codes_as_of or (), state.coupon_codes or ())


def add_refund(known: OrderState, refund: Refund) -> OrderState:
    """The state with one more refund, reported without its order; its own time decides which report of it is newer.

    One with known parts only describes a refund; the order's list decides whether that refund counts.
    """
    moment = "" if refund.created_at is None else clock.iso(refund.created_at)
    dated = replace(refund, as_of=(-1, moment))
    if refund.parts_known:
        return replace(known, refund_parts=_union(known.refund_parts, (dated,)))
    return replace(known, refunds=_listed(_union(known.refunds, (dated,)), known.complete_as_of))


def add_child(known: OrderState, received: OrderState) -> OrderState:
    """The state with the new state of a sub-order, whose refunds and cancellation lower this purchase."""
    child = merge(known.children.get(received.id), received)
    return replace(known, children=dict(sorted({**known.children, received.id: child}.items())))


def without_texts(known: OrderState) -> OrderState:
    """The state without the names of its lines, which may contain a shopper's own text; nothing is computed from
    them.
    """
    return replace(
        known,
        lines=tuple(replace(line, name="") for line in known.lines),
        held=tuple(map(without_texts, known.held)),
        children={name: without_texts(child) for name, child in known.children.items()},
    )


def delete(known: OrderState) -> OrderState:
    """The state after the platform deleted the order: cancelled, as of the newest state."""
    return _joined(known, replace(_facts(known), status="cancelled"))


def _joined(known: OrderState, fresh: OrderState) -> OrderState:
    newest = max(known, fresh, key=_strength)
    both = (known, fresh)
    latest = max(both, key=_codes_strength)
    complete_as_of = max((state.complete_as_of for state in both if state.complete_as_of), default=None)
    lasting = [tuple(one for one in state.refunds if not one.provisional) for state in both]
    reached = dict(known.reached)
    for name, moment in fresh.reached.items():
        reached[name] = min(moment, reached.get(name, moment))
    return replace(
        newest,
        refunds=_listed(_union(*lasting, _provisional(newest)), complete_as_of),
        reached=reached,
        held=_held(newest, (_facts(known), *known.held, _facts(fresh))),
        seen_lines=tuple(sorted({*known.seen_lines, *fresh.seen_lines})),
        complete_as_of=complete_as_of,
        refund_parts=_union(known.refund_parts, fresh.refund_parts),
        children=known.children,
        coupon_codes=latest.coupon_codes,
        codes_as_of=latest.codes_as_of,
        carried=tuple(sorted({*known.carried, *fresh.carried})),
    )


def _held(newest: OrderState, past: Iterable[OrderState]) -> tuple[OrderState, ...]:
    """For each milestone that the newest state has not reached, the newest facts that had reached it."""
    past, found = sorted(past, key=_strength), []
    for milestone in MILESTONES:
        had = [facts for facts in past if milestone in facts.milestones and milestone not in newest.milestones]
        if had and had[-1] not in found:
            found.append(had[-1])
    return tuple(found)


def _listed(refunds: tuple[Refund, ...], complete_as_of: Precedence | None) -> tuple[Refund, ...]:
    return tuple(refund for refund in refunds if is_still_listed(refund, complete_as_of))


def is_still_listed(refund: Refund, complete_as_of: Precedence | None) -> bool:
    """False when a complete list, newer than every report of the refund, does not contain it: staff deleted it."""
    return complete_as_of is None or refund.as_of >= complete_as_of


def _facts(state: OrderState) -> OrderState:
    """The facts of one state alone: without refunds and everything that is collected over states."""
    return replace(
        state,
        refunds=(),
        reached={},
        held=(),
        seen_lines=(),
        complete_as_of=None,
        refund_parts=(),
        children={},
        coupon_codes=None,
        codes_as_of=None,
        carried=(),
    )


def _strength(state: OrderState) -> tuple[Any, ...]:
    return (
        *state.precedence,
        state.told_refunds,
        STATUSES.index(state.status),
        canonical(asdict(_facts(state))),
        canonical([asdict(refund) for refund in _provisional(state)]),
    )


def _provisional(state: OrderState) -> tuple[Refund, ...]:
    return tuple(refund for refund in state.refunds if refund.provisional)


def _union(*sets: tuple[Refund, ...]) -> tuple[Refund, ...]:
    """The union by id; of two reports the newer one, then the larger."""
    by_id: dict[str, Refund] = {}
    for refund in (one for refunds in sets for one in refunds):
        other = by_id.get(refund.id)
        if other is None or _refund_strength(refund) > _refund_strength(other):
            by_id[refund.id] = refund
    return tuple(by_id[name] for name in sorted(by_id))


def _refund_strength(refund: Refund) -> tuple[Any, ...]:
    return (*refund.as_of, refund.amount, canonical(asdict(refund)))


def _upgraded(state: OrderState) -> OrderState:
    """A state stored before `held` existed: what it had reached counts as reached with its stored facts."""
    reached = dict(state.reached)
    if "paid" in reached:
        reached.setdefault("settled", reached["paid"])
    highest = [status for status in ("placed", "paid", "fulfilled") if status in reached][-1:]
    facts = _facts(state)
    held = _held(state, [replace(facts, status=status) for status in highest])
    seen = tuple(sorted({line.id for line in state.lines}))
    return replace(state, reached=reached, held=held, seen_lines=seen)


def _time(text: str) -> datetime:
    return clock.parse(text)


def _precedence(value: list[Any]) -> Precedence:
    return (int(value[0]), str(value[1]))


def _line(value: dict[str, Any]) -> Line:
    money = {name: Decimal(value[name]) for name in ("subtotal", "discount", "tax")}
    return Line(**{**value, **money, "collection_ids": tuple(value["collection_ids"])})


def _refund(value: dict[str, Any]) -> Refund:
    money = {name: Decimal(value[name]) for name in ("amount", "shipping", "tax")}
    lines = tuple(RefundLine(**{**line, "amount": Decimal(line["amount"])}) for line in value["lines"])
    created = _time(value["created_at"]) if value["created_at"] else None
    return Refund(**{**value, **money, "lines": lines, "created_at": created, "as_of": _precedence(value["as_of"])})
