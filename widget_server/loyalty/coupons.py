"""Coupons: rewards that somebody bought, or was given, with their codes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from peewee import Case, Check, fn

from widget_server import clock, ledger, queue
from widget_server.db import Bool, Int, Json, Money, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import (
    CouponNotReturnable,
    CouponNotUsable,
    KeyReused,
    MembersOnly,
    NotFound,
    RewardLimitReached,
    RewardUnavailable,
    TierTooLow,
)
from widget_server.events import CouponChanged, CouponDeleted, CouponIssued, emit
from widget_server.ledger import Account, Cause, Transaction
from widget_server.loyalty import customers, edits, programs, rewards, shops
from widget_server.loyalty.customers import CODE_ALPHABET, Customer
from widget_server.loyalty.rewards import Price, Reward
from widget_server.loyalty.shops import Shop

CODE_LENGTH = 12
USABLE = ("active", "applied")
DEAD = ("expired", "returned", "revoked", "failed")
DETAIL_LENGTH_MAX = 500
APPLIED_FORGOTTEN_AFTER = timedelta(hours=24)


class Coupon(ShopTable):
    """A reward somebody has. Its terms are kept as bought; `origin` says whether points or a gift paid it.

    `code_job` is the job that makes the code in a connected shop (issuing), or kills it for its points.
    `failure` is a stable word for the shopper; what the shop said stands in `failure_detail`, for its owner.
    """

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
    failure_detail = Text(null=True)
    code_job = Text(null=True, index=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(null=True)
    return_until = UtcDateTime(null=True)
    applied_at = UtcDateTime(null=True)
    ended_at = UtcDateTime(null=True)
    revision = Int(default=1)
    updated_at = UtcDateTime(default=clock.now)
    deleted_at = UtcDateTime(null=True)

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
    price: Price
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


def offers(shop: Shop, customer: Customer, account: Account | None) -> list[Offer]:
    """What she can buy: affordable first in the merchant's order, then the nearest (acceptance 27)."""
    catalogue = rewards.listed(shop)
    taken, levels = _taken(shop, customer, catalogue), rewards.levels_asked(shop, catalogue)
    balance, tier_id = (account.balance, account.tier_id) if account else (0, None)
    found = []
    for reward in catalogue:
        refusal = rewards.refusal_of(reward, account, taken.get(reward.id, (0, 0)), levels)
        price = rewards.price_for(reward, tier_id) or reward.price
        short_by = max(price.cost_points - balance, 0)
        found.append(Offer(reward, price, refusal is None and not short_by, short_by, refusal))
    return sorted(found, key=lambda offer: (offer.refusal is not None, offer.short_by))


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
    """Buy a reward: the points go and the coupon comes in one transaction (acceptance 29, 31, 32).

    `points` is the chosen cost of a sliding reward; some rewards are had `at_checkout` only. The same key again
    answers the first coupon. Raises ProgramNotActive, MembersOnly, NotFound, RewardUnavailable, RewardLimitReached,
    TierTooLow, BadRequest (points), NotEnoughPoints, KeyReused when the key bought something else.
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
        in_force = rewards.in_force(shop).where(Reward.id == reward.id)
        if (reward.at_checkout and not at_checkout) or not in_force.exists():
            raise RewardUnavailable()
        taken = _taken(shop, customer, [reward]).get(reward.id, (0, 0))
        _check_refusal(rewards.refusal_of(reward, account, taken, rewards.levels_asked(shop, [reward])))
        price = rewards.price_for(reward, account.tier_id) or reward.price  # without one it was refused
        cost, amount = rewards.cost_of(reward, price, points)
        coupon_id = new_id()
        row = ledger.post(
            shop.id,
            account.id,
            "redeem",
            -cost,
            source=source,
            key=key,
            cause=Cause("redeemed", coupon_id, snapshot=_said_of(reward)),
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
            percent=price.percent,
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
        if is_returning(coupon):
            raise CouponNotUsable(reason="returning")
        if status_now(coupon) not in USABLE:
            raise CouponNotUsable(reason=status_now(coupon))
        coupon.applied_at = clock.now()
        return _move(coupon, "applied")


def return_for_points(shop: Shop, customer: Customer, coupon_id: str, *, key: str, source: str) -> Coupon:
    """An unused coupon for its points: the code dies first (acceptance 39). Raises CouponNotReturnable.

    A connected shop is asked by a job: until it has killed the code the coupon stays as it is, returning.
    """
    with atomic():
        coupon = _own(shop, customer, coupon_id)
        if is_returning(coupon):
            return coupon
        if not is_returnable(coupon):
            raise CouponNotReturnable()
        return _return(shop, coupon, key, source)


def undo(shop: Shop, coupon_id: str, *, key: str, source: str) -> Coupon:
    """A coupon that was bought for a checkout which came to nothing: its points come back, however late it is.

    A connected shop is asked first; a coupon without a code yet, a used or a dead one stays as it is.
    """
    with atomic():
        coupon = locked(shop.id, coupon_id)
        return coupon if coupon.status not in USABLE or is_returning(coupon) else _return(shop, coupon, key, source)


def put_back(shop: Shop, coupon_id: str) -> None:
    """Out of the cart again: what was applied is hers to use elsewhere."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if coupon.status == "applied" and not is_returning(coupon):
            _move(coupon, "active", applied_at=None)


