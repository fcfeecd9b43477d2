"""Tiers in the dashboard: list, settings, each tier (acceptance 51)."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.dashboard import filled
from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.points import tiers
from widget_server.program_file import apply, current

DATABASES = ("sqlite",)


def rows(desk: Desk) -> list[list[str]]:
    """The cells of the list, without tags."""
    found = re.findall(r"<tr>(.*?)</tr>", desk.get("/tiers").text, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)][:4] for row in found[1:]]


def test_the_list_says_how_many_are_in_each_tier(desk: Desk, world: World) -> None:
    world.tier("Gold", 1000, "1.5")
    world.tier("Silver", 500)
    world.member().is_given(600)
    world.member("bob@example.com").is_given(10)
    assert rows(desk) == [
        ["Base tier", "0", "×1", "1"],
        ["Silver", "500", "×1", "1"],
        ["Gold", "1,000", "×1.5", "0"],
    ]


def test_a_tier_is_added_changed_and_deleted(desk: Desk, world: World) -> None:
    sent = filled.send(desk, "/tiers/new", name="Gold", required_points="1000", multiplier="1,5", benefits="Cake")
    assert sent.status_code == 303
    (gold,) = tiers.listed(world.shop.id)
    assert (gold.name, gold.required_points, gold.multiplier, gold.benefits) == ("Gold", 1000, Decimal("1.5"), "Cake")
    filled.send(desk, f"/tiers/{gold.id}", required_points="800", multiplier="")
    gold = tiers.need(world.shop, gold.id)
    assert (gold.name, gold.required_points, gold.multiplier, gold.revision) == ("Gold", 800, None, 2)
    assert apply.plan(world.shop, current.of(world.shop)) == []
    world.order_rule(title="Buy", handle="order", terms=Terms(tier_ids=(gold.id,)))
    page = desk.get(f"/tiers/{gold.id}/delete").text
    assert "0 customers are in it" in page and "<li>Buy</li>" in page
    assert filled.send(desk, f"/tiers/{gold.id}/delete").status_code == 303
    assert tiers.listed(world.shop.id) == []


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"name": "  "}, "This is needed"),
        ({"name": "Gold"}, "has this name or needs as many points"),
        ({"required_points": "500"}, "has this name or needs as many points"),
        ({"required_points": "0"}, "A number from 1"),
        ({"multiplier": "1001"}, "A number from 0 to 1000"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    desk: Desk, world: World, typed: dict[str, str], error: str
) -> None:
    world.tier("Gold", 500)
    refused = filled.send(desk, "/tiers/new", **{"name": "Silver", "required_points": "200", **typed})
    assert refused.status_code == 422 and error in refused.text
    assert re.search(rf'id="{next(iter(typed))}-error"', refused.text)
    assert len(tiers.listed(world.shop.id)) == 1


def test_two_people_do_not_overwrite_each_other(desk: Desk, world: World) -> None:
    gold = world.tier("Gold", 500)
    for path in (f"/tiers/{gold.id}", f"/tiers/{gold.id}/delete", "/tiers/settings"):
        shown = filled.values(desk, path)
        tiers.change(world.shop, gold.id, None, benefits=path)
        tiers.save_program(world.shop, base_benefits=path)
        refused = filled.send(desk, path, shown)
        assert refused.status_code == 422 and "It was changed meanwhile" in refused.text
    assert tiers.need(world.shop, gold.id).benefits == "/tiers/settings"


def test_tiers_are_switched_on_with_their_period_and_base(desk: Desk, world: World) -> None:
    tiers.create(world.shop, "Gold", 500)
    world.member().is_given(600)
    assert "Tiers are off" in desk.get("/tiers").text
    typed = {"active": "y", "window": "12", "unit": "months", "base_name": "Green", "base_multiplier": "1.1"}
    assert filled.send(desk, "/tiers/settings", **typed).status_code == 303
    program = tiers.program_settings(world.shop)
    assert (program.state, program.window_months, program.base_name) == ("active", 12, "Green")
    assert program.base_multiplier == Decimal("1.1")
    assert Job.select().where(Job.name == JobName.RECHECK_TIERS).count() == 1
    filled.send(desk, "/tiers/settings", window="90", unit="days", base_name="")
    program = tiers.program_settings(world.shop)
    assert (program.state, program.window_months, program.window_days, program.base_name) == ("active", None, 90, None)
    assert filled.send(desk, "/tiers/settings", window="121", unit="months").status_code == 422
    filled.send(desk, "/tiers/settings", active=None)
    assert tiers.program_of(world.shop.id) is None


def test_paused_tiers_stay_paused_when_something_else_is_saved(desk: Desk, world: World) -> None:
    tiers.save_program(world.shop, status="paused")
    filled.send(desk, "/tiers/settings", base_name="Green")
    assert tiers.program_settings(world.shop).state == "paused"


def test_a_tier_is_added_on_a_phone_without_a_script(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("marketer", viewport=PHONE, java_script_enabled=False)
    clerk.goes("/tiers").presses("Add a tier").types(Name="Gold", Points_needed="500").presses("Add")
    clerk.sees("The tier is created.").sees("Gold")
    assert [tier.name for tier in tiers.listed(world.shop.id)] == ["Gold"]


def test_nothing_is_wrong_with_the_pages_of_a_tier(office: Callable[..., Clerk], world: World) -> None:
    gold = world.tier("Gold", 500)
    clerk = office()
    for path in (f"/tiers/{gold.id}", f"/tiers/{gold.id}/delete"):
        assert clerk.goes(path).inspects() == [], path
