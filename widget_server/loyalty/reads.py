"""What a shopper's panel shows, read in few queries whose number never grows with her history.

Answers are plain values ready for JSON, in the shapes of schemas/widget.py.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from peewee import fn

from widget_server import clock, ledger, money
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import referrals
from widget_server.loyalty.earning import rule_states, rules, scoring
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rule_states import OPEN, RuleState
from widget_server.loyalty.earning.rules import EarningRule, Figure
from widget_server.loyalty.earning.scoring import Rate
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tiers
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import ReferralProgram
from widget_server.loyalty.rewards import coupons, redeeming, rewards
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import Price, Reward

PAGE = 20
WITHOUT_POINTS_MAX = 5
Json = dict[str, Any]


# Earn points


def earn(shop: Shop, program: Program, customer: Customer, account: Account | None) -> list[Json]:
    """The rules valid for her now, in the merchant's order, with their state (acceptance 17, 18)."""
    listed = rules.listed(shop, customer, account)
    return _rules(shop, program, account, listed, rule_states.states(shop, customer, account, listed))


def guest_earn(shop: Shop, program: Program) -> list[Json]:
    """The rules as a guest reads them."""
    return _rules(shop, program, None, rules.listed(shop, None, None), {})


def rule(shop: Shop, customer: Customer, one: EarningRule) -> Json:
    """One rule as it stands for her now."""
    account = ledger.account_of(shop.id, customer.id)
    states = rule_states.states(shop, customer, account, [one])
    return _rules(shop, programs.of(shop.id), account, [one], states)[0]


def _rules(
    shop: Shop, program: Program, account: Account | None, listed: list[EarningRule], states: dict[str, RuleState]
) -> list[Json]:
    standing, tier_id = tiers.standing(shop.id, account), account.tier_id if account else None
    campaign = rules.campaign_multiplier(shop, clock.now())
    of_tier = standing.multiplier if standing else Decimal(1)

    def multiplier(one: EarningRule) -> Decimal | None:
        """By what the order's points are multiplied beside the product's own factors; None when by nothing."""
        tier = Decimal(1) if one.has_own(tier_id) else of_tier
        both = scoring.combined([tier, campaign], program.rules.combine)
        return both if both != 1 and one.kind in rules.ORDER_KINDS else None

    return [_rule(one, one.figure_for(tier_id), program, states.get(one.id, OPEN), multiplier(one)) for one in listed]


def _rule(one: EarningRule, figure: Figure, program: Program, state: RuleState, multiplier: Decimal | None) -> Json:
    terms = one.terms
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "description": one.description,
        "points": figure.points if figure.per is None else None,
        "rate": _rate(figure.points, figure.per),
        "rounding": program.rules.rounding,
        "before_tax": figure.per is not None and program.rules.prices_include_tax and not program.rules.base_tax,
        "multiplier": multiplier,
        "minimum_subtotal": terms.minimum_subtotal,
        "url": terms.url,
        "channel": terms.channel,
        "limit": _limit(one),
        "state": state.state,
        "opens_at": state.opens_at,
    }


def _rate(points: int | None, per: Decimal | None) -> Json | None:
    return None if per is None else {"points": points, "per": per}


def _limit(one: EarningRule) -> Json | None:
    if one.kind in rules.ONCE_KINDS:
        return {"times": 1, "period": "ever"}
    if one.kind == "birthday":
        return {"times": 1, "period": "year"}
    if one.kind == "visit":
        return {"times": 1, "period": "day"}
    terms = one.terms
    for period, times in (
        ("day", terms.times_per_day),
        ("month", terms.times_per_month),
        ("year", terms.times_per_year),
        ("ever", terms.times_ever),
    ):
        if times is not None:
            return {"times": times, "period": period}
    return None


# Redeem points


def redeem(shop: Shop, customer: Customer, account: Account | None) -> list[Json]:
    """The rewards as they stand for her: affordable first, then the nearest (acceptance 27)."""
    names = {tier.id: tier.name for tier in tiers.listed(shop.id)}
    return [
        {
            **_reward(shop, offer.reward, offer.price, names),
            "available": offer.available,
            "short_by": offer.short_by,
            "refusal": offer.refusal,
        }
        for offer in redeeming.offers(shop, customer, account)
    ]