def _return(shop: Shop, coupon: Coupon, key: str, source: str) -> Coupon:
    if shop.is_connected:
        coupon.failure = coupon.failure_detail = None
        coupon.code_job = _promise("return_code", coupon, key=key, source=source)
        coupon.save()
        return coupon
    return _give_points_back(coupon, "returned", key=key, source=source, word="returned")


def need_coupon(shop: Shop, coupon_id: str) -> Coupon:
    """The coupon; raises NotFound, also for one that the admin API deleted."""
    return Coupon.need(shop, Coupon.id == coupon_id, Coupon.deleted_at.is_null())


def delete_coupon(shop: Shop, coupon_id: str, revision: int) -> None:
    """The admin API lists it no more. Its code stays as good as it was, and she still sees it (wix-api §1b).

    Raises NotFound, StaleRevision.
    """
    with atomic():
        need_coupon(shop, coupon_id)
        coupon = locked(shop.id, coupon_id)
        edits.check_revision(coupon, revision)
        coupon.deleted_at = coupon.updated_at = clock.now()
        coupon.revision += 1
        coupon.save()
        emit(CouponDeleted(shop.id, coupon.id))


def is_returnable(coupon: Coupon) -> bool:
    """True while the coupon may be exchanged for its points again."""
    return bool(
        coupon.transaction_id
        and coupon.return_until
        and clock.now() < coupon.return_until
        and status_now(coupon) in USABLE
        and not is_returning(coupon)
    )


def is_returning(coupon: Coupon) -> bool:
    """True while the shop is asked to kill the code, before its points come back."""
    return coupon.status in USABLE and coupon.code_job is not None


def revoke(coupon: Coupon) -> None:
    """The code dies without points: a gift whose ground fell away. A used one stays used."""
    with atomic():
        fresh = locked(coupon.shop_id, coupon.id)
        if fresh.status in (*USABLE, "issuing"):
            _move(fresh, "revoked", ended_at=clock.now())


def status_now(coupon: Coupon) -> str:
    """The status, expiry taken into account even before the nightly job has noted it."""
    return "expired" if coupon.status in USABLE and _has_run_out(coupon) else str(coupon.status)


def _has_run_out(coupon: Coupon) -> bool:
    return coupon.expires_at is not None and clock.now() >= coupon.expires_at


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
        if customers.by_id(shop.id, coupon.customer_id).erased_at:  # nobody is left to own it
            return _move(coupon, "revoked")
        if shop.is_connected and not _has_run_out(coupon):  # its platform may still count the use
            return _move(coupon, "issuing", code_job=_promise("issue_code", coupon, anew=True))
        return _move(coupon, "active")


def order_says(shop: Shop, codes: Iterable[str], order_ref: str, number: str, *, cancelled: bool, source: str) -> None:
    """An order carries these codes: it uses them, or gives them free again when it is cancelled.

    A code whose points were given back meanwhile costs them again: never both.
    """
    with atomic():
        for code in codes:
            coupon = by_code(shop, code)
            if coupon is None:
                continue
            coupon = locked(shop.id, coupon.id)
            if cancelled:
                release(shop, code, order_ref, source=source)
            elif coupon.status in ("returned", "failed"):
                _charge_again(coupon, order_ref, number, source)
            elif coupon.status in (*USABLE, "issuing", "expired"):
                _mark_used(coupon, order_ref, number)


