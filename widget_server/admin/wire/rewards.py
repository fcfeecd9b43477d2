"""Reward on the wire (wix-api §2): a discount at the checkout, or a coupon to be bought."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.loyalty.rewards.rewards import Price, Reward, sliding_worth
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    DecimalText,
    EachTierOnce,
    Flag,
    Number,
    OneOf,
    Points,
    Revised,
    Revision,
    Rule,
    Wire,
    WireTime,
    bulk_answer,
    camel,
    guid,
    page_of,
    text,
    wrapped,
)

TIERS_MAX = 21
BULK_MAX = 10
ARMS = {
    "fixed_amount": "amount",
    "percentage": "percent",
    "free_shipping": "free_shipping",
    "free_product": "free_product",
}
FIGURE = {"fixed_amount": "amount", "percentage": "percentage"}  # what a config of the arm is worth in
COLUMN = {"amount": "amount", "percentage": "percent"}  # how a Price calls it
TERMS = ("limited_to_one_item", "applies_to_subscriptions", "discounted_cycle_count")
COLLECTION = "collection"
NAMESPACE = "stores"
AMOUNT_PATHS = {
    f"prices.{at}.amount": f"reward.couponReward.fixedAmount.configsByTier.{at}.amount" for at in range(TIERS_MAX)
}
ALL_OF_IT = "whole_shop"  # a scope was told, and is all of the shop
DISCOUNT_AMOUNT, COUPON_REWARD = "DISCOUNT_AMOUNT", "COUPON_REWARD"
TYPES = {"discount_amount": DISCOUNT_AMOUNT, "coupon_reward": COUPON_REWARD}


class PriceInTier(Wire):
    """What the reward costs in this tier; without a tier: in the base tier."""

    tier_id = guid()
    cost_in_points = Points(low=1, high=POINTS_MAX, required=True)


class AmountText(PriceInTier):
    """And the money it takes off a checkout: in proportion, 10 points for 1.00 are 35 for 3.50."""

    amount = DecimalText(required=True)


class AmountNumber(PriceInTier):
    """And the money it takes off."""

    amount = Number(low="0.01", required=True)


class Percentage(PriceInTier):
    """And the percent it takes off."""

    percentage = Number(low="0.01", high="100", required=True)


def _arm(shape: type[Wire]) -> Any:
    lists = fields.List(fields.Nested(shape), required=True, validate=validate.Length(min=1, max=TIERS_MAX))
    return Wire.from_dict({"configs_by_tier": lists}, name=f"{shape.__name__}ByTier")


AmountTextByTier, AmountNumberByTier = _arm(AmountText), _arm(AmountNumber)
PercentageByTier, PriceByTier = _arm(Percentage), _arm(PriceInTier)


class FreeProduct(PriceByTier):  # type: ignore[misc,valid-type]
    """A product for points: ours beside Wix's arms."""

    product_id = text(1, 200, required=True)
    product_name = text(1, 200)


class ScopeGroup(Wire):
    """A part of the catalogue: `collection` and its id."""

    name = fields.String(required=True, validate=validate.OneOf([COLLECTION]))
    entity_id = text(1, 200, required=True)


class Scope(Wire):
    """What the coupon is good for: all of the shop, or one collection of it."""

    namespace = fields.String(required=True, validate=validate.OneOf([NAMESPACE]))
    group = fields.Nested(ScopeGroup)


class CouponReward(Wire):
    """A coupon: money, percent, shipping or a product. `limitedToOneItem` and the terms of subscriptions are kept and
    told with each coupon; the shop's checkout is who knows items and subscriptions."""

    fixed_amount = fields.Nested(AmountNumberByTier)
    percentage = fields.Nested(PercentageByTier)
    free_shipping = fields.Nested(PriceByTier)
    free_product = fields.Nested(FreeProduct)
    minimum_subtotal = Number(low="0")
    scope = fields.Nested(Scope)
    limited_to_one_item = Flag()
    applies_to_subscriptions = Flag()
    discounted_cycle_count = Points(low=1, high=999)

    rules = (
        OneOf(tuple(ARMS)),
        *(EachTierOnce((arm, "configs_by_tier")) for arm in ARMS),
    )


class TypeOfArm(Rule):
    """`type`, when it comes, is that of the arm."""

    def check(self, data: dict[str, Any], partial: bool) -> None:
        arm = next((word for name, word in TYPES.items() if data.get(name)), None)
        if arm and data.get("type") not in (None, arm):
            raise ValidationError(f"The type of this reward is {arm}.", field_name="type")

    def shape(self, partial: bool) -> dict[str, Any]:
        words = {camel(name): word for name, word in TYPES.items()}
        arms = [
            {"properties": {other: NEVER, "type": {"enum": [words[name]]}}}
            for name, other in zip(words, reversed(words), strict=True)
        ]
        return {"anyOf": arms}


class RewardWire(Wire):
    """A way to spend points."""

    id = guid(dump_only=True)
    name = text(1, 50, required=True)
    active = Flag()
    type = fields.String(validate=validate.OneOf([DISCOUNT_AMOUNT, COUPON_REWARD]))
    discount_amount = fields.Nested(AmountTextByTier)
    coupon_reward = fields.Nested(CouponReward)
    description = text(0, 500)
    revision = Revision()
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)

    rules = (
        OneOf(tuple(TYPES)),
        TypeOfArm(),
        EachTierOnce(("discount_amount", "configs_by_tier")),
        Revised(),
    )


