"""The name of a reward or coupon for staff: its title, else what it gives."""

from collections.abc import Callable
from decimal import Decimal

from flask_babel import gettext as _

from widget_server.dashboard.words import money
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward


def namer(currency: str) -> Callable[[Reward | Coupon], str]:
    """Returns the function that names rewards and coupons of a shop with this currency."""
    return lambda one: str(one.title) if one.title else _by_kind(one, currency)


def _by_kind(one: Reward | Coupon, currency: str) -> str:
    if one.kind == "amount":
        return _("%(amount)s off", amount=money(one.amount, currency))
    if one.kind == "percent":
        return _("%(percent)s%% off", percent=f"{Decimal(one.percent or 0).normalize():f}")
    if one.kind == "free_product":
        return _("Free: %(product)s", product=one.product_name or one.product_id or "")
    return _("Free shipping") if one.kind == "free_shipping" else _("A discount of any size")