def expire_due(limit: int = 1000) -> int:
    """Note coupons of any shop that have run out; put forgotten carts back. Answers how many changed."""
    now, count = clock.now(), 0
    idle = Coupon.code_job.is_null()  # whoever asked for her points in time gets them
    ended = Coupon.everywhere().where(Coupon.status.in_(USABLE), idle, Coupon.expires_at <= now).limit(limit)
    for coupon in list(ended):
        with atomic():
            fresh = locked(coupon.shop_id, coupon.id)
            if fresh.status in USABLE and not is_returning(fresh):
                _move(fresh, "expired", ended_at=fresh.expires_at)
                count += 1
    forgotten = Coupon.everywhere().where(
        Coupon.status == "applied", idle, Coupon.applied_at <= now - APPLIED_FORGOTTEN_AFTER
    )
    for coupon in list(forgotten.limit(limit)):
        with atomic():
            fresh = locked(coupon.shop_id, coupon.id)
            if fresh.status == "applied" and not is_returning(fresh):
                _move(fresh, "active", applied_at=None)
                count += 1
    return count


# What a connected shop answers: its own checkout must know the code (acceptance 30, 37, 39)


def code_made(shop: Shop, coupon_id: str) -> None:
    """The shop's checkout knows the code: she may use it. If nobody waits for it any longer it dies again."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if coupon.status == "issuing":
            _move(coupon, "active")
        elif coupon.status in DEAD:
            _promise("kill_code", coupon)


def code_refused(shop: Shop, coupon_id: str, failure: str, detail: str) -> None:
    """There will be no code: her points come back at once, and the row says why (acceptance 30)."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if coupon.status != "issuing":
            return
        coupon.failure, coupon.failure_detail = failure, detail[:DETAIL_LENGTH_MAX]
        if coupon.cost_points:
            key = f"not-issued:{coupon.id}:{coupon.revision}"
            _give_points_back(coupon, "failed", key=key, source="job", word="not_issued")
        else:
            _move(coupon, "failed", ended_at=clock.now())


def code_dead(shop: Shop, coupon_id: str, *, key: str, source: str) -> None:
    """The shop's checkout no longer knows the code: the points she asked for come back."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if is_returning(coupon):
            _give_points_back(coupon, "returned", key=key, source=source, word="returned")


def code_not_killed(shop: Shop, coupon_id: str, failure: str, detail: str) -> None:
    """The code could not be taken back: she keeps it, and may ask again."""
    with atomic():
        coupon = locked(shop.id, coupon_id)
        if is_returning(coupon):
            coupon.failure, coupon.failure_detail = failure, detail[:DETAIL_LENGTH_MAX]
            coupon.code_job = None
            coupon.save()


def give_up_on_codes(limit: int = 1000) -> int:
    """Where the queue has given up asking a shop, hers is hers again. Answers how many coupons there were."""
    at_work = queue.Job.everywhere(queue.Job.id).where(queue.Job.status == "waiting")
    given_up = Coupon.everywhere().where(
        Coupon.status.in_((*USABLE, "issuing")), Coupon.code_job.is_null(False), Coupon.code_job.not_in(at_work)
    )
    count = 0
    for coupon in list(given_up.limit(limit)):
        job = queue.Job.get_or_none(queue.Job.id == coupon.code_job)
        detail = (job and job.last_error) or "the job is gone"
        with atomic():
            fresh = locked(coupon.shop_id, coupon.id)
            if fresh.code_job != coupon.code_job:
                continue
            act = code_refused if fresh.status == "issuing" else code_not_killed
            act(shops.by_id(fresh.shop_id), fresh.id, "shop_unreachable", detail)
            count += 1
    return count


def by_code(shop: Shop, code: str) -> Coupon | None:
    """The coupon with this code; case, blanks and dashes do not matter."""
    return Coupon.one(shop, Coupon.code == code.replace("-", "").replace(" ", "").upper())


def shown(code: str) -> str:
    """A code in groups of four, as people read it."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _issue(shop: Shop, customer: Customer, program: programs.Program, *, life_days: int | None, **facts: Any) -> Coupon:
    now = clock.now()
    today = clock.local_date(now, shop.timezone)

    def days_on(days: int | None) -> datetime | None:
        """Through the last second of that local day."""
        return None if days is None else clock.start_of(today + timedelta(days=days + 1), shop.timezone)

    facts.setdefault("id", new_id())
    coupon = Coupon(
        status="issuing" if shop.is_connected else "active",
        shop_id=shop.id,
        customer_id=customer.id,
        code=_fresh_code(shop),
        created_at=now,
        expires_at=days_on(life_days),
        return_until=days_on(program.rules.return_days) if facts.get("transaction_id") else None,
        **facts,
    )
    if shop.is_connected:
        coupon.code_job = _promise("issue_code", coupon, anew=False)
    coupon.save(force_insert=True)
    emit(CouponIssued(shop.id, coupon.id))
    return coupon


