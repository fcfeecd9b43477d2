"""The form of a way to earn: only the fields that its kind takes, and the entry of a program file that it sends."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import Length

from widget_server.dashboard.entry_forms import (
    Count,
    EntryForm,
    Factors,
    Ids,
    Ticks,
    moment,
    names_of,
)
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Line, choices
from widget_server.dashboard.number_fields import Amount, Moment
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file.entries import Entry

KIND_NAMES = {
    "order": _l("Every order"),
    "first_order": _l("First order"),
    "join": _l("Joining the program"),
    "birthday": _l("Birthday"),
    "newsletter": _l("Subscribing to the newsletter"),
    "review": _l("Writing a review"),
    "social": _l("Following on a social network"),
    "visit": _l("Visiting the shop, once a day"),
    "custom": _l("Something else that the shop reports"),
}
LIMITS = ("points_per_day", "points_per_month", "points_ever", "times_per_day", "times_per_month", "times_per_year")
CAPS = (*LIMITS, "times_ever")
GOODS = ("include_products", "include_collections", "exclude_products", "exclude_collections")
FACTORS = ("product_multipliers", "collection_multipliers")
WHO = ("tier_names", "starts_at", "ends_at", "url")
ONE_A_LINE = _l("One id of your shop in each line.")
NO_LIMIT = _l("Empty: no limit.")


class RuleForm(EntryForm):
    """Every field that some kind takes; those of other kinds are taken out before it is filled."""

    kind = HiddenField()
    title = Line(_l("Name"), validators=[Length(max=200)], description=_l("Empty: the usual words for it."))
    description = TextAreaField(
        _l("Note for customers"), validators=[OPTIONAL, Length(max=1000)], description=_l("Shown below the name.")
    )
    points = Count(_l("Points"), validators=[REQUIRED])
    money = Amount(
        _l("For each amount spent"), description=_l("As 1 or 10. Empty: the points once, whatever is spent.")
    )
    active = BooleanField(_l("Active"), default=True, description=_l("Customers see it, and it gives points."))
    channel = Line(_l("Network"), validators=[REQUIRED], description=_l("As instagram or facebook."))
    name = Line(
        _l("Name of the action"),
        validators=[REQUIRED],
        description=_l("The word by which the shop reports it, as quiz."),
    )
    url = Line(_l("Address of the page"), description=_l("Where customers do it: https://… or /a-page of the shop."))
    minimum_subtotal = Amount(_l("Smallest order"), description=_l("Only orders with goods of this much count."))
    include_products = Ids(_l("Only these products"), description=ONE_A_LINE)
    include_collections = Ids(_l("Only these collections"), description=ONE_A_LINE)
    exclude_products = Ids(_l("Not these products"), description=ONE_A_LINE)
    exclude_collections = Ids(_l("Not these collections"), description=ONE_A_LINE)
    product_multipliers = Factors(
        _l("More points for products"), description=_l("Id = factor, one in each line: 123 = 2")
    )
    collection_multipliers = Factors(
        _l("More points for collections"), description=_l("Id = factor, one in each line: sale = 0.5")
    )
    guests = BooleanField(
        _l("Guests earn too"), default=True, description=_l("Their points wait until they join with the same address.")
    )
    tier_names = Ticks(_l("Only in these tiers"), description=_l("None ticked: in every tier."))
    starts_at = Moment(_l("From"), description=_l("Empty: at once. In your shop's time zone."))
    ends_at = Moment(_l("Until"), description=_l("Empty: it does not end."))
    points_per_day = Count(_l("Most points a day"), validators=[OPTIONAL], description=NO_LIMIT)
    points_per_month = Count(_l("Most points a month"), validators=[OPTIONAL], description=NO_LIMIT)
    points_ever = Count(_l("Most points ever"), validators=[OPTIONAL], description=NO_LIMIT)
    times_per_day = Count(_l("Most times a day"), validators=[OPTIONAL], description=NO_LIMIT)
    times_per_month = Count(_l("Most times a month"), validators=[OPTIONAL], description=NO_LIMIT)
    times_per_year = Count(_l("Most times a year"), validators=[OPTIONAL], description=NO_LIMIT)
    times_ever = Count(_l("Most times ever"), validators=[OPTIONAL], description=NO_LIMIT)

    known_tiers: tuple[Tier, ...] = ()
    rule: EarningRule | None = None

    @property
    def own_fields(self) -> list[Any]:
        """The fields of the tiers' own points."""
        return [self._fields[f"own_{at}"] for at in range(len(self.known_tiers))]

    def paths(self) -> Mapping[str, str]:
        """Returns the form's fields by the paths of an entry."""
        terms = {f"terms.{name}": name for name in (*Terms.__dataclass_fields__,)}
        own = {f"by_tier.{tier.name}": f"own_{at}" for at, tier in enumerate(self.known_tiers)}
        return {"per": "money", "per.points": "points", "terms.tiers": "tier_names", **terms, **own}

    def entry(self) -> Entry:
        """Returns what was typed as an entry of a program file; what the form does not show stays as it is."""
        kind, terms = KINDS[str(self.kind.data)], self.rule.terms.as_json() if self.rule is not None else {}
        stored: dict[str, Any] = {name: value for name, value in terms.items() if name != "tier_ids"}
        typed = {name: self._fields[name].data for name in Terms.__dataclass_fields__ if name in self._fields}
        typed |= {name: moment(typed[name]) for name in ("starts_at", "ends_at")}
        money, points = getattr(self.money, "data", None), self.points.data
        entry: Entry = {
            "kind": kind.name,
            "title": self.title.data,
            "description": (self.description.data or "").strip() or None,
            "active": self.active.data,
            "by_tier": self._own_figures(money),
            "terms": {**stored, **typed, "tiers": self.tier_names.data if self.known_tiers else []},
        }
        return entry | ({"points": points} if money is None else {"per": {"points": points, "money": money}})

    def _own_figures(self, money: Any) -> dict[str, dict[str, Any]]:
        """The points of tiers with their own; the amount of money of a tier stays where it differs from the rule's."""
        had = self.rule.figures if self.rule is not None else {}
        found = {}
        for tier, one in zip(self.known_tiers, self.own_fields, strict=True):
            if one.data is not None:
                per = (had[tier.id].per if tier.id in had else None) or money
                found[tier.name] = {"points": one.data} | ({} if money is None else {"money": per})
        return found


