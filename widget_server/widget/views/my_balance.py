"""The My balance tab: the member's points, and the history of how they were earned and spent."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from peewee import JOIN, fn

from widget_server import ledger, money
from widget_server.db import Column, Selection, statement
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
from widget_server.widget.fields import CouponKind
from widget_server.widget.list_pages import PAGE
from widget_server.widget.shapes.my_balance import (
    Balance,
    History,
    HistoryRow,
    OrderWithoutPoints,
    ReasonCoupon,
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
    limit = pages * PAGE
    if cursor:
        found = _older.values(shop.id, account.id, int(cursor), limit + 1)
    else:
        found = _newest.values(shop.id, account.id, limit + 1)
    rows = [_Booked(*one) for one in found[:limit]]
    shown = [] if cursor else [_waiting_row(*one) for one in _waiting.together(shop.id, account.id)]
    shown += [_booked_row(one) for one in rows]
    next_cursor = str(rows[-1].sequence) if len(found) > limit else None
    return {"rows": shown, "next_cursor": next_cursor, "orders_without_points": without, "till": till}


def _orders_without_points(shop: Shop, customer: Customer) -> list[OrderWithoutPoints]:
    newest = _without_points.rows(shop.id, customer.id)
    return [{"number": one.number, "placed_at": one.placed_at, "reason": one.ineligible_reason} for one in newest]


@statement
def _without_points(shop_id: str, customer_id: str) -> Selection[Order]:
    # not "is not null", for which SQLite would read all such orders of the shop
    without = fn.COALESCE(Order.ineligible_reason, "") != ""
    mine = Order.of(shop_id, Order.number, Order.placed_at, Order.ineligible_reason).where(
        Order.customer_id == customer_id, without, Order.status != "cancelled"
    )
    return mine.order_by(Order.placed_at.desc(), Order.id).limit(WITHOUT_POINTS_MAX)


@statement
def _waiting(shop_id: str, account_id: str) -> Selection[Award]:
    """Awards that still wait, each with its order."""
    columns = (*Award._meta.sorted_fields, Order.id, Order.number)
    of_order = (Order.id == Award.order_id) & (Order.shop_id == Award.shop_id)
    rows = _waiting_of(shop_id, account_id, *columns).join(Order, JOIN.LEFT_OUTER, on=of_order)
    return rows.order_by(Award.event_at.desc()).limit(PAGE)


@statement
def _newest(shop_id: str, account_id: str, limit: int) -> Selection[Transaction]:
    return _with_sources(ledger.newest(shop_id, account_id, limit))


@statement
def _older(shop_id: str, account_id: str, before: int, limit: int) -> Selection[Transaction]:
    return _with_sources(ledger.older(shop_id, account_id, before, limit))


def _with_sources(rows: Selection[Transaction]) -> Selection[Transaction]:
    """The rows, each with its order, the coupon that it paid, and the words of staff."""
    of_shop = Transaction.shop_id
    for table, key, value in (
        (Order, Order.id, Transaction.order_id),
        (Coupon, Coupon.id, Transaction.cause_id),
        (Adjustment, Adjustment.transaction_id, Transaction.id),
    ):
        rows = rows.join_from(Transaction, table, JOIN.LEFT_OUTER, on=(key == value) & (table.shop_id == of_shop))
    shown: Any = rows.select(
        *(Transaction.sequence, Transaction.amount, Transaction.cause, Transaction.snapshot, Transaction.event_at),
        Order.number,
        *(Coupon.kind, Coupon.amount, Coupon.percent, Coupon.product_name),
        Adjustment.comment,
    )
    return shown  # type: ignore[no-any-return]


class _Booked(NamedTuple):
    """A row of `_with_sources`."""

    sequence: int
    points: int
    cause: str
    snapshot: dict[str, Any]
    event_at: datetime
    order_number: str | None
    coupon_kind: CouponKind | None
    coupon_amount: Decimal | None
    coupon_percent: Decimal | None
    coupon_product: str | None
    comment: str | None


def _waiting_row(award: Award, order: Order | None) -> HistoryRow:
    return {
        "id": award.id,
        "points": award.points,
        "state": "waiting",
        "due_at": award.due_at,
        "at": award.event_at,
        "reason": {
            "code": award.cause,
            "order_number": order.number if order else None,
            "title": None,
            "comment": None,
            "coupon": None,
        },
        "why": _why(award.snapshot),
    }


def _booked_row(row: _Booked) -> HistoryRow:
    """Returns a row as it is shown; the internal reason of staff is never sent (acceptance 49)."""
    return {
        "id": str(row.sequence),  # the account's own count: GUIDs do not compress
        "points": row.points,
        "state": "booked",
        "due_at": None,
        "at": row.event_at,
        "reason": {
            "code": row.cause,
            "order_number": row.order_number,
            "title": row.snapshot.get("title"),
            "comment": row.comment if "note" in row.snapshot else None,
            "coupon": _coupon(row),
        },
        "why": _why(row.snapshot),
    }


def _coupon(row: _Booked) -> ReasonCoupon | None:
    if row.coupon_kind is None:
        return None
    return {
        "kind": row.coupon_kind,
        "amount": row.coupon_amount,
        "percent": row.coupon_percent,
        "product_name": row.coupon_product,
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
