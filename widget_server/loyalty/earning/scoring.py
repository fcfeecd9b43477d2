"""What an order is worth under a rate: pure arithmetic. Base, multipliers, rounding, refunds (acceptance 19-21, 57)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from widget_server.json_types import JsonObject
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.earning.order_goods import Goods, goods, shipping
from widget_server.loyalty.earning.order_states import Line, OrderState
from widget_server.loyalty.earning.rules import Terms, plain

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Rate:
    """What an order was, or would be, scored with: stored on the award, and copied from there to the transaction.

    `earn_at` is the milestone from which its points are spendable. `handle` and `revision` are those of the rule when
    the rate was stored; rates from before they were stored have neither.
    """

    rule_id: str
    title: str | None
    points: int | None
    per_points: int | None
    per: Decimal | None
    rounding: str
    tier: Decimal
    campaign: Decimal
    combine: str
    after_discounts: bool
    with_shipping: bool
    with_tax: bool
    with_gift_cards: bool
    earn_at: str
    wait_days: int
    terms: Terms
    after_fallback: str = "keep"
    handle: str | None = None
    revision: int | None = None

    def as_json(self) -> JsonObject:
        """The rate as an object keyed by field names, money as text, which `from_json` reads back."""
        value = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__ if name != "terms"}
        return {**value, "terms": self.terms.as_json()}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Rate":
        """The rate as stored by `as_json`."""
        known: dict[str, Any] = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        for name in ("tier", "campaign"):
            known[name] = Decimal(known[name])
        known["per"] = Decimal(known["per"]) if known["per"] is not None else None
        known["terms"] = Terms.from_json(known["terms"])
        return cls(**known)


@dataclass(frozen=True)
class Score:
    """What an order gives under one rate: `base` is the money that counted after refunds, `full_base` before them.

    `factor` is the combined multiplier of all lines together: base x rate x factor are the points.
    """

    points: int
    base: Decimal
    full_base: Decimal
    factor: Decimal = ONE


def score(state: OrderState, rate: Rate) -> Score:
    """The whole points of an order: base of acceptance 19, multipliers of 21, rounding of 20, refunds of 57.

    Each line counts with its own factor; the sum is rounded once. A fixed number of points is lowered in
    proportion to the goods refunded. Caps are not applied here.
    """
    lines = counted(state, rate)
    full = sum((item.full for item, _ in lines), ZERO)
    kept = sum((item.kept for item, _ in lines), ZERO)
    weighted = sum((item.kept * factor for item, factor in lines), ZERO)
    if rate.with_shipping:
        charged, still = shipping(state)
        everywhere = combined([rate.tier, rate.campaign], rate.combine)
        full, kept, weighted = full + charged, kept + still, weighted + still * everywhere
    full, kept = _settled(full), _settled(kept)
    if full <= 0 or state.is_void or full < (rate.terms.minimum_subtotal or ZERO):
        return Score(0, ZERO, full)
    if rate.points is not None:
        whole = _rounded(rate.points * combined([rate.tier, rate.campaign], rate.combine), rate.rounding)
        return Score(_rounded(whole * kept / full, "floor"), kept, full)
    factor = round(weighted / kept, 4) if kept else ONE
    return Score(per_money(weighted, rate.per_points or 0, rate.per or ONE, rate.rounding), kept, full, factor)


def counted(state: OrderState, rate: Rate) -> list[tuple[Goods, Decimal]]:
    """The lines of an order that count under the rate, before and after refunds, each with its own multiplier."""
    return [
        (item, _factor(item.line, rate))
        for item in goods(
            state,
            after_discounts=rate.after_discounts,
            with_tax=rate.with_tax,
            with_gift_cards=rate.with_gift_cards,
        )
        if _applies_to(item.line, rate.terms)
    ]


def per_money(weighted: Decimal, points: int, per: Decimal, rounding: str) -> int:
    """The points for money at `points` for each `per`, rounded (acceptance 20): "unit" counts whole `per` only."""
    if rounding == "unit":
        return min(_rounded(weighted / per, "floor") * points, POINTS_MAX)
    return _rounded(weighted * points / per, rounding)


def _rounded(value: Decimal, rounding: str) -> int:
    exact = _settled(min(value, Decimal(POINTS_MAX)))
    return int(exact.to_integral_value(ROUND_HALF_UP)) if rounding == "nearest" else int(exact)


def _settled(value: Decimal) -> Decimal:
    """Rounded to 9 places, so that divided and added parts are whole again: 19.9999999999 is 20."""
    return round(value, 9)


def combined(factors: list[Decimal], how: str) -> Decimal:
    """The multipliers combined by `how`: "add" adds their extras, "highest" takes the highest, else their product."""
    if how == "add":
        return ONE + sum((factor - ONE for factor in factors), ZERO)
    if how == "highest":
        return max(factors)
    product = ONE
    for factor in factors:
        product *= factor
    return product


def _factor(line: Line, rate: Rate) -> Decimal:
    terms = rate.terms
    factors = [terms.product_multipliers.get(line.product_id or "")]
    factors += [terms.collection_multipliers.get(name) for name in line.collection_ids]
    own = max((Decimal(factor) for factor in factors if factor is not None), default=ONE)
    return combined([own, rate.tier, rate.campaign], rate.combine)


def _applies_to(line: Line, terms: Terms) -> bool:
    collections = set(line.collection_ids)
    if line.product_id in terms.exclude_products or collections & set(terms.exclude_collections):
        return False
    if terms.include_products or terms.include_collections:
        return line.product_id in terms.include_products or bool(collections & set(terms.include_collections))
    return True
