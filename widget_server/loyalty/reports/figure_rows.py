"""The rows behind each figure of a report, as queries that may be ordered and paged."""

from collections.abc import Callable
from datetime import date
from typing import Any

from peewee import SQL, fn

from widget_server import clock
from widget_server.db import Selection
from widget_server.errors import BadRequest
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning.orders import OTHER_CURRENCY, Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referrals import ENDED, Referral
from widget_server.loyalty.reports.day_totals import PARTS, bookings
from widget_server.loyalty.reports.spans import Span, span_of
from widget_server.loyalty.rewards.coupon_orders import CouponOrder

FIGURES: dict[str, tuple[str, ...]] = {  # the figures of bookings, and the parts of the accounting in each
    "earned": ("earned", "reversed"),
    "redeemed": ("redeemed", "returned"),
    "adjusted": ("adjusted",),
    "expired": ("expired",),
}
BOOKED = "booked_"  # before a part of the accounting
REFERRALS = ("joined", "pending", "completed", "blocked", "cancelled")
TIER, NO_TIER = "tier:", "none"


def rows_of(shop: Shop, figure: str, first: date | None = None, last: date | None = None) -> Selection[Any]:
    """Returns the rows of a figure in the days from `first` to `last`, as a query that may be ordered and paged.

    - transactions for `earned`, `redeemed`, `adjusted` and `expired`, and for each part of the accounting under
      `booked_<part>`; for `unredeemed` the last one of each account, with its `balance_after`;
    - awards for `pending`, customers for `members` and `joined`;
    - orders for `referral_revenue` and `coupon_orders` (what each was worth: `paid`);
    - referrals for `friends` and for each status under `friends_<status>`;
    - accounts for `tier:<id>`, and `tier:none` for the base tier.

    Raises BadRequest for an unknown figure, and when `last` comes before `first`.
    """
    span = span_of(shop, first, last)
    if figure in FIGURES:
        condition = PARTS[FIGURES[figure][0]]
        for part in FIGURES[figure][1:]:
            condition |= PARTS[part]
        return bookings(shop).where(condition, span.holds(Transaction.created_at))
    if figure.startswith(BOOKED) and (part := figure.removeprefix(BOOKED)) in PARTS:
        return bookings(shop).where(PARTS[part], span.holds(Transaction.created_at))
    if figure.startswith("friends_") and (status := figure.removeprefix("friends_")) in REFERRALS:
        return friends(shop, span).where(Referral.status == status)
    if figure.startswith(TIER):
        return of_tier(shop, figure.removeprefix(TIER))
    if figure not in ROWS:
        raise BadRequest("There is no such figure.", field="figure")
    return ROWS[figure](shop, span)


def last_rows(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the last row of each account at the end of the span, if the account held points or a debt."""
    rows = Transaction.of(shop).where(Transaction.balance_after != 0)
    if span.end is None or span.end > clock.now():
        on = (Account.id == Transaction.account_id) & (Account.sequence == Transaction.sequence)
        return rows.join(Account, on=on)
    last = (
        Transaction.of(shop, Transaction.account_id, fn.MAX(Transaction.sequence).alias("sequence"))
        .where(Transaction.created_at < span.end)
        .group_by(Transaction.account_id)
        .alias("last")
    )
    on = (last.c.account_id == Transaction.account_id) & (last.c.sequence == Transaction.sequence)
    return rows.join(last, on=on)


def waiting(shop: Shop, span: Span | None = None) -> Selection[Any]:
    """Returns the awards that wait now, whatever the span."""
    return Award.of(shop).where(SQL("status = 'waiting'"))  # as in the index `award_waiting`


def members(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the members at the end of the span: present members, and those who left later."""
    until = Span(None, span.end)
    stayed = (Customer.status == "member") | (Customer.left_at >= (span.end or clock.now()))
    return Customer.of(shop).where(until.holds(Customer.joined_at), stayed, Customer.merged_into.is_null())


def joined(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the customers who joined in the span."""
    return Customer.of(shop).where(span.holds(Customer.joined_at), Customer.merged_into.is_null())


def paid_orders(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the paid orders in the shop's currency that were placed in the span."""
    is_own = Order.ineligible_reason.is_null() | (Order.ineligible_reason != OTHER_CURRENCY)
    return Order.of(shop).where(Order.status.in_(("paid", "fulfilled")), is_own, span.holds(Order.placed_at))


def orders_of_friends(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the paid orders of referred friends."""
    brought = Referral.of(shop, Referral.id).where(
        Referral.friend_id == Order.customer_id, Referral.status.not_in(ENDED)
    )
    return paid_orders(shop, span).where(fn.EXISTS(brought))


def coupon_orders(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the paid orders that carry a coupon of the program."""
    carried = CouponOrder.of(shop, CouponOrder.coupon_id).where(
        CouponOrder.order_ref == Order.platform.concat(":").concat(Order.external_id),
        CouponOrder.living == True,
        (CouponOrder.listed == True) | (CouponOrder.called == True),
    )
    return paid_orders(shop, span).where(fn.EXISTS(carried))


def friends(shop: Shop, span: Span) -> Selection[Any]:
    """Returns the referrals that began in the span."""
    return Referral.of(shop).where(span.holds(Referral.created_at))


def of_tier(shop: Shop, tier_id: str) -> Selection[Any]:
    """Returns the accounts that are in the tier now, as `tier_mix` counts them; merged customers are in none."""
    signposts = Customer.of(shop, Customer.id).where(Customer.merged_into > "")
    known = [tier.id for tier in tiers.listed(shop.id)] if tiers.program_of(shop.id) else []
    accounts = Account.of(shop).where(Account.customer_id.not_in(signposts))
    if tier_id != NO_TIER:
        return accounts.where((Account.tier_id == tier_id) if tier_id in known else SQL("0 = 1"))
    return accounts.where(Account.tier_id.is_null() | Account.tier_id.not_in(known)) if known else accounts


ROWS: dict[str, Callable[[Shop, Span], Selection[Any]]] = {
    "unredeemed": last_rows,
    "pending": waiting,
    "members": members,
    "joined": joined,
    "referral_revenue": orders_of_friends,
    "coupon_orders": coupon_orders,
    "friends": friends,
}
NAMES = (*FIGURES, *ROWS, *(f"{BOOKED}{part}" for part in PARTS), *(f"friends_{one}" for one in REFERRALS))
FIGURE_NAME = rf"^({'|'.join(NAMES)}|tier:(none|[0-9a-f-]{{36}}))$"  # every figure that `rows_of` knows
