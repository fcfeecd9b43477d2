"""Writing a program file into the rows of the shop."""

from collections.abc import Callable, Mapping
from operator import itemgetter

from widget_server import clock
from widget_server.json_types import JsonObject
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.campaigns import save_campaign
from widget_server.loyalty.earning.rules import Campaign, EarningRule, Terms
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tier_figures import BASE
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file.changes import Change, as_text
from widget_server.program_file.facts import (
    CAMPAIGN_WORDS,
    GIFT_WORDS,
    PROGRAM_WORDS,
    REFERRAL_WORDS,
    REWARD_WORDS,
    RULE_WORDS,
    TERMS_WORDS,
    TIER_SETTINGS_WORDS,
    TIER_WORDS,
    WIDGET_WORDS,
    Facts,
    ProgramFile,
    Things,
)


def write(shop: Shop, file: ProgramFile, changes: list[Change]) -> None:
    """Write the changed sections; tiers first, since rules and rewards refer to them."""
    touched = {change.what for change in changes}
    if file.tiers is not None and file.levels is not None:
        _write_tiers(shop, file.tiers, file.levels, changes)
    ids = {tier.name: tier.id for tier in tiers.listed(shop.id)}
    if file.program is not None and "program" in touched:
        _write_program(shop, file.program, {change.field for change in changes if change.what == "program"})
    if file.earning_rules is not None:
        columns = {handle: rule_columns(facts, ids) for handle, facts in file.earning_rules.items()}
        _write_list(shop, EarningRule, "earning_rules", columns, changes, rules.save_rule)
    if file.rewards is not None:
        columns = {handle: reward_columns(facts, ids) for handle, facts in file.rewards.items()}
        _write_list(shop, Reward, "rewards", columns, changes, rewards.save_reward)
    if file.campaigns is not None:
        _write_campaigns(shop, file.campaigns, changes)
    if file.referral is not None and "referral" in touched:
        _write_referral(shop, file.referral)
    if file.widget is not None and "widget" in touched:
        shop.widget = WidgetSettings(**columns_of(file.widget, WIDGET_WORDS)).as_json()
        shop.save(only=[Shop.widget])


def columns_of(facts: Facts, names: tuple[str, ...] | Mapping[str, str]) -> Facts:
    """Returns the facts by the names of the columns that store them."""
    file_names = names if isinstance(names, Mapping) else {name: name for name in names}
    values = {name: facts[file_name] for name, file_name in file_names.items()}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _write_program(shop: Shop, facts: Facts, changed: set[str | None]) -> None:
    programs.update(
        shop.id,
        name=facts["name"],
        points_name=(facts["points_name"] or "") if "points_name" in changed else None,
        settings=ProgramSettings(**columns_of(facts, PROGRAM_WORDS)),
    )
    if "status" in changed:
        (programs.activate if facts["status"] == "active" else programs.pause)(shop.id)


def rule_columns(facts: Facts, ids: dict[str, str]) -> Facts:
    """Returns the columns of a rule with these facts; `ids` are those of the tiers, by their names."""
    terms = columns_of(facts, TERMS_WORDS)
    terms["tier_ids"] = tuple(ids[name] for name in terms["tier_ids"])
    for name in ("product_multipliers", "collection_multipliers"):
        terms[name] = {id: as_text(factor) for id, factor in terms[name].items()}
    own: dict[str, JsonObject | None] = {
        ids[name]: {"points": one["points"]} | ({"per": str(one["money"])} if "money" in one else {})
        for name, one in facts["by_tier"].items()
    }
    columns = columns_of(facts, RULE_WORDS)
    if own and facts["points"] is None and facts["per.points"] is None:  # what the base tier would have is stored too
        first = next(iter(facts["by_tier"].values()))
        figures = ("rate_points", "rate_per") if "money" in first else ("points",)
        columns |= dict(zip(figures, (first["points"], first.get("money")), strict=False))
        own[BASE] = None
    return {**columns, "by_tier": own or None, "settings": Terms(**terms).as_json()}


