"""Why points are what they are, in plain words: the presenter of a customer's timeline (loyalty/history/)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard.words import day, money, points
from widget_server.loyalty.history.explanations import Explanation, RuleNamed
from widget_server.loyalty.history.missed_orders import Missed
from widget_server.loyalty.history.timeline import Entry

AT_ONCE = timedelta(minutes=1)
ROUNDINGS = {
    "floor": _l("rounded down"),
    "unit": _l("whole amounts only"),
    "nearest": _l("rounded to the nearest point"),
}
CAPS = {
    "points_per_day": _l("at most %(n)s points a day"),
    "points_per_month": _l("at most %(n)s points a month"),
    "points_ever": _l("at most %(n)s points in all"),
    "times_per_day": _l("at most %(n)s times a day"),
    "times_per_month": _l("at most %(n)s times a month"),
    "times_per_year": _l("at most %(n)s times a year"),
    "times_ever": _l("at most %(n)s times in all"),
}
MILESTONES = {
    "placed": _l("placed"),
    "paid": _l("paid"),
    "settled": _l("paid in full"),
    "fulfilled": _l("fulfilled"),
}
KINDS = {  # of rules that have no title of their own
    "order": _l("Orders"),
    "first_order": _l("First order"),
    "join": _l("Joining"),
    "birthday": _l("Birthday"),
    "newsletter": _l("Newsletter"),
    "review": _l("Review"),
    "social": _l("Social media"),
    "visit": _l("Daily visit"),
    "custom": _l("Action"),
}
TITLES = {  # by cause; {order}, {title} and {other} are the number of the order, the reward, the other customer
    "order": _l("Order %(order)s"),
    "first_order": _l("First order, %(order)s"),
    "join": _l("Joined the program"),
    "birthday": _l("Birthday"),
    "newsletter": _l("Newsletter"),
    "review": _l("Review"),
    "social": _l("Social media"),
    "visit": _l("Daily visit"),
    "custom": _l("Action"),
    "order_refunded": _l("Refund of order %(order)s"),
    "order_cancelled": _l("Cancellation of order %(order)s"),
    "order_changed": _l("Change of order %(order)s"),
    "debt_repaid": _l("Owed points repaid"),
    "redeemed": _l("Redeemed: %(title)s"),
    "returned": _l("Returned: %(title)s"),
    "not_issued": _l("Not issued: %(title)s"),
    "gift": _l("Points given"),
    "adjusted": _l("Balance changed"),
    "merged": _l("Customers merged"),
    "expired": _l("Expired"),
    "referral_advocate": _l("Brought a friend: %(other)s"),
    "referral_friend": _l("Came as a friend of %(other)s"),
    "referral_undone": _l("Referral undone: %(other)s"),
}
MISSED = {
    "program_not_active": _l("The program was not active when the order arrived."),
    "other_currency": _l("The order is in another currency than the shop."),
    "before_program": _l("The order was placed before the day from which orders count."),
    "no_customer": _l("The order names no customer."),
    "cancelled": _l("The order was cancelled."),
    "refunded": _l("All that counts of the order was refunded."),
    "below_minimum": _l("The order is below the minimum of the rule."),
    "no_goods": _l("None of its lines counts under the rule."),
    "too_small": _l("The order is worth less than one point."),
    "capped": _l("The caps of the rule left nothing for it."),
    "not_first": _l("It is not the first order of a new customer."),
    "excluded": _l("The customer is excluded from the program."),
    "members_only": _l("Only members earn points, and the customer is none."),
    "no_rule": _l("The shop has no rule for orders."),
    "rule_is_newer": _l("The rule was made after the order."),
    "rule_off": _l("The rule is switched off."),
    "outside_dates": _l("The order was placed outside the dates of the rule."),
    "not_for_customer": _l("The rule is not for this customer: members or tiers of it only."),
    "unknown": _l("Why is not known: by the rules of today it would give points."),
}


@dataclass(frozen=True)
class Shown:
    """An entry in words: what it is, why it has its points, and what is not known; `author` is who moved them."""

    entry: Entry
    title: str
    sentences: list[str]
    author: str

    @property
    def was_booked_later(self) -> bool:
        """True when the points were booked more than a minute after the event."""
        booked = self.entry.booked_at
        return booked is not None and booked - self.entry.at > AT_ONCE


def shown(entry: Entry, currency: str) -> Shown:
    """Returns an entry of a timeline in words; `currency` is the shop's."""
    return Shown(entry, _title(entry), sentences(entry, currency), author(entry))


def sentences(entry: Entry, currency: str) -> list[str]:
    """Returns why the entry has its points, one sentence after the other; `currency` is the shop's."""
    if entry.missed is not None:
        return _of_missed(entry.missed)
    why = entry.why
    if why.per_points is not None and why.base is not None:
        found = [_of_rate(entry, why, currency), *_of_caps(why), *_of_correction(entry)]
    elif why.rule is not None:
        found = [_of_rule(entry, why), *_of_caps(why), *_of_correction(entry)]
    else:
        found = _of_cause(entry, why)
    return [*found, *_of_wait(entry), *_not_known(entry)]


def author(entry: Entry) -> str:
    """Returns who moved the points."""
    name = entry.author.name or ""
    return {
        "staff": name or _("Staff"),
        "app": _("App %(name)s", name=name) if name else _("By the API"),
        "import": _("Import by %(name)s", name=name) if name else _("Import"),
        "batch": _("Bulk update by %(name)s", name=name) if name else _("Bulk update"),
        "customer": _("The customer"),
        "shop": _("The shop's system"),
        "server": _("Automatic"),
    }[entry.author.kind]


