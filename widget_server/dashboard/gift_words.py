"""The gifts of a referral in words."""

from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard.number_fields import plain
from widget_server.dashboard.words import money, points
from widget_server.loyalty.rewards.gifts import Gift

GIFTS = {
    "points": _l("Points"),
    "amount": _l("A coupon of an amount"),
    "percent": _l("A coupon of a percentage"),
    "free_shipping": _l("A coupon of free shipping"),
    "free_product": _l("A coupon of a free product"),
}


def text(gift: Gift | None, currency: str) -> str:
    """Returns what a gift is: €5.00 off, for orders from €20.00."""
    if gift is None:
        return _("Nothing")
    terms = [_what(gift, currency)]
    if gift.minimum_subtotal is not None:
        terms.append(_("for orders from %(amount)s", amount=money(gift.minimum_subtotal, currency)))
    if gift.expires_after_days is not None:
        terms.append(_("within %(days)s days", days=gift.expires_after_days))
    if gift.combines:
        terms.append(_("together with other discounts"))
    return ", ".join(terms)


def _what(gift: Gift, currency: str) -> str:
    if gift.kind == "points":
        return _("%(points)s points", points=points(gift.points))
    if gift.kind == "amount":
        return _("%(amount)s off", amount=money(gift.amount, currency))
    if gift.kind == "percent":
        return _("%(percent)s %% off", percent=plain(gift.percent or Decimal(0)))
    if gift.kind == "free_shipping":
        return _("Free shipping")
    return _("Free: %(product)s", product=gift.product_name or gift.product_id)