def reward_columns(facts: Facts, ids: dict[str, str]) -> Facts:
    """Returns the columns of a reward with these facts; `ids` are those of the tiers, by their names."""
    columns = columns_of(facts, REWARD_WORDS)
    own: dict[str, JsonObject | None] = {
        ids[name]: {fact: value if fact == "cost_points" else str(value) for fact, value in one.items()}
        for name, one in facts["by_tier"].items()
    }
    if own and facts["cost_points"] is None:
        least = min(facts["by_tier"].values(), key=itemgetter("cost_points"))
        columns |= {name: least.get(name) for name in ("cost_points", "amount", "percent")}
        own[BASE] = None
    columns["collections"] = list(facts["collections"])  # as it is stored, so that it only differs when it does
    return {**columns, "by_tier": own or None, "tier_id": ids[facts["tier"]] if facts["tier"] is not None else None}


def _write_list(
    shop: Shop,
    table: type[EarningRule] | type[Reward],
    section: str,
    columns: Things,
    changes: list[Change],
    save: Callable[..., object],
) -> None:
    """Write a list of rules or rewards; an entry that only moved in it keeps its revision."""
    mine = [change for change in changes if change.what == section or change.what.startswith(f"{section}.")]
    touched = {change.what for change in mine}
    for position, (handle, values) in enumerate(columns.items() if mine else ()):
        if f"{section}.{handle}" in touched:
            save(shop, handle, position=position, archived_at=None, **values)
        else:
            table.change(shop, {table.position: position}, table.handle == handle)
    for handle in _removed(section, mine):
        save(shop, handle, active=False, archived_at=clock.now())


def _write_campaigns(shop: Shop, campaigns: Things, changes: list[Change]) -> None:
    Campaign.remove(shop, Campaign.name.in_(_removed("campaigns", changes)))
    for name, facts in campaigns.items():
        save_campaign(shop, name, **columns_of(facts, CAMPAIGN_WORDS))


def _write_referral(shop: Shop, facts: Facts) -> None:
    referral_programs.save_program(shop, **referral_columns(facts))


def referral_columns(facts: Facts) -> Facts:
    """Returns the columns of a referral program with these facts."""
    gifts = {f"{side}_gift": _gift_column(side, facts) for side in ("friend", "advocate")}
    return {**columns_of(facts, REFERRAL_WORDS), **gifts}


def _gift_column(side: str, facts: Facts) -> JsonObject | None:
    """Returns the gift of one side in the form that is stored; None for none."""
    terms = {name: facts[f"{side}.{name}"] for name in GIFT_WORDS}
    return Gift(**terms).as_json() if terms["kind"] else None


def _write_tiers(shop: Shop, facts: Facts, levels: Things, changes: list[Change]) -> None:
    mine = {(change.what, change.field): change for change in changes}
    touched = {what for what, _ in mine}
    if "tiers" in touched:
        columns = columns_of(facts, TIER_SETTINGS_WORDS)
        if ("tiers", "window_days") not in mine:
            columns.pop("window_days")  # it may follow from a number of months, which no file can say
        tiers.save_program(shop, **columns)
    ids = {tier.name: tier.id for tier in tiers.listed(shop.id)}
    for name in _removed("tiers.levels", changes):
        tiers.remove(shop, ids.pop(name), None)
    # no two tiers may require the same points, not even while two are swapped
    moved = [name for name in ids if (f"tiers.levels.{name}", "required_points") in mine]
    Tier.change(shop, {Tier.required_points: Tier.required_points + 2 * POINTS_MAX}, Tier.name.in_(moved))
    for name in (name for name in levels if f"tiers.levels.{name}" in touched):
        columns = columns_of(levels[name], TIER_WORDS)
        if name in ids:
            tiers.change(shop, ids[name], None, **columns)
        else:
            tiers.create(shop, name, **columns)


def _removed(section: str, changes: list[Change]) -> list[str]:
    return [
        change.what.removeprefix(f"{section}.")
        for change in changes
        if change.kind == "remove" and change.what.startswith(f"{section}.")
    ]