def rule_name(rule: RuleNamed) -> str:
    """Returns the name of a rule as it was: its title, or that of its kind."""
    return rule.title or str(KINDS.get(rule.kind, rule.kind))


def _title(entry: Entry) -> str:
    named: Mapping[str, str] = {
        "order": entry.order.number if entry.order else entry.order_ref or "–",
        "title": (entry.coupon.title or entry.coupon.code or "") if entry.coupon else "–",
        "other": (entry.other.name or entry.other.email or _("a customer")) if entry.other else _("a customer"),
    }
    if entry.author.kind == "import":
        return _("Import")
    if entry.author.kind == "batch":
        return _("Bulk update")
    known = TITLES.get(entry.cause)
    return entry.cause if known is None else str(known) % named


def _of_rate(entry: Entry, why: Explanation, currency: str) -> str:
    total = why.scored if why.scored is not None else entry.points
    return _(
        "%(total)s points: %(points)s points per %(per)s on %(base)s%(factor)s, %(rounding)s%(rule)s.",
        total=points(total),
        points=points(why.per_points),
        per=money(why.per, currency),
        base=_("%(amount)s of goods", amount=money(why.base, currency)),
        factor=_factor(why),
        rounding=ROUNDINGS.get(why.rounding or "", ROUNDINGS["floor"]),
        rule=_in_brackets(why),
    )


def _factor(why: Explanation) -> str:
    if why.factor is None or why.factor == 1:
        return ""
    parts = [
        _("%(name)s %(factor)s", name=name, factor=_plain(factor))
        for name, factor in ((_("tier"), why.tier), (_("campaign"), why.campaign))
        if factor not in (None, 1)
    ]
    of = f" ({', '.join(parts)})" if parts else ""
    return _(", times %(factor)s%(of)s", factor=_plain(why.factor), of=of)


def _in_brackets(why: Explanation) -> str:
    if why.rule is None:
        return ""
    name = rule_name(why.rule)
    if why.rule.revision is None:
        return " " + _("(rule %(name)s)", name=name)
    return " " + _("(rule %(name)s, version %(version)s)", name=name, version=why.rule.revision)


def _of_rule(entry: Entry, why: Explanation) -> str:
    given = why.fixed_points if why.fixed_points is not None else why.given
    if given is None:
        given = abs(entry.points)
    return _("The rule gives %(points)s points%(rule)s.", points=points(given), rule=_in_brackets(why))


def _of_caps(why: Explanation) -> list[str]:
    if not why.capped:
        return []
    caps = ", ".join(str(CAPS[name]) % {"n": points(most)} for name, most in why.caps.items())
    left = points(why.given) if why.given is not None else _("fewer")
    if not caps:
        return [_("The caps of the rule left %(left)s points.", left=left)]
    return [_("The caps of the rule left %(left)s points: %(caps)s.", left=left, caps=caps)]


def _of_correction(entry: Entry) -> list[str]:
    """What a later state of an order changed of the points that it gave first."""
    if entry.kind != "booked" or entry.reverses is None:
        return []
    if entry.points > 0:
        return [_("The order is worth more now: %(n)s points were added.", n=points(entry.points))]
    if entry.cause == "merged":
        return [_("Both customers got it, one person gets it once: %(n)s points were taken back.", n=-entry.points)]
    return [_("%(n)s points that the order had given were taken back.", n=points(-entry.points))]


def _of_cause(entry: Entry, why: Explanation) -> list[str]:
    n = points(abs(entry.points))
    texts: dict[str, str] = {
        "debt_repaid": _("%(n)s points were owed since a refund of points that were spent already.", n=n),
        "redeemed": _("%(n)s points paid for the reward.", n=n),
        "returned": _("The reward was returned unused: its points came back."),
        "not_issued": _("The shop could not create the code: the points came back."),
        "gift": _("Given by hand."),
        "adjusted": _("The opposite of an earlier change.") if entry.reverses else _("Changed by hand."),
        "merged": _("Two customers became one."),
        "referral_advocate": _("The friend's order fulfilled the conditions of the referral program."),
        "referral_friend": _("The gift of the referral program for a new friend."),
        "referral_undone": _("The order that had completed the referral does not stand any more."),
        "expired": _expired(why),
        "order_refunded": _("%(n)s points that the order had given were taken back.", n=n),
    }
    found = texts.get(entry.cause)
    return [found] if found else []


def _expired(why: Explanation) -> str:
    months = why.expiry_months or 0
    if why.expiry_mode == "age":
        return _("These points were older than %(months)s months.", months=months)
    return _("There was no activity for %(months)s months.", months=months)


def _of_wait(entry: Entry) -> list[str]:
    if entry.kind != "waiting":
        return []
    milestone = MILESTONES.get(entry.why.earn_at or "", MILESTONES["paid"])
    if entry.due_at is None:
        return [_("They wait until the order is %(status)s.", status=milestone)]
    return [_("They can be spent from %(day)s on.", day=day(entry.due_at))]


def _not_known(entry: Entry) -> list[str]:
    why, found = entry.why, list[str]()
    if why.rule is not None and why.rule.revision is None:
        found.append(_("Which version of the rule it was is not known."))
    if why.per_points is not None and entry.order is not None and why.lines is None:
        found.append(_("The order has changed since: which of its lines counted then is not known."))
    return found


def _of_missed(missed: Missed) -> list[str]:
    found = [str(MISSED[missed.reason])]
    if not missed.is_certain:
        found.append(_("This follows from the settings of today; those of that day were not stored."))
    if len(missed.verdicts) > 1:
        found += [f"{rule_name(one.rule)}: {MISSED[one.reason]}" for one in missed.verdicts]
    return found


def _plain(factor: Decimal | None) -> str:
    return format_decimal(factor or 0)