def _promise(job: str, coupon: Coupon, **facts: Any) -> str:
    """The shop is asked after the commit (stores/codes.py). Answers the job's id."""
    return queue.enqueue(job, {"shop_id": coupon.shop_id, "coupon_id": coupon.id, **facts})


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


def _said_of(reward: Reward) -> dict[str, Any]:
    """What of the reward a row of the ledger keeps."""
    said = {"reward": reward.id, "title": reward.title}
    return {**said, "at_checkout": True} if reward.at_checkout else said


def _taken(shop: Shop, customer: Customer, wanted: list[Reward]) -> dict[str, tuple[int, int]]:
    """For each limited reward: how often she had it in its period, and how often anybody did."""
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
    hers = Case(None, [(Coupon.customer_id != customer.id, 0), *in_period], 1)
    rows = (
        Coupon.of(shop, Coupon.reward_id, fn.SUM(hers), fn.COUNT(Coupon.id))
        .where(Coupon.reward_id.in_([one.id for one in limited]), Coupon.status.not_in(("returned", "failed")))
        .group_by(Coupon.reward_id)
    )
    return {reward_id: (int(own), int(everybody)) for reward_id, own, everybody in rows.tuples()}


def _check_refusal(code: str | None) -> None:
    for refusal in (TierTooLow, RewardLimitReached, RewardUnavailable):
        if refusal.code == code:
            raise refusal()


def _own(shop: Shop, customer: Customer, coupon_id: str) -> Coupon:
    Coupon.need(shop, Coupon.id == coupon_id, Coupon.customer_id == customer.id)
    return locked(shop.id, coupon_id)


def _need_code(shop: Shop, code: str) -> Coupon:
    coupon = by_code(shop, code)
    if coupon is None:
        raise NotFound("There is no such code here.")
    return locked(shop.id, coupon.id)


def locked(shop_id: str, coupon_id: str) -> Coupon:
    """The coupon as it is now, locked until the transaction ends; raises NotFound.

    Its owner's account first, as an order does that earns and uses a code: so nobody waits in a ring.
    """
    account = ledger.account_of(shop_id, Coupon.need(shop_id, Coupon.id == coupon_id).customer_id)
    if account is not None:
        ledger.locked(shop_id, account.id)
    coupon: Coupon = lock_rows(Coupon.of(shop_id).where(Coupon.id == coupon_id)).get()
    return coupon


def _move(coupon: Coupon, status: str, **facts: Any) -> Coupon:
    coupon.code_job = None
    for name, value in facts.items():
        setattr(coupon, name, value)
    coupon.status, coupon.revision, coupon.updated_at = status, coupon.revision + 1, clock.now()
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
    coupon.refund_id = coupon.failure = coupon.failure_detail = None
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
    """Yields one sentence for each coupon that is both usable and paid back, or neither."""
    both = Coupon.everywhere(Coupon.id).where(
        Coupon.refund_id.is_null(False), Coupon.status.in_((*USABLE, "issuing", "used"))
    )
    for (coupon_id,) in both.tuples():
        yield f"coupon {coupon_id}: usable although its points were given back"
    neither = Coupon.everywhere(Coupon.id).where(
        Coupon.refund_id.is_null(), Coupon.status.in_(("failed", "returned")), Coupon.cost_points > 0
    )
    for (coupon_id,) in neither.tuples():
        yield f"coupon {coupon_id}: has no code although its points were not given back"
