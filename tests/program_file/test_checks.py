"""A file that does not fit the shop is named by its path, and changes nothing."""

import pytest

from tests.make import World
from tests.program_file.demo_file import DEMO, written
from widget_server.errors import BadRequest, BadTransition
from widget_server.program_file.apply import apply, plan
from widget_server.program_file.schema import parse


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("program: {name: Other, status: draft}", "program.status"),
        ("earning_rules: [{handle: join, kind: review, points: 5}]", "earning_rules.0.kind"),
        (
            "earning_rules: [{handle: x, kind: join, points: 5}, {handle: order, kind: visit, points: 5}]",
            "earning_rules.1.kind",
        ),
        ("rewards: [{handle: x, kind: free_shipping, cost_points: 5, tier: Platinum}]", "rewards.0.tier"),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, terms: {tiers: [Gold, Iron]}}]",
            "earning_rules.0.terms.tiers.1",
        ),
        ("tiers: {levels: [{name: Silver, required_points: 5}]}", "tiers.levels"),  # the gold reward needs Gold
        (
            "tiers: {levels: []}\nrewards: [{handle: x, kind: free_shipping, cost_points: 5, tier: Gold}]",
            "rewards.0.tier",
        ),
        (
            "rewards: [{handle: x, kind: free_shipping, cost_points: 5, by_tier: {Iron: {cost_points: 4}}}]",
            "rewards.0.by_tier.Iron",
        ),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, by_tier: {Iron: {points: 4}}}]",
            "earning_rules.0.by_tier.Iron",
        ),
        (
            "campaigns: [{name: A, multiplier: 2, starts_at: 2026-03-10, ends_at: '2026-03-09T23:00:00Z'}]",
            "campaigns.0.ends_at",
        ),
        (
            "rewards: [{handle: x, kind: free_shipping, cost_points: 5, starts_at: 2026-03-10, ends_at: 2026-03-10}]",
            "rewards.0.ends_at",
        ),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, terms: {starts_at: 2026-03-10, ends_at: 2026-03-01}}]",
            "earning_rules.0.terms.ends_at",
        ),
    ],
)
def test_what_does_not_fit_the_shop_is_named_and_changes_nothing(world: World, text: str, field: str) -> None:
    apply(world.shop, DEMO)
    before = written(world)
    for act in (plan, apply):
        with pytest.raises((BadRequest, BadTransition)) as refused:
            act(world.shop, parse(text))
        assert refused.value.field == field
    assert written(world) == before


def test_a_level_that_is_asked_for_says_by_whom(world: World) -> None:
    apply(world.shop, DEMO)
    with pytest.raises(BadRequest, match=r"'Gold' cannot be removed: rewards\.gold refers to it"):
        plan(world.shop, parse("tiers: {levels: []}"))


def test_a_draft_cannot_be_paused_by_a_file(database: str) -> None:
    world = World.create(active=False)
    with pytest.raises(BadTransition) as refused:
        apply(world.shop, parse("program: {name: Club, status: paused}"))
    assert refused.value.field == "program.status"
    assert (world.program.status, world.program.name) == ("draft", "Fern Club")


def test_an_archived_rule_keeps_its_kind_too(world: World) -> None:
    apply(world.shop, DEMO)
    apply(world.shop, parse("earning_rules: []"))
    with pytest.raises(BadRequest) as refused:
        apply(world.shop, parse("earning_rules: [{handle: join, kind: review, points: 5}]"))
    assert refused.value.field == "earning_rules.0.kind"
