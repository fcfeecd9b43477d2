"""Rewards: what points can buy, for whom, and at which price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, Unpack

from peewee import Check, ModelSelect

from widget_server import clock, json_types, money
from widget_server.db import (
    Bool,
    Int,
    Json,
    Money,
    Selection,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
)
from widget_server.editions import kept
from widget_server.errors import (
    BadRequest,
    NotWholeCoins,
    RewardLimitReached,
    RewardUnavailable,
    TierTooLow,
    WorthNothing,
)
from widget_server.events import RewardChanged
from widget_server.ledger import POINTS_MAX, Account
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.points import tier_figures, tiers
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop

KINDS = ("amount", "sliding", "percent", "free_shipping", "free_product")


@dataclass(frozen=True)
class Price:
    """What a reward costs, and what it is worth in money or percent."""

    cost_points: int
    amount: Decimal | None = None
    percent: Decimal | None = None

    def worth(self, points: int, currency: str) -> Decimal:
        """The money for `points`, in proportion, in whole coins: 10 for 1.00 is 35 for 3.50 (wix-api §2)."""
        return money.whole_coins((self.amount or Decimal(0)) * points / self.cost_points, currency)


class Reward(Audited, ShopTable):
    """A way to spend points. For `sliding` the shopper chooses the cost; a point is worth `point_value`.

    One that is `at_checkout` gives a discount at a checkout, no coupon: also sliding, `amount` for each `cost_points`
    (`Price.worth`); the Redeem tab does not list it. `by_tier` has the prices of tiers with their own; the base tier
    may have none. `details` are terms that only the admin API uses.
    """

    id = Text(primary_key=True)
    handle = Text()
    kind = Text()
    title = Text(null=True)
    description = Text(null=True)
    position = Int(default=0)
    active = Bool(default=True)
    cost_points = Int()
    amount = Money(null=True)
    percent = Money(null=True)
    product_id = Text(null=True)
    product_name = Text(null=True)
    max_points = Int(null=True)
    step_points = Int(null=True)
    point_value = Money(null=True)
    minimum_subtotal = Money(null=True)
    collections = Json(default=list)
    tier_id = Text(null=True)
    starts_at = UtcDateTime(null=True)
    ends_at = UtcDateTime(null=True)
    limit_per_customer = Int(null=True)
    limit_period = Text(default="ever")
    limit_total = Int(null=True)
    expires_after_days = Int(null=True)
    combines = Bool(default=False)
    shareable = Bool(default=False)
    archived_at = UtcDateTime(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    by_tier = Json(null=True)
    at_checkout = Bool(default=False)
    details = Json(null=True)

    class Meta:
        indexes = ((("shop_id", "handle"), True), (("shop_id", "position"), False))
        constraints = [
            Check("cost_points > 0"),
            Check("kind IN ('amount', 'sliding', 'percent', 'free_shipping', 'free_product')"),
            Check("limit_period IN ('day', 'month', 'year', 'ever')"),
        ]

    @property
    def price(self) -> Price:
        """The base tier's price; where it has none, the price stored in its place."""
        return Price(self.cost_points, self.amount, self.percent)

    @property
    def prices(self) -> dict[str | None, Price]:
        """The price of each tier that has its own, by tier id; None is the base tier."""
        own: dict[str | None, Price] = {} if tier_figures.BASE in (self.by_tier or {}) else {None: self.price}
        for tier_id, own_price in (self.by_tier or {}).items():
            if tier_id != tier_figures.BASE:
                worth = {name: Decimal(own_price[name]) for name in ("amount", "percent") if name in own_price}
                own[tier_id] = Price(own_price["cost_points"], **worth)
        return own

    def is_in_force(self, at: datetime) -> bool:
        """True when points can buy it then: active, not archived, inside its dates."""
        if not self.active or self.archived_at is not None:
            return False
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or self.ends_at > at)

    @property
    def slides(self) -> bool:
        """True for a coupon whose value the shopper chooses."""
        return bool(self.kind == "sliding" and not self.at_checkout)


class RewardTerms(TypedDict, total=False):
    """The columns of a reward that may be set besides its kind and prices."""

    title: str | None
    description: str | None
    position: int
    active: bool
    product_id: str | None
    product_name: str | None
    max_points: int | None
    step_points: int | None
    point_value: Decimal | None
    minimum_subtotal: Decimal | None
    collections: Sequence[Mapping[str, object]]
    tier_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    limit_per_customer: int | None
    limit_period: str
    limit_total: int | None
    expires_after_days: int | None
    combines: bool
    shareable: bool
    archived_at: datetime | None
    details: Mapping[str, object] | None


class _PriceColumns(TypedDict):
    """The columns that hold the prices: the base tier's, and in `by_tier` those of tiers with their own."""

    cost_points: int
    amount: Decimal | None
    percent: Decimal | None
    by_tier: json_types.JsonObject | None


class RewardColumns(RewardTerms, total=False):
    """All columns of a reward that a program file sets."""

    kind: str
    cost_points: int
    amount: Decimal | None
    percent: Decimal | None
    by_tier: json_types.JsonObject | None


