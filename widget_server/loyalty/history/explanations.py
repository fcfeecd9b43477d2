"""Why a booking has its points: the rule, rate and figures that were stored with it, as data for staff."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from widget_server.json_types import JsonObject
from widget_server.loyalty.earning import scoring
from widget_server.loyalty.earning.order_states import OrderState
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.earning.scoring import ONE, Rate

CAPS = (
    *("points_per_day", "points_per_month", "points_ever"),
    *("times_per_day", "times_per_month", "times_per_year", "times_ever"),
)


@dataclass(frozen=True)
class RuleNamed:
    """The rule behind points. `title` and `revision` are those of the booking; the revision is None where unknown."""

    id: str
    kind: str
    handle: str | None = None
    title: str | None = None
    revision: int | None = None


@dataclass(frozen=True)
class CountedLine:
    """A line of an order under a rate, in the order's currency: `amount` counted after refunds, of `full` before them.

    `factor` is its multiplier. A line that does not count has an amount of 0.
    """

    name: str
    product_id: str | None
    quantity: int
    full: Decimal
    amount: Decimal
    factor: Decimal
    counts: bool


@dataclass(frozen=True)
class Explanation:
    """How points were computed. What was not stored with the booking is None.

    `base` is the money that counted and `factor` its multiplier over all lines, from the `tier` and the `campaign`.
    `scored` are the points before caps, `given` after them; `caps` has the caps of the rule by name. `lines` are those
    of the order as it is now, where they give the same base and factor; None: not known.
    """

    rule: RuleNamed | None = None
    fixed_points: int | None = None
    per_points: int | None = None
    per: Decimal | None = None
    base: Decimal | None = None
    rounding: str | None = None
    factor: Decimal | None = None
    tier: Decimal | None = None
    campaign: Decimal | None = None
    combine: str | None = None
    scored: int | None = None
    given: int | None = None
    capped: bool = False
    caps: Mapping[str, int] = field(default_factory=dict)
    minimum_subtotal: Decimal | None = None
    after_discounts: bool | None = None
    with_shipping: bool | None = None
    with_tax: bool | None = None
    with_gift_cards: bool | None = None
    earn_at: str | None = None
    wait_days: int | None = None
    lines: tuple[CountedLine, ...] | None = None
    expiry_mode: str | None = None
    expiry_months: int | None = None


NOTHING_KNOWN = Explanation()


def explain(snapshot: JsonObject, rule: EarningRule | None, state: OrderState | None) -> Explanation:
    """Returns what `snapshot` says of its points; `rule` and `state` are those of today, where there are any.

    From `rule` only what never changes is used: its id, kind and handle.
    """
    stored: dict[str, Any] = dict(snapshot)  # as this server wrote it
    if "rate" in stored:
        return _of_order(stored, Rate.from_json(stored["rate"]), rule, state)
    if rule is not None:
        return _of_action(stored, rule)
    if "by" in stored:
        return Explanation(expiry_mode=stored["by"], expiry_months=stored.get("months"))
    return Explanation(fixed_points=stored.get("points"))


def named(rule: EarningRule, title: str | None, revision: int | None) -> RuleNamed:
    """Returns the name of a rule with the title and revision that it had then."""
    return RuleNamed(rule.id, rule.kind, rule.handle, title, revision)


def rule_of(rate: Rate, rule: EarningRule | None) -> RuleNamed:
    """Returns the name of the rule that a stored rate came from."""
    if rule is None:
        return RuleNamed(rate.rule_id, "order", rate.handle, rate.title, rate.revision)
    return named(rule, rate.title, rate.revision)


def _of_order(snapshot: dict[str, Any], rate: Rate, rule: EarningRule | None, state: OrderState | None) -> Explanation:
    base = Decimal(snapshot["base"]) if "base" in snapshot else None
    factor = Decimal(snapshot["factor"]) if "factor" in snapshot else None
    return Explanation(
        rule=rule_of(rate, rule),
        fixed_points=rate.points,
        per_points=rate.per_points,
        per=rate.per,
        base=base,
        rounding=rate.rounding,
        factor=factor,
        tier=rate.tier,
        campaign=rate.campaign,
        combine=rate.combine,
        scored=snapshot.get("scored"),
        given=snapshot.get("given"),
        capped=bool(snapshot.get("capped")),
        caps=caps_of(rate.terms),
        minimum_subtotal=rate.terms.minimum_subtotal,
        after_discounts=rate.after_discounts,
        with_shipping=rate.with_shipping,
        with_tax=rate.with_tax,
        with_gift_cards=rate.with_gift_cards,
        earn_at=rate.earn_at,
        wait_days=rate.wait_days,
        lines=_lines(state, rate, base, factor) if state and base is not None else None,
    )


def _of_action(snapshot: dict[str, Any], rule: EarningRule) -> Explanation:
    return Explanation(
        rule=named(rule, snapshot.get("title"), snapshot.get("revision")),
        fixed_points=None if "per" in snapshot else snapshot.get("points"),
        per_points=snapshot.get("per_points"),
        per=Decimal(snapshot["per"]) if "per" in snapshot else None,
        base=Decimal(snapshot["value"]) if "value" in snapshot else None,
        scored=snapshot.get("scored", snapshot.get("points")),
        given=snapshot.get("points"),
        capped=bool(snapshot.get("capped")),
    )


def caps_of(terms: Terms) -> dict[str, int]:
    """Returns the caps that are set, by their names in `Terms`."""
    return {name: getattr(terms, name) for name in CAPS if getattr(terms, name)}


def _lines(state: OrderState, rate: Rate, base: Decimal, factor: Decimal | None) -> tuple[CountedLine, ...] | None:
    """The order's lines under the rate; None when the order has changed so that they give other figures."""
    now = scoring.score(state, rate)
    if now.base != base or now.factor != (ONE if factor is None else factor):
        return None
    counted = {item.line.id: (item, own) for item, own in scoring.counted(state, rate)}
    found = []
    for line in state.lines:
        item, own = counted.get(line.id, (None, ONE))
        full, kept = (item.full, item.kept) if item else (line.subtotal - line.discount, scoring.ZERO)
        found.append(CountedLine(line.name, line.product_id, line.quantity, full, kept, own, item is not None))
    return tuple(found)
