"""LoyaltyEarningRule on the wire (wix-api §2; contracts §7 for the triggers of our own)."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.loyalty.earning.rules import EarningRule, Figure, Trigger
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    Choice,
    EachTierOnce,
    Number,
    OneOf,
    Points,
    Revised,
    Revision,
    Rule,
    Wire,
    WireTime,
    bulk_answer,
    guid,
    text,
    wrapped,
)

OUR_APP = "553c79f3-5625-4f38-b14b-ef7c0d1e87df"  # as Wix's own loyalty app is called in a rule's sourceAppId
TIERS_MAX = 21
BULK_MAX = 100
STATUSES = {"ACTIVE": True, "PAUSED": False}
CUSTOM = {"BIRTHDAY": "birthday", "SOCIAL_MEDIA": "social"}
CUSTOM_TITLES = {"BIRTHDAY": "Birthday", "SOCIAL_MEDIA": "Follow us"}


class FixedConfig(Wire):
    """How many points in this tier; without a tier: in the base tier."""

    tier_id = guid()
    points = Points(low=1, high=POINTS_MAX, required=True)


class FixedAmount(Wire):
    """Points for the action."""

    configs = fields.List(fields.Nested(FixedConfig), required=True, validate=validate.Length(min=1, max=TIERS_MAX))


class RateConfig(Wire):
    """How many points for how much money in this tier; without a tier: in the base tier."""

    tier_id = guid()
    money_amount = Number(low="0.01", required=True)
    points = Points(low=1, high=POINTS_MAX, required=True)


class ConversionRate(Wire):
    """Points for money: spent / moneyAmount x points. `field` is taken and not kept: what counts is the order's base
    (acceptance 19)."""

    configs = fields.List(fields.Nested(RateConfig), required=True, validate=validate.Length(min=1, max=TIERS_MAX))
    field = text(1, 200, load_only=True)


class RuleMetadata(Wire):
    """Whether the rule may be deleted: every rule may."""

    can_be_deleted = fields.Boolean(required=True)


class Figures(Wire):
    """One of the two."""

    fixed_amount = fields.Nested(FixedAmount)
    conversion_rate = fields.Nested(ConversionRate)

    rules = (
        OneOf(("fixed_amount", "conversion_rate")),
        EachTierOnce(("fixed_amount", "configs")),
        EachTierOnce(("conversion_rate", "configs")),
        Revised(),
    )


class EarningRuleWire(Figures):
    """An action and what it gives."""

    id = guid(dump_only=True)
    source_app_id = guid(required=True)
    trigger_app_id = text(1, 80, required=True)
    trigger_activity_type = text(1, 80, required=True)
    title = text(1, 50, required=True)
    status = Choice(STATUSES, required=True)  # type: ignore[arg-type]
    revision = Revision()
    metadata = fields.Nested(RuleMetadata, dump_only=True)
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)


class CustomRule(Figures):
    """What a rule of a built-in kind gives; without a title it is called as its kind."""

    title = text(1, 50)


class PointsOnly(Rule):
    """Rules of these kinds know no amount of money: what earns by money is an order."""

    def check(self, data: dict[str, Any], partial: bool) -> None:
        if data["earning_rule"].get("conversion_rate") is not None:
            raise ValidationError("A rule of this kind takes no amount of money.", field_name="earningRule")

    def shape(self, partial: bool) -> dict[str, Any]:
        return {"properties": {"earningRule": {"properties": {"conversionRate": NEVER}}}}


class NewCustomRule(Wire):
    """A rule of a built-in kind."""

    type = fields.String(required=True, validate=validate.OneOf(list(CUSTOM)))
    channel = text(1, 32)
    earning_rule = fields.Nested(CustomRule, required=True)

    rules = (PointsOnly(),)


class NewRules(Wire):
    """Rules to be."""

    earning_rules = fields.List(
        fields.Nested(EarningRuleWire), required=True, validate=validate.Length(min=1, max=BULK_MAX)
    )


class RuleFilter(Wire):
    """Of which app, for which activity."""

    trigger_app_id = text(1, 80)
    trigger_activity_type = text(1, 80)


class MaybeRevision(Wire):
    """The revision the caller read, if it cares."""

    revision = Revision()


class Rules(Wire):
    """Every rule, in the merchant's order."""

    earning_rules = fields.List(fields.Nested(EarningRuleWire), required=True)


RuleBody = wrapped("earning_rule", EarningRuleWire)
RuleChange = wrapped("earning_rule", EarningRuleWire, partial=True)
RulesMade = bulk_answer(EarningRuleWire)


def earning_rule(row: EarningRule) -> dict[str, Any]:
    """The row as LoyaltyEarningRule writes it."""
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


def _figures_shown(row: EarningRule) -> dict[str, Any]:
    figures = row.figures
    configs: list[dict[str, Any]] = [
        {"tier_id": tier_id, "points": one.points} | ({} if one.per is None else {"money_amount": one.per})
        for tier_id, one in figures.items()
    ]
    rated = any(one.per is not None for one in figures.values())
    return {"conversion_rate" if rated else "fixed_amount": {"configs": configs}}


def facts(body: dict[str, Any]) -> dict[str, Any]:
    """What of a rule is sent, in the words of `earning_rules.create` and `change`."""
    found: dict[str, Any] = {name: body[name] for name in ("title", "source_app_id") if name in body}
    if "status" in body:
        found["active"] = body["status"]
    figures = figures_of(body)
    return {**found, "figures": figures} if figures else found


def figures_of(body: dict[str, Any]) -> dict[str | None, Figure]:
    """By tier id, None for the base tier."""
    fixed, rate = body.get("fixed_amount"), body.get("conversion_rate")
    if fixed:
        return {one.get("tier_id"): Figure(one["points"]) for one in fixed["configs"]}
    configs = (rate or {}).get("configs", ())
    return {one.get("tier_id"): Figure(one["points"], one["money_amount"]) for one in configs}


def trigger_of(body: dict[str, Any], now: Trigger | None = None) -> Trigger | None:
    """What sets the rule off, as sent; a change may send half of it."""
    if now is not None and not {"trigger_app_id", "trigger_activity_type"} & set(body):
        return None
    return Trigger(
        body.get("trigger_app_id", now.app_id if now else ""),
        body.get("trigger_activity_type", now.activity if now else ""),
    )
