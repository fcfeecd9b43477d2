"""The My balance tab: the member's points, and the history of how they were earned and spent."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from widget_server import ledger, money
from widget_server.db import Column, Selection, among, statement
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.scoring import Rate
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tiers
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.till import sales
from widget_server.widget.list_pages import PAGE
from widget_server.widget.shapes.my_balance import (
    Balance,
    History,
    HistoryRow,
    OrderWithoutPoints,
    Reason,
    TierStanding,
    Why,
)
from widget_server.widget.views import earn

WITHOUT_POINTS_MAX = 5


def balance(shop: Shop, program: Program, account: Account | None) -> Balance:
    """Returns the figures above every tab, all 0 without an account (acceptance 47, 51)."""
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


def _pending_until(shop: Shop, account: Account) -> datetime | None:
    soonest = _soonest.first(shop.id, account.id)
    return soonest.due_at if soonest else None


@statement
def _soonest(shop_id: str, account_id: str) -> Selection[Award]:
    rows = _waiting_of(shop_id, account_id, Award.due_at).where(Award.due_at.is_null(False))
    return rows.order_by(Award.due_at).limit(1)


def _waiting_of(shop_id: str, account_id: str, *columns: Column) -> Selection[Award]:
    return Award.of(shop_id, *columns).where(Award.account_id == account_id, Award.status == "waiting")


def _tier(standing: tiers.Standing | None) -> TierStanding | None:
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


def history(
    shop: Shop, customer: Customer, account: Account | None, *, cursor: str | None = None, pages: int = 1
) -> History:
    """Returns so many pages of the history, newest first; the first page begins with the awards that still wait.

    `cursor` is the previous page's `next_cursor`, digits only. The first page also has the customer's newest orders
    that can give no points, and why (acceptance 48).
    """
    without, till = [] if cursor else _orders_without_points(shop, customer), sales.has_till(shop)
    if account is None:
        return {"rows": [], "next_cursor": None, "orders_without_points": without, "till": till}
    before = int(cursor) if cursor else None
    limit = pages * PAGE
    rows = ledger.history(shop.id, account.id, before=before, limit=limit + 1, by_event=True)
    more, rows = len(rows) > limit, rows[:limit]
    waiting = [] if cursor else _waiting.rows(shop.id, account.id)
    orders = [row.order_id for row in rows] + [award.order_id for award in waiting]
    numbers = _order_numbers(shop, [order_id for order_id in orders if order_id])
    titles = _titles(shop, [row.cause_id for row in rows if row.cause_id])
    comments = _comments(shop, [row.id for row in rows if "note" in row.snapshot])
    shown = [_waiting_row(award, numbers) for award in waiting]
    shown += [_booked_row(row, numbers, titles, comments) for row in rows]
    next_cursor = str(rows[-1].sequence) if more else None
    return {"rows": shown, "next_cursor": next_cursor, "orders_without_points": without, "till": till}


def _orders_without_points(shop: Shop, customer: Customer) -> list[OrderWithoutPoints]:
    newest = _without_points.rows(shop.id, customer.id)
    return [{"number": one.number, "placed_at": one.placed_at, "reason": one.ineligible_reason} for one in newest]


@statement
def _without_points(shop_id: str, customer_id: str) -> Selection[Order]:
    mine = Order.of(shop_id, Order.number, Order.placed_at, Order.ineligible_reason).where(
        Order.customer_id == customer_id, Order.ineligible_reason.is_null(False), Order.status != "cancelled"
    )
    return mine.order_by(Order.placed_at.desc(), Order.id).limit(WITHOUT_POINTS_MAX)


@statement
def _waiting(shop_id: str, account_id: str) -> Selection[Award]:
    return _waiting_of(shop_id, account_id).order_by(Award.event_at.desc()).limit(PAGE)


def _order_numbers(shop: Shop, order_ids: list[str]) -> dict[str, str]:
    return {order.id: order.number for order in _orders.rows(shop.id, order_ids)} if order_ids else {}


@statement
def _orders(shop_id: str, ids: list[str]) -> Selection[Order]:
    return Order.of(shop_id, Order.id, Order.number).where(among(Order.id, ids))


def _titles(shop: Shop, cause_ids: list[str]) -> dict[str, Coupon]:
    """Returns the coupons of these rows by id, so that a row can show what was bought."""
    return {one.id: one for one in _coupons.rows(shop.id, cause_ids)} if cause_ids else {}


@statement
def _coupons(shop_id: str, ids: list[str]) -> Selection[Coupon]:
    columns = (Coupon.id, Coupon.kind, Coupon.amount, Coupon.percent, Coupon.product_name)
    return Coupon.of(shop_id, *columns).where(among(Coupon.id, ids))


def _comments(shop: Shop, transaction_ids: list[str]) -> dict[str, str | None]:
    """Returns staff comments for the customer by transaction; the internal reason is never sent (acceptance 49)."""
    notes = _adjustments.rows(shop.id, transaction_ids) if transaction_ids else []
    return {note.transaction_id: note.comment for note in notes}


@statement
def _adjustments(shop_id: str, transaction_ids: list[str]) -> Selection[Adjustment]:
    notes = Adjustment.of(shop_id, Adjustment.transaction_id, Adjustment.comment)
    return notes.where(among(Adjustment.transaction_id, transaction_ids))


def _waiting_row(award: Award, numbers: dict[str, str]) -> HistoryRow:
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
) -> HistoryRow:
    one = bought.get(row.cause_id or "")
    return {
        "id": str(row.sequence),  # the account's own count: GUIDs do not compress
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
) -> Reason:
    return {
        "code": code,
        "order_number": order_number,
        "title": title,
        "comment": comment,
        "coupon": None
        if one is None
        else {"kind": one.kind, "amount": one.amount, "percent": one.percent, "product_name": one.product_name},
    }


def _why(snapshot: dict[str, Any]) -> Why:
    """Returns how a row's points were computed, from the rule and rate stored with it."""
    why: Why = {
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
            "rate": earn.rate(rate.per_points, rate.per),
            "fixed_points": rate.points,
            "multiplier": factor if factor != 1 else None,
            "rounding": rate.rounding,
            "includes_shipping": rate.with_shipping,
            "wait_days": rate.wait_days or None,
        }
    return why
