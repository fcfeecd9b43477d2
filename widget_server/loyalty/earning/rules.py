"""Earning rules: which action gives how many points, to whom and when; and the campaigns that multiply them.

Figures by tier: a tier's own figure replaces the base tier's figure and the tier's multiplier, because an owner
who writes "Gold: 15 points" means 15; a tier without its own has the base tier's, multiplied (contracts §2).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack, cast

from peewee import Check

from widget_server import clock, json_types
from widget_server.db import Bool, Int, Json, Money, Row, Selection, ShopTable, Text, UtcDateTime, atomic, parsed
from widget_server.editions import kept
from widget_server.errors import BadRequest, NotFound
from widget_server.events import RuleChanged
from widget_server.ledger import Account
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tier_figures
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop

OWN_APP = "store"  # the app of our own triggers (contracts §7)


@dataclass(frozen=True)
class Figure:
    """What a rule gives: `points`, or `points` for each `per` of money."""

    points: int
    per: Decimal | None = None


NOTHING = Figure(0)


@dataclass(frozen=True)
class Trigger:
    """What fires a rule, in the terms of the admin API: an app and an activity in it (contracts §7)."""

    app_id: str
    activity: str


class EarningRule(Audited, ShopTable):
    """An action and what it gives: `points`, or `rate_points` for each `rate_per` of money.

    `by_tier` has the figures of tiers with their own; without a base figure the base tier gets nothing.
    The trigger columns store the trigger that the admin API received; while empty, it follows from kind and terms.
    """

    id = Text(primary_key=True)
    handle = Text()
    kind = Text()
    title = Text(null=True)
    description = Text(null=True)
    position = Int(default=0)
    active = Bool(default=True)
    points = Int(null=True)
    rate_points = Int(null=True)
    rate_per = Money(null=True)
    settings = Json(default=dict)
    archived_at = UtcDateTime(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    by_tier = Json(null=True)
    source_app_id = Text(null=True)
    trigger_app_id = Text(null=True)
    trigger_activity_type = Text(null=True)

    class Meta:
        indexes = ((("shop_id", "handle"), True), (("shop_id", "position"), False))
        constraints = [
            Check("(points IS NULL) <> (rate_points IS NULL)"),
            Check("(rate_points IS NULL) = (rate_per IS NULL)"),
        ]

    @property
    def terms(self) -> "Terms":
        """The conditions and caps stored in `settings`, with defaults for those not set."""
        return parsed(self, self.settings, Terms.from_json)

    @property
    def figures(self) -> dict[str | None, Figure]:
        """The figure of each tier that has its own, by tier id; None is the base tier."""
        points: Any = self.points if self.points is not None else self.rate_points  # the table allows just one of them
        return parsed(self, (points, self.rate_per, self.by_tier), _figures_of)

    def has_own(self, tier_id: str | None) -> bool:
        """True when this tier has a figure of its own; None, the base tier, has none of its own."""
        return tier_id is not None and tier_id in (self.by_tier or {})

    def figure_for(self, tier_id: str | None) -> Figure:
        """The figure for this tier: its own, else the base tier's (contracts §2), which may be 0 points."""
        figures = self.figures
        return figures.get(tier_id) or figures.get(None, NOTHING)

    @property
    def trigger(self) -> Trigger:
        """What fires the rule: as the admin API received it, or derived from kind and terms (contracts §7)."""
        if self.trigger_app_id is not None:
            return Trigger(self.trigger_app_id, self.trigger_activity_type)
        name, activity = self.name_of_action, KINDS[self.kind].activity
        return Trigger(OWN_APP, f"{activity}:{name}" if name else activity)

    @property
    def name_of_action(self) -> str | None:
        """The channel or name that an action must give to be paid by this rule; None for kinds without one."""
        term = KINDS[self.kind].named_by
        return getattr(self.terms, term) if term else None


def _figures_of(stored: tuple[int, Decimal | None, Any]) -> dict[str | None, Figure]:
    """The figures from the columns: the base tier's points and what they are for, and those of other tiers."""
    points, per, by_tier = stored
    own: dict[str | None, Figure] = {
        tier_id: Figure(figure["points"], Decimal(figure["per"]) if "per" in figure else None)
        for tier_id, figure in (by_tier or {}).items()
        if tier_id != tier_figures.BASE
    }
    return own if tier_figures.BASE in (by_tier or {}) else {None: Figure(points, per), **own}


