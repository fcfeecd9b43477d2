"""The form of a reward: only the fields that its kind takes, and the entry of a program file that it sends."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.validators import Length

from widget_server.dashboard.entry_forms import Count, EntryForm, moment
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Line, choices
from widget_server.dashboard.number_fields import Amount, Moment
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Price, Reward
from widget_server.program_file import entries
from widget_server.program_file.entries import Entry

KIND_NAMES = {
    "amount": _l("Money off"),
    "percent": _l("Percent off"),
    "sliding": _l("Money off, as many points as the customer likes"),
    "free_shipping": _l("Free shipping"),
    "free_product": _l("A free product"),
}
AT_CHECKOUT = _l("Money off at the checkout")
PERIODS = {"ever": _l("Ever"), "year": _l("A year"), "month": _l("A month"), "day": _l("A day")}
WORTH = {"amount": "amount", "percent": "percent"}  # the field of what a tier may have of its own, by kind
OF_KINDS = {
    "amount": ("amount",),
    "percent": ("percent",),
    "sliding": ("max_points", "step_points", "point_value"),
    "free_product": ("product_id", "product_name"),
}
LIMITS = ("limit_per_customer", "limit_total")
WHEN = ("starts_at", "ends_at", "tier")
USE = ("minimum_subtotal", "collections", "expires_after_days", "combines", "shareable")
NO_LIMIT = _l("Empty: no limit.")


class Collections(TextAreaField):
    """Collections, one in each line: its id, and after = the name that customers see."""

    data: Any  # the stubs know texts alone

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines; a collection without a name has its id as the name."""
        parts = [line.partition("=") for line in (str(valuelist[0]).splitlines() if valuelist else []) if line.strip()]
        self.data = [{"id": id.strip(), "name": name.strip() or id.strip()} for id, _, name in parts]

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(f"{one['id']} = {one['name']}" for one in self.data or ())


class RewardForm(EntryForm):
    """Every field that some kind takes; those of other kinds are taken out before it is filled."""

    kind = HiddenField()
    title = Line(
        _l("Name"), validators=[Length(max=200)], description=_l("Empty: the usual words for it, as €5.00 off.")
    )
    description = TextAreaField(
        _l("Note for customers"), validators=[OPTIONAL, Length(max=1000)], description=_l("Shown below the name.")
    )
    cost_points = Count(_l("Points"), validators=[REQUIRED], description=_l("What a customer pays for it."))
    amount = Amount(_l("Money off"), validators=[REQUIRED], description=_l("In your shop's currency, as 5 or 7.50."))
    percent = Amount(_l("Percent off"), validators=[REQUIRED], description=_l("From 1 to 100."))
    point_value = Amount(
        _l("Worth of one point"), validators=[REQUIRED], description=_l("As 0.01: 500 points are 5.00.")
    )
    max_points = Count(_l("Most points at once"), validators=[OPTIONAL], description=NO_LIMIT)
    step_points = Count(_l("Steps of"), validators=[OPTIONAL], description=_l("Empty: any number of points."))
    product_id = Line(_l("Id of the product"), validators=[REQUIRED], description=_l("As your shop has it."))
    product_name = Line(_l("Name of the product"), validators=[Length(max=200)], description=_l("Shown to customers."))
    active = BooleanField(_l("Active"), default=True, description=_l("Customers see it, and can buy it."))
    limit_per_customer = Count(_l("Most for each customer"), validators=[OPTIONAL], description=_l("Empty: no limit."))
    limit_period = SelectField(
        _l("Counted over"), choices=choices(PERIODS), description=_l("The time in which that many may be bought.")
    )
    limit_total = Count(_l("Most in all"), validators=[OPTIONAL], description=_l("Then nobody can buy it any more."))
    tier = SelectField(_l("For"), description=_l("A tier and every higher one."))
    starts_at = Moment(_l("From"), description=_l("Empty: at once. In your shop's time zone."))
    ends_at = Moment(_l("Until"), description=_l("Empty: it does not end. Coupons that were bought stay."))
    minimum_subtotal = Amount(_l("Smallest order"), description=_l("The code works from this amount of goods on."))
    collections = Collections(
        _l("Only for these collections"), description=_l("Id = name, one in each line: 42 = Summer. Empty: everything.")
    )
    expires_after_days = Count(
        _l("Days until the code expires"), validators=[OPTIONAL], description=_l("Empty: it does not expire.")
    )
    combines = BooleanField(
        _l("Combines with other discounts"), description=_l("The code may be used together with others.")
    )
    shareable = BooleanField(_l("May be given away"), description=_l("Somebody else than its buyer may use the code."))

    known_tiers: tuple[Tier, ...] = ()
    reward: Reward | None = None

    @property
    def own_fields(self) -> list[tuple[str, list[Any]]]:
        """The tiers by name, each with the fields of its own price; empty for kinds that have none."""
        if "own_cost_0" not in self._fields:
            return []
        named = [(tier.name, (f"own_cost_{at}", f"own_worth_{at}")) for at, tier in enumerate(self.known_tiers)]
        return [(name, [self._fields[one] for one in own if one in self._fields]) for name, own in named]

    def paths(self) -> Mapping[str, str]:
        """Returns the form's fields by the paths of an entry."""
        found = {"prices": "amount", "prices.0.amount": "amount"}
        for at, tier in enumerate(self.known_tiers):
            found |= {f"by_tier.{tier.name}": f"own_cost_{at}"}
            found |= {f"by_tier.{tier.name}.{worth}": f"own_worth_{at}" for worth in WORTH.values()}
        return found

    def entry(self) -> Entry:
        """Returns what was typed as an entry of a program file."""
        simple = (
            *("title", "cost_points", "amount", "percent", "point_value", "max_points", "step_points", "product_id"),
            *("product_name", "active", *LIMITS, *USE),
        )
        typed = {name: self._fields[name].data for name in simple if name in self._fields}
        return {
            **typed,
            "kind": str(self.kind.data),
            "description": (self.description.data or "").strip() or None,
            "tier": (self.tier.data or None) if self.tier else None,
            "starts_at": moment(self.starts_at.data),
            "ends_at": moment(self.ends_at.data),
            "limit_period": self.limit_period.data if self.limit_per_customer.data is not None else "ever",
            "by_tier": self._own_prices(),
        }

    def save(self, shop: Shop) -> Reward:
        """Save what was typed. Raises NotFound, StaleRevision, BadRequest, NotWholeCoins."""
        if self.reward is None or not self.reward.at_checkout:
            return entries.save_reward(shop, self.reward, self.read_revision, self.entry())
        price = Price(self.cost_points.data or 0, amount=self.amount.data)
        return rewards.change(
            shop,
            self.reward.id,
            self.read_revision,
            prices={**self.reward.prices, None: price},
            title=self.title.data,
            description=(self.description.data or "").strip() or None,
            active=bool(self.active.data),
        )

    def drafted(self) -> Reward:
        """Returns the reward as it was typed, in memory."""
        names = ("cost_points", "amount", "point_value")
        typed = {name: self._fields[name].data for name in names if name in self._fields}
        at_checkout = self.reward is not None and self.reward.at_checkout
        return Reward(kind=str(self.kind.data), at_checkout=at_checkout, **typed)

    def _own_prices(self) -> dict[str, dict[str, Any]]:
        found = {}
        for name, (cost, *worth) in self.own_fields:
            if cost.data is not None or any(one.data is not None for one in worth):
                found[name] = {"cost_points": cost.data} | {WORTH[str(self.kind.data)]: one.data for one in worth}
        return found


