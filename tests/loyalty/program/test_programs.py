"""The program: draft, active or paused, with a default for every setting."""

from decimal import Decimal

import pytest

from tests.make import NOON, World, at_once
from widget_server import clock, events, reactions
from widget_server.errors import BadTransition, NotFound, ProgramNotActive, StaleRevision
from widget_server.events import Event, ProgramChanged
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.rewards import codes


@pytest.fixture
def heard() -> list[Event]:
    """What happened to programs."""
    told: list[Event] = []

    def hear(event: Event) -> None:
        reactions.react(event)
        if isinstance(event, ProgramChanged):
            told.append(event)

    events.wire(hear)
    return told


def test_a_new_program_is_a_draft_without_rules(database: str) -> None:  # contracts §7
    program = World.create(active=False).program
    assert (program.status, program.is_active, program.revision) == ("draft", False, 1)
    assert program.rules == ProgramSettings()


def test_draft_active_paused(database: str, heard: list[Event]) -> None:  # contracts §2, acceptance 61
    world = World.create(active=False)
    shop_id = world.shop.id
    with pytest.raises(BadTransition):
        programs.pause(shop_id)
    assert programs.activate(shop_id).status == "active"
    assert world.program.resumed_at is None
    again = programs.activate(shop_id)
    assert (again.status, again.revision) == ("active", 2)
    assert programs.pause(shop_id).status == "paused"
    again = programs.pause(shop_id)
    assert (again.status, again.revision) == ("paused", 3)
    with clock.at(NOON):
        programs.activate(shop_id)
    assert world.program.resumed_at == NOON
    assert len(heard) == 3


def test_an_issued_code_stays_usable_while_paused(world: World) -> None:  # acceptance 16
    reward, ann = world.reward(cost=100), world.member()
    ann.is_given(300)
    coupon = ann.redeems(reward)
    programs.pause(world.shop.id)
    with pytest.raises(ProgramNotActive):
        ann.redeems(reward)
    with pytest.raises(ProgramNotActive):
        programs.need_active(world.shop.id)
    assert codes.use(world.shop, coupon.code, "generic:o1").status == "used"
    assert ann.balance == 200


def test_settings_are_changed_and_told_only_when_they_differ(world: World, heard: list[Event]) -> None:
    shop_id, before = world.shop.id, world.program.revision
    settings = ProgramSettings(rounding="unit", point_value=Decimal("0.0100"), expiry_reminder_days=(14,))
    programs.update(shop_id, name="Fern Friends", points_name="leaves", settings=settings)
    program = world.program
    assert (program.name, program.points_name, program.rules) == ("Fern Friends", "leaves", settings)
    programs.update(shop_id, name="Fern Friends", points_name="leaves", settings=settings)
    assert world.program.revision == before + 1
    assert len(heard) == 1
    programs.update(shop_id, points_name="")
    assert world.program.points_name is None


def test_expiry_is_switched_and_keeps_its_months(world: World, heard: list[Event]) -> None:  # wix-api §2
    world.settings(expiry="age", expiry_months=3, expiry_percent=50)
    assert programs.set_expiry(world.shop.id, on=True).rules.expiry == "age"
    for on, kind in ((False, "off"), (False, "off"), (True, "inactivity"), (True, "inactivity")):
        rules = programs.set_expiry(world.shop.id, on=on).rules
        assert (rules.expiry, rules.expiry_months, rules.expiry_percent) == (kind, 3, 50)
    assert len(heard) == 3


def test_an_icon_is_kept_and_said(world: World, heard: list[Event]) -> None:
    icon = {"url": "https://shop.example/leaf.svg"}
    for _ in range(2):
        assert programs.update(world.shop.id, icon=icon).icon == icon
    assert heard == [ProgramChanged(world.shop.id, ("icon",))]


def test_settings_survive_being_stored() -> None:
    for settings in (ProgramSettings(), ProgramSettings(point_value=Decimal("0.005"), return_days=None, wait_days=3)):
        assert ProgramSettings.from_json(settings.as_json()) == settings
    assert ProgramSettings.from_json({}) == ProgramSettings()


def test_a_shop_without_a_program_is_not_found(database: str) -> None:
    with pytest.raises(NotFound):
        programs.of("nobody")


def test_parallel_clicks_on_activate_leave_one_change(database: str, heard: list[Event]) -> None:
    world = World.create(active=False)
    at_once(*[lambda: programs.activate(world.shop.id)] * 4)
    assert world.program.status == "active"
    assert world.program.revision == 2
    assert len(heard) == 1


def test_an_edit_names_the_revision_that_was_read(world: World) -> None:
    read = world.program.revision
    programs.update(world.shop.id, revision=read, name="Wood Club")
    with pytest.raises(StaleRevision):
        programs.update(world.shop.id, revision=read, name="Fern Club")
    assert world.program.name == "Wood Club"


def test_an_empty_icon_removes_the_picture(world: World) -> None:
    programs.update(world.shop.id, icon={"url": "https://shop.example/leaf.svg"})
    assert world.program.icon == {"url": "https://shop.example/leaf.svg"}
    programs.update(world.shop.id, icon={})
    assert world.program.icon is None
