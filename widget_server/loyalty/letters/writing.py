"""Which letter a noted fact is, and its values: the job `write_letter`.

It may run again after a crash: each fact has a request key, which is stored in the transaction that queues its letter.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypedDict

from widget_server import clock, idempotency, ledger
from widget_server.db import atomic
from widget_server.json_types import JsonObject
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, mailing
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import Reward

LATE = timedelta(days=7)  # older facts are no news, such as orders from before the shop was connected
TOGETHER = timedelta(hours=1)  # rows of one order within this time are one letter
SMALL = ("visit",)  # a point for each day's visit, which the customer sees on the page


class Why(TypedDict):
    """Why points moved: the cause of the row, the number of its order, the title of the rule."""

    cause: str
    order: str | None
    title: str | None


def write(payload: Mapping[str, str]) -> None:
    """Queue the letter of a noted fact, if it is still worth one. Raises NotFound for what is not there."""
    WRITERS[payload["about"]](shops.by_id(payload["shop_id"]), payload)


def _points(shop: Shop, payload: Mapping[str, str]) -> None:
    row = Transaction.need(shop, Transaction.id == payload["transaction_id"])
    program = programs.of(shop.id)
    letter = _letter_of(program, row)
    if letter is None or _is_late(shop, row):
        return
    customer, account = _owner(shop, row)
    if letter == "birthday_gift" and not mailing.may_get(program, customer, letter):
        letter = "points_earned"  # the news without the congratulation
    if not mailing.may_get(program, customer, letter):
        return
    with atomic():
        fresh: list[int] = []
        for one in _together(shop, row):
            key = f"letter:{one.id}"

            def take(amount: int = one.amount) -> None:
                fresh.append(amount)

            idempotency.run_once(shop.id, "job", key, key, take, customer_id=customer.id)
        if fresh:
            values = {"points": sum(fresh), "balance": account.balance, "comment": _comment(shop, row)}
            values["why"] = dict(_why(shop, row))
            mailing.send(shop, customer, letter, values, key=f"letter:{letter}:{row.id}")


def _letter_of(program: Program, row: Transaction) -> str | None:
    """Returns the letter that a row of the ledger is, of those that the shop sends; None for rows without one."""
    if row.kind == "adjust" and row.cause == "adjusted":
        return "points_moved"
    if row.kind != "earn" or row.source == ledger.MERGE:
        return None
    if row.amount < 0:
        return "points_moved" if row.order_id or row.cause == "referral_undone" else None
    if row.cause in SMALL or (row.cause == "referral_advocate" and mailing.is_on(program, "referral_completed")):
        return None
    return "birthday_gift" if row.cause == "birthday" else "points_earned"


def _is_late(shop: Shop, row: Transaction) -> bool:
    """Whether this server heard of what gave the points long after it happened; a waiting time does not count."""
    if row.order_id is None:
        return bool(row.created_at - row.event_at > LATE)
    award = Award.of(shop).where(Award.order_id == row.order_id, Award.rule_id == row.cause_id).first()
    return award is not None and bool(award.created_at - award.event_at > LATE)


def _owner(shop: Shop, row: Transaction) -> tuple[Customer, Account]:
    """Returns who has the row now, with the account: a merge may have moved it since."""
    account = Account.need(shop, Account.id == row.account_id)
    customer = customers.live(customers.by_id(shop.id, account.customer_id))
    return customer, ledger.account_of(shop.id, customer.id) or account


def _together(shop: Shop, row: Transaction) -> list[Transaction]:
    """Returns the rows that one letter tells of: the row, and the others of its order, or of the same birthday."""
    if row.amount < 0 or not (row.order_id or row.cause == "birthday"):
        return [row]
    same = Transaction.order_id == row.order_id if row.order_id else Transaction.cause == "birthday"
    near = Transaction.created_at.between(row.created_at - TOGETHER, row.created_at + TOGETHER)
    of_account = (Transaction.account_id == row.account_id, Transaction.kind == "earn", Transaction.amount > 0)
    return list(Transaction.of(shop).where(*of_account, same, near).order_by(Transaction.sequence))


def _why(shop: Shop, row: Transaction) -> Why:
    order = Order.one(shop, Order.id == row.order_id) if row.order_id else None
    return {
        "cause": row.cause,
        "order": order.number if order else None,
        "title": (row.snapshot or {}).get("title"),
    }


def _comment(shop: Shop, row: Transaction) -> str | None:
    """Returns what staff wrote to the customer about the row."""
    note = Adjustment.one(shop, Adjustment.transaction_id == ledger.current(row).id)
    return None if note is None else note.comment


def _coupon(shop: Shop, payload: Mapping[str, str]) -> None:
    coupon = Coupon.need(shop, Coupon.id == payload["coupon_id"])
    reward = Reward.one(shop, Reward.id == coupon.reward_id)
    is_old = clock.now() - coupon.created_at > LATE  # it was applied, and is free again
    if is_old or coupon.status not in coupons.USABLE or (reward is not None and reward.at_checkout):
        return
    customer = customers.live(customers.by_id(shop.id, coupon.customer_id))
    account = ledger.account_of(shop.id, customer.id)
    terms = ("kind", "amount", "percent", "product_id", "product_name")
    gift = Gift(**{name: getattr(coupon, name) for name in terms})
    values: JsonObject = {
        "gift": gift.as_json(),
        "code": coupon.code,
        "points": -coupon.cost_points,
        "balance": account.balance if account else 0,
        "minimum": str(coupon.minimum_subtotal) if coupon.minimum_subtotal else None,
        "expires_at": clock.iso(coupon.expires_at) if coupon.expires_at else None,
    }
    mailing.send(shop, customer, "reward_redeemed", values, key=f"letter:reward_redeemed:{coupon.id}")


def _tier(shop: Shop, payload: Mapping[str, str]) -> None:
    customer = customers.live(customers.by_id(shop.id, payload["customer_id"]))
    account = ledger.account_of(shop.id, customer.id)
    program = tiers.program_of(shop.id)
    if account is None or program is None or account.tier_id != payload["tier_id"]:
        return  # it moved again, which has its own letter
    before, now = (Tier.one(shop, Tier.id == payload[name]) for name in ("before_id", "tier_id"))
    rises = now is not None and (before is None or now.required_points > before.required_points)
    if not rises and before is None:
        return  # the owner deleted the tier
    values: JsonObject = {"tier": now.name, "benefits": now.benefits} if rises and now else {}
    if not rises and before:
        values = {"tier": before.name, "tier_now": now.name if now else program.base_name}
    letter = "tier_reached" if rises else "tier_lost"
    day = clock.local_date(clock.parse(payload["at"]), shop.timezone).isoformat()
    mailing.send(shop, customer, letter, values, key=f"letter:{letter}:{account.id}:{payload['tier_id']}:{day}")


WRITERS: dict[str, Callable[[Shop, Mapping[str, str]], None]] = {"points": _points, "coupon": _coupon, "tier": _tier}
