"""Facts that a letter may follow: noted as jobs in the transaction that books them, which they delay by one insert.

Nothing is decided here but whether the shop sends such letters at all. Changes of many accounts note nothing.
"""

from collections.abc import Iterator
from datetime import timedelta

from widget_server import clock, job_queue, keyset
from widget_server.db import Row
from widget_server.events import CouponChanged, CouponIssued, ManyPointsEarned, ManyTiersMoved, PointsMoved, TierMoved
from widget_server.job_queue import JobName
from widget_server.json_types import JsonObject
from widget_server.ledger import Account
from widget_server.loyalty.people import mailing
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.coupons import Coupon

OF_POINTS = ("points_earned", "points_moved", "birthday_gift")
OF_TIERS = ("tier_reached", "tier_lost")
GATHER_SECONDS = 60  # so that the points of one order, under several rules, are one letter
AT_RISK_DAYS = 30
PAGE = 200  # accounts that are read at once


def note_points(event: PointsMoved) -> None:
    """Note earned, deducted and adjusted points."""
    if event.kind in ("earn", "adjust") and mailing.is_on(programs.of(event.shop_id), *OF_POINTS):
        facts = {"shop_id": event.shop_id, "about": "points", "transaction_id": event.transaction_id}
        job_queue.enqueue(JobName.WRITE_LETTER, facts, delay_seconds=GATHER_SECONDS)


def note_points_of_each(event: ManyPointsEarned) -> None:
    """Note the points of many, as `note_points` does."""
    told = [move for move in event.moves if move.kind in ("earn", "adjust")]
    if told and mailing.is_on(programs.of(event.shop_id), *OF_POINTS):
        facts = [{"shop_id": one.shop_id, "about": "points", "transaction_id": one.transaction_id} for one in told]
        job_queue.enqueue_many(JobName.WRITE_LETTER, facts, delay_seconds=GATHER_SECONDS)


def note_coupon(event: CouponIssued | CouponChanged) -> None:
    """Note a coupon that was bought with points, whenever its code works (again). Raises NotFound."""
    if not mailing.is_on(programs.of(event.shop_id), "reward_redeemed"):
        return
    coupon = Coupon.need(event.shop_id, Coupon.id == event.coupon_id)
    if coupon.status == "active" and coupon.cost_points and coupon.applied_at is None:
        job_queue.enqueue(JobName.WRITE_LETTER, {"shop_id": event.shop_id, "about": "coupon", "coupon_id": coupon.id})


def note_tier(event: TierMoved) -> None:
    """Note a tier that was reached or lost."""
    note_tiers(ManyTiersMoved(event.shop_id, (event,)))


def note_tiers(event: ManyTiersMoved) -> None:
    """Note the tiers that many reached or lost."""
    if mailing.is_on(programs.of(event.shop_id), *OF_TIERS):
        facts = map(_tier_facts, event.moves)
        job_queue.enqueue_many(JobName.WRITE_LETTER, facts, delay_seconds=GATHER_SECONDS)


def _tier_facts(move: TierMoved) -> JsonObject:
    return {
        "shop_id": move.shop_id,
        "about": "tier",
        "customer_id": move.customer_id,
        "before_id": move.before_id,
        "tier_id": move.tier_id,
        "at": clock.iso(clock.now()),
    }


def remind_of_tiers(shop: Shop) -> int:
    """Send a letter to members whose tier ends within AT_RISK_DAYS; returns to how many.

    One for each tier and month of its end, also when the end moves as points are earned.
    """
    return sum(remind_slices(shop))


def remind_slices(shop: Shop) -> Iterator[int]:
    """Does `remind_of_tiers`, some letters in each transaction; yields after each how many there were."""
    program = programs.of(shop.id)
    if not program.is_active or not mailing.is_on(program, "tier_at_risk"):
        return
    today = clock.local_date(clock.now(), shop.timezone)
    horizon = clock.start_of(today + timedelta(days=AT_RISK_DAYS + 1), shop.timezone)
    names = {tier.id: tier.name for tier in Tier.of(shop)}
    columns = (Account.id, Account.customer_id, Account.tier_id, Account.tier_until)
    key = (Account.tier_until, Account.id)
    ending = Account.of(shop, *columns).where(Account.tier_until > clock.now(), Account.tier_until < horizon)
    ordered = ending.order_by(*key).limit(PAGE).objects(Row)
    page = list(ordered)
    while page:
        yield from mailing.send_each(shop, [_at_risk(shop, names, one) for one in page if one.tier_id in names])
        page = list(ordered.where(keyset.behind(key, page[-1]))) if len(page) == PAGE else []


def _at_risk(shop: Shop, names: dict[str, str], account: Row) -> mailing.Letter:
    month = clock.local_date(account.tier_until, shop.timezone).strftime("%Y-%m")
    values: JsonObject = {"tier": names[account.tier_id], "expires_at": clock.iso(account.tier_until)}
    key = f"tier_at_risk:{account.id}:{account.tier_id}:{month}"
    return mailing.Letter(account.customer_id, "tier_at_risk", values, key)
