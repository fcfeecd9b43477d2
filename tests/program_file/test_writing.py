"""Writing a file: tiers by their names, and the people in them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.make import World
from tests.program_file.demo_file import DEMO, edited, whats
from widget_server import job_queue
from widget_server.errors import BadRequest
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import Figure, Trigger
from widget_server.loyalty.points import tier_rechecks, tiers
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Price
from widget_server.program_file.apply import apply
from widget_server.program_file.schema import parse


def test_rules_and_rewards_are_for_tiers_by_name(world: World) -> None:
    apply(world.shop, DEMO)
    gold = tiers.Tier.need(world.shop, tiers.Tier.name == "Gold")

    def edit(file: Any) -> None:
        file["earning_rules"][0]["terms"]["tiers"] = ["Silver", "Gold"]

    changes = apply(world.shop, edited(edit))
    assert whats(changes) == {'~ earning_rules.order terms.tiers: [] -> ["Silver", "Gold"]'}
    rule = rules.EarningRule.need(world.shop, rules.EarningRule.handle == "order")
    assert rule.terms.tier_ids[1] == gold.id
    assert rewards.Reward.need(world.shop, rewards.Reward.handle == "gold").tier_id == gold.id


def test_levels_have_figures_of_their_own_by_name(world: World) -> None:  # contracts §2
    def edit(file: Any) -> None:
        file["earning_rules"][0]["by_tier"] = {"Gold": {"points": 15, "money": "1.00"}}
        file["earning_rules"][2]["by_tier"] = {"Silver": {"points": 150}}
        file["rewards"][0]["by_tier"] = {"Gold": {"cost_points": 400, "amount": "7.50"}}

    file = edited(edit)
    apply(world.shop, file)
    levels = {tier.name: tier.id for tier in tiers.listed(world.shop.id)}
    of = {rule.handle: rule for rule in rules.listed_all(world.shop)}
    assert of["order"].figure_for(levels["Gold"]) == Figure(15, Decimal(1))
    assert of["order"].figure_for(levels["Silver"]) == Figure(10, Decimal(1))
    assert of["join"].figure_for(levels["Silver"]) == Figure(150)
    reward = rewards.listed(world.shop)[0]
    assert rewards.price_for(reward, levels["Gold"]) == Price(400, Decimal("7.5"))
    assert apply(world.shop, file) == []
    with pytest.raises(BadRequest) as refusal:
        apply(world.shop, parse("tiers: {levels: [{name: Silver, required_points: 1000}]}"))
    assert refusal.value.field == "tiers.levels"
    assert {change.what for change in apply(world.shop, DEMO)} == {
        "earning_rules.order",
        "earning_rules.join",
        f"rewards.{reward.handle}",
    }
    assert all(not one.by_tier for one in (*rules.listed_all(world.shop), *rewards.listed(world.shop)))


def test_a_base_figure_that_was_missing_is_told_by_a_file(world: World) -> None:
    """Only Gold earns and buys, as the admin API said; the file speaks for everybody."""
    gold = world.tier("Gold", 100)
    rule = rules.create(world.shop, Trigger("store", "review"), {gold.id: Figure(5)}, title="Say")
    reward = rewards.create(world.shop, "free_shipping", {gold.id: Price(300)}, title="Ship")
    file = parse(
        "earning_rules: [{handle: review, kind: review, title: Say, points: 5, by_tier: {Gold: {points: 5}}}]\n"
        "rewards: [{handle: free-shipping, kind: free_shipping, title: Ship, cost_points: 300}]"
    )
    assert whats(apply(world.shop, file)) == {
        "~ earning_rules.review points: null -> 5",
        "~ rewards.free-shipping cost_points: null -> 300",
        '~ rewards.free-shipping by_tier: {"Gold": {"cost_points": 300}} -> {}',
    }
    assert rules.need(world.shop, rule.id).figure_for(None) == Figure(5)
    assert rewards.need(world.shop, reward.id).prices == {None: Price(300)}
    assert apply(world.shop, file) == []


def test_people_are_put_into_new_levels_by_the_job(world: World) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    bob.is_given(5)
    ann.is_given(1500)
    apply(world.shop, DEMO)
    assert ann.account.tier_id is None
    job = job_queue.claim()
    while job is not None and job.name != job_queue.JobName.RECHECK_TIERS:
        job = job_queue.claim()
    assert job is not None and job.payload == {"shop_id": world.shop.id}
    assert tier_rechecks.recheck_everybody(world.shop) == 2
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing and (standing.name, standing.points) == ("Silver", 1500)
    below = tiers.standing(world.shop.id, bob.account)
    assert below and (below.name, bob.balance) == ("Seedling", 5)


def test_nobody_stays_in_a_level_that_is_gone(world: World) -> None:
    apply(world.shop, DEMO)
    ann = world.member()
    ann.is_given(1500)
    assert ann.account.tier_id is not None

    def edit(file: Any) -> None:
        del file["tiers"]["levels"][0]

    assert whats(apply(world.shop, edited(edit))) == {"- tiers.levels.Silver"}
    assert (ann.account.tier_id, ann.account.tier_until) == (None, None)
    apply(world.shop, DEMO)
    tier_rechecks.recheck_everybody(world.shop)
    assert ann.account.tier_id is not None
    apply(world.shop, edited(lambda file: file["tiers"].update(active=False)))
    assert ann.account.tier_id is None
    assert tiers.standing(world.shop.id, ann.account) is None


def test_new_words_for_a_level_move_nobody(world: World) -> None:
    apply(world.shop, DEMO)
    world.member().is_given(1500)
    waiting = job_queue.Job.everywhere().count()
    apply(world.shop, edited(lambda file: file["tiers"]["levels"][0].update(benefits="A cutting a year.")))
    assert job_queue.Job.everywhere().count() == waiting


def test_two_levels_may_swap_their_points(world: World) -> None:
    apply(world.shop, DEMO)
    ids = {tier.name: tier.id for tier in tiers.listed(world.shop.id)}

    def edit(file: Any) -> None:
        silver, gold = file["tiers"]["levels"]
        silver["required_points"], gold["required_points"] = gold["required_points"], silver["required_points"]

    apply(world.shop, edited(edit))
    assert [(tier.name, tier.required_points, tier.revision) for tier in tiers.listed(world.shop.id)] == [
        ("Gold", 1000, 2),
        ("Silver", 3000, 2),
    ]
    assert {tier.name: tier.id for tier in tiers.listed(world.shop.id)} == ids