def guest_rewards(shop: Shop) -> list[Json]:
    """The rewards as a guest reads them (acceptance 13)."""
    names = {tier.id: tier.name for tier in tiers.listed(shop.id)}
    return [
        {**_reward(shop, one, one.price, names), "available": False, "short_by": 0, "refusal": None}
        for one in rewards.listed(shop)
    ]


def _reward(shop: Shop, one: Reward, price: Price, tier_names: dict[str, str]) -> Json:
    sliding = None
    if one.kind == "sliding":
        sliding = {
            "min_points": one.cost_points,
            "max_points": one.max_points,
            "step_points": one.step_points or 1,
            "point_value": one.point_value,
        }
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "description": one.description,
        "cost_points": price.cost_points,
        "amount": _coins(shop, price.amount),
        "percent": price.percent,
        "product_name": one.product_name,
        "sliding": sliding,
        "minimum_subtotal": one.minimum_subtotal,
        "collections": _collection_names(one.collections),
        "tier_name": tier_names.get(one.tier_id or ""),
        "ends_at": one.ends_at,
        "expires_after_days": one.expires_after_days,
        "combines": one.combines,
    }


# My rewards


def my_rewards(shop: Shop, customer: Customer, *, cursor: str | None = None) -> Json:
    """Her coupons, newest first, a page at a time (acceptance 34)."""
    before = clock.parse(cursor) if cursor else None
    found = coupons.my_coupons(shop, customer, before=before, limit=PAGE + 1)
    more = len(found) > PAGE
    return {
        "coupons": [coupon(shop, one) for one in found[:PAGE]],
        "next_cursor": found[PAGE - 1].created_at.isoformat() if more else None,
    }


def coupon(shop: Shop, one: Coupon) -> Json:
    """One coupon, for its owner."""
    return {
        "id": one.id,
        "code": one.code if one.status not in ("issuing", "failed") else None,
        "status": coupons.status_now(one),
        "kind": one.kind,
        "title": one.title,
        "amount": _coins(shop, one.amount),
        "percent": one.percent,
        "product_name": one.product_name,
        "cost_points": one.cost_points,
        "minimum_subtotal": one.minimum_subtotal,
        "collections": _collection_names(one.collections),
        "combines": one.combines,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "ended_at": one.ended_at,
        "order_number": one.order_number,
        "return_until": one.return_until if coupons.is_returnable(one) else None,
        "returning": coupons.is_returning(one),
        "failure": one.failure,
    }


def unseen(shop: Shop, customer: Customer) -> int:
    """How many usable coupons came since she last opened My rewards: the launcher's dot."""
    rows = Coupon.of(shop, fn.COUNT(Coupon.id)).where(
        Coupon.customer_id == customer.id, Coupon.status == "active", Coupon.origin != "reward"
    )
    if customer.rewards_seen_at is not None:
        rows = rows.where(Coupon.created_at > customer.rewards_seen_at)
    return int(rows.scalar())


def _coins(shop: Shop, amount: Decimal | None) -> Decimal | None:
    """What a discount takes off: also one from before amounts had to be whole coins takes off no more than it says."""
    return None if amount is None else money.whole_coins(amount, shop.currency)


def _collection_names(collections: Iterable[Json]) -> list[str]:
    return [one["name"] for one in collections]


# Referral program


def referral(shop: Shop, customer: Customer) -> Json | None:
    """Her link and what it brought; None while the shop has no referral program."""
    program = referrals.program_of(shop)
    if program is None:
        return None
    counted = referrals.counts(shop, customer)
    return {
        "offer": _offer(shop, program),
        "link": link(shop, customer),
        "code": customer.referral_code,
        "joined": counted.joined,
        "pending": counted.pending,
        "completed": counted.completed,
        "earned_points": counted.earned_points,
        "may_enter_code": referrals.may_enter_code(shop, customer),
    }


def link(shop: Shop, customer: Customer) -> str:
    """Her stable link: the shop's home with her code (acceptance 40)."""
    return f"{shop.origins[0]}/?ref={customer.referral_code}"


