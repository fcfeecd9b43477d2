"""Campaigns in the dashboard: their list, their form, and their end (acceptance 21)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.dashboard import filled
from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import NOON, World
from widget_server import clock
from widget_server.loyalty.earning import campaigns
from widget_server.loyalty.earning.rules import Campaign
from widget_server.program_file import apply, current

DATABASES = ("sqlite",)
SPRING = {"name": "Spring", "multiplier": "2,5", "starts_at": "2026-03-28T00:00", "ends_at": "2026-03-30T18:30"}


def spring(world: World, starts: datetime = NOON, days: int = 7) -> Campaign:
    terms = {"multiplier": Decimal(2), "starts_at": starts, "ends_at": starts + timedelta(days=days)}
    return campaigns.create(world.shop, "Spring", **terms)  # type: ignore[typeddict-item]


def test_a_campaign_runs_on_the_clocks_of_the_shop(desk: Desk, world: World) -> None:
    """The clocks of Berlin change on 29 March."""
    assert filled.send(desk, "/campaigns/new", **SPRING).status_code == 303
    (made,) = campaigns.listed(world.shop)
    assert (made.name, made.multiplier) == ("Spring", Decimal("2.5"))
    assert made.starts_at == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 3, 30, 16, 30, tzinfo=UTC)
    shown = filled.values(desk, f"/campaigns/{made.id}")
    assert (shown["starts_at"], shown["ends_at"], shown["multiplier"]) == (
        SPRING["starts_at"],
        SPRING["ends_at"],
        "2.5",
    )
    assert apply.plan(world.shop, current.of(world.shop)) == []


def test_the_list_says_what_runs(desk: Desk, world: World) -> None:
    assert "double points at Easter" in desk.get("/campaigns").text
    spring(world)
    for moment, state in ((NOON - timedelta(days=1), "Planned"), (NOON, "Running"), (NOON + timedelta(days=7), "Over")):
        with clock.at(moment):
            assert f">{state}</span>" in desk.get("/campaigns").text


def test_times_that_were_not_touched_stay_to_the_second(desk: Desk, world: World) -> None:
    starts = NOON + timedelta(seconds=17)
    made = spring(world, starts)
    filled.send(desk, f"/campaigns/{made.id}", multiplier="3")
    changed = campaigns.need(world.shop, made.id)
    assert (changed.multiplier, changed.starts_at, changed.revision) == (3, starts, 2)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"ends_at": SPRING["starts_at"]}, "It ends before it starts"),
        ({"starts_at": "soon"}, "A day and a time"),
        ({"starts_at": ""}, "This is needed"),
        ({"multiplier": "0"}, "A number such as"),
        ({"name": " "}, "This is needed"),
        ({"name": "Taken"}, "Another campaign has this name"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    desk: Desk, world: World, typed: dict[str, str], error: str
) -> None:
    campaigns.create(world.shop, "Taken", multiplier=Decimal(2), starts_at=NOON, ends_at=NOON + timedelta(days=1))
    refused = filled.send(desk, "/campaigns/new", **{**SPRING, **typed})
    assert refused.status_code == 422 and error in refused.text and 'aria-invalid="true"' in refused.text
    assert len(campaigns.listed(world.shop)) == 1


def test_two_people_do_not_overwrite_each_other(desk: Desk, world: World) -> None:
    made = spring(world)
    shown = filled.values(desk, f"/campaigns/{made.id}")
    campaigns.change(world.shop, made.id, None, name="Lent")
    refused = filled.send(desk, f"/campaigns/{made.id}", shown, multiplier="9")
    assert refused.status_code == 422 and "It was changed meanwhile" in refused.text
    assert campaigns.need(world.shop, made.id).name == "Lent"


def test_a_campaign_ends_after_a_question(desk: Desk, world: World) -> None:
    made = spring(world, clock.now() - timedelta(hours=1))
    assert "End Spring now?" in desk.get(f"/campaigns/{made.id}/end").text
    assert campaigns.state(campaigns.need(world.shop, made.id)) == "running"
    assert filled.send(desk, f"/campaigns/{made.id}/end").status_code == 303
    assert campaigns.state(campaigns.need(world.shop, made.id)) == "over"
    campaigns.remove(world.shop, made.id)
    planned = spring(world, clock.now() + timedelta(days=1))
    assert "Remove Spring?" in desk.get(f"/campaigns/{planned.id}/end").text
    filled.send(desk, f"/campaigns/{planned.id}/end")
    assert campaigns.listed(world.shop) == []


def test_a_campaign_is_added_on_a_phone(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("marketer", viewport=PHONE)
    clerk.goes("/campaigns").presses("Add a campaign").types(Name="Spring", Multiplier="3").presses("Add")
    clerk.sees("The campaign is created.").sees("Planned")
    (made,) = campaigns.listed(world.shop)
    assert made.ends_at - made.starts_at in (timedelta(days=7), timedelta(days=7, hours=1), timedelta(days=6, hours=23))


def test_nothing_is_wrong_with_the_pages_of_a_campaign(office: Callable[..., Clerk], world: World) -> None:
    made = spring(world)
    clerk = office()
    for path in (f"/campaigns/{made.id}", f"/campaigns/{made.id}/end"):
        assert clerk.goes(path).inspects() == [], path
