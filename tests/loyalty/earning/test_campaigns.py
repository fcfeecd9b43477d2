"""Campaigns: who edits them and when they end (acceptance 21, 59)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.make import NOON, World
from widget_server import clock
from widget_server.errors import BadRequest, NotFound, StaleRevision
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.earning.rules import Campaign

WEEK = timedelta(days=7)


def campaign(world: World, name: str = "Spring", **facts: Any) -> Campaign:
    values = {"multiplier": Decimal(2), "starts_at": NOON, "ends_at": NOON + WEEK}
    return campaigns.create(world.shop, name, **{**values, **facts})


def test_a_campaign_multiplies_while_it_runs(world: World) -> None:
    made = campaign(world)
    states = []
    for moment in (NOON - WEEK, NOON, NOON + WEEK):
        with clock.at(moment):
            states.append((campaigns.state(made), rules.campaign_multiplier(world.shop, moment)))
    assert states == [("planned", 1), ("running", 2), ("over", 1)]


def test_an_edit_names_the_revision_that_was_read(world: World) -> None:
    made = campaign(world)
    changed = campaigns.change(world.shop, made.id, 1, multiplier=Decimal(3))
    assert (changed.revision, changed.multiplier) == (2, 3)
    with pytest.raises(StaleRevision):
        campaigns.change(world.shop, made.id, 1, multiplier=Decimal(4))
    assert campaigns.change(world.shop, made.id, 2, multiplier=Decimal(3)).revision == 2  # nothing to change


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"ends_at": NOON}, "ends_at"), ({"multiplier": Decimal(0)}, "multiplier"), ({"multiplier": 1001}, "multiplier")],
)
def test_what_makes_no_sense_is_refused(world: World, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        campaign(world, **facts)
    assert refused.value.field == field
    made = campaign(world)
    with pytest.raises(BadRequest):
        campaigns.change(world.shop, made.id, None, **facts)
    assert campaigns.need(world.shop, made.id).multiplier == 2


def test_two_campaigns_have_two_names(world: World) -> None:
    campaign(world)
    other = campaign(world, "Summer")
    with pytest.raises(BadRequest, match="has this name"):
        campaign(world)
    with pytest.raises(BadRequest, match="has this name"):
        campaigns.change(world.shop, other.id, None, name="Spring")


def test_a_running_campaign_ends_now_and_a_planned_one_is_removed(world: World) -> None:
    running, planned = campaign(world), campaign(world, "Later", starts_at=NOON + WEEK, ends_at=NOON + 2 * WEEK)
    with clock.at(NOON + timedelta(days=1)):
        campaigns.end(world.shop, running.id, 1)
        campaigns.end(world.shop, planned.id, 1)
        (left,) = campaigns.listed(world.shop)
        assert (left.id, campaigns.state(left), left.ends_at) == (running.id, "over", NOON + timedelta(days=1))
        campaigns.end(world.shop, running.id, None)  # over: nothing happens
        assert campaigns.need(world.shop, running.id).revision == 2


def test_another_shop_has_no_part_in_it(world: World) -> None:
    made, other = campaign(world), World.create(name="Other")
    assert campaigns.listed(other.shop) == []
    for act in (campaigns.need, campaigns.remove, lambda shop, one: campaigns.end(shop, one, None)):
        with pytest.raises(NotFound):
            act(other.shop, made.id)
