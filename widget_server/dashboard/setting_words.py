"""What the settings of the program are called, what each does, and what its choices are."""

from datetime import date
from decimal import Decimal

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard.mail_words import LETTER_NAMES

GROUPS = {
    _l("What counts"): (
        *("base_after_discounts", "base_shipping", "base_tax", "base_gift_cards", "prices_include_tax", "tax_percent"),
        *("rounding", "combine"),
    ),
    _l("When points are earned"): (
        *("earn_at", "cash_on_delivery", "wait_days", "after_fallback", "guests_earn", "orders_from"),
    ),
    _l("When something is given back"): ("shortfall", "coupon_after_cancel", "return_days"),
}
NAMES = {
    "name": _l("Name of the program"),
    "points_name": _l("Name of the points"),
    "icon": _l("Picture of a point"),
    "status": _l("Status"),
    "point_value": _l("What a point is worth"),
    "base_after_discounts": _l("Count goods after discounts"),
    "base_shipping": _l("Count shipping"),
    "base_tax": _l("Count taxes"),
    "base_gift_cards": _l("Count gift cards"),
    "prices_include_tax": _l("Prices in the shop include tax"),
    "tax_percent": _l("Tax in the prices, in percent"),
    "rounding": _l("Rounding"),
    "combine": _l("Several multipliers at once"),
    "earn_at": _l("Points are earned when the order is"),
    "cash_on_delivery": _l("Payment on delivery"),
    "wait_days": _l("Days to wait after that"),
    "after_fallback": _l("When an order falls back"),
    "guests_earn": _l("Guests earn points"),
    "orders_from": _l("Orders count from"),
    "shortfall": _l("Points to take back are spent already"),
    "coupon_after_cancel": _l("The order that used a coupon is cancelled"),
    "return_days": _l("Days in which an unused coupon can be returned"),
    "expiry": _l("Points expire"),
    "expiry_months": _l("Months"),
    "expiry_percent": _l("Percent of the balance"),
    "expiry_reminder_days": _l("Reminders, in days before"),
    "letters": _l("E-mails that are on"),
}
HINTS = {
    "name": _l("Customers see it at the top of the widget."),
    "points_name": _l("What customers collect, such as Leaves. Empty: points, in the language of the customer."),
    "icon": _l(
        "A PNG file of 16 to 512 pixels on each side and at most 16 kB. It stands beside the balance, 24 pixels large."
    ),
    "point_value": _l(
        "In the currency of the shop. The widget shows the balance as money with it, and reports what you owe."
    ),
    "base_after_discounts": _l("On: what is paid for the goods counts. Off: their price before discounts."),
    "base_shipping": _l("On: shipping costs give points too."),
    "base_tax": _l("On: the tax on the goods gives points too."),
    "base_gift_cards": _l("On: gift cards that are bought give points. They will be paid with again later."),
    "prices_include_tax": _l("Says how to compute the points that the widget announces beside a price."),
    "tax_percent": _l("Used only with prices that include tax. Orders say their own tax."),
    "wait_days": _l("The points are shown as pending until then, and cannot be spent. 0: no waiting."),
    "guests_earn": _l("On: an order without an account gives points, which can be spent after joining."),
    "orders_from": _l(
        "A day; older orders give nothing. Empty: the day on which the program was first activated. When you change it,"
        " a job scores the orders again; points that were given stay."
    ),
    "return_days": _l("After that, a coupon cannot be exchanged for its points again. Empty: never."),
    "expiry_months": _l("How long points last: whole months of the calendar."),
    "expiry_percent": _l("How much of the balance is lost without activity. 100: all of it."),
    "expiry_reminder_days": _l("Members get a mail so many days before, such as 30, 7. Empty: no mail."),
}
CHOICES = {
    "status": {"draft": _l("Draft"), "active": _l("Active"), "paused": _l("Paused")},
    "rounding": {
        "floor": _l("Down to whole points"),
        "unit": _l("Only whole units of money count"),
        "nearest": _l("To the nearest point"),
    },
    "combine": {
        "multiply": _l("Multiply them: double and triple give six times the points"),
        "add": _l("Add what each adds: double and triple give four times the points"),
        "highest": _l("The highest counts: double and triple give three times the points"),
    },
    "earn_at": {"placed": _l("placed"), "paid": _l("paid"), "fulfilled": _l("fulfilled: all goods are sent")},
    "cash_on_delivery": {
        "counts": _l("Counts as paid when the goods are sent"),
        "waits": _l("Counts as paid when the money is there"),
    },
    "after_fallback": {
        "keep": _l("Its points stay, such as during a dispute"),
        "wait": _l("Its points are pending again until it is settled"),
    },
    "shortfall": {
        "clamp": _l("The balance stops at 0; later points repay the rest"),
        "negative": _l("The balance goes below 0"),
    },
    "coupon_after_cancel": {
        "usable": _l("The coupon can be used again"),
        "points": _l("The points are given back, and the coupon ends"),
    },
    "expiry": {
        "off": _l("Never"),
        "inactivity": _l("After months without activity"),
        "age": _l("At a certain age, oldest points first"),
    },
    "letters": LETTER_NAMES,
}
NOT_AN_ADDRESS = _l("An address such as https://shop.example/leaf.png.")


def value(name: str, value: object) -> str:
    """Returns the value of a setting in words; a dash for none."""
    if isinstance(value, bool):
        return _("On") if value else _("Off")
    if value is None or value == ():
        return "–"
    if name in CHOICES and str(value) in CHOICES[name]:
        return str(CHOICES[name][str(value)])
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return format_date(value, "medium")
    if isinstance(value, list | tuple):
        return ", ".join(str(CHOICES.get(name, {}).get(one, one)) for one in value)
    return str(value)