class NewRewards(Wire):
    """Rewards to be."""

    rewards = fields.List(fields.Nested(RewardWire), required=True, validate=validate.Length(min=1, max=BULK_MAX))


class RewardsInSite(Wire):
    """The rewards of one site."""

    meta_site_id = guid(required=True)
    rewards = fields.List(fields.Nested(RewardWire), required=True)


class RewardsInSites(Wire):
    """The rewards of all sites that the key is good for: of one."""

    rewards_in_site = fields.List(fields.Nested(RewardsInSite), required=True)


class Paged(Wire):
    """Where to go on in a list."""

    limit = fields.Integer(data_key="cursorPaging.limit", validate=validate.Range(min=1, max=100))
    cursor = fields.String(data_key="cursorPaging.cursor", validate=validate.Length(max=16_000))


RewardBody = wrapped("reward", RewardWire)
RewardChange = wrapped("reward", RewardWire, partial=True)
RewardsMade = bulk_answer(RewardWire)
RewardsPage = page_of("rewards", RewardWire)
RewardsListed = page_of("rewards", RewardWire, offset=True)


def reward(row: Reward, currency: str) -> dict[str, Any]:
    """The row as Reward writes it. A sliding coupon of our own is shown by its smallest price."""
    shown = {
        "id": row.id,
        "name": (row.title or row.handle)[:50],
        "active": bool(row.active),
        "type": DISCOUNT_AMOUNT if row.at_checkout else COUPON_REWARD,
        "description": row.description,
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }
    if row.at_checkout:
        return {**shown, "discount_amount": {"configs_by_tier": _configs(row.prices, "amount")}}
    kind = "amount" if row.kind == "sliding" else row.kind
    arm = next(name for name, ours in ARMS.items() if ours == kind)
    figures: dict[str, Any] = {"configs_by_tier": _configs(_told_prices(row, currency), FIGURE.get(arm))}
    if kind == "free_product":
        figures |= {"product_id": row.product_id, "product_name": row.product_name}
    details = row.details or {}
    terms = {name: details.get(name) for name in TERMS}
    if ALL_OF_IT in details:
        terms["scope"] = {"namespace": NAMESPACE}
    return {**shown, "coupon_reward": {arm: figures, **terms, **bounds(row.minimum_subtotal, row.collections)}}


def bounds(minimum: Decimal | None, collections: list[dict[str, Any]]) -> dict[str, Any]:
    """What a coupon is bound to; the program file may bind it to more collections, of which the first is told."""
    found: dict[str, Any] = {} if minimum is None else {"minimum_subtotal": minimum}
    if collections:
        group = {"name": COLLECTION, "entity_id": collections[0]["id"]}
        found["scope"] = {"namespace": NAMESPACE, "group": group}
    return found


def kind_and_prices(
    body: dict[str, Any], currency: str, now: Reward | None = None
) -> tuple[str, dict[str | None, Price]] | None:
    """What is sent of prices, and of which kind they are; None when nothing is. `now` is the reward that it is to
    change: a sliding coupon that is only sent back as it was told slides on.
    """
    if body.get("discount_amount"):
        return "sliding", _prices(body["discount_amount"], "amount")
    coupon = body.get("coupon_reward")
    if not coupon:
        return None
    arm = next(name for name in ARMS if coupon.get(name) is not None)
    found = ARMS[arm], _prices(coupon[arm], FIGURE.get(arm))
    return None if now is not None and now.slides and found == ("amount", _told_prices(now, currency)) else found


def columns(body: dict[str, Any], now: Reward | None = None) -> dict[str, Any]:
    """What is sent beside prices, by the names of the columns; `now` is the reward that it is to change."""
    found: dict[str, Any] = {"title": body["name"]} if "name" in body else {}
    found |= {name: body[name] for name in ("active", "description") if name in body}
    coupon = body.get("coupon_reward")
    if not coupon:
        return found
    scope = coupon.get("scope") or {}
    product = coupon.get("free_product") or {}
    details = {name: coupon[name] for name in TERMS if name in coupon}
    if scope and not scope.get("group"):
        details[ALL_OF_IT] = True
    return {
        **found,
        "minimum_subtotal": coupon.get("minimum_subtotal"),
        "collections": _collections(scope.get("group"), now),
        "details": details or None,
        "product_id": product.get("product_id"),
        "product_name": product.get("product_name"),
    }


def _collections(group: dict[str, Any] | None, now: Reward | None) -> list[dict[str, Any]]:
    """The collection that is named; the reward's own ones, when it was only sent back as it was told."""
    if not group:
        return []
    known = now.collections if now is not None else []
    if known and known[0]["id"] == group["entity_id"]:
        return list(known)
    return [{"id": group["entity_id"], "name": group["entity_id"]}]


def _told_prices(row: Reward, currency: str) -> dict[str | None, Price]:
    if not row.slides:
        return row.prices
    return {None: Price(row.cost_points, sliding_worth(row, row.cost_points, currency))}


def _prices(arm: dict[str, Any], figure: str | None) -> dict[str | None, Price]:
    worth = COLUMN.get(figure or "")
    return {
        one.get("tier_id"): Price(one["cost_in_points"], **({worth: one[figure]} if worth else {}))
        for one in arm["configs_by_tier"]
    }


def _configs(prices: Mapping[str | None, Price], figure: str | None) -> list[dict[str, Any]]:
    worth = COLUMN.get(figure or "")
    return [
        {"tier_id": tier_id, "cost_in_points": price.cost_points}
        | ({figure: getattr(price, worth)} if figure and worth else {})
        for tier_id, price in prices.items()
    ]
