"""Drafts of the whole program: prepared beside the live one, and published at once or not at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.make import PROOFS, World, everything_kept
from tests.program_file.demo_file import DEMO, TEXT, written
from widget_server import clock
from widget_server.errors import BadRequest, DraftOutdated, NotFound, NotWholeCoins, Refusal, StaleRevision
from widget_server.loyalty import versions
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import rewards
from widget_server.program_file import current, stored_drafts, three_way
from widget_server.program_file.apply import apply
from widget_server.program_file.facts import Facts
from widget_server.program_file.stored_drafts import ProgramDraft, outlook, publish

FRIENDS = "program: {name: Fern Friends, orders_from: 2000-01-01}\n"


def drafted(world: World, what: str, **facts: Any) -> ProgramDraft:
    """A draft that changes some facts of one object."""
    draft = stored_drafts.create(world.shop, "Spring")
    return changed(world, draft, what, **facts)


def changed(world: World, draft: ProgramDraft, what: str, **facts: Any) -> ProgramDraft:
    known = three_way.objects(stored_drafts.file_of(world.shop, draft))[what]
    named = {name.replace("__", "."): value for name, value in facts.items()}
    return stored_drafts.set_object(world.shop, draft.id, draft.revision, what, {**known, **named})


def told(world: World, draft: ProgramDraft) -> list[str]:
    return [str(one) for one in outlook(world.shop, draft).changes]


def test_a_draft_touches_nothing_until_it_is_published(world: World) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    before = written(world)
    draft = drafted(world, f"earning_rules.{rule.handle}", per__points=20)
    draft = changed(world, draft, f"rewards.{reward.handle}", cost_points=400)
    draft = changed(world, draft, "program", point_value=Decimal("0.01"))
    assert written(world) == before
    assert told(world, draft) == [
        "~ program point_value: null -> 0.01",
        f"~ earning_rules.{rule.handle} per.points: 10 -> 20",
        f"~ rewards.{reward.handle} cost_points: 500 -> 400",
    ]
    made = publish(world.shop, draft.id, draft.revision)
    assert len(made) == 3 and stored_drafts.all_of(world.shop) == []
    assert rules.need(world.shop, rule.id).rate_points == 20
    assert rewards.need(world.shop, reward.id).cost_points == 400
    assert {one.entry.noun for one in versions.listed(world.shop)[:3]} == {"program", "earning_rule", "reward"}
    entry = AuditEntry.of(world.shop).where(AuditEntry.verb == "publish").get()
    assert (entry.noun, entry.after["name"], entry.after["count"]) == ("program_draft", "Spring", 3)


@settings(max_examples=50 if PROOFS else 6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cost=some.integers(1, 10**9),
    amount=some.decimals(Decimal("0.01"), Decimal(10_000), places=2),
    per=some.decimals(Decimal("0.0001"), Decimal(1000), places=4),
    title=some.text(some.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
    is_demo=some.booleans(),
)
def test_a_draft_without_edits_changes_nothing_and_makes_no_version(
    world: World, cost: int, amount: Decimal, per: Decimal, title: str, is_demo: bool
) -> None:
    if is_demo:
        apply(world.shop, DEMO)
    world.order_rule(10, per=per, title=title)
    world.reward(cost=cost, amount=amount, title=title)
    before, known = written(world), [one.entry.id for one in versions.listed(world.shop)]
    draft = stored_drafts.create(world.shop, "Nothing new")
    assert told(world, draft) == []
    assert publish(world.shop, draft.id, draft.revision) == []
    assert written(world) == before
    assert [one.entry.id for one in versions.listed(world.shop)] == known


def test_what_the_shop_changes_elsewhere_meanwhile_stays(world: World) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    draft = drafted(world, f"earning_rules.{rule.handle}", per__points=20)
    rewards.change(world.shop, reward.id, None, title="Mug")
    world.reward(cost=900, title="New one")
    programs.pause(world.shop.id)
    publish(world.shop, draft.id, draft.revision)
    assert [one.title for one in rewards.live(world.shop)] == ["Mug", "New one"]
    assert rules.need(world.shop, rule.id).rate_points == 20 and world.program.status == "paused"


def test_publishing_names_what_both_sides_changed_until_it_is_settled(world: World) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    draft = drafted(world, f"earning_rules.{rule.handle}", per__points=20)
    draft = changed(world, draft, f"rewards.{reward.handle}", cost_points=400)
    rules.change(world.shop, rule.id, None, title="Shopping")
    rewards.change(world.shop, reward.id, None, title="Mug")
    before = everything_kept()
    with pytest.raises(DraftOutdated) as refused:
        publish(world.shop, draft.id, draft.revision)
    assert refused.value.facts["objects"] == [f"earning_rules.{rule.handle}", f"rewards.{reward.handle}"]
    assert everything_kept() == before
    one = outlook(world.shop, draft).conflicts[0]
    assert one.base and one.live and one.draft
    assert (one.base["title"], one.live["title"], one.draft["per.points"]) == (None, "Shopping", 20)
    draft = stored_drafts.settle(
        world.shop, draft.id, draft.revision, {one.what: "draft", f"rewards.{reward.handle}": "live"}
    )
    assert told(world, draft) == [
        f"~ earning_rules.{rule.handle} title: Shopping -> null",
        f"~ earning_rules.{rule.handle} per.points: 10 -> 20",
    ]
    publish(world.shop, draft.id, draft.revision)
    assert rewards.need(world.shop, reward.id).cost_points == 500


def test_the_same_change_on_both_sides_is_no_conflict(world: World) -> None:
    reward = world.reward(cost=500)
    draft = drafted(world, f"rewards.{reward.handle}", cost_points=400)
    rewards.change(world.shop, reward.id, None, prices={None: rewards.Price(400, amount=reward.amount)})
    assert outlook(world.shop, draft).conflicts == [] and told(world, draft) == []


def test_entries_are_added_and_removed(world: World) -> None:
    reward = world.reward(cost=500)
    draft = stored_drafts.create(world.shop, "Tiers")
    gold: Facts = {"required_points": 1000, "multiplier": Decimal(2), "benefits": None}
    draft = stored_drafts.set_object(world.shop, draft.id, draft.revision, "tiers.levels.Gold", gold)
    draft = stored_drafts.set_object(world.shop, draft.id, draft.revision, f"rewards.{reward.handle}", None)
    publish(world.shop, draft.id, draft.revision)
    assert [tier.name for tier in tiers.listed(world.shop.id)] == ["Gold"]
    assert list(rewards.live(world.shop)) == []


def test_a_draft_that_no_longer_fits_publishes_nothing(world: World) -> None:
    rule, gold = world.order_rule(10), world.tier("Gold", 1000)
    draft = drafted(world, f"earning_rules.{rule.handle}", terms__tiers=["Gold"])
    draft = changed(world, draft, "program", name="Fern Friends")
    tiers.remove(world.shop, gold.id, None)
    before = everything_kept()
    with pytest.raises(BadRequest) as refused:
        publish(world.shop, draft.id, draft.revision)
    assert refused.value.field == "earning_rules.0.terms.tiers.0"
    assert everything_kept() == before


def test_what_was_removed_meanwhile_is_a_conflict_too(world: World) -> None:
    reward = world.reward(cost=500)
    draft = drafted(world, f"rewards.{reward.handle}", cost_points=400)
    rewards.remove(world.shop, reward.id, None)
    (one,) = outlook(world.shop, draft).conflicts
    assert one.live is None and one.draft is not None
    draft = stored_drafts.settle(world.shop, draft.id, draft.revision, {one.what: "live"})
    assert told(world, draft) == []


def test_a_file_is_loaded_into_a_draft(world: World) -> None:
    draft = stored_drafts.create(world.shop, "From a file")
    draft = stored_drafts.set_text(world.shop, draft.id, draft.revision, TEXT)
    assert current.of(world.shop).earning_rules == {}
    publish(world.shop, draft.id, draft.revision)
    again = stored_drafts.create(world.shop, "Again")
    assert told(world, stored_drafts.set_text(world.shop, again.id, again.revision, TEXT)) == []


def test_sections_that_a_file_leaves_out_stay_as_the_draft_has_them(world: World) -> None:
    reward = world.reward(cost=500)
    draft = drafted(world, f"rewards.{reward.handle}", cost_points=400)
    draft = stored_drafts.set_text(world.shop, draft.id, draft.revision, FRIENDS)
    assert told(world, draft) == [
        "~ program name: Fern Club -> Fern Friends",
        f"~ rewards.{reward.handle} cost_points: 500 -> 400",
    ]


@pytest.mark.parametrize(
    ("text", "refusal", "field"),
    [
        ("program: {name: 1}", BadRequest, "program.name"),
        ("rewards: [{handle: a, kind: amount, cost_points: 5, amount: 0.001}]", NotWholeCoins, "rewards.0.amount"),
        ("rewards: [{handle: a, kind: percent, cost_points: 5, percent: 5, tier: Gold}]", BadRequest, "rewards.0.tier"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_draft_stays(
    world: World, text: str, refusal: type[Refusal], field: str
) -> None:
    draft = stored_drafts.create(world.shop, "Wrong")
    with pytest.raises(refusal) as refused:
        stored_drafts.set_text(world.shop, draft.id, draft.revision, text)
    assert refused.value.field == field
    assert stored_drafts.need(world.shop, draft.id).document == draft.document


def test_two_people_do_not_overwrite_each_others_edit(world: World) -> None:
    reward = world.reward(cost=500)
    draft = drafted(world, f"rewards.{reward.handle}", cost_points=400)
    with pytest.raises(StaleRevision):
        stored_drafts.set_object(world.shop, draft.id, draft.revision - 1, f"rewards.{reward.handle}", None)
    with pytest.raises(StaleRevision):
        publish(world.shop, draft.id, draft.revision - 1)
    assert stored_drafts.rename(world.shop, draft.id, draft.revision, "Autumn").name == "Autumn"


def test_a_draft_is_discarded_and_belongs_to_one_shop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, other = stored_drafts.create(world.shop, "Spring"), World.create()
    for act in (stored_drafts.discard, stored_drafts.need):
        with pytest.raises(NotFound):
            act(other.shop, draft.id)
    stored_drafts.discard(world.shop, draft.id)
    assert stored_drafts.all_of(world.shop) == []
    monkeypatch.setattr(stored_drafts, "DRAFTS_MAX", 1)
    stored_drafts.create(world.shop, "One")
    for name in ("", "x" * 61, "Two"):
        with pytest.raises(BadRequest) as refused:
            stored_drafts.create(world.shop, name)
        assert refused.value.field == "name"


def test_days_of_a_file_are_the_first_moment_in_the_shops_zone(world: World) -> None:
    draft = stored_drafts.create(world.shop, "Sale")
    text = "campaigns: [{name: Sale, multiplier: 2, starts_at: 2030-03-01, ends_at: 2030-03-08}]"
    draft = stored_drafts.set_text(world.shop, draft.id, draft.revision, text)
    publish(world.shop, draft.id, draft.revision)
    sale = (current.of(world.shop).campaigns or {})["Sale"]
    assert clock.local_date(sale["starts_at"], world.shop.timezone).isoformat() == "2030-03-01"
