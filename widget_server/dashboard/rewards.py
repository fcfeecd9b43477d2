"""Rewards: what points can buy, in the merchant's order, what each costs the shop, and the form of each."""

from dataclasses import dataclass
from decimal import Decimal

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from widget_server import clock
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import Link, done, page, to
from widget_server.dashboard.forms import Form
from widget_server.dashboard.number_fields import plain
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.reward_forms import AT_CHECKOUT, KIND_NAMES, LIMITS, USE, WHEN, RewardForm, reward_form
from widget_server.dashboard.rule_words import Status
from widget_server.dashboard.words import moment, money, points
from widget_server.errors import NotFound
from widget_server.loyalty.earning import rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import reward_costs, rewards
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.loyalty.staff.roles import Action

pages = Pages("rewards", "/rewards")
LIST = "rewards.reward_list"


@dataclass(frozen=True)
class RewardRow:
    """A reward as the list shows it."""

    reward: Reward
    name: str
    kind: str
    gives: str
    cost: str
    conditions: list[str]
    status: Status


@pages.page("", Action.SEE)
def reward_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show every reward in the merchant's order, with its price and what it costs the shop."""
    return page("rewards/list.html", rows=_rows(staff.shop, list(rewards.live(staff.shop))))


@pages.page("/new", Action.PROGRAM)
def choose(staff: StaffCaller) -> ResponseReturnValue:
    """Choose the kind of a new reward."""
    return page("rewards/choose.html", names=KIND_NAMES)


@pages.form("/new/<kind>", Action.PROGRAM)
def create(staff: StaffCaller, kind: str) -> ResponseReturnValue:
    """Create a reward of this kind. Raises NotFound for an unknown kind."""
    if kind not in KIND_NAMES:
        raise NotFound()
    return _saved_or_plain(staff, reward_form(staff.shop, kind), None)


@pages.form("/<reward_id>", Action.PROGRAM)
def edit(staff: StaffCaller, reward_id: str) -> ResponseReturnValue:
    """Change a reward. Raises NotFound."""
    reward = rewards.need(staff.shop, reward_id)
    return _saved_or_plain(staff, reward_form(staff.shop, reward.kind, reward), reward)


@pages.act("/<reward_id>/turn", Action.PROGRAM)
def turn(staff: StaffCaller, reward_id: str) -> ResponseReturnValue:
    """Turn a reward on or off: to what the button said, so that pressing it twice does no harm. Raises NotFound."""
    active = request.form.get("active") == "1"
    reward = rewards.change(staff.shop, reward_id, None, active=active)
    name = name_of(reward, staff.shop.currency)
    return done(_("%(name)s is active.", name=name) if active else _("%(name)s is off.", name=name), LIST)


@pages.act("/<reward_id>/move", Action.PROGRAM)
def move(staff: StaffCaller, reward_id: str) -> ResponseReturnValue:
    """Move a reward one place up or down in the list. Raises NotFound."""
    rewards.move(staff.shop, reward_id, -1 if request.form.get("way") == "up" else 1)
    return to(LIST)


@pages.form("/<reward_id>/archive", Action.PROGRAM)
def archive(staff: StaffCaller, reward_id: str) -> ResponseReturnValue:
    """Archive a reward, after a question. Raises NotFound."""
    reward, form = rewards.need(staff.shop, reward_id), Form()
    name = name_of(reward, staff.shop.currency)
    if form.accepts():
        with form.refusals():
            rewards.remove(staff.shop, reward_id, None)
            return done(_("%(name)s is archived.", name=name), LIST)
    return page("rewards/archive.html", form=form, name=name)


def _saved_or_plain(staff: StaffCaller, form: RewardForm, reward: Reward | None) -> ResponseReturnValue:
    """Save the form that was sent; else show it, with what the reward costs the shop once it is filled."""
    only_looks = "again" in request.form
    if form.accepts() and not only_looks:
        with form.refusals():
            form.save(staff.shop)
            return done(_("It is saved."), LIST)
    return form_page(staff, form, reward)


def form_page(
    staff: StaffCaller, form: RewardForm, reward: Reward | None, *, draft: Link | None = None
) -> ResponseReturnValue:
    """Returns the page of the form, of a stored reward or of a new one; `draft` leads to the draft that has it."""
    filled = form.cost_points.data and not form.errors
    kind = str(form.kind.data)
    return page(
        "rewards/form.html",
        form=form,
        reward=reward,
        kind=AT_CHECKOUT if reward is not None and reward.at_checkout else KIND_NAMES[kind],
        cost=_cost(staff.shop, form.drafted(), _per_money(staff.shop)) if filled else "",
        groups={"limits": LIMITS, "when": WHEN, "use": USE},
        address=request.path if draft else _address(kind, reward),
        stale=reward is not None and form.read_revision != reward.revision,
        back=draft and draft.address,
        back_name=draft and draft.name,
    )