@dataclass(frozen=True)
class Terms:
    """When a rule applies. Caps count points or times for one customer; 0 or None means no cap.

    `product_multipliers` and `collection_multipliers` map an id to a factor as text; a line takes the
    highest that fits it. `channel` and `url` are for social rules, `name` for custom actions.
    """

    minimum_subtotal: Decimal | None = None
    include_products: tuple[str, ...] = ()
    include_collections: tuple[str, ...] = ()
    exclude_products: tuple[str, ...] = ()
    exclude_collections: tuple[str, ...] = ()
    product_multipliers: dict[str, str] = field(default_factory=dict)
    collection_multipliers: dict[str, str] = field(default_factory=dict)
    guests: bool = True
    tier_ids: tuple[str, ...] = ()
    points_per_day: int | None = None
    points_per_month: int | None = None
    points_ever: int | None = None
    times_per_day: int | None = None
    times_per_month: int | None = None
    times_per_year: int | None = None
    times_ever: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    url: str | None = None
    channel: str | None = None
    name: str | None = None

    @classmethod
    def from_json(cls, stored: json_types.JsonObject) -> "Terms":
        """The terms as stored by `as_json`."""
        values: dict[str, Any] = dict(stored)
        for name in ("starts_at", "ends_at"):
            values[name] = clock.parse(values[name]) if values.get(name) else None
        if values.get("minimum_subtotal") is not None:
            values["minimum_subtotal"] = Decimal(values["minimum_subtotal"])
        for name in LISTS:
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    def as_json(self) -> json_types.JsonObject:
        """The fields that differ from the defaults, as an object keyed by field names; money and times as text."""
        standard = Terms()
        value: dict[str, json_types.Json] = {}
        for name in self.__dataclass_fields__:
            own = getattr(self, name)
            if own != getattr(standard, name):
                value[name] = plain(own)
        return value

    def holds_at(self, moment: datetime) -> bool:
        """True from `starts_at` on and before `ends_at`, where these are set."""
        return not ((self.starts_at and moment < self.starts_at) or (self.ends_at and moment >= self.ends_at))

    @property
    def capped(self) -> bool:
        """True when what an order gives depends on the customer's other orders."""
        return any((self.points_per_day, self.points_per_month, self.points_ever, *self._times))

    @property
    def _times(self) -> tuple[int | None, ...]:
        return (self.times_per_day, self.times_per_month, self.times_per_year, self.times_ever)


LISTS = ("include_products", "include_collections", "exclude_products", "exclude_collections", "tier_ids")


class Campaign(Audited, ShopTable):
    """A period in which orders give `multiplier` times the points (acceptance 21)."""

    id = Text(primary_key=True)
    name = Text()
    multiplier = Money()
    starts_at = UtcDateTime()
    ends_at = UtcDateTime()
    revision = Int(default=1)

    class Meta:
        indexes = ((("shop_id", "name"), True),)


def campaign_multiplier(shop: Shop, at: datetime) -> Decimal:
    """The highest multiplier of the campaigns running at `at`; 1 when there is none."""
    return highest(_campaigns.rows(shop.id), at)


@kept
def _campaigns(shop_id: str) -> Selection[Campaign]:
    return Campaign.of(shop_id)


def highest(campaigns: Iterable[Campaign], at: datetime) -> Decimal:
    """Returns the highest multiplier of these campaigns that run at `at`; 1 when none does."""
    running = (Decimal(one.multiplier) for one in campaigns if one.starts_at <= at < one.ends_at)
    return max(running, default=Decimal(1))


def listed(shop: Shop, customer: Customer | None, account: Account | None) -> list[EarningRule]:
    """Active rules that are valid for this customer now, in the merchant's order (acceptance 17)."""
    return [
        rule
        for rule in _active.rows(shop.id)
        if is_on(rule) and (is_for(rule, customer, account) if customer else rule.figure_for(None).points)
    ]


