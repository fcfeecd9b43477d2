"""The card of a customer: who they are, their points, coupons, referrals, orders, and the history with its reasons."""

from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from widget_server import ledger
from widget_server.dashboard import reasons
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import page, to
from widget_server.dashboard.mail_words import TOPIC_NAMES
from widget_server.dashboard.pages import Pages
from widget_server.ledger import Account
from widget_server.loyalty.history import order_results, timeline
from widget_server.loyalty.people import customers, data_requests, devices, mail_preferences, sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tier_grants, tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import referrals
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards import coupon_care, coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff.roles import Action

pages = Pages("card", "/customers")

ROWS = 10
STATUSES = {"visitor": _l("Visitor"), "pending": _l("Pending"), "member": _l("Site member")}
COUPON_STATUSES = {
    "issuing": _l("Being created"),
    "returning": _l("Being returned"),
    "active": _l("Active"),
    "applied": _l("In a cart"),
    "used": _l("Used"),
    "expired": _l("Expired"),
    "returned": _l("Returned"),
    "revoked": _l("Revoked"),
    "failed": _l("Not created"),
}
REFERRAL_STATUSES = {
    "joined": _l("Joined"),
    "pending": _l("Pending"),
    "completed": _l("Completed"),
    "blocked": _l("Blocked"),
    "cancelled": _l("Cancelled"),
}
ORDER_STATUSES = {
    "placed": _l("Placed"),
    "paid": _l("Paid"),
    "fulfilled": _l("Fulfilled"),
    "cancelled": _l("Cancelled"),
}


@dataclass(frozen=True)
class ShownCoupon:
    """A coupon as the card shows it: its present status, and what staff may do with it."""

    coupon: Coupon
    status: str
    may_return: bool
    may_revoke: bool


@dataclass(frozen=True)
class Friend:
    """The other side of a referral."""

    referral: Referral
    customer: Customer


@pages.page("/<customer_id>", Action.SEE)
def card(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Show everything about a customer; the address of a merged one leads to the one they were merged into."""
    row = customers.by_id(staff.shop.id, customer_id)
    if row.merged_into:
        return to("card.card", customer_id=row.merged_into)
    account = ledger.account_of(staff.shop.id, row.id)
    found = timeline.page(staff.shop, row, account, limit=ROWS)
    return page(
        "card/card.html",
        customer=row,
        account=account,
        membership=STATUSES[row.status],
        mails=[TOPIC_NAMES[one] for one in mail_preferences.wanted(row)],
        coming=expiry.next_expiry(staff.shop, staff.program, account) if account else None,
        standing=tiers.standing(staff.shop.id, account),
        grant=tier_grants.of_account(staff.shop, account),
        coupons=[_coupon(one) for one in coupons.my_coupons(staff.shop, row, limit=ROWS)],
        coupon_statuses=COUPON_STATUSES,
        advocate=_advocate(staff.shop, row),
        friends=_friends(staff.shop, row),
        referral_statuses=REFERRAL_STATUSES,
        orders=order_results.newest(staff.shop, row, account, limit=ROWS),
        order_statuses=ORDER_STATUSES,
        missed=reasons.MISSED,
        data_request=data_requests.of_customer(staff.shop, row),
        sessions=sessions.open_sessions(staff.shop.id, row.id),
        devices=devices.count(staff.shop.id, row.id),
        rows=[reasons.shown(one, staff.shop.currency) for one in found.entries],
        older=found.next_cursor,
    )


@pages.page("/<customer_id>/history", Action.SEE)
def history(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Show a page of the whole history."""
    row = customers.live(customers.by_id(staff.shop.id, customer_id))
    cursor = request.args.get("cursor") or None
    found = timeline.page(staff.shop, row, _account(staff.shop, row), cursor=cursor, limit=2 * ROWS)
    shown = [reasons.shown(one, staff.shop.currency) for one in found.entries]
    return page("card/history.html", customer=row, rows=shown, older=found.next_cursor, cursor=cursor)


def _account(shop: Shop, row: Customer) -> Account | None:
    return ledger.account_of(shop.id, row.id)


def _coupon(row: Coupon) -> ShownCoupon:
    status = "returning" if coupons.is_returning(row) else coupons.status_now(row)
    return ShownCoupon(row, status, coupon_care.may_return(row), coupon_care.may_revoke(row))


def _advocate(shop: Shop, row: Customer) -> Friend | None:
    """Who brought the customer."""
    referral = referrals.of_friend(shop, row)
    found = Customer.one(shop, Customer.id == referral.advocate_id) if referral else None
    return Friend(referral, found) if referral and found else None


def _friends(shop: Shop, row: Customer) -> list[Friend]:
    """Whom the customer brought, newest first."""
    theirs = Referral.of(shop).where(Referral.advocate_id == row.id).order_by(Referral.created_at.desc())
    brought = list(theirs.limit(ROWS))
    ids = [one.friend_id for one in brought]
    people = {one.id: one for one in Customer.of(shop).where(Customer.id.in_(ids))} if ids else {}
    return [Friend(one, people[one.friend_id]) for one in brought if one.friend_id in people]