def guest_referral(shop: Shop) -> Json | None:
    """What a friend gets, as somebody reads it who may have come by a link (acceptance 43)."""
    program = referrals.program_of(shop)
    return _offer(shop, program) if program else None


def _offer(shop: Shop, program: ReferralProgram) -> Json:
    return {
        "friend_gets": _gift(shop, program.for_friend),
        "you_get": _gift(shop, program.for_advocate),
        "trigger": program.trigger,
        "minimum_subtotal": program.minimum_subtotal,
    }


def _gift(shop: Shop, gift: Gift | None) -> Json | None:
    if gift is None:
        return None
    names = ("kind", "points", "percent", "product_name", "minimum_subtotal")
    return {"amount": _coins(shop, gift.amount), **{name: getattr(gift, name) for name in names}}


# My balance


def balance(shop: Shop, program: Program, account: Account | None) -> Json:
    """The figures above every tab (acceptance 47, 51)."""
    if account is None:
        account = Account(balance=0, pending=0, debt=0, earned=0, redeemed=0, tier_points=0)
    value = program.rules.point_value
    coming = expiry.next_expiry(shop, program, account) if account.id else None
    return {
        "available": account.balance,
        "pending": account.pending,
        "pending_until": _pending_until(shop, account) if account.pending else None,
        "debt": account.debt,
        "next_expiry": {"points": coming.points, "at": coming.at} if coming else None,
        "earned": account.earned,
        "redeemed": account.redeemed,
        "money_value": None if value is None else money.whole_coins(value * max(account.balance, 0), shop.currency),
        "tier": _tier(tiers.standing(shop.id, account if account.id else None)),
    }


def _pending_until(shop: Shop, account: Account) -> Any:
    waiting = Award.of(shop, Award.due_at).where(
        Award.account_id == account.id, Award.status == "waiting", Award.due_at.is_null(False)
    )
    soonest = waiting.order_by(Award.due_at).first()
    return soonest.due_at if soonest else None


def _tier(standing: tiers.Standing | None) -> Json | None:
    if standing is None or (standing.name is None and standing.next is None):
        return None
    following = standing.next
    return {
        "name": standing.name or "",
        "benefits": standing.tier.benefits if standing.tier else standing.program.base_benefits,
        "multiplier": standing.multiplier if standing.multiplier != 1 else None,
        "points": standing.points,
        "next_name": following.name if following else None,
        "next_points": following.required_points if following else None,
        "next_missing": max(following.required_points - standing.points, 0) if following else None,
        "next_benefits": following.benefits if following else None,
        "ends_at": standing.ends_at,
    }


def history(shop: Shop, customer: Customer, account: Account | None, *, cursor: str | None = None) -> Json:
    """What moved, newest first: on the first page what still waits, then the booked rows (acceptance 48).

    The first page also has the customer's newest orders that can give no points, and why.
    """
    without = [] if cursor else _orders_without_points(shop, customer)
    if account is None:
        return {"rows": [], "next_cursor": None, "orders_without_points": without}
    before = int(cursor) if cursor else None
    rows = ledger.history(shop.id, account.id, before=before, limit=PAGE + 1, by_event=True)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    waiting = [] if cursor else _waiting(shop, account)
    orders = [row.order_id for row in rows] + [award.order_id for award in waiting]
    numbers = _order_numbers(shop, [order_id for order_id in orders if order_id])
    titles = _titles(shop, [row.cause_id for row in rows if row.cause_id])
    comments = _comments(shop, [row.id for row in rows if "note" in row.snapshot])
    shown = [_waiting_row(award, numbers) for award in waiting]
    shown += [_booked_row(row, numbers, titles, comments) for row in rows]
    next_cursor = str(rows[-1].sequence) if more else None
    return {"rows": shown, "next_cursor": next_cursor, "orders_without_points": without}


