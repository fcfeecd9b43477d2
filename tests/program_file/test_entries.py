"""One rule or reward by itself: checked like an entry of a file, saved as one row."""

from decimal import Decimal
from typing import Any

import pytest

from tests.make import World, day, refused
from widget_server.errors import BadRequest, NotWholeCoins, StaleRevision
from widget_server.loyalty.earning import rules
from widget_server.loyalty.program import revisions
from widget_server.loyalty.rewards import rewards
from widget_server.program_file import current, entries
from widget_server.program_file.entries import Entry

ORDER: Entry = {"kind": "order", "per": {"points": 10, "money": Decimal(1)}}
FIVER: Entry = {"kind": "amount", "cost_points": 500, "amount": Decimal(5)}


def test_new_entries_come_last_under_free_handles(world: World) -> None:
    world.rule("review", points=5)
    made = [entries.save_rule(world.shop, None, None, ORDER) for _ in range(2)]
    assert [rule.handle for rule in rules.listed_all(world.shop)][1:] == ["order", "order-2"]
    assert made[0].position < made[1].position
    bought = [entries.save_reward(world.shop, None, None, FIVER) for _ in range(2)]
    assert [reward.handle for reward in rewards.live(world.shop)] == [one.handle for one in bought]


def test_an_edit_sets_the_whole_entry_and_keeps_its_place(world: World) -> None:
    first = entries.save_rule(world.shop, None, None, {**ORDER, "title": "Shop", "terms": {"guests": False}})
    world.rule("review", points=5)
    changed = entries.save_rule(world.shop, first, first.revision, {**ORDER, "title": "Buy"})
    assert (changed.title, changed.terms.guests, changed.position, changed.revision) == ("Buy", True, 0, 2)
    assert entries.save_rule(world.shop, changed, 2, {**ORDER, "title": "Buy"}).revision == 2
    fiver = entries.save_reward(world.shop, None, None, {**FIVER, "collections": [{"id": "1", "name": "Sale"}]})
    again: Entry = {**FIVER, "collections": [{"id": "1", "name": "Sale"}]}
    assert entries.save_reward(world.shop, fiver, 1, again).revision == 1


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"per": {"points": 0, "money": 1}}, "per.points"),
        ({"terms": {"channel": "x"}}, "terms.channel"),
        ({"terms": {"tiers": ["Gold"]}}, "terms.tiers.0"),
        ({"terms": {"starts_at": "2026-03-02", "ends_at": "2026-03-01"}}, "terms.ends_at"),
    ],
)
def test_a_refusal_names_the_field_within_the_entry(world: World, entry: dict[str, Any], field: str) -> None:
    refusal = refused(lambda: entries.save_rule(world.shop, None, None, {**ORDER, **entry}), BadRequest)
    assert refusal.field == field
    assert rules.listed_all(world.shop) == []


def test_all_faults_are_named_at_once(world: World) -> None:
    wrong: Entry = {**FIVER, "cost_points": 0, "limit_total": -1}
    refusal = refused(lambda: entries.save_reward(world.shop, None, None, wrong), BadRequest)
    assert [path for path, _ in refusal.facts["faults"]] == ["cost_points", "limit_total"]
    coins: Entry = {**FIVER, "amount": Decimal("5.005")}
    assert refused(lambda: entries.save_reward(world.shop, None, None, coins), NotWholeCoins).field == "amount"


def test_a_revision_that_was_not_read_is_refused(world: World) -> None:
    rule, reward = world.order_rule(10), world.reward()
    refused(lambda: entries.save_rule(world.shop, rule, 7, ORDER), StaleRevision)
    refused(lambda: entries.save_reward(world.shop, reward, 7, FIVER), StaleRevision)


def test_days_are_those_of_the_shops_zone(world: World) -> None:
    facts = entries.read_rule(world.shop, "order", {**ORDER, "terms": {"starts_at": "2026-03-01"}})
    assert facts["terms.starts_at"] == day("02-28", 23)


def test_a_place_in_the_list_changes_nothing_else(world: World) -> None:
    made = [world.rule("review", points=5, position=0, handle=f"r{at}") for at in range(3)]  # equal places may be
    rules.move(world.shop, made[2].id, -1)
    assert [rule.id for rule in rules.listed_all(world.shop)] == [made[0].id, made[2].id, made[1].id]
    revisions.move(rules.listed_all(world.shop), made[0].id, 5)
    listed = rules.listed_all(world.shop)
    assert [rule.id for rule in listed] == [made[2].id, made[1].id, made[0].id]
    assert {rule.revision for rule in listed} == {1}
    assert list(current.of(world.shop).earning_rules or {}) == [rule.handle for rule in listed]
