"""Buying a reward: what a member can buy with points, and the coupon that they get."""

from dataclasses import dataclass
from typing import Any

from peewee import Case, fn

from widget_server import clock, ledger
from widget_server.db import Selection, in_transaction, lock_name, new_id, statement
from widget_server.errors import (
    CustomerExcluded,
    KeyReused,
    MembersOnly,
    NotFound,
    RewardLimitReached,
    RewardUnavailable,
    TierTooLow,
)
from widget_server.ledger import Account, Cause
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import issuing, rewards
from widget_server.loyalty.rewards.coupons import Coupon, CouponTerms
from widget_server.loyalty.rewards.rewards import Price, Reward


@dataclass(frozen=True)
class Offer:
    """A reward for one customer now: whether it is available, how many points are missing, the code of a refusal."""

    reward: Reward
    price: Price
    available: bool
    short_by: int
    refusal: str | None


def offers(shop: Shop, customer: Customer, account: Account | None) -> list[Offer]:
    """The rewards for the member: affordable first, then by missing points, refused ones last (acceptance 27)."""
    catalogue = rewards.listed(shop)
    taken, thresholds = _taken(shop, customer, catalogue), rewards.tier_thresholds(shop, catalogue)
    balance, tier_id = (account.balance, account.tier_id) if account else (0, None)
    found = []
    for reward in catalogue:
        refusal = rewards.refusal_of(reward, account, taken.get(reward.id, (0, 0)), thresholds)
        if customer.excluded:
            refusal = CustomerExcluded.code
        price = rewards.price_for(reward, tier_id) or reward.price
        short_by = max(price.cost_points - balance, 0)
        found.append(Offer(reward, price, refusal is None and not short_by, short_by, refusal))
    return sorted(found, key=lambda offer: (offer.refusal is not None, offer.short_by))


@dataclass(frozen=True)
class Purchase:
    """A coupon that was bought, now or by the same request before, and the account after it."""

    coupon: Coupon
    account: Account


def redeem(
    shop: Shop,
    customer: Customer,
    reward_id: str,
    *,
    key: str,
    source: str,
    points: int | None = None,
    at_checkout: bool = False,
) -> Coupon:
    """Buy a reward: points are spent and the coupon is created in one transaction (acceptance 29, 31, 32).

    `points` is the chosen cost of a sliding reward; some rewards exist `at_checkout` only. The same key again
    returns the first coupon. Raises ProgramNotActive, MembersOnly, CustomerExcluded, NotFound, RewardUnavailable,
    RewardLimitReached, TierTooLow, BadRequest (points), WorthNothing, NotEnoughPoints, and KeyReused when the key
    bought something else.
    """
    return buy(shop, customer, reward_id, key=key, source=source, points=points, at_checkout=at_checkout).coupon


def buy(
    shop: Shop,
    customer: Customer,
    reward_id: str,
    *,
    key: str,
    source: str,
    points: int | None = None,
    at_checkout: bool = False,
) -> Purchase:
    """Buy a reward like `redeem`, which lists what is raised (NotFound, RewardUnavailable); returns the account too."""
    with in_transaction():  # nothing but an empty account is written before a refusal
        reward = _held(shop, reward_id)
        account = ledger.locked_of(shop.id, customer.id)  # the same request again waits here
        earlier = _bought_before(shop, customer, reward, source, key, points)
        if earlier is not None:
            return Purchase(earlier, account or ledger.open_account(shop.id, customer.id))
        program = programs.need_active(shop.id)
        _check_buyer(shop, customer)
        account = account or ledger.locked(shop.id, ledger.open_account(shop.id, customer.id).id)
        if (reward.at_checkout and not at_checkout) or not reward.is_in_force(clock.now()):
            raise RewardUnavailable()
        taken = _taken(shop, customer, [reward]).get(reward.id, (0, 0))
        _check_refusal(rewards.refusal_of(reward, account, taken, rewards.tier_thresholds(shop, [reward])))
        price = rewards.price_for(reward, account.tier_id) or reward.price  # a reward without a price was refused above
        cost, amount = rewards.cost_of(reward, price, points, shop.currency)
        coupon_id = new_id()
        cause = Cause("redeemed", coupon_id, snapshot=_snapshot_of(reward))
        row = ledger.post_new(account, "redeem", -cost, source=source, key=key, cause=cause)
        terms = _terms_of(reward) | {"id": coupon_id, "cost_points": cost, "transaction_id": row.id}
        terms |= {"amount": amount, "percent": price.percent}
        coupon = issuing.issue(shop, customer, program, life_days=reward.expires_after_days, **terms)
        return Purchase(coupon, account)


