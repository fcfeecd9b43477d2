"""Reward on the wire (wix-api §2): a discount at the checkout, or a coupon that can be bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Required, TypedDict

from marshmallow import ValidationError, validate

from widget_server.loyalty.rewards.rewards import Price, Reward, sliding_worth
from widget_server.web.texts import Prose
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import (
    NEVER,
    POINTS_MAX,
    CursorPagingMetadata,
    DecimalText,
    EachTierOnce,
    Guid,
    Number,
    OneOf,
    PageCursor,
    PageLimit,
    PagingMetadata,
    Points,
    Revised,
    Revision,
    Rule,
    camel,
)

TIERS_MAX = 21
BULK_MAX = 10
ARMS = {
    "fixed_amount": "amount",
    "percentage": "percent",
    "free_shipping": "free_shipping",
    "free_product": "free_product",
}
TermName = Literal["limited_to_one_item", "applies_to_subscriptions", "discounted_cycle_count"]
TERMS: tuple[TermName, ...] = ("limited_to_one_item", "applies_to_subscriptions", "discounted_cycle_count")
AMOUNT_PATHS = {
    f"prices.{at}.amount": f"reward.couponReward.fixedAmount.configsByTier.{at}.amount" for at in range(TIERS_MAX)
}
ALL_OF_IT = "whole_shop"  # a scope was sent, and covers the whole shop
RewardType = Literal["DISCOUNT_AMOUNT", "COUPON_REWARD"]
DISCOUNT_AMOUNT: RewardType = "DISCOUNT_AMOUNT"
COUPON_REWARD: RewardType = "COUPON_REWARD"
TYPES = {"discount_amount": DISCOUNT_AMOUNT, "coupon_reward": COUPON_REWARD}
Prices = dict[str | None, Price]  # by tier id, None for the base tier


class PriceInTier(TypedDict, total=False):
    """What the reward costs in this tier; without a tier: in the base tier."""

    tier_id: Guid | None
    cost_in_points: Required[Annotated[int, Points(low=1, high=POINTS_MAX)]]


class AmountText(PriceInTier):
    """The price, and the money it takes off a checkout: in proportion, 10 points for 1.00 are 35 for 3.50."""

    amount: Annotated[Decimal | None, DecimalText(required=True)]


class AmountNumber(PriceInTier):
    """The price, and the money it takes off."""

    amount: Annotated[Decimal | None, Number(low="0.01", required=True)]


class Percentage(PriceInTier):
    """The price, and the percent it takes off."""

    percentage: Annotated[Decimal | None, Number(low="0.01", high="100", required=True)]


class AmountTextByTier(TypedDict):
    """What it costs and takes off in each tier."""

    configs_by_tier: Annotated[list[AmountText], validate.Length(min=1, max=TIERS_MAX)]


class AmountNumberByTier(TypedDict):
    """What it costs and takes off in each tier."""

    configs_by_tier: Annotated[list[AmountNumber], validate.Length(min=1, max=TIERS_MAX)]


class PercentageByTier(TypedDict):
    """What it costs and takes off in each tier."""

    configs_by_tier: Annotated[list[Percentage], validate.Length(min=1, max=TIERS_MAX)]


class PriceByTier(TypedDict):
    """What it costs in each tier."""

    configs_by_tier: Annotated[list[PriceInTier], validate.Length(min=1, max=TIERS_MAX)]


class FreeProduct(PriceByTier, total=False):
    """A product for points: our addition to Wix's alternatives."""

    product_id: Required[Annotated[str, Prose(1, 200)]]
    product_name: Annotated[str | None, Prose(1, 200)]


class ScopeGroup(TypedDict):
    """A part of the catalogue: `collection` and its id."""

    name: Literal["collection"]
    entity_id: Annotated[str, Prose(1, 200)]


class Scope(TypedDict, total=False):
    """Where the coupon is valid: in the whole shop, or in one collection of it."""

    namespace: Required[Literal["stores"]]
    group: ScopeGroup


class Bounds(TypedDict, total=False):
    """The limits of a coupon: a minimum order amount, and a part of the catalogue."""

    minimum_subtotal: Decimal
    scope: Scope


@together(OneOf(tuple(ARMS)), *(EachTierOnce((arm, "configs_by_tier")) for arm in ARMS))
class CouponReward(TypedDict, total=False):
    """A coupon: money, percent, shipping or a product. `limitedToOneItem` and the terms of subscriptions are stored and
    returned with each coupon; only the shop's checkout can apply them."""

    fixed_amount: AmountNumberByTier
    percentage: PercentageByTier
    free_shipping: PriceByTier
    free_product: FreeProduct
    minimum_subtotal: Annotated[Decimal, Number(low="0")]
    scope: Scope
    limited_to_one_item: bool | None
    applies_to_subscriptions: bool | None
    discounted_cycle_count: Annotated[int | None, Points(low=1, high=999)]


