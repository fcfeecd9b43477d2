"""LoyaltyEarningRule on the wire (wix-api §2; contracts §7 for the triggers of our own)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Required, TypedDict, cast

from marshmallow import ValidationError, validate

from widget_server.loyalty.earning.rules import EarningRule, Figure, Trigger
from widget_server.web.texts import Prose, text
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    Choice,
    EachTierOnce,
    Guid,
    Number,
    OneOf,
    Points,
    Revised,
    Revision,
    Rule,
)

OUR_APP = "553c79f3-5625-4f38-b14b-ef7c0d1e87df"  # the sourceAppId of Wix's own loyalty app
TIERS_MAX = 21
BULK_MAX = 100
STATUSES = {"ACTIVE": True, "PAUSED": False}
CustomKind = Literal["BIRTHDAY", "SOCIAL_MEDIA"]
CUSTOM: dict[CustomKind, str] = {"BIRTHDAY": "birthday", "SOCIAL_MEDIA": "social"}
CUSTOM_TITLES: dict[CustomKind, str] = {"BIRTHDAY": "Birthday", "SOCIAL_MEDIA": "Follow us"}


class FixedConfig(TypedDict, total=False):
    """The points in this tier; without a tier: in the base tier."""

    tier_id: Guid | None
    points: Required[Annotated[int, Points(low=1, high=POINTS_MAX)]]


class FixedAmount(TypedDict):
    """Points for the action."""

    configs: Annotated[list[FixedConfig], validate.Length(min=1, max=TIERS_MAX)]


class RateConfig(TypedDict, total=False):
    """The points per amount of money in this tier; without a tier: in the base tier."""

    tier_id: Guid | None
    money_amount: Annotated[Decimal | None, Number(low="0.01", required=True)]  # None: the figure of a tier is fixed
    points: Required[Annotated[int, Points(low=1, high=POINTS_MAX)]]


class ConversionRate(TypedDict, total=False):
    """Points for money: spent / moneyAmount x points. `field` is accepted and not stored: the order's base counts
    (acceptance 19)."""

    configs: Required[Annotated[list[RateConfig], validate.Length(min=1, max=TIERS_MAX)]]
    field: Annotated[str, text(1, 200, load_only=True)]


class RuleMetadata(TypedDict):
    """Whether the rule may be deleted: every rule may."""

    can_be_deleted: bool


class RuleFigures(TypedDict, total=False):
    """What a rule gives: one of the two."""

    fixed_amount: FixedAmount
    conversion_rate: ConversionRate


FIGURES = (
    OneOf(("fixed_amount", "conversion_rate")),
    EachTierOnce(("fixed_amount", "configs")),
    EachTierOnce(("conversion_rate", "configs")),
    Revised(),
)


@together(*FIGURES)
class LoyaltyEarningRule(RuleFigures, total=False):
    """An action and what it gives."""

    id: Annotated[Guid, ReadOnly]
    source_app_id: Required[Guid]
    trigger_app_id: Required[Annotated[str, Prose(1, 80)]]
    trigger_activity_type: Required[Annotated[str, Prose(1, 80)]]
    title: Required[Annotated[str, Prose(1, 50)]]
    status: Required[Annotated[bool, Choice(STATUSES)]]
    revision: Annotated[int, Revision()]
    metadata: Annotated[RuleMetadata, ReadOnly]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@together(*FIGURES)
class CustomRule(RuleFigures, total=False):
    """What a rule of a built-in kind gives; the default title is that of its kind."""

    title: Annotated[str, Prose(1, 50)]


class PointsOnly(Rule):
    """Refuses an amount of money in rules of these kinds: only orders earn by money."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        rule = cast(CustomRule, data["earning_rule"])
        if rule.get("conversion_rate") is not None:
            raise ValidationError("A rule of this kind takes no amount of money.", field_name="earningRule")

    def shape(self, partial: bool) -> dict[str, object]:
        return {"properties": {"earningRule": {"properties": {"conversionRate": NEVER}}}}


@together(PointsOnly())
@dataclass(frozen=True)
class NewCustomRule:
    """The rule of a built-in kind to create."""

    type: CustomKind
    earning_rule: CustomRule
    channel: Annotated[str | None, Prose(1, 32)] = None


@dataclass(frozen=True)
class NewRule:
    """The rule to create."""

    earning_rule: LoyaltyEarningRule


@dataclass(frozen=True)
class NewRules:
    """The rules to create, 1 to 100."""

    earning_rules: Annotated[list[LoyaltyEarningRule], validate.Length(min=1, max=BULK_MAX)]


@dataclass(frozen=True)
class RuleChange:
    """The fields of a rule to change."""

    earning_rule: Annotated[LoyaltyEarningRule, Partial]


@dataclass(frozen=True)
class RuleFilter:
    """The app and the activity whose rules to list."""

    trigger_app_id: Annotated[str | None, text(1, 80)] = None
    trigger_activity_type: Annotated[str | None, text(1, 80)] = None


@dataclass(frozen=True)
class MaybeRevision:
    """The revision the caller read; it may be left out."""

    revision: Annotated[int | None, Revision()] = None


class RuleResponse(TypedDict):
    """One rule."""

    earning_rule: LoyaltyEarningRule


class RulesResponse(TypedDict):
    """Every rule, in the merchant's order."""

    earning_rules: list[LoyaltyEarningRule]


def earning_rule(row: EarningRule) -> LoyaltyEarningRule:
    """Returns the row in the shape of LoyaltyEarningRule."""
    return {
        "id": row.id,
        "source_app_id": row.source_app_id or OUR_APP,
        "trigger_app_id": row.trigger.app_id,
        "trigger_activity_type": row.trigger.activity,
        "title": row.title or row.handle[:50],
        "status": bool(row.active),
        "revision": row.revision,
        "metadata": {"can_be_deleted": True},
        "created_date": row.created_at,
        "updated_date": row.updated_at,
        **_figures_shown(row),
    }


def _figures_shown(row: EarningRule) -> RuleFigures:
    figures = row.figures
    if not any(one.per is not None for one in figures.values()):
        fixed: list[FixedConfig] = [{"tier_id": tier_id, "points": one.points} for tier_id, one in figures.items()]
        return {"fixed_amount": {"configs": fixed}}
    rates: list[RateConfig] = [
        {"tier_id": tier_id, "points": one.points, "money_amount": one.per} for tier_id, one in figures.items()
    ]
    return {"conversion_rate": {"configs": rates}}


def figures_of(sent: RuleFigures) -> dict[str | None, Figure]:
    """Returns the sent points and money by tier id (None: the base tier); empty if none was sent."""
    if fixed := sent.get("fixed_amount"):
        return {one.get("tier_id"): Figure(one["points"]) for one in fixed["configs"]}
    if rate := sent.get("conversion_rate"):
        return {one.get("tier_id"): Figure(one["points"], one["money_amount"]) for one in rate["configs"]}
    return {}


def trigger_of(rule: LoyaltyEarningRule) -> Trigger:
    """Returns the trigger of a new rule."""
    return Trigger(rule["trigger_app_id"], rule["trigger_activity_type"])


def changed_trigger(sent: LoyaltyEarningRule, now: Trigger) -> Trigger | None:
    """Returns the new trigger, of which a change may send one half; None if it sends neither."""
    if not {"trigger_app_id", "trigger_activity_type"} & set(sent):
        return None
    return Trigger(sent.get("trigger_app_id", now.app_id), sent.get("trigger_activity_type", now.activity))