def listed(shop: Shop) -> list[Reward]:
    """The rewards of the Redeem tab in force now, in the merchant's order."""
    return [one for one in in_force(shop) if not one.at_checkout]


def in_force(shop: Shop) -> list[Reward]:
    """What points can buy now: coupons, and discounts at checkouts; in the merchant's order."""
    now = clock.now()
    return [one for one in _active.rows(shop.id) if one.is_in_force(now)]


@kept
def _active(shop_id: str) -> Selection[Reward]:
    rows = Reward.of(shop_id).where(Reward.active == True, Reward.archived_at.is_null())
    return rows.order_by(Reward.position, Reward.created_at)


def live(shop: Shop) -> "ModelSelect[Reward]":
    """Returns a query of every reward that is not archived, in the merchant's order."""
    rows: ModelSelect[Reward] = Reward.of(shop)
    return rows.where(Reward.archived_at.is_null()).order_by(Reward.position, Reward.created_at)


def need(shop: Shop, reward_id: str) -> Reward:
    """The reward. Raises NotFound, also for an archived one."""
    return Reward.need(shop, Reward.id == reward_id, Reward.archived_at.is_null())


def price_for(reward: Reward, tier_id: str | None) -> Price | None:
    """The price in this tier: its own, else the base tier's (contracts §2); None when this tier cannot buy it."""
    prices = reward.prices
    return prices.get(tier_id) or prices.get(None)


def cost_of(reward: Reward, price: Price, points: int | None, currency: str) -> tuple[int, Decimal | None]:
    """The points to spend and the money they are worth, in whole coins; `points` is what a shopper chose.

    Raises BadRequest (points), and WorthNothing for a worth of less than one coin.
    """
    if reward.kind != "sliding":
        if points is not None and points != price.cost_points:
            raise BadRequest("This reward has a fixed cost.", field="points")
        return price.cost_points, None if price.amount is None else _worth_something(
            price.amount, currency, "reward_id"
        )
    if reward.at_checkout:
        return _cost_at_checkout(price, points, currency)
    if points is None:
        raise BadRequest("Say how many points to spend.", field="points")
    lowest, highest, step = reward.cost_points, reward.max_points or POINTS_MAX, reward.step_points or 1
    if not lowest <= points <= highest or (points - lowest) % step:
        raise BadRequest(f"Between {lowest} and {highest} points, in steps of {step}.", field="points")
    return points, _worth_something(sliding_worth(reward, points, currency), currency, "points")


def sliding_worth(reward: Reward, points: int, currency: str) -> Decimal:
    """The money that `points` are worth in a sliding coupon, in whole coins."""
    return money.whole_coins((reward.point_value or Decimal(0)) * points, currency)


def _cost_at_checkout(price: Price, points: int | None, currency: str) -> tuple[int, Decimal]:
    """The points and their money; raises WorthNothing unless they are worth one coin or more."""
    cost = price.cost_points if points is None else points
    if not 0 < cost <= POINTS_MAX:
        raise WorthNothing(field="points")
    return cost, _worth_something(price.worth(cost, currency), currency, "points")


def _worth_something(amount: Decimal, currency: str, field: str) -> Decimal:
    """The amount in whole coins. Raises WorthNothing when it is less than one coin."""
    worth = money.whole_coins(amount, currency)
    if not worth:
        raise WorthNothing(field=field)
    return worth


def tier_thresholds(shop: Shop, rewards: list[Reward]) -> dict[str, int]:
    """The points that each tier requires, by its id; empty, without a query, when no reward is bound to a tier."""
    if not any(one.tier_id for one in rewards):
        return {}
    return {tier.id: tier.required_points for tier in tiers.listed(shop.id)}


def refusal_of(
    reward: Reward, account: Account | None, taken: tuple[int, int], thresholds: Mapping[str, int]
) -> str | None:
    """Why the member may not buy it, apart from points: the code of a refusal, or None.

    A tier's reward is for that tier and every higher one. `taken` is how often the member had it in its period, and how
    often all customers did; `thresholds` comes from `tier_thresholds`.
    """
    own = thresholds.get(account.tier_id or "", 0) if account else 0
    if reward.tier_id and own < thresholds.get(reward.tier_id, POINTS_MAX + 1):
        return TierTooLow.code
    if price_for(reward, account.tier_id if account else None) is None:
        return TierTooLow.code
    if reward.limit_per_customer is not None and taken[0] >= reward.limit_per_customer:
        return RewardLimitReached.code
    if reward.limit_total is not None and taken[1] >= reward.limit_total:
        return RewardUnavailable.code
    return None


def save_reward(shop: Shop, handle: str, **columns: Unpack[RewardColumns]) -> Reward:
    """Create the reward `handle`, or change the given columns; coupons keep the terms they were bought with."""
    with atomic():
        programs.locked(shop.id)
        reward = Reward.one(shop, Reward.handle == handle)
        if reward is None:
            return revisions.create(Reward(shop_id=shop.id, handle=handle, **columns), RewardChanged)
        return revisions.update(reward, columns, RewardChanged)


# The catalogue, as the admin API edits it (wix-api §2, Reward)