class TypeOfArm(Rule):
    """Requires `type`, if it is sent, to match the alternative that is sent."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        arm = next((word for name, word in TYPES.items() if data.get(name)), None)
        if arm and data.get("type") not in (None, arm):
            raise ValidationError(f"The type of this reward is {arm}.", field_name="type")

    def shape(self, partial: bool) -> dict[str, object]:
        words = {camel(name): word for name, word in TYPES.items()}
        arms = [
            {"properties": {other: NEVER, "type": {"enum": [words[name]]}}}
            for name, other in zip(words, reversed(words), strict=True)
        ]
        return {"anyOf": arms}


@together(OneOf(tuple(TYPES)), TypeOfArm(), EachTierOnce(("discount_amount", "configs_by_tier")), Revised())
class LoyaltyReward(TypedDict, total=False):
    """A way to spend points."""

    id: Annotated[Guid, ReadOnly]
    name: Required[Annotated[str, Prose(1, 50)]]
    active: bool
    type: RewardType
    discount_amount: AmountTextByTier
    coupon_reward: CouponReward
    description: Annotated[str | None, Prose(0, 500)]
    revision: Annotated[int, Revision()]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewReward:
    """The reward to create."""

    reward: LoyaltyReward


@dataclass(frozen=True)
class NewRewards:
    """The rewards to create, 1 to 10."""

    rewards: Annotated[list[LoyaltyReward], validate.Length(min=1, max=BULK_MAX)]


@dataclass(frozen=True)
class RewardChange:
    """The fields of a reward to change."""

    reward: Annotated[LoyaltyReward, Partial]


@dataclass(frozen=True)
class ListPaging:
    """The page of a list: its length and cursor."""

    limit: PageLimit = None
    cursor: PageCursor = None


class RewardResponse(TypedDict):
    """One reward."""

    reward: LoyaltyReward


class RewardsInSite(TypedDict):
    """The rewards of one site."""

    meta_site_id: Guid
    rewards: list[LoyaltyReward]


class RewardsInSites(TypedDict):
    """The rewards of all sites of the key: there is one."""

    rewards_in_site: list[RewardsInSite]


class RewardsPage(TypedDict):
    """The rewards of a query, and the paging metadata."""

    rewards: list[LoyaltyReward]
    paging_metadata: CursorPagingMetadata


class RewardsList(TypedDict):
    """The rewards of a list, and the paging metadata."""

    rewards: list[LoyaltyReward]
    paging_metadata: PagingMetadata


class Collection(TypedDict):
    """A collection of the shop, as a reward stores it."""

    id: str
    name: str


class RewardColumns(TypedDict, total=False):
    """The fields of a reward that were sent, except prices, by the names of their columns."""

    title: str
    active: bool
    description: str | None
    minimum_subtotal: Decimal | None
    collections: list[Collection]
    details: dict[str, object] | None
    product_id: str | None
    product_name: str | None


def reward(row: Reward, currency: str) -> LoyaltyReward:
    """Returns the row in the shape of LoyaltyReward. A sliding coupon is shown with its smallest price."""
    shown: LoyaltyReward = {
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
        shown["discount_amount"] = {
            "configs_by_tier": [{**_price(tier_id, one), "amount": one.amount} for tier_id, one in row.prices.items()]
        }
    else:
        shown["coupon_reward"] = _coupon(row, _shown_prices(row, currency))
    return shown


def _coupon(row: Reward, prices: Prices) -> CouponReward:
    coupon = _terms_and_bounds(row)
    costs = [_price(tier_id, one) for tier_id, one in prices.items()]
    if row.kind in ("amount", "sliding"):
        coupon["fixed_amount"] = {
            "configs_by_tier": [{**_price(tier_id, one), "amount": one.amount} for tier_id, one in prices.items()]
        }
    elif row.kind == "percent":
        coupon["percentage"] = {
            "configs_by_tier": [{**_price(tier_id, one), "percentage": one.percent} for tier_id, one in prices.items()]
        }
    elif row.kind == "free_shipping":
        coupon["free_shipping"] = {"configs_by_tier": costs}
    else:
        product: FreeProduct = {
            "configs_by_tier": costs,
            "product_id": row.product_id,
            "product_name": row.product_name,
        }
        coupon["free_product"] = product
    return coupon


def _price(tier_id: str | None, price: Price) -> PriceInTier:
    return {"tier_id": tier_id, "cost_in_points": price.cost_points}


def _terms_and_bounds(row: Reward) -> CouponReward:
    details = row.details or {}
    coupon: CouponReward = {
        "limited_to_one_item": details.get("limited_to_one_item"),
        "applies_to_subscriptions": details.get("applies_to_subscriptions"),
        "discounted_cycle_count": details.get("discounted_cycle_count"),
    }
    bound = bounds(row.minimum_subtotal, row.collections)
    if "minimum_subtotal" in bound:
        coupon["minimum_subtotal"] = bound["minimum_subtotal"]
    if "scope" in bound:
        coupon["scope"] = bound["scope"]
    elif ALL_OF_IT in details:
        coupon["scope"] = {"namespace": "stores"}
    return coupon


def bounds(minimum: Decimal | None, collections: Sequence[Mapping[str, str]]) -> Bounds:
    """Returns the limits of a coupon; if the program file limits it to more collections, only the first is shown."""
    found: Bounds = {} if minimum is None else {"minimum_subtotal": minimum}
    if collections:
        found["scope"] = {"namespace": "stores", "group": {"name": "collection", "entity_id": collections[0]["id"]}}
    return found


def kind_and_prices(sent: LoyaltyReward, currency: str, now: Reward | None = None) -> tuple[str, Prices] | None:
    """Returns the kind and prices that were sent; None if none were. `now` is the reward to change: a sliding
    coupon that is sent back as it was shown stays sliding.
    """
    if discount := sent.get("discount_amount"):
        return "sliding", {
            one.get("tier_id"): Price(one["cost_in_points"], amount=one["amount"])
            for one in discount["configs_by_tier"]
        }
    coupon = sent.get("coupon_reward")
    if not coupon:
        return None
    found = _kind_and_prices(coupon)
    return None if now is not None and now.slides and found == ("amount", _shown_prices(now, currency)) else found


def _kind_and_prices(coupon: CouponReward) -> tuple[str, Prices]:
    if amounts := coupon.get("fixed_amount"):
        return "amount", {
            one.get("tier_id"): Price(one["cost_in_points"], amount=one["amount"]) for one in amounts["configs_by_tier"]
        }
    if percents := coupon.get("percentage"):
        return "percent", {
            one.get("tier_id"): Price(one["cost_in_points"], percent=one["percentage"])
            for one in percents["configs_by_tier"]
        }
    shipping = coupon.get("free_shipping")
    costs = shipping or coupon["free_product"]
    kind = "free_shipping" if shipping else "free_product"
    return kind, {one.get("tier_id"): Price(one["cost_in_points"]) for one in costs["configs_by_tier"]}


def columns(sent: LoyaltyReward, now: Reward | None = None) -> RewardColumns:
    """Returns the sent fields except prices, by the names of their columns; `now` is the reward to change."""
    found: RewardColumns = {"title": sent["name"]} if "name" in sent else {}
    if "active" in sent:
        found["active"] = sent["active"]
    if "description" in sent:
        found["description"] = sent["description"]
    coupon = sent.get("coupon_reward")
    if not coupon:
        return found
    scope, product = coupon.get("scope"), coupon.get("free_product")
    return {
        **found,
        "minimum_subtotal": coupon.get("minimum_subtotal"),
        "collections": _collections(scope.get("group") if scope else None, now),
        "details": _details(coupon) or None,
        "product_id": product["product_id"] if product else None,
        "product_name": product.get("product_name") if product else None,
    }


def _details(coupon: CouponReward) -> dict[str, object]:
    """Returns the terms that only the admin API has, and whether a scope of the whole shop was sent."""
    found: dict[str, object] = {name: coupon[name] for name in TERMS if name in coupon}
    scope = coupon.get("scope")
    return {**found, ALL_OF_IT: True} if scope and not scope.get("group") else found


def _collections(group: ScopeGroup | None, now: Reward | None) -> list[Collection]:
    """Returns the named collection; the reward's own ones if it was sent back as it was shown."""
    if not group:
        return []
    known = now.collections if now is not None else []
    if known and known[0]["id"] == group["entity_id"]:
        return list(known)
    return [{"id": group["entity_id"], "name": group["entity_id"]}]


def _shown_prices(row: Reward, currency: str) -> Prices:
    """Returns the prices that a coupon is shown with, by tier id."""
    if not row.slides:
        return row.prices
    return {None: Price(row.cost_points, sliding_worth(row, row.cost_points, currency))}
