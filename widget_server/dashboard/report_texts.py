"""The texts of reports: the names of figures, of the parts of the accounting, and of what a row is about."""

from decimal import Decimal

from flask_babel import format_percent
from flask_babel import lazy_gettext as _l

from widget_server.dashboard.words import MINUS

FIGURE_NAMES: dict[str, str] = {
    "earned": _l("Total points earned"),
    "redeemed": _l("Redeemed points"),
    "unredeemed": _l("Unredeemed points"),
    "pending": _l("Pending points"),
    "expired": _l("Expired points"),
    "adjusted": _l("Adjusted by staff"),
    "liability": _l("Liability"),
    "members": _l("Members"),
    "joined": _l("New members"),
    "redemption_rate": _l("Redemption rate"),
    "coupon_orders": _l("Orders with coupons"),
    "coupon_revenue": _l("Revenue with coupons"),
    "referral_revenue": _l("Revenue of referred friends"),
    "friends": _l("Friends"),
    "friends_joined": _l("Friends who joined"),
    "friends_pending": _l("Pending friends"),
    "friends_completed": _l("Completed friends"),
    "friends_blocked": _l("Blocked friends"),
    "friends_cancelled": _l("Cancelled friends"),
    "booked_earned": _l("Earned points"),
    "booked_reversed": _l("Reversed points"),
    "booked_redeemed": _l("Redeemed points"),
    "booked_returned": _l("Returned points"),
    "booked_expired": _l("Expired points"),
    "booked_adjusted": _l("Adjusted points"),
}

WHAT: dict[str, str] = {  # by cause or status; what is missing is shown as it stands
    "order": _l("Order"),
    "first_order": _l("First order"),
    "join": _l("Joined the program"),
    "birthday": _l("Birthday"),
    "newsletter": _l("Newsletter"),
    "review": _l("Review"),
    "social": _l("Social media"),
    "visit": _l("Visit"),
    "custom": _l("Other action"),
    "gift": _l("Given by hand"),
    "adjusted": _l("Changed by hand"),
    "redeemed": _l("Reward redeemed"),
    "returned": _l("Reward returned"),
    "not_issued": _l("Reward without a code"),
    "expired": _l("Expired"),
    "order_changed": _l("Order changed"),
    "order_cancelled": _l("Order cancelled"),
    "order_refunded": _l("Order refunded"),
    "debt_repaid": _l("Debt repaid"),
    "referral_advocate": _l("Brought a friend"),
    "referral_friend": _l("Came by a friend"),
    "referral_undone": _l("Referral taken back"),
    "merged": _l("Merged"),
    "waiting": _l("Waiting"),
    "member": _l("Member"),
    "visitor": _l("Visitor"),
    "pending": _l("Pending"),
    "placed": _l("Placed"),
    "paid": _l("Paid"),
    "fulfilled": _l("Fulfilled"),
    "cancelled": _l("Cancelled"),
    "joined": _l("Joined"),
    "completed": _l("Completed"),
    "blocked": _l("Blocked"),
    "account": _l("Account"),
}


def share(value: int | Decimal | None, *, signed: bool = False) -> str:
    """Returns a share as a percentage of at most one place, as 32.3% or +24%; a dash for None."""
    if value is None:
        return "–"
    rounded = round(Decimal(value), 3)
    text = str(format_percent(rounded, "#,##0.#%")).replace("-", MINUS)
    return f"+{text}" if signed and rounded > 0 else text
