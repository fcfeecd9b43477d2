"""What the tests of applying share: the file of the demo shop, and every row that a file writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.make import World
from widget_server import events, reactions
from widget_server.events import Event
from widget_server.loyalty.earning import rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.program_file.changes import Change
from widget_server.program_file.facts import ProgramFile
from widget_server.program_file.schema import parse

TEXT = (Path(__file__).parents[2] / "demo_shop/program.yaml").read_text()
DEMO = parse(TEXT)
TABLES: tuple[Any, ...] = (
    *(programs.Program, rules.EarningRule, rules.Campaign, rewards.Reward),
    *(tiers.Tier, tiers.TierProgram, referral_programs.ReferralProgram),
)


def written(world: World) -> list[Any]:
    """Every row that makes up the shop's program, as it stands in the database."""
    rows = [list(table.of(world.shop).order_by(table.id).dicts()) for table in TABLES]
    return [*rows, shops.by_id(world.shop.id).widget]


def edited(edit: Callable[[Any], None]) -> ProgramFile:
    """The demo's file with one edit."""
    file = yaml.safe_load(TEXT)
    edit(file)
    return parse(yaml.safe_dump(file, sort_keys=False))


def whats(changes: list[Change]) -> set[str]:
    return {str(change) for change in changes}


@contextmanager
def overheard() -> Iterator[list[Event]]:
    """The events that are told meanwhile."""
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        reactions.react(event)

    events.wire(hear)
    yield heard
    events.wire(reactions.react)