def _orders_without_points(shop: Shop, customer: Customer) -> list[Json]:
    mine = Order.of(shop, Order.number, Order.placed_at, Order.why_nothing).where(
        Order.customer_id == customer.id, Order.why_nothing.is_null(False), Order.status != "cancelled"
    )
    newest = mine.order_by(Order.placed_at.desc(), Order.id).limit(WITHOUT_POINTS_MAX)
    return [{"number": one.number, "placed_at": one.placed_at, "reason": one.why_nothing} for one in newest]


def _waiting(shop: Shop, account: Account) -> list[Award]:
    waiting = Award.of(shop).where(Award.account_id == account.id, Award.status == "waiting")
    return list(waiting.order_by(Award.event_at.desc()).limit(PAGE))


def _order_numbers(shop: Shop, order_ids: list[str]) -> dict[str, str]:
    found = Order.of(shop, Order.id, Order.number).where(Order.id.in_(set(order_ids) or {""}))
    return {order.id: order.number for order in found}


def _titles(shop: Shop, cause_ids: list[str]) -> dict[str, Coupon]:
    """The coupons that rows speak of, so that a row can say what was bought."""
    return {one.id: one for one in Coupon.of(shop).where(Coupon.id.in_(set(cause_ids) or {""}))}


def _comments(shop: Shop, transaction_ids: list[str]) -> dict[str, str | None]:
    """What staff wrote for the customer; the internal reason never leaves (acceptance 49)."""
    notes = Adjustment.of(shop, Adjustment.transaction_id, Adjustment.comment)
    return {
        note.transaction_id: note.comment
        for note in notes.where(Adjustment.transaction_id.in_(set(transaction_ids) or {""}))
    }


def _waiting_row(award: Award, numbers: dict[str, str]) -> Json:
    return {
        "id": award.id,
        "points": award.points,
        "state": "waiting",
        "due_at": award.due_at,
        "at": award.event_at,
        "reason": _reason(award.cause, order_number=numbers.get(award.order_id or "")),
        "why": _why(award.snapshot),
    }


def _booked_row(
    row: Transaction, numbers: dict[str, str], bought: dict[str, Coupon], comments: dict[str, str | None]
) -> Json:
    one = bought.get(row.cause_id or "")
    return {
        "id": str(row.sequence),  # her own count: a GUID a row is what no compression makes small
        "points": row.amount,
        "state": "booked",
        "due_at": None,
        "at": row.event_at,
        "reason": _reason(
            row.cause,
            order_number=numbers.get(row.order_id or ""),
            title=row.snapshot.get("title"),
            comment=comments.get(row.id),
            one=one,
        ),
        "why": _why(row.snapshot),
    }


def _reason(
    code: str,
    *,
    order_number: str | None = None,
    title: str | None = None,
    comment: str | None = None,
    one: Coupon | None = None,
) -> Json:
    return {
        "code": code,
        "order_number": order_number,
        "title": title,
        "comment": comment,
        "coupon": None
        if one is None
        else {"kind": one.kind, "amount": one.amount, "percent": one.percent, "product_name": one.product_name},
    }


def _why(snapshot: Json) -> Json:
    """The sum behind a row, from the rule and rate kept with it."""
    why: Json = {
        "base": None,
        "rate": None,
        "fixed_points": snapshot.get("points"),
        "multiplier": None,
        "rounding": None,
        "capped": bool(snapshot.get("capped")),
        "includes_shipping": False,
        "wait_days": None,
    }
    if "rate" in snapshot:
        rate = Rate.from_json(snapshot["rate"])
        factor = Decimal(snapshot.get("factor", 1))
        why |= {
            "base": Decimal(snapshot["base"]) if "base" in snapshot else None,
            "rate": _rate(rate.per_points, rate.per),
            "fixed_points": rate.points,
            "multiplier": factor if factor != 1 else None,
            "rounding": rate.rounding,
            "includes_shipping": rate.with_shipping,
            "wait_days": rate.wait_days or None,
        }
    return why


def member(customer: Customer) -> Json:
    """What she reads of herself."""
    return {
        "name": customer.name,
        "email": customer.email,
        "email_verified": customer.email_verified,
        "can_verify_email": customer.email_key is not None and not customer.email_verified,
        "birthday": customer.birthday,
        "has_password": customer.password_hash is not None,
    }