def listed_all(shop: Shop, trigger_app_id: str | None = None, activity: str | None = None) -> list[EarningRule]:
    """Every rule that is not archived, in the merchant's order; only of this app and activity, where given."""
    return [
        rule
        for rule in _live(shop)
        if trigger_app_id in (None, rule.trigger.app_id) and activity in (None, rule.trigger.activity)
    ]


@kept
def _active(shop_id: str) -> Selection[EarningRule]:
    return _live(shop_id).where(EarningRule.active == True)


def _live(shop: Shop | str) -> Selection[EarningRule]:
    rules = EarningRule.of(shop).where(EarningRule.archived_at.is_null())
    return rules.order_by(EarningRule.position, EarningRule.created_at)


def need(shop: Shop, rule_id: str) -> EarningRule:
    """The rule; raises NotFound, also for an archived one."""
    rule = EarningRule.need(shop, EarningRule.id == rule_id)
    if rule.archived_at is not None:
        raise NotFound("There is no such rule here.")
    return rule


def is_on(rule: EarningRule) -> bool:
    """True while the rule pays: active, not archived, inside its dates."""
    return bool(rule.active and rule.archived_at is None and rule.terms.holds_at(clock.now()))


def is_for(rule: EarningRule, customer: Customer | None, account: Account | Row | None) -> bool:
    """True when the rule pays this person, by its terms for guests, members and tiers."""
    terms, tier_id = rule.terms, account.tier_id if account else None
    if not rule.figure_for(tier_id).points or not (terms.guests or (customer and customer.is_member)):
        return False
    return not terms.tier_ids or tier_id in terms.tier_ids


class RuleColumns(TypedDict, total=False):
    """The columns of a rule that a program file sets; `settings` are its terms (`Terms.as_json`)."""

    kind: str
    title: str | None
    description: str | None
    position: int
    active: bool
    points: int | None
    rate_points: int | None
    rate_per: Decimal | None
    by_tier: json_types.JsonObject | None
    settings: json_types.JsonObject
    archived_at: datetime | None


def save_rule(shop: Shop, handle: str, **columns: Unpack[RuleColumns]) -> EarningRule:
    """Create the rule `handle`, or change the given columns; past rows keep what they were booked with."""
    with atomic():
        programs.locked(shop.id)
        rule = EarningRule.one(shop, EarningRule.handle == handle)
        if rule is None:
            return revisions.create(EarningRule(shop_id=shop.id, handle=handle, **columns), RuleChanged)
        return revisions.update(rule, columns, RuleChanged)


# What the admin API does (wix-api §2, LoyaltyEarningRule)


def create(
    shop: Shop,
    trigger: Trigger,
    figures: Mapping[str | None, Figure],
    *,
    title: str,
    active: bool = True,
    source_app_id: str | None = None,
) -> EarningRule:
    """Create a rule, last in the merchant's order. Another app's trigger fires on the custom action of that activity.

    `figures` are by tier id, None for the base tier; without one for the base tier, only tiers with their own earn.
    Raises TierUnknown, BadRequest (trigger_activity_type, figures).
    """
    kind, terms = _meaning(trigger)
    with atomic():
        programs.locked(shop.id)
        rule = EarningRule(
            shop_id=shop.id,
            kind=kind,
            settings=Terms(**terms).as_json(),
            title=title,
            active=active,
            source_app_id=source_app_id,
            **_trigger_columns(trigger),
            **_figure_columns(shop, kind, figures),
            **revisions.last_place(positions(shop), kind.replace("_", "-")),
        )
        return revisions.create(rule, RuleChanged)


def change(
    shop: Shop,
    rule_id: str,
    revision: int | None,
    *,
    title: str | None = None,
    active: bool | None = None,
    trigger: Trigger | None = None,
    figures: Mapping[str | None, Figure] | None = None,
    source_app_id: str | None = None,
) -> EarningRule:
    """Change the fields that are given; past rows keep what they were booked with (acceptance 59).

    `revision` is the one the caller read (None: not checked). Raises NotFound, StaleRevision, TierUnknown, BadRequest
    (trigger_activity_type when it would change the rule's kind: old orders are still scored by it).
    """
    with atomic():
        programs.locked(shop.id)
        rule = _current(shop, rule_id, revision)
        columns: dict[str, Any] = {"title": title, "active": active, "source_app_id": source_app_id}
        columns = {name: value for name, value in columns.items() if value is not None}
        if trigger is not None:
            kind, terms = _meaning(trigger)
            if kind != rule.kind:
                raise BadRequest(f"This rule must stay of kind {rule.kind}.", field="trigger_activity_type")
            columns |= {"settings": {**rule.settings, **terms}, **_trigger_columns(trigger)}
        if figures is not None:
            columns |= _figure_columns(shop, rule.kind, figures)
        return revisions.update(rule, columns, RuleChanged)


