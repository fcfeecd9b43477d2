"""The draft of a file or of an edited rule: the same rows as after applying it, in memory."""

from dataclasses import fields
from typing import Any

from tests.make import World, everything_kept
from tests.program_file.demo_file import DEMO, edited
from widget_server.loyalty.backtest import drafts
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.earning.rules import Terms
from widget_server.program_file import entries
from widget_server.program_file.apply import apply
from widget_server.program_file.drafts import of_file, with_rule
from widget_server.program_file.facts import ProgramFile


def facts(draft: Draft) -> list[Any]:
    """Everything of a draft that scoring and figures read."""
    settings = draft.program.rules
    names = {tier.id: tier.name for tier in draft.tiers}
    rules = [
        (rule.kind, rule.active, rule.points, rule.rate_points, rule.rate_per, _named(rule.by_tier, names),
         [names[tier_id] for tier_id in rule.terms.tier_ids], {**rule.terms.as_json(), "tier_ids": []})
        for rule in draft.rules
    ]  # fmt: skip
    campaigns = sorted((one.multiplier, one.starts_at, one.ends_at) for one in draft.campaigns)
    window = draft.tier_program and (draft.tier_program.window_days, draft.tier_program.base_multiplier)
    tiers = [(tier.name, tier.required_points, tier.multiplier) for tier in draft.tiers]
    rewards = sorted((one.kind, one.cost_points, one.amount or 0, one.point_value or 0) for one in draft.rewards)
    return [settings, rules, campaigns, window, tiers, rewards]


def _named(by_tier: Any, names: dict[str, str]) -> dict[str, Any]:
    return {names[tier_id]: figure for tier_id, figure in (by_tier or {}).items()}


def test_a_draft_of_a_file_is_what_applying_it_makes(world: World) -> None:
    world.order_rule(7)
    before = everything_kept()
    draft = of_file(world.shop, DEMO)
    assert everything_kept() == before
    apply(world.shop, DEMO)
    assert facts(draft) == facts(drafts.present(world.shop))

    def edit(file: Any) -> None:
        file["earning_rules"][0]["terms"]["tiers"] = ["Silver"]
        file["tiers"]["levels"][0]["required_points"] = 77

    changed = of_file(world.shop, edited(edit))
    assert facts(changed) != facts(drafts.present(world.shop))
    apply(world.shop, edited(edit))
    assert facts(changed) == facts(drafts.present(world.shop))


def test_what_a_file_leaves_out_stays(world: World) -> None:
    rule = world.order_rule(7, terms=Terms(points_per_day=5))
    empty = ProgramFile(**dict.fromkeys(field.name for field in fields(ProgramFile)))
    assert facts(of_file(world.shop, empty)) == facts(drafts.present(world.shop))
    assert of_file(world.shop, empty).rules[0].id == rule.id


def test_an_edited_rule_keeps_its_id_and_a_new_one_comes_last(world: World) -> None:
    rule = world.order_rule(7)
    entry: entries.Entry = {"kind": "order", "per": {"points": 9, "money": 1}}
    read = entries.read_rule(world.shop, rule.handle, entry)
    (edited_one,) = with_rule(world.shop, rule.handle, read).rules
    assert (edited_one.id, edited_one.rate_points) == (rule.id, 9)
    added = with_rule(world.shop, "order-new", entries.read_rule(world.shop, "order-new", entry)).rules
    assert [one.rate_points for one in added] == [7, 9]
    review: entries.Entry = {"kind": "review", "points": 9}
    assert with_rule(world.shop, "review", entries.read_rule(world.shop, "review", review)).rules[0].rate_points == 7