def create(
    shop: Shop,
    kind: str,
    prices: Mapping[str | None, Price],
    *,
    at_checkout: bool = False,
    **terms: Unpack[RewardTerms],
) -> Reward:
    """Create a reward, last in the merchant's order. A discount at checkout is of kind `sliding` and `at_checkout`.

    `prices` are by tier id, None for the base tier; without one for the base tier, only tiers with their own may
    buy it. Raises TierUnknown, BadRequest (type, prices), NotWholeCoins (prices.<place>.amount).
    """
    if at_checkout != (kind == "sliding"):
        raise BadRequest("In the admin API only a checkout discount lets the member choose the points.", field="type")
    with atomic():
        programs.locked(shop.id)
        base = "@checkout" if at_checkout else kind.replace("_", "-")  # not a valid handle in a program file
        columns: dict[str, object] = {**terms, "kind": kind, "at_checkout": at_checkout}
        columns |= _price_columns(shop, kind, prices)
        columns |= revisions.last_place(positions(shop), base)
        return revisions.create(Reward(shop_id=shop.id, **columns), RewardChanged)


def change(
    shop: Shop,
    reward_id: str,
    revision: int | None,
    *,
    kind: str | None = None,
    prices: Mapping[str | None, Price] | None = None,
    **terms: Unpack[RewardTerms],
) -> Reward:
    """Change the fields that are given; a new `kind` needs its prices. Coupons keep the terms they were bought with.

    `revision` is the one the caller read (None: not checked). Raises NotFound, StaleRevision, TierUnknown,
    NotWholeCoins (prices.<place>.amount), BadRequest (prices; type when a coupon would become a discount at checkout,
    or the other way round, or would no longer be sliding).
    """
    with atomic():
        programs.locked(shop.id)
        reward = _current(shop, reward_id, revision)
        columns: dict[str, object] = dict(terms)
        if prices is not None:
            kind = kind or reward.kind
            if reward.at_checkout != (kind == "sliding"):
                raise BadRequest("A reward cannot change to or from a checkout discount.", field="type")
            if reward.slides:
                raise BadRequest("The value of a sliding reward is set in the program file.", field="type")
            columns |= {"kind": kind, **_price_columns(shop, kind, prices)}
        return revisions.update(reward, columns, RewardChanged)


def remove(shop: Shop, reward_id: str, revision: int | None) -> None:
    """Archive the reward: it can no longer be bought; its coupons stay. Raises NotFound, StaleRevision."""
    with atomic():
        programs.locked(shop.id)
        revisions.archive(_current(shop, reward_id, revision), RewardChanged)


def move(shop: Shop, reward_id: str, steps: int) -> None:
    """Move the reward by so many places in the merchant's order, up when below 0, as far as it goes.

    Raises NotFound.
    """
    with atomic():
        programs.locked(shop.id)
        revisions.move(list(live(shop)), need(shop, reward_id).id, steps)


def forget_tier(shop_id: str, tier_id: str) -> None:
    """Remove a deleted tier's prices from all rewards."""
    for reward in Reward.of(shop_id).where(Reward.by_tier.is_null(False)):
        if tier_id in reward.by_tier:
            revisions.update(
                reward, {"by_tier": tier_figures.own_figures_without(reward.by_tier, tier_id)}, RewardChanged
            )


def _price_columns(shop: Shop, kind: str, prices: Mapping[str | None, Price]) -> _PriceColumns:
    worth = {"amount": "amount", "sliding": "amount", "percent": "percent"}.get(kind)
    for at, price in enumerate(prices.values()):
        figures = {name: value for name in ("amount", "percent") if (value := getattr(price, name)) is not None}
        if set(figures) != ({worth} if worth else set()) or any(value <= 0 for value in figures.values()):
            raise BadRequest(f"A reward of kind {kind} takes {worth or 'no figure'}, above 0.", field="prices")
        if price.cost_points < 1 or (price.percent or 0) > 100:
            raise BadRequest("A reward costs 1 point or more and takes off 100 percent at most.", field="prices")
        if kind == "amount" and price.amount is not None and not money.is_whole_coins(price.amount, shop.currency):
            raise NotWholeCoins(shop.currency, field=f"prices.{at}.amount")
    if not prices:
        raise BadRequest("A reward needs a price.", field="prices")
    own: dict[str | None, json_types.JsonObject] = {
        tier_id: {"cost_points": price.cost_points} | ({worth: str(getattr(price, worth))} if worth else {})
        for tier_id, price in prices.items()
    }
    base = prices.get(None) or min(prices.values(), key=lambda price: price.cost_points)
    return {
        "cost_points": base.cost_points,
        "amount": base.amount,
        "percent": base.percent,
        "by_tier": tier_figures.own_figures(shop, own),
    }


def positions(shop: Shop) -> dict[str, int]:
    """Returns the position of every reward there ever was, by its handle."""
    return dict(Reward.of(shop, Reward.handle, Reward.position).tuples())


def _current(shop: Shop, reward_id: str, revision: int | None) -> Reward:
    reward = need(shop, reward_id)
    revisions.check_revision(reward, revision)
    return reward