def remove(shop: Shop, rule_id: str, revision: int | None) -> None:
    """Archive the rule: it gives nothing more, and what it gave stays. Raises NotFound, StaleRevision."""
    with atomic():
        programs.locked(shop.id)
        revisions.archive(_current(shop, rule_id, revision), RuleChanged)


def move(shop: Shop, rule_id: str, steps: int) -> None:
    """Move the rule by so many places in the merchant's order, up when below 0, as far as it goes. Raises NotFound."""
    with atomic():
        programs.locked(shop.id)
        revisions.move(list(_live(shop)), need(shop, rule_id).id, steps)


def forget_tier(shop_id: str, tier_id: str) -> None:
    """Remove a deleted tier's own figures from all rules."""
    for rule in EarningRule.of(shop_id).where(EarningRule.by_tier.is_null(False)):
        if tier_id in rule.by_tier:
            revisions.update(rule, {"by_tier": tier_figures.own_figures_without(rule.by_tier, tier_id)}, RuleChanged)


def positions(shop: Shop) -> dict[str, int]:
    """Returns the position of every rule there ever was, by its handle."""
    return dict(EarningRule.of(shop, EarningRule.handle, EarningRule.position).tuples())


def _meaning(trigger: Trigger) -> tuple[str, dict[str, Any]]:
    """The kind of rule that a trigger stands for, and the terms that name its channel or action."""
    if trigger.app_id != OWN_APP:
        return "custom", {"name": trigger.activity}
    activity, _, name = (part.strip() for part in trigger.activity.partition(":"))
    kind = next((kind for kind in KINDS.values() if kind.activity == activity), None)
    if kind is None or bool(name) != bool(kind.named_by):
        raise BadRequest(f"The store has no activity {trigger.activity!r}.", field="trigger_activity_type")
    return kind.name, {kind.named_by: name} if kind.named_by else {}


def _trigger_columns(trigger: Trigger) -> dict[str, str | None]:
    foreign = trigger.app_id != OWN_APP
    return {
        "trigger_app_id": trigger.app_id if foreign else None,
        "trigger_activity_type": trigger.activity if foreign else None,
    }


def _figure_columns(shop: Shop, kind: str, figures: Mapping[str | None, Figure]) -> dict[str, Any]:
    rated = {figure.per is not None for figure in figures.values()}
    if len(rated) != 1:
        raise BadRequest("Either points, or points for an amount of money; the same for all tiers.", field="figures")
    if True in rated and not KINDS[kind].rated:
        raise BadRequest(f"A rule of kind {kind} takes no amount of money.", field="figures")
    if any(one.points <= 0 or (one.per is not None and one.per <= 0) for one in figures.values()):
        raise BadRequest("Points and money must be above 0.", field="figures")
    own: dict[str | None, json_types.JsonObject] = {
        tier_id: {"points": one.points} | ({} if one.per is None else {"per": str(one.per)})
        for tier_id, one in figures.items()
    }
    base = figures.get(None) or next(iter(figures.values()))
    return {
        "points": base.points if base.per is None else None,
        "rate_points": base.points if base.per is not None else None,
        "rate_per": base.per,
        "by_tier": tier_figures.own_figures(shop, own),
    }


def _current(shop: Shop, rule_id: str, revision: int | None) -> EarningRule:
    rule = need(shop, rule_id)
    revisions.check_revision(rule, revision)
    return rule


def plain(value: object) -> json_types.Json:
    """A field of terms or of a rate as JSON: money and times as text, tuples as lists."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return clock.iso(value)
    return (
        list(value) if isinstance(value, tuple) else cast(json_types.Json, value)
    )  # the other fields are JSON as they are