def _address(kind: str, reward: Reward | None) -> str:
    if reward is None:
        return url_for("dashboard_rewards.create", kind=kind)
    return url_for("dashboard_rewards.edit", reward_id=reward.id)


# In plain words


def name_of(reward: Reward, currency: str) -> str:
    """Returns the name of a reward: its title, or what it gives."""
    return reward.title or gives(reward, currency)


def gives(reward: Reward, currency: str) -> str:
    """Returns what a reward gives in the base tier, as "€5.00 off"."""
    if reward.slides:
        least = rewards.sliding_worth(reward, reward.cost_points, currency)
        return _("%(money)s off or more", money=money(least, currency))
    if reward.amount is not None:
        return _("%(what)s off", what=money(reward.amount, currency))
    if reward.percent is not None:
        return _("%(what)s off", what=f"{plain(reward.percent)} %")
    if reward.kind == "free_product":
        return _("%(product)s for free", product=reward.product_name or reward.product_id)
    return str(KIND_NAMES["free_shipping"])


def _rows(shop: Shop, listed: list[Reward]) -> list[RewardRow]:
    names, per_money = {tier.id: tier.name for tier in tiers.listed(shop.id)}, _per_money(shop)
    return [
        RewardRow(
            reward=one,
            name=name_of(one, shop.currency),
            kind=str(AT_CHECKOUT if one.at_checkout else KIND_NAMES[one.kind]),
            gives=gives(one, shop.currency),
            cost=_cost(shop, one, per_money),
            conditions=_conditions(one, shop.currency, names),
            status=_status(one),
        )
        for one in listed
    ]


def _per_money(shop: Shop) -> Decimal | None:
    return reward_costs.points_per_money(rules.listed_all(shop))


def _cost(shop: Shop, reward: Reward, per_money: Decimal | None) -> str:
    """What a reward costs the shop, in one sentence or two."""
    one = reward_costs.cost(reward, per_money, shop.currency)
    many = ngettext("%(n)s point", "%(n)s points", one.points, n=points(one.points))
    if one.worth is None and one.spend is None:
        return many
    if one.worth is None:
        return _(
            "At the present order rule a customer spends %(spend)s for %(points)s.",
            spend=money(one.spend, shop.currency),
            points=many,
        )
    worth = money(one.worth, shop.currency)
    if one.spend is None:
        return _("%(points)s = %(worth)s.", points=many, worth=worth)
    return _(
        "%(points)s = %(worth)s; at the present order rule a customer spends %(spend)s for it: "
        "%(percent)s %% of sales.",
        points=many,
        worth=worth,
        spend=money(one.spend, shop.currency),
        percent=plain(one.percent),
    )


def _conditions(reward: Reward, currency: str, names: dict[str, str]) -> list[str]:
    found = [
        f"{names[id]}: " + ngettext("%(n)s point", "%(n)s points", price.cost_points, n=points(price.cost_points))
        for id, price in reward.prices.items()
        if id in names
    ]
    texts = {
        "max_points": _("at most %(n)s points", n=points(reward.max_points)),
        "minimum_subtotal": _("orders from %(money)s", money=money(reward.minimum_subtotal, currency)),
        "collections": _("only for %(names)s", names=", ".join(str(one["name"]) for one in reward.collections)),
        "tier_id": _("from %(tier)s on", tier=names.get(reward.tier_id or "", "?")),
        "limit_per_customer": _limit(reward),
        "limit_total": _("%(n)s in all", n=points(reward.limit_total)),
        "expires_after_days": _("the code expires after %(n)s days", n=points(reward.expires_after_days)),
        "combines": _("combines with other discounts"),
        "shareable": _("may be given away"),
        "starts_at": _("from %(time)s", time=moment(reward.starts_at)),
        "ends_at": _("until %(time)s", time=moment(reward.ends_at)),
    }
    return found + [text for name, text in texts.items() if getattr(reward, name)]


def _limit(reward: Reward) -> str:
    texts = {
        "day": _("%(n)s a day for each customer", n=points(reward.limit_per_customer)),
        "month": _("%(n)s a month for each customer", n=points(reward.limit_per_customer)),
        "year": _("%(n)s a year for each customer", n=points(reward.limit_per_customer)),
    }
    return texts.get(reward.limit_period, _("%(n)s for each customer", n=points(reward.limit_per_customer)))


def _status(reward: Reward) -> Status:
    """Whether the reward can be bought now."""
    now = clock.now()
    if not reward.active:
        return Status(_("Off"))
    if reward.starts_at and now < reward.starts_at:
        return Status(_("Not begun"))
    if reward.ends_at and now >= reward.ends_at:
        return Status(_("Ended"))
    return Status(_("Active"), "ok")
