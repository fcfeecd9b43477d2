"""Rewards: what points can buy. Coupons: rewards that somebody bought, or was given, with their codes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal

from peewee import Case, Check, fn

from widget_server import clock, ledger
from widget_server.db import Bool, Int, Json, Money, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import (
    BadRequest,
    CouponNotReturnable,
    CouponNotUsable,
    KeyReused,
    MembersOnly,
    NotFound,
    RewardLimitReached,
    RewardUnavailable,
    TierTooLow,
)
from widget_server.events import CouponChanged, CouponIssued, ProgramChanged, emit
from widget_server.ledger import POINTS_MAX, Account, Cause, Transaction
from widget_server.loyalty import customers, programs, tiers
from widget_server.loyalty.customers import CODE_ALPHABET, Customer
from widget_server.loyalty.shops import Shop

KINDS = ("amount", "sliding", "percent", "free_shipping", "free_product")
CODE_LENGTH = 12
USABLE = ("active", "applied")
CENT = Decimal("0.01")
APPLIED_FORGOTTEN_AFTER = timedelta(hours=24)


class Reward(ShopTable):
    """A way to spend points. For `sliding` the shopper chooses the cost, a point is worth `point_value`."""

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
    collections = Json()
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

    class Meta:
        indexes = ((("shop_id", "handle"), True), (("shop_id", "position"), False))
        constraints = [
            Check("cost_points > 0"),
            Check("kind IN ('amount', 'sliding', 'percent', 'free_shipping', 'free_product')"),
            Check("limit_period IN ('day', 'month', 'year', 'ever')"),
        ]


class Coupon(ShopTable):
    """A reward somebody has. Its terms are kept as bought; `origin` says whether points or a gift paid it."""

    id = Text(primary_key=True)
    customer_id = Text()
    reward_id = Text(null=True)
    origin = Text(default="reward")
    code = Text(null=True)
    status = Text(default="active")
    kind = Text()
    title = Text(null=True)
    amount = Money(null=True)
    percent = Money(null=True)
    product_id = Text(null=True)
    product_name = Text(null=True)
    cost_points = Int(default=0)
    transaction_id = Text(null=True)
    refund_id = Text(null=True)
    minimum_subtotal = Money(null=True)
    collections = Json()
    combines = Bool(default=False)
    shareable = Bool(default=False)
    order_ref = Text(null=True)
    order_number = Text(null=True)
    failure = Text(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(null=True)
    return_until = UtcDateTime(null=True)
    applied_at = UtcDateTime(null=True)
    ended_at = UtcDateTime(null=True)
    revision = Int(default=1)

    class Meta:
        indexes = (
            (("shop_id", "code"), True),
            (("shop_id", "customer_id", "created_at"), False),
            (("shop_id", "reward_id"), False),
            (("status", "expires_at"), False),
        )
        constraints = [
            Check("kind IN ('amount', 'percent', 'free_shipping', 'free_product')"),
            Check("status IN ('issuing', 'active', 'applied', 'used', 'expired', 'returned', 'revoked', 'failed')"),
        ]


@dataclass(frozen=True)
class Offer:
    """A reward as it stands for one customer now: whether it can be had, how many points are missing, why not."""

    reward: Reward
    available: bool
    short_by: int
    refusal: str | None


@dataclass(frozen=True)
class Gift:
    """What a referral gives to one side: points, or a coupon of these terms."""

    kind: Literal["points", "amount", "percent", "free_shipping", "free_product"]
    points: int | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    product_id: str | None = None
    product_name: str | None = None
    minimum_subtotal: Decimal | None = None
    expires_after_days: int | None = None
    combines: bool = False

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Gift":
        """The gift as kept by `as_json`."""
        values = dict(stored)
        for name in ("amount", "percent", "minimum_subtotal"):
            values[name] = Decimal(values[name]) if values.get(name) is not None else None
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """A JSON value, money as text, without what is not set."""
        value = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: str(one) if isinstance(one, Decimal) else one
            for name, one in value.items()
            if one not in (None, False)
        }


def listed(shop: Shop) -> list[Reward]:
    """The rewards in force now, in the merchant's order."""
    now = clock.now()
    rewards = Reward.of(shop).where(
        Reward.active == True,
        Reward.archived_at.is_null(),
        Reward.starts_at.is_null() | (Reward.starts_at <= now),
        Reward.ends_at.is_null() | (Reward.ends_at > now),
    )
    return list(rewards.order_by(Reward.position, Reward.created_at))