def rule_form(
    shop: Shop, kind: str, rule: EarningRule | None = None, *, among: Sequence[Tier] | None = None
) -> RuleForm:
    """Returns the form of a new rule of this kind, or of a stored one, filled with what was sent or is stored.

    `among` are the tiers that it can name; None: those of the shop.
    """
    known = tuple(tiers.listed(shop.id) if among is None else among)
    own = {
        f"own_{at}": Count(
            tier.name, validators=[OPTIONAL], description=_l("Empty: as above, times the factor of the tier.")
        )
        for at, tier in enumerate(known)
    }
    made = type("RuleForm", (RuleForm,), {**own, "known_tiers": known, "rule": rule})
    form: RuleForm = made(**(_stored(rule, known) if rule is not None else {"kind": kind, "revision": ""}))
    form.kind.data = kind
    if known:
        form.tier_names.choices = choices({tier.name: tier.name for tier in known})
    for name in _unused(kind, rule, has_tiers=bool(known)):
        del form[name]
    return form


def _unused(kind: str, rule: EarningRule | None, *, has_tiers: bool) -> set[str]:
    """The fields that a rule of this kind does not take."""
    facts, unused = KINDS[kind], set[str]()
    if not facts.rated:
        unused.add("money")
    if facts.per != "order":
        unused |= {"minimum_subtotal", *GOODS, *FACTORS}
    if facts.limit is not None:
        unused |= set(CAPS)
    if not has_tiers:
        unused.add("tier_names")
    is_foreign = rule is not None and rule.trigger_app_id is not None  # its name follows from another app's trigger
    return unused | {term for term in ("channel", "name") if facts.named_by != term or is_foreign}


def _stored(rule: EarningRule, known: tuple[Tier, ...]) -> dict[str, Any]:
    """What a stored rule fills the form with."""
    terms, figures = rule.terms, rule.figures
    base = rule.figure_for(None)
    values = {name: getattr(terms, name) for name in Terms.__dataclass_fields__}
    values |= {name: list(values[name]) for name in GOODS}
    names = {tier.id: tier.name for tier in known}
    return {
        **values,
        "revision": rule.revision,
        "title": rule.title,
        "description": rule.description,
        "active": rule.active,
        "points": base.points or None,
        "money": base.per,
        "tier_names": names_of(terms.tier_ids, names),
        **{f"own_{at}": figures[tier.id].points for at, tier in enumerate(known) if tier.id in figures},
    }
