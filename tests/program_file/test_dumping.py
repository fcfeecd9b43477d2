"""The present program as a file: read back, it changes nothing, and in another shop it makes the same program."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.make import World
from tests.program_file.demo_file import DEMO, TEXT, edited
from widget_server import clock
from widget_server.errors import BadRequest, StaleRevision
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.earning.rules import OWN_APP, EarningRule, Figure, Trigger
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Price, Reward
from widget_server.program_file import current, dumping, texts
from widget_server.program_file.apply import apply, plan
from widget_server.program_file.schema import parse


def _nothing(file: Any) -> None:
    pass


def _odd_texts(file: Any) -> None:
    file["program"]["name"] = "yes: # not a comment"
    file["widget"]["label"] = "off"
    file["widget"]["strings"] = {"de": {"home.title": "Zeile eins\nZeile zwei – ‚so‘"}}
    file["rewards"][0]["title"] = "007"


def _nulls(file: Any) -> None:
    file["program"]["return_days"] = None
    file["referral"]["advocate_daily_cap"] = None
    file["referral"].pop("friend", None)


def _times(file: Any) -> None:
    file["rewards"][0]["starts_at"] = "2026-03-10"
    file["rewards"][0]["ends_at"] = "2030-03-10T12:00:00+01:00"
    file["program"]["orders_from"] = "2026-01-01"


@pytest.mark.parametrize("edit", [_nothing, _odd_texts, _nulls, _times])
def test_a_program_survives_the_way_through_its_file(world: World, edit: Callable[[Any], None]) -> None:
    apply(world.shop, edited(edit))
    text = texts.present(world.shop)
    assert plan(world.shop, parse(text)) == []
    other = World.create(active=False)
    apply(other.shop, parse(text))
    assert current.of(other.shop) == current.of(world.shop)


def test_a_new_shop_without_any_rule_has_a_file_too(world: World) -> None:
    assert plan(world.shop, parse(texts.present(world.shop))) == []


def test_the_file_says_what_was_chosen_and_no_defaults(world: World) -> None:
    apply(world.shop, DEMO)
    text = texts.present(world.shop)
    assert "shareable" not in text and "after_discounts" not in text
    assert len(text) < 2 * len(TEXT)


def test_amounts_stay_exact_numbers(world: World) -> None:
    world.reward(amount=Decimal("7.25"))
    assert "amount: 7.25\n" in dumping.text_of(current.of(world.shop))


def test_a_campaign_that_was_ended_by_hand_reads_back(world: World) -> None:
    began = clock.now() - timedelta(days=1)
    campaign = campaigns.create(
        world.shop, "Spring", multiplier=Decimal(2), starts_at=began, ends_at=began + timedelta(days=9)
    )
    with clock.at(began + timedelta(days=2, microseconds=1_234)):
        campaigns.end(world.shop, campaign.id, None)
    assert plan(world.shop, parse(texts.present(world.shop))) == []


def test_what_only_the_api_makes_reads_back(world: World) -> None:
    """A social rule without an address, and rules and rewards that only members of a tier have."""
    gold = world.tier("Gold", 100).id
    money = Figure(3, Decimal("1.50"))
    for trigger, figures in (
        (Trigger(OWN_APP, "social:facebook"), {None: Figure(5)}),
        (Trigger("app-1", "some/activity"), {None: Figure(5), gold: Figure(9)}),
        (Trigger(OWN_APP, "birthday"), {gold: Figure(50)}),
        (Trigger(OWN_APP, "order"), {gold: money}),
    ):
        rules.create(world.shop, trigger, figures, title="By the API")
    rewards.create(world.shop, "amount", {gold: Price(100, amount=Decimal(5))}, title="Five off")
    rewards.create(world.shop, "free_shipping", {gold: Price(90)}, title="Free shipping")
    text = texts.present(world.shop)
    assert plan(world.shop, parse(text)) == []

    other = World.create(active=False)
    apply(other.shop, parse(text))
    assert current.of(other.shop) == current.of(world.shop)
    made = {row.kind: row for row in (*EarningRule.of(other.shop), *Reward.of(other.shop))}
    assert [None in made[kind].figures for kind in ("birthday", "order", "custom")] == [False, False, True]
    assert [None in made[kind].prices for kind in ("amount", "free_shipping")] == [False, False]


def test_every_fault_of_a_file_has_its_line(world: World) -> None:
    text = (
        "program:\n  name: Fern Club\n  wait_days: many\nrewards:\n  - handle: mug\n    kind: amount\n    amount: -5\n"
    )
    with pytest.raises(BadRequest) as refused:
        texts.plan_text(world.shop, text)
    found = [(fault.field, fault.line) for fault in texts.faults(text, refused.value)]
    assert found == [("program.wait_days", 3), ("rewards.0.cost_points", 5), ("rewards.0.amount", 7)]


@pytest.mark.parametrize(
    ("text", "line"),
    [("program: {name: A\nrewards: []\n", 2), ("program:\n  name: A\n  name: B\n", 3), ("- 1\n", None)],
)
def test_what_cannot_be_read_names_its_line(world: World, text: str, line: int | None) -> None:
    with pytest.raises(BadRequest) as refused:
        texts.plan_text(world.shop, text)
    (fault,) = texts.faults(text, refused.value)
    assert fault.line == line and fault.sentence


def test_only_the_changes_that_were_shown_are_made(world: World) -> None:
    text = texts.present(world.shop).replace("name: Fern Club", "name: Fern Friends")
    shown = texts.plan_text(world.shop, text)
    world.settings(wait_days=3)
    with pytest.raises(StaleRevision):
        texts.apply_text(world.shop, text, shown.mark)
    assert world.program.name == "Fern Club"
    made = texts.apply_text(world.shop, text, texts.plan_text(world.shop, text).mark)
    assert world.program.name == "Fern Friends" and made.changes
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "program_file").get()
    assert (entry.verb, entry.after["count"]) == ("apply", len(made.changes))
