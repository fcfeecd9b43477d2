"""Privacy: merging two rows of one person, handing out what we know of somebody, forgetting her."""

from typing import Any

from widget_server import clock, ledger
from widget_server.db import ShopTable, atomic
from widget_server.keys import Request
from widget_server.ledger import Account, Cause, Transaction
from widget_server.loyalty import customers, earning
from widget_server.loyalty.access import Session, SignInCode
from widget_server.loyalty.customers import Customer
from widget_server.loyalty.orders import Order, Parked
from widget_server.loyalty.points import Adjustment, Award
from widget_server.loyalty.referrals import Referral, ReferralVisit
from widget_server.loyalty.rewards import Coupon
from widget_server.loyalty.shops import Shop

PERSONAL = ("email", "email_key", "mailbox", "name", "phone", "birthday", "password_hash", "external_id")


def merge(shop: Shop, source_id: str, target_id: str) -> None:
    """Two rows are one person: orders, awards, coupons and referrals move, points by two adjusts.

    `source` stays as an empty signpost to `target`.
    """
    with atomic():
        source, target = customers.by_id(shop.id, source_id), customers.by_id(shop.id, target_id)
        if source.merged_into or source.id == target.id:
            return
        orders = [row.id for row in Order.of(shop, Order.id).where(Order.customer_id == source.id)]
        _move_points(shop, source, target)
        Order.change(shop, {Order.customer_id: target.id}, Order.customer_id == source.id)
        Coupon.change(shop, {Coupon.customer_id: target.id}, Coupon.customer_id == source.id)
        Referral.change(shop, {Referral.advocate_id: target.id}, Referral.advocate_id == source.id)
        if Referral.one(shop, Referral.friend_id == target.id) is None:
            Referral.change(shop, {Referral.friend_id: target.id}, Referral.friend_id == source.id)
        Session.remove(shop, Session.customer_id == source.id)
        facts: dict[str, Any] = dict.fromkeys(PERSONAL)
        Customer.change(
            shop,
            {**facts, "merged_into": target.id, "email_verified": False, "status": "visitor"},
            Customer.id == source.id,
        )
        for order_id in orders:
            earning.score_order(shop, order_id, source="job")


def _move_points(shop: Shop, source: Customer, target: Customer) -> None:
    """Awards go with their account's rows; what is booked goes by two adjusts (contracts §2)."""
    old = ledger.account_of(shop.id, source.id)
    if old is None:
        return
    new = ledger.open_account(shop.id, target.id)
    for account_id in sorted((old.id, new.id)):
        ledger.locked(shop.id, account_id)
    old = ledger.locked(shop.id, old.id)
    Award.change(shop, {Award.account_id: new.id}, Award.account_id == old.id)
    ledger.move_pending(shop.id, old.id, -old.pending)
    ledger.move_pending(shop.id, new.id, old.pending)
    if old.balance:
        key = f"merge:{source.id}"
        for line, (account_id, points) in enumerate(((old.id, -old.balance), (new.id, old.balance))):
            ledger.post(
                shop.id,
                account_id,
                "adjust",
                points,
                source="job",
                key=key,
                line=line,
                cause=Cause("merged", target.id if line == 0 else source.id),
                may_go_below_zero=True,
            )
    ledger.move_debt(shop.id, old.id, new.id)


def export(shop: Shop, customer: Customer) -> dict[str, Any]:
    """Everything this shop's program knows of her, in words a person can read (acceptance 52).

    The internal reason of an adjustment is not hers to read (49); everything else about her is.
    """
    account = ledger.account_of(shop.id, customer.id)
    return {
        "customer": _plain(
            customer,
            (
                "email",
                "name",
                "phone",
                "birthday",
                "locale",
                "accepts_marketing",
                "status",
                "referral_code",
                "joined_at",
                "registered_at",
                "created_at",
            ),
        ),
        "account": _plain(account, ("balance", "earned", "adjusted", "redeemed", "expired", "pending", "debt"))
        if account
        else None,
        "transactions": [
            _plain(row, ("id", "kind", "amount", "balance_after", "cause", "order_id", "snapshot", "event_at"))
            for row in _rows(shop, Transaction, Transaction.account_id, account, Transaction.sequence)
        ],
        "comments": _comments(shop, account),
        "orders": [
            _plain(row, ("number", "status", "placed_at", "state"))
            for row in Order.of(shop).where(Order.customer_id == customer.id).order_by(Order.placed_at)
        ],
        "coupons": [
            _plain(row, ("code", "status", "kind", "amount", "percent", "cost_points", "created_at", "expires_at"))
            for row in Coupon.of(shop).where(Coupon.customer_id == customer.id).order_by(Coupon.created_at)
        ],
        "referrals_as_friend": [
            _plain(row, ("status", "created_at")) for row in Referral.of(shop).where(Referral.friend_id == customer.id)
        ],
        "referrals_as_advocate": [
            _plain(row, ("status", "created_at"))
            for row in Referral.of(shop).where(Referral.advocate_id == customer.id)
        ],
    }


def erase(shop: Shop, customer: Customer) -> None:
    """Forget her: her facts, texts, sessions and remembered answers go; the ledger stays, nameless (58).

    Her codes die, since nobody is left to own them; shops keep their own orders.
    """
    with atomic():
        account = ledger.account_of(shop.id, customer.id)
        words = [word for word in (customer.email, customer.external_id) if word]
        Session.remove(shop, Session.customer_id == customer.id)
        if customer.email_key:
            SignInCode.remove(shop, SignInCode.email_key == customer.email_key)
        if account is not None:
            rows = Transaction.of(shop, Transaction.id).where(Transaction.account_id == account.id)
            Adjustment.change(
                shop, {Adjustment.reason: None, Adjustment.comment: None}, Adjustment.transaction_id.in_(rows)
            )
            Request.change(shop, {Request.answer: None}, Request.customer_id == customer.id)
        for word in words:
            Parked.remove(shop, Parked.body.contains(word))
        ReferralVisit.remove(shop, ReferralVisit.advocate_id == customer.id)
        Coupon.change(
            shop,
            {Coupon.status: "revoked", Coupon.ended_at: clock.now()},
            Coupon.customer_id == customer.id,
            Coupon.status.in_(("issuing", "active", "applied")),
        )
        facts: dict[str, Any] = dict.fromkeys(PERSONAL)
        facts |= {"email_verified": False, "accepts_marketing": False, "status": "visitor", "referral_code": None}
        Customer.change(shop, {**facts, "erased_at": clock.now()}, Customer.id == customer.id)


def _rows(shop: Shop, table: type[ShopTable], column: Any, account: Account | None, order: Any) -> list[Any]:
    return list(table.of(shop).where(column == account.id).order_by(order)) if account else []


def _comments(shop: Shop, account: Account | None) -> list[str]:
    if account is None:
        return []
    rows = Transaction.of(shop, Transaction.id).where(Transaction.account_id == account.id)
    notes = Adjustment.of(shop).where(Adjustment.transaction_id.in_(rows), Adjustment.comment.is_null(False))
    return [note.comment for note in notes]


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