def offers(shop: Shop, customer: Customer, account: Account | None) -> list[Offer]:
    """What she can buy: affordable first in the merchant's order, then the nearest (acceptance 27)."""
    rewards = listed(shop)
    taken, levels = _taken(shop, customer, rewards), _levels(shop, rewards)
    balance = account.balance if account else 0
    found = []
    for reward in rewards:
        refusal = _refusal(reward, account, taken.get(reward.id, (0, 0)), levels)
        short_by = max(reward.cost_points - balance, 0)
        found.append(Offer(reward, refusal is None and not short_by, short_by, refusal))
    return sorted(found, key=lambda offer: (offer.refusal is not None, offer.short_by))


def redeem(
    shop: Shop, customer: Customer, reward_id: str, *, key: str, source: str, points: int | None = None
) -> Coupon:
    """Buy a reward: the points go and the coupon comes in one transaction (acceptance 29, 31, 32).

    `points` is the chosen cost of a sliding reward. The same key again answers the first coupon. Raises
    ProgramNotActive, MembersOnly, NotFound, RewardUnavailable, RewardLimitReached, TierTooLow, BadRequest
    (points), NotEnoughPoints, KeyReused when the key bought something else.
    """
    with atomic():
        reward = lock_rows(Reward.of(shop).where(Reward.id == reward_id)).first()
        if reward is None:
            raise NotFound("There is no such reward here.")
        earlier = _bought_before(shop, customer, reward, source, key, points)
        if earlier is not None:
            return earlier
        program = programs.need_active(shop.id)
        if not customers.by_id(shop.id, customer.id).is_member:
            raise MembersOnly()
        account = ledger.open_account(shop.id, customer.id)
        account = ledger.locked(shop.id, account.id)
        if reward.id not in {one.id for one in listed(shop)}:
            raise RewardUnavailable()
        taken = _taken(shop, customer, [reward]).get(reward.id, (0, 0))
        _check_refusal(_refusal(reward, account, taken, _levels(shop, [reward])))
        cost, amount = _price(reward, points)
        coupon_id = new_id()
        row = ledger.post(
            shop.id,
            account.id,
            "redeem",
            -cost,
            source=source,
            key=key,
            cause=Cause("redeemed", coupon_id, snapshot={"reward": reward.id, "title": reward.title}),
        )
        return _issue(
            shop,
            customer,
            program,
            id=coupon_id,
            reward_id=reward.id,
            kind="amount" if reward.kind == "sliding" else reward.kind,
            title=reward.title,
            amount=amount,
            percent=reward.percent,
            product_id=reward.product_id,
            product_name=reward.product_name,
            cost_points=cost,
            transaction_id=row.id,
            minimum_subtotal=reward.minimum_subtotal,
            collections=reward.collections,
            combines=reward.combines,
            shareable=reward.shareable,
            life_days=reward.expires_after_days,
        )


def give(shop: Shop, customer: Customer, gift: Gift, *, origin: str) -> Coupon:
    """A coupon that costs no points, and cannot be returned for any."""
    return _issue(
        shop,
        customer,
        programs.of(shop.id),
        origin=origin,
        kind=gift.kind,
        amount=gift.amount,
        percent=gift.percent,
        product_id=gift.product_id,
        product_name=gift.product_name,
        minimum_subtotal=gift.minimum_subtotal,
        collections=[],
        combines=gift.combines,
        life_days=gift.expires_after_days,
    )


