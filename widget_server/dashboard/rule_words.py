"""Ways to earn in plain words: what a rule gives, for whom and when, and whether it pays now."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from widget_server import clock
from widget_server.dashboard.rule_forms import KIND_NAMES
from widget_server.dashboard.words import moment, money, points
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule, Figure, Terms


@dataclass(frozen=True)
class Status:
    """A word for whether something is in force, and the kind of its tag: "ok" while it is."""

    text: str
    tag: str = ""


@dataclass(frozen=True)
class RuleRow:
    """A rule as the list shows it."""

    rule: EarningRule
    name: str
    kind: str
    gives: str
    conditions: list[str]
    status: Status


def row(rule: EarningRule, currency: str, tiers: dict[str, str]) -> RuleRow:
    """Returns a rule in words; `tiers` are their names by id."""
    kind = str(KIND_NAMES.get(rule.kind, rule.kind))
    return RuleRow(
        rule, rule.title or kind, kind, gives(rule, currency), conditions(rule, currency, tiers), status(rule)
    )


def gives(rule: EarningRule, currency: str) -> str:
    """Returns what a rule gives in the base tier, as "10 points for each €1.00 spent"."""
    return figure(rule.figure_for(None), currency)


def figure(one: Figure, currency: str) -> str:
    """Returns points, or points for money, in words."""
    if not one.points:
        return _("Nothing in the base tier")
    many = ngettext("%(n)s point", "%(n)s points", one.points, n=points(one.points))
    if one.per is None:
        return many
    return _("%(points)s for each %(money)s spent", points=many, money=money(one.per, currency))


def conditions(rule: EarningRule, currency: str, tiers: dict[str, str]) -> list[str]:
    """Returns when a rule applies and for whom, each condition in a few words."""
    terms = rule.terms
    found = [f"{tiers[id]}: {figure(one, currency)}" for id, one in rule.figures.items() if id in tiers]
    if terms.channel or terms.name:
        found.append(str(terms.channel or terms.name))
    if terms.minimum_subtotal:
        found.append(_("orders from %(money)s", money=money(terms.minimum_subtotal, currency)))
    found += _goods(terms)
    if not terms.guests:
        found.append(_("members only"))
    if terms.tier_ids:
        found.append(_("only in %(tiers)s", tiers=", ".join(tiers.get(one, "?") for one in terms.tier_ids)))
    if KINDS[rule.kind].limit is None:
        found += _caps(terms)
    return found + _times(terms)


def _goods(terms: Terms) -> list[str]:
    counts = {
        "only": len(terms.include_products) + len(terms.include_collections),
        "not": len(terms.exclude_products) + len(terms.exclude_collections),
        "more": len(terms.product_multipliers) + len(terms.collection_multipliers),
    }
    words = {
        "only": ngettext("only one product or collection", "only %(num)s products or collections", counts["only"]),
        "not": ngettext("not one product or collection", "not %(num)s products or collections", counts["not"]),
        "more": ngettext(
            "a factor for one product or collection", "factors for %(num)s products or collections", counts["more"]
        ),
    }
    return [words[name] for name, count in counts.items() if count]


def _caps(terms: Terms) -> list[str]:
    words = {
        "points_per_day": _("at most %(n)s points a day", n=points(terms.points_per_day)),
        "points_per_month": _("at most %(n)s points a month", n=points(terms.points_per_month)),
        "points_ever": _("at most %(n)s points ever", n=points(terms.points_ever)),
        "times_per_day": _("at most %(n)s times a day", n=points(terms.times_per_day)),
        "times_per_month": _("at most %(n)s times a month", n=points(terms.times_per_month)),
        "times_per_year": _("at most %(n)s times a year", n=points(terms.times_per_year)),
        "times_ever": _("at most %(n)s times ever", n=points(terms.times_ever)),
    }
    return [text for name, text in words.items() if getattr(terms, name)]


def _times(terms: Terms) -> list[str]:
    found = []
    if terms.starts_at:
        found.append(_("from %(time)s", time=moment(terms.starts_at)))
    if terms.ends_at:
        found.append(_("until %(time)s", time=moment(terms.ends_at)))
    return found


def status(rule: EarningRule) -> Status:
    """Returns whether the rule pays now."""
    terms, now = rule.terms, clock.now()
    if not rule.active:
        return Status(_("Off"))
    if terms.starts_at and now < terms.starts_at:
        return Status(_("Not begun"))
    if terms.ends_at and now >= terms.ends_at:
        return Status(_("Ended"))
    return Status(_("Active"), "ok")
