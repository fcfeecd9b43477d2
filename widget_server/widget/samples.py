"""What the preview's member sees: the shop's own rules, rewards and gifts, with sample points. Nothing is written."""

from datetime import timedelta
from decimal import Decimal

from widget_server import clock
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.widget import views
from widget_server.widget.shapes.member import MemberPanel
from widget_server.widget.shapes.my_balance import History, HistoryRow, Reason, Why
from widget_server.widget.shapes.my_rewards import Coupon, CouponPage
from widget_server.widget.shapes.redeem import Reward

SAMPLE_ID = "preview"  # of rows that exist in memory only
BALANCE, PENDING, EARNED, REDEEMED = 1250, 120, 1750, 500
COUPONS_MAX = 2
NO_WHY: Why = {
    "base": None,
    "rate": None,
    "fixed_points": None,
    "multiplier": None,
    "rounding": None,
    "capped": False,
    "includes_shipping": False,
    "wait_days": None,
}


def member_panel(shop: Shop, program: Program) -> MemberPanel:
    """Returns a sample member's first paint with the data of every tab at once."""
    moment = clock.now()
    customer = Customer(
        id=SAMPLE_ID,
        shop_id=shop.id,
        status="member",
        name="Alex",
        email="alex@example.com",
        email_key="alex@example.com",
        email_verified=True,
        referral_code="ALEX2345",
        joined_at=moment,
        created_at=moment,
        updated_at=moment,
    )
    account = _account(shop)
    rewards = views.redeem.page(shop, customer, account)["rewards"]
    balance = views.my_balance.balance(shop, program, account)
    return {
        "member": views.member.member(customer),
        "balance": {**balance, "pending_until": moment + timedelta(days=9)},
        "unseen": 0,
        "earn": views.earn.page(shop, program, customer, account)["rules"],
        "rewards": rewards,
        "my_rewards": _coupons(rewards),
        "referral": views.referral.program_for(shop, customer, None),
        "history": _history(),
        "next_cursor": None,  # a preview requests nothing
    }


def _account(shop: Shop) -> Account:
    moment, listed = clock.now(), tiers.listed(shop.id)
    return Account(
        id=SAMPLE_ID,
        shop_id=shop.id,
        customer_id=SAMPLE_ID,
        balance=BALANCE,
        pending=PENDING,
        earned=EARNED,
        redeemed=REDEEMED,
        tier_points=EARNED,
        tier_id=next((tier.id for tier in reversed(listed) if tier.required_points <= EARNED), None),
        created_at=moment,
        last_activity_at=moment,
    )


def _coupons(rewards: list[Reward]) -> CouponPage:
    """Returns coupons of the shop's first rewards: one to use, one that was used."""
    moment = clock.now()
    shown = [_coupon(one, at) for at, one in enumerate(rewards[:COUPONS_MAX])]
    for one in shown[1:]:
        one |= {"status": "used", "ended_at": moment - timedelta(days=2), "order_number": "1042"}
    return {"coupons": shown, "next_cursor": None}


def _coupon(reward: Reward, at: int) -> Coupon:
    sliding = reward["sliding"]
    amount = reward["amount"]
    if sliding is not None:
        amount = sliding["point_value"] * reward["cost_points"]
    return {
        "id": f"{SAMPLE_ID}-{at}",
        "code": "SAMPLE234567",
        "status": "active",
        "kind": "amount" if reward["kind"] == "sliding" else reward["kind"],
        "title": reward["title"],
        "amount": amount,
        "percent": reward["percent"],
        "product_name": reward["product_name"],
        "cost_points": reward["cost_points"],
        "minimum_subtotal": reward["minimum_subtotal"],
        "collections": reward["collections"],
        "combines": reward["combines"],
        "created_at": clock.now() - timedelta(days=at + 1),
        "expires_at": clock.now() + timedelta(days=60),
        "ended_at": None,
        "order_number": None,
        "return_until": None,
        "returning": False,
        "failure": None,
    }


def _history() -> History:
    reasons = [("order", 490, "1043"), ("redeemed", -500, None), ("order", 760, "1042"), ("join", 500, None)]
    rows = [_row(at, code, points, number) for at, (code, points, number) in enumerate(reasons)]
    waiting = _row(len(reasons), "order", PENDING, "1044")
    waiting |= {"state": "waiting", "due_at": clock.now() + timedelta(days=9), "at": clock.now()}
    return {"rows": [waiting, *rows], "next_cursor": None, "orders_without_points": [], "till": False}


def _row(at: int, code: str, points: int, order_number: str | None) -> HistoryRow:
    reason: Reason = {"code": code, "order_number": order_number, "title": None, "comment": None, "coupon": None}
    if code == "redeemed":
        reason["coupon"] = {"kind": "amount", "amount": Decimal(5), "percent": None, "product_name": None}
    return {
        "id": str(at + 1),
        "points": points,
        "state": "booked",
        "due_at": None,
        "at": clock.now() - timedelta(days=3 * (at + 1)),
        "reason": reason,
        "why": NO_WHY,
    }