def my_coupons(shop: Shop, customer: Customer, *, before: datetime | None = None, limit: int = 20) -> list[Coupon]:
    """Every coupon she ever had, newest first (acceptance 34)."""
    rows = Coupon.of(shop).where(Coupon.customer_id == customer.id)
    if before is not None:
        rows = rows.where(Coupon.created_at < before)
    return list(rows.order_by(Coupon.created_at.desc()).limit(limit))


def apply(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    """She puts the code into her cart. Raises CouponNotUsable, NotFound."""
    with atomic():
        coupon = _own(shop, customer, coupon_id)
        if status_now(coupon) not in USABLE:
            raise CouponNotUsable(reason=status_now(coupon))
        coupon.applied_at = clock.now()
        return _move(coupon, "applied")


def return_for_points(shop: Shop, customer: Customer, coupon_id: str, *, key: str, source: str) -> Coupon:
    """An unused coupon for its points: the code dies first (acceptance 39). Raises CouponNotReturnable."""
    with atomic():
        coupon = _own(shop, customer, coupon_id)
        if not is_returnable(coupon):
            raise CouponNotReturnable()
        return _give_points_back(coupon, "returned", key=key, source=source, word="returned")


def is_returnable(coupon: Coupon) -> bool:
    """True while the coupon may be exchanged for its points again."""
    return bool(
        coupon.transaction_id
        and coupon.return_until
        and clock.now() < coupon.return_until
        and status_now(coupon) in USABLE
    )


def revoke(coupon: Coupon) -> None:
    """The code dies without points: a gift whose ground fell away. A used one stays used."""
    with atomic():
        fresh = _locked(coupon.shop_id, coupon.id)
        if fresh.status in (*USABLE, "issuing"):
            _move(fresh, "revoked", ended_at=clock.now())


def status_now(coupon: Coupon) -> str:
    """The status, expiry taken into account even before the nightly job has noted it."""
    if coupon.status in USABLE and coupon.expires_at and clock.now() >= coupon.expires_at:
        return "expired"
    return str(coupon.status)


# What the shop asks and tells (contracts §4)


@dataclass(frozen=True)
class Cart:
    """What a shop asks about a code with: None for what it did not tell."""

    currency: str | None
    subtotal: Decimal | None
    collection_ids: frozenset[str]
    product_ids: frozenset[str]
    customer_external_id: str | None = None
    customer_email: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a code may be used with a cart; `reason` is a stable word when it may not."""

    coupon: Coupon | None
    reason: str | None

    @property
    def valid(self) -> bool:
        """True when nothing speaks against it."""
        return self.reason is None


def check(shop: Shop, code: str, cart: Cart) -> Verdict:
    """May this cart use this code? (acceptance 37)"""
    coupon = by_code(shop, code)
    if coupon is None:
        return Verdict(None, "unknown")
    status = status_now(coupon)
    if status not in USABLE:
        return Verdict(coupon, status)
    if not coupon.shareable and not _is_owner(shop, coupon, cart):
        return Verdict(coupon, "not_yours")
    if cart.currency is not None and cart.currency != shop.currency:
        return Verdict(coupon, "other_currency")
    if coupon.minimum_subtotal is not None and (cart.subtotal or 0) < coupon.minimum_subtotal:
        return Verdict(coupon, "below_minimum")
    wanted = {one["id"] for one in coupon.collections}
    if wanted and not wanted & cart.collection_ids:
        return Verdict(coupon, "other_collection")
    if coupon.kind == "free_product" and coupon.product_id and coupon.product_id not in cart.product_ids:
        return Verdict(coupon, "product_missing")
    return Verdict(coupon, None)


def use(shop: Shop, code: str, order_ref: str, *, order_number: str | None = None) -> Coupon:
    """The order `order_ref` used the code. Again for the same order: the same answer; one order a code.

    Raises NotFound, CouponNotUsable with its reason.
    """
    with atomic():
        coupon = _need_code(shop, code)
        status = status_now(coupon)
        if status == "used" and coupon.order_ref == order_ref:
            return coupon
        if status not in USABLE:
            raise CouponNotUsable(reason=status)
        return _mark_used(coupon, order_ref, order_number)


def release(shop: Shop, code: str, order_ref: str, *, source: str) -> Coupon:
    """The order fell through: usable again, or points back, as the program says; never both (acceptance 38).

    Does nothing unless this very order used the code.
    """
    with atomic():
        coupon = _need_code(shop, code)
        if coupon.status != "used" or coupon.order_ref != order_ref:
            return coupon
        if programs.of(shop.id).rules.coupon_after_cancel == "points" and coupon.transaction_id:
            key = f"release:{coupon.id}:{coupon.revision}"  # an order may be cancelled, come back, be cancelled
            return _give_points_back(coupon, "returned", key=key, source=source, word="returned")
        coupon.order_ref = coupon.order_number = coupon.ended_at = coupon.applied_at = None
        forgotten = customers.by_id(shop.id, coupon.customer_id).erased_at  # nobody is left to own it
        return _move(coupon, "revoked" if forgotten else "active")


def order_says(shop: Shop, codes: Iterable[str], order_ref: str, number: str, *, cancelled: bool, source: str) -> None:
    """An order carries these codes: it uses them, or gives them free again when it is cancelled.

    A code whose points were given back meanwhile costs them again: never both.
    """
    with atomic():
        for code in codes:
            coupon = by_code(shop, code)
            if coupon is None:
                continue
            coupon = _locked(shop.id, coupon.id)
            if cancelled:
                release(shop, code, order_ref, source=source)
            elif coupon.status == "returned":
                _charge_again(coupon, order_ref, number, source)
            elif coupon.status in (*USABLE, "expired"):
                _mark_used(coupon, order_ref, number)


def expire_due(limit: int = 1000) -> int:
    """Note coupons of any shop that have run out; put forgotten carts back. Answers how many changed."""
    now, count = clock.now(), 0
    ended = Coupon.everywhere().where(Coupon.status.in_(USABLE), Coupon.expires_at <= now).limit(limit)
    for coupon in list(ended):
        with atomic():
            fresh = _locked(coupon.shop_id, coupon.id)
            if fresh.status in USABLE:
                _move(fresh, "expired", ended_at=fresh.expires_at)
                count += 1
    forgotten = Coupon.everywhere().where(
        Coupon.status == "applied", Coupon.applied_at <= now - APPLIED_FORGOTTEN_AFTER
    )
    for coupon in list(forgotten.limit(limit)):
        with atomic():
            fresh = _locked(coupon.shop_id, coupon.id)
            if fresh.status == "applied":
                _move(fresh, "active", applied_at=None)
                count += 1
    return count


def by_code(shop: Shop, code: str) -> Coupon | None:
    """The coupon with this code; case, blanks and dashes do not matter."""
    return Coupon.one(shop, Coupon.code == code.replace("-", "").replace(" ", "").upper())


def shown(code: str) -> str:
    """A code in groups of four, as people read it."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def save_reward(shop: Shop, handle: str, **facts: Any) -> Reward:
    """Make the reward called `handle`, or change it; coupons keep the terms they were bought with."""
    reward = Reward.one(shop, Reward.handle == handle)
    new = reward is None
    moment = clock.now()
    if reward is None:
        reward = Reward(id=new_id(), shop_id=shop.id, handle=handle, collections=[], created_at=moment)
    for name, value in facts.items():
        setattr(reward, name, value)
    reward.updated_at = moment
    reward.revision = 1 if new else reward.revision + 1
    reward.save(force_insert=new)
    emit(ProgramChanged(shop.id))
    return reward


def _issue(shop: Shop, customer: Customer, program: programs.Program, *, life_days: int | None, **facts: Any) -> Coupon:
    now = clock.now()
    today = clock.local_date(now, shop.timezone)

    def days_on(days: int | None) -> datetime | None:
        """Through the last second of that local day."""
        return None if days is None else clock.start_of(today + timedelta(days=days + 1), shop.timezone)

    facts.setdefault("id", new_id())
    coupon = Coupon(
        shop_id=shop.id,
        customer_id=customer.id,
        code=_fresh_code(shop),
        created_at=now,
        expires_at=days_on(life_days),
        return_until=days_on(program.rules.return_days) if facts.get("transaction_id") else None,
        **facts,
    )
    coupon.save(force_insert=True)
    emit(CouponIssued(shop.id, coupon.id))
    return coupon


def _fresh_code(shop: Shop) -> str:
    """12 symbols without look-alikes: 30^12 codes, so that none can be guessed (acceptance 37)."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if Coupon.one(shop, Coupon.code == code) is None:
            return code


def _bought_before(
    shop: Shop, customer: Customer, reward: Reward, source: str, key: str, points: int | None
) -> Coupon | None:
    """The coupon that this very request bought; raises KeyReused when the key was another request's."""
    row = Transaction.one(shop, Transaction.source == source, Transaction.key == key, Transaction.line == 0)
    if row is None:
        return None
    coupon = Coupon.one(shop, Coupon.transaction_id == row.id)
    if coupon is None or (coupon.customer_id, coupon.reward_id) != (customer.id, reward.id):
        raise KeyReused()
    if points not in (None, coupon.cost_points):
        raise KeyReused()
    return coupon


def _price(reward: Reward, points: int | None) -> tuple[int, Decimal | None]:
    if reward.kind != "sliding":
        if points is not None and points != reward.cost_points:
            raise BadRequest("This reward has a fixed cost.", field="points")
        return reward.cost_points, reward.amount
    if points is None:
        raise BadRequest("Say how many points to spend.", field="points")
    lowest, highest, step = reward.cost_points, reward.max_points or POINTS_MAX, reward.step_points or 1
    if not lowest <= points <= highest or (points - lowest) % step:
        raise BadRequest(f"Between {lowest} and {highest} points, in steps of {step}.", field="points")
    return points, ((reward.point_value or Decimal(0)) * points).quantize(CENT, ROUND_DOWN)


def _taken(shop: Shop, customer: Customer, rewards: list[Reward]) -> dict[str, tuple[int, int]]:
    """For each limited reward: how often she had it in its period, and how often anybody did."""
    limited = [one for one in rewards if one.limit_per_customer is not None or one.limit_total is not None]
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
    hers = Case(None, [(Coupon.customer_id != customer.id, 0), *in_period], 1)
    rows = (
        Coupon.of(shop, Coupon.reward_id, fn.SUM(hers), fn.COUNT(Coupon.id))
        .where(Coupon.reward_id.in_([one.id for one in limited]), Coupon.status.not_in(("returned", "failed")))
        .group_by(Coupon.reward_id)
    )
    return {reward_id: (int(own), int(everybody)) for reward_id, own, everybody in rows.tuples()}


def _levels(shop: Shop, rewards: list[Reward]) -> dict[str, int]:
    """How many points each tier asks for; not looked up while no reward is bound to one."""
    if not any(one.tier_id for one in rewards):
        return {}
    return {level.id: level.required_points for level in tiers.listed(shop.id)}


def _refusal(reward: Reward, account: Account | None, taken: tuple[int, int], levels: dict[str, int]) -> str | None:
    """Why she may not have it, points apart. A tier's reward is for that tier and every higher one."""
    own = levels.get(account.tier_id or "", 0) if account else 0
    if reward.tier_id and own < levels.get(reward.tier_id, POINTS_MAX + 1):
        return TierTooLow.code
    if reward.limit_per_customer is not None and taken[0] >= reward.limit_per_customer:
        return RewardLimitReached.code
    if reward.limit_total is not None and taken[1] >= reward.limit_total:
        return RewardUnavailable.code
    return None


def _check_refusal(code: str | None) -> None:
    for refusal in (TierTooLow, RewardLimitReached, RewardUnavailable):
        if refusal.code == code:
            raise refusal()


def _own(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    Coupon.need(shop, Coupon.id == coupon_id, Coupon.customer_id == customer.id)
    return _locked(shop.id, coupon_id)


def _need_code(shop: Shop, code: str) -> Coupon:
    coupon = by_code(shop, code)
    if coupon is None:
        raise NotFound("There is no such code here.")
    return _locked(shop.id, coupon.id)


def _locked(shop_id: str, coupon_id: str) -> Coupon:
    coupon: Coupon = lock_rows(Coupon.of(shop_id).where(Coupon.id == coupon_id)).get()
    return coupon


def _move(coupon: Coupon, status: str, **facts: Any) -> Coupon:
    for name, value in facts.items():
        setattr(coupon, name, value)
    coupon.status, coupon.revision = status, coupon.revision + 1
    coupon.save()
    emit(CouponChanged(coupon.shop_id, coupon.id, status))
    return coupon


def _mark_used(coupon: Coupon, order_ref: str, order_number: str | None) -> Coupon:
    return _move(coupon, "used", order_ref=order_ref, order_number=order_number, ended_at=clock.now())


def _give_points_back(coupon: Coupon, status: str, *, key: str, source: str, word: str) -> Coupon:
    """The code dies first, then the points come back, in one transaction."""
    _move(coupon, status, ended_at=clock.now())
    account = ledger.open_account(coupon.shop_id, coupon.customer_id)  # hers now: rows of a person are merged
    row = ledger.post(
        coupon.shop_id,
        account.id,
        "refund",
        coupon.cost_points,
        source=source,
        key=key,
        cause=Cause(word, coupon.id, snapshot={"title": coupon.title}),
        takes_back=coupon.transaction_id,
    )
    coupon.refund_id = row.id
    coupon.save()
    return coupon


def _charge_again(coupon: Coupon, order_ref: str, number: str, source: str) -> None:
    """Her points pay once more; what she has no longer is owed, or goes below zero, as the program says."""
    account = ledger.open_account(coupon.shop_id, coupon.customer_id)
    account = ledger.locked(coupon.shop_id, account.id)
    key = f"used-after-return:{coupon.id}:{coupon.revision}"
    cause = Cause("redeemed", coupon.id, snapshot={"title": coupon.title})
    covered = min(coupon.cost_points, max(account.balance, 0))
    if covered:
        ledger.post(coupon.shop_id, account.id, "redeem", -covered, source=source, key=key, cause=cause)
    if coupon.cost_points > covered:
        ledger.take_back(
            coupon.shop_id,
            account.id,
            coupon.cost_points - covered,
            source=source,
            key=f"{key}:rest",
            cause=cause,
            takes_back=coupon.refund_id,
            shortfall=programs.of(coupon.shop_id).rules.shortfall,
        )
    coupon.refund_id = None
    _mark_used(coupon, order_ref, number)


def _is_owner(shop: Shop, coupon: Coupon, cart: Cart) -> bool:
    """The shop may ask before it knows who is buying; when it knows, it must be her."""
    if cart.customer_external_id is None and not cart.customer_email:
        return True
    owner = customers.by_id(shop.id, coupon.customer_id)
    if cart.customer_external_id is not None and owner.external_id is not None:
        buyer = customers.by_external_id(shop.id, cart.customer_external_id)
        return buyer is not None and bool(buyer.id == owner.id)
    return bool(cart.customer_email and customers.email_key(cart.customer_email) == owner.email_key)


def audit_coupons() -> Iterable[str]:
    """Yields one sentence for each coupon that is both usable and paid back."""
    both = Coupon.everywhere(Coupon.id).where(Coupon.refund_id.is_null(False), Coupon.status.in_(USABLE))
    for (coupon_id,) in both.tuples():
        yield f"coupon {coupon_id}: usable although its points were given back"