def reward_form(
    shop: Shop, kind: str, reward: Reward | None = None, *, among: Sequence[Tier] | None = None
) -> RewardForm:
    """Returns the form of a new reward of this kind, or of a stored one, filled with what was sent or is stored.

    `among` are the tiers that it can name; None: those of the shop.
    """
    known = tuple(tiers.listed(shop.id) if among is None else among)
    made = type("RewardForm", (RewardForm,), {**_own(kind, known), "known_tiers": known, "reward": reward})
    form: RewardForm = made(**(_stored(reward, known) if reward is not None else {"kind": kind, "revision": ""}))
    form.kind.data = kind
    if known:
        form.tier.choices = choices({"": _l("Everybody"), **{tier.name: tier.name for tier in known}})
    for name in _unused(kind, reward, has_tiers=bool(known)):
        del form[name]
    return form


def _own(kind: str, known: tuple[Tier, ...]) -> dict[str, Any]:
    """The fields of the tiers' own prices; a sliding reward cannot differ by tier."""
    made: dict[str, Any] = {}
    for at, tier in enumerate(known if kind != "sliding" else ()):
        made[f"own_cost_{at}"] = Count(
            _l("Points in %(tier)s", tier=tier.name), validators=[OPTIONAL], description=_l("Empty: as above.")
        )
        if kind in WORTH:
            words = {
                "amount": _l("Money off in %(tier)s", tier=tier.name),
                "percent": _l("Percent in %(tier)s", tier=tier.name),
            }
            made[f"own_worth_{at}"] = Amount(words[kind], description=_l("Together with the points."))
    return made


def _unused(kind: str, reward: Reward | None, *, has_tiers: bool) -> set[str]:
    """The fields that a reward of this kind does not take."""
    unused = {name for names in OF_KINDS.values() for name in names} - set(OF_KINDS.get(kind, ()))
    if not has_tiers:
        unused.add("tier")
    if reward is not None and reward.at_checkout:
        unused |= {*OF_KINDS["sliding"], *LIMITS, *USE, "limit_period", "starts_at", "ends_at"}
        unused = (unused | ({"tier"})) - {"amount"}
    return unused


def _stored(reward: Reward, known: tuple[Tier, ...]) -> dict[str, Any]:
    """What a stored reward fills the form with."""
    names = {tier.id: tier.name for tier in known}
    values = dict(reward.__data__)  # the columns have the names of the fields
    own: dict[str, Any] = {}
    for at, tier in enumerate(known):
        if tier.id in reward.prices:
            price = reward.prices[tier.id]
            worth = price.amount if price.amount is not None else price.percent
            own |= {f"own_cost_{at}": price.cost_points, f"own_worth_{at}": worth}
    return {**values, **own, "tier": names.get(reward.tier_id or "", ""), "revision": reward.revision}