def _held(shop: Shop, reward_id: str) -> Reward:
    """Returns the reward, which nobody changes until the transaction ends. Raises NotFound.

    Customers buy it at the same time, unless all of them together are limited: then they do one after another.
    """
    reward = Reward.shared_one(shop, Reward.id == reward_id)
    if reward is None:
        raise NotFound("There is no such reward here.")
    if reward.limit_total is not None:
        lock_name("limit of a reward", reward.id)
    return reward


def _check_buyer(shop: Shop, customer: Customer) -> None:
    """Raises MembersOnly, and CustomerExcluded for an excluded member: as they are now, NotFound without the row."""
    buyer = _standing.first(shop.id, customer.id)
    if buyer is None:
        raise NotFound()
    if not buyer.is_member:
        raise MembersOnly()
    if buyer.excluded:
        raise CustomerExcluded()


@statement
def _standing(shop_id: str, customer_id: str) -> Selection[Customer]:
    return Customer.of(shop_id, Customer.status, Customer.excluded).where(Customer.id == customer_id)


def _terms_of(reward: Reward) -> CouponTerms:
    """The terms of the reward that are copied to its coupon."""
    return {
        "reward_id": reward.id,
        "kind": "amount" if reward.kind == "sliding" else reward.kind,
        "title": reward.title,
        "product_id": reward.product_id,
        "product_name": reward.product_name,
        "minimum_subtotal": reward.minimum_subtotal,
        "collections": reward.collections,
        "combines": reward.combines,
        "shareable": reward.shareable,
    }


def _bought_before(
    shop: Shop, customer: Customer, reward: Reward, source: str, key: str, points: int | None
) -> Coupon | None:
    """The coupon that this request bought before, if any. Raises KeyReused when the key was another request's."""
    row = ledger.find_by_key(shop.id, source, key)
    if row is None:
        return None
    coupon = Coupon.one(shop, Coupon.transaction_id == ledger.current(row).id)
    if coupon is None or (coupon.customer_id, coupon.reward_id) != (customer.id, reward.id):
        raise KeyReused()
    if points not in (None, coupon.cost_points):
        raise KeyReused()
    return coupon


def _snapshot_of(reward: Reward) -> dict[str, Any]:
    """What the ledger row stores of the reward: its id and title, and whether it exists at checkouts only."""
    snapshot = {"reward": reward.id, "title": reward.title}
    return {**snapshot, "at_checkout": True} if reward.at_checkout else snapshot


def _taken(shop: Shop, customer: Customer, wanted: list[Reward]) -> dict[str, tuple[int, int]]:
    """For each limited reward, by id: how often the member had it in its period, and how often all customers did."""
    limited = [one for one in wanted if one.limit_per_customer is not None or one.limit_total is not None]
    if not limited:
        return {}
    starts = {
        reward.id: clock.period(clock.now(), reward.limit_period, shop.timezone)[0]
        for reward in limited
        if reward.limit_period != "ever"
    }
    in_period = [
        ((Coupon.reward_id == reward_id) & (Coupon.created_at < start), 0) for reward_id, start in starts.items()
    ]
    own = Case(None, [(Coupon.customer_id != customer.id, 0), *in_period], 1)
    rows = (
        Coupon.of(shop, Coupon.reward_id, fn.SUM(own), fn.COUNT(Coupon.id))
        .where(Coupon.reward_id.in_([one.id for one in limited]), Coupon.status.not_in(("returned", "failed")))
        .group_by(Coupon.reward_id)
    )
    return {reward_id: (int(own), int(everybody)) for reward_id, own, everybody in rows.tuples()}


def _check_refusal(code: str | None) -> None:
    for refusal in (TierTooLow, RewardLimitReached, RewardUnavailable):
        if refusal.code == code:
            raise refusal()
