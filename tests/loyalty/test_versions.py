"""Versions of the program: what changed, when, by whom, and taking it back (acceptance 59)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.make import NOON, World
from widget_server import clock, db, ledger
from widget_server.errors import CannotTakeBack, NotFound, TierTaken
from widget_server.loyalty import audit_log, taking_back, versions
from widget_server.loyalty.audit_log import Actor, AuditEntry
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.versions import Difference, Version
from widget_server.program_file import current

ANNA = Actor("staff", "m-1", "Anna", "192.0.2.7")
CAMPAIGN: Any = {"multiplier": Decimal("2.5"), "starts_at": NOON, "ends_at": NOON + timedelta(days=3)}


def newest(world: World, noun: str | None = None) -> Version:
    return next(one for one in versions.listed(world.shop) if noun in (None, one.entry.noun))


def takes_back(world: World, version: Version) -> None:
    taking_back.take_back(world.shop, version.entry.id)


def colour(world: World, colour: str) -> None:
    """The widget's colour, as the program file and the editor write it."""
    shop = shops.by_id(world.shop.id)
    shop.widget = {**shop.widget, "colour": colour}
    shop.save(only=[Shop.widget])


def test_a_version_says_what_changed_when_and_by_whom(world: World) -> None:
    later = datetime(2031, 5, 6, tzinfo=UTC)
    with clock.at(later), audit_log.acting(ANNA):
        world.settings(wait_days=14, rounding="nearest")
    version = newest(world)
    assert (version.entry.noun, version.entry.actor_name, version.entry.created_at) == ("program", "Anna", later)
    assert {(one.name, one.before, one.after) for one in version.differences} == {
        ("settings.wait_days", 0, 14),
        ("settings.rounding", "floor", "nearest"),
    }
    assert version.obstacle is None


def rule_of(world: World) -> None:
    world.order_rule(handle="order", title="Shop")


def edit_of(world: World) -> None:
    """A rule with other figures, terms and title."""
    rules.save_rule(
        world.shop,
        "order",
        title="Buy",
        rate_points=20,
        settings=rules.Terms(minimum_subtotal=Decimal(30), guests=False).as_json(),
    )


def of_program(world: World) -> None:
    programs.update(
        world.shop.id,
        name="Wood Club",
        points_name="Leaves",
        icon={"url": "https://shop.example/leaf.svg"},
        settings=programs.ProgramSettings(point_value=Decimal("0.05"), orders_from=date(2026, 1, 1)),
    )


ACTS: dict[str, tuple[str, Callable[[World], Any], Callable[[World], Any]]] = {
    "program": ("program", lambda world: None, of_program),
    "paused": ("program", lambda world: None, lambda world: programs.pause(world.shop.id)),
    "resumed": (
        "program",
        lambda world: programs.pause(world.shop.id),
        lambda world: programs.activate(world.shop.id),
    ),
    "rule": ("earning_rule", rule_of, edit_of),
    "rule archived": (
        "earning_rule",
        rule_of,
        lambda world: rules.remove(world.shop, rules.listed_all(world.shop)[0].id, None),
    ),
    "rule created": ("earning_rule", lambda world: None, rule_of),
    "reward": (
        "reward",
        lambda world: world.reward(),
        lambda world: rewards.save_reward(
            world.shop, rewards.listed(world.shop)[0].handle, amount=Decimal("7.50"), ends_at=NOON, cost_points=700
        ),
    ),
    "reward created": ("reward", lambda world: None, lambda world: world.reward()),
    "tier": (
        "tier",
        lambda world: world.tier("Gold", 500, "1.5"),
        lambda world: tiers.change(world.shop, tiers.listed(world.shop.id)[0].id, None, name="Or", multiplier=None),
    ),
    "tier created": (
        "tier",
        lambda world: tiers.save_program(world.shop, active=True),
        lambda world: world.tier("Gold", 500),
    ),
    "tier deleted": (
        "tier",
        lambda world: world.tier("Gold", 500, "1.5"),
        lambda world: tiers.remove(world.shop, tiers.listed(world.shop.id)[0].id, None),
    ),
    "tiers off": (
        "tier_program",
        lambda world: tiers.save_program(world.shop, active=True, window_days=90),
        lambda world: tiers.save_program(world.shop, status="paused", window_months=12),
    ),
    "campaign": (
        "campaign",
        lambda world: campaigns.create(world.shop, "Spring", **CAMPAIGN),
        lambda world: campaigns.save_campaign(world.shop, "Spring", **{**CAMPAIGN, "multiplier": Decimal(3)}),
    ),
    "campaign created": (
        "campaign",
        lambda world: None,
        lambda world: campaigns.create(world.shop, "Spring", **CAMPAIGN),
    ),
    "campaign removed": (
        "campaign",
        lambda world: campaigns.create(world.shop, "Spring", **CAMPAIGN),
        lambda world: campaigns.remove(world.shop, campaigns.listed(world.shop)[0].id),
    ),
    "referral": (
        "referral_program",
        lambda world: world.refer(),
        lambda world: referral_programs.save_program(
            world.shop, friend_gift=None, minimum_subtotal=Decimal("9.90"), advocate_daily_cap=None
        ),
    ),
    "widget": ("shop", lambda world: None, lambda world: colour(world, "#aa0000")),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_change_that_is_taken_back_leaves_the_program_as_it_was(world: World, name: str) -> None:
    noun, before, act = ACTS[name]
    before(world)
    was = current.of(world.shop)
    act(world)
    changed = current.of(world.shop)
    assert changed != was or "created" in name
    takes_back(world, newest(world, noun))
    assert current.of(world.shop) == was
    if "created" not in name:  # it is a change like any other
        takes_back(world, newest(world, noun))
        assert current.of(world.shop) == changed


def test_what_was_changed_since_is_named_and_stays(world: World) -> None:
    world.settings(wait_days=14)
    first = newest(world)
    world.settings(wait_days=30, rounding="unit")
    version = versions.need(world.shop, first.entry.id)
    assert (version.obstacle, version.fields) == ("changed_since", ("settings.wait_days",))
    with pytest.raises(CannotTakeBack) as refused:
        takes_back(world, first)
    assert refused.value.facts == {"reason": "changed_since", "fields": ["settings.wait_days"]}
    assert world.program.rules.wait_days == 30


def test_later_changes_of_other_settings_stay(world: World) -> None:
    world.settings(wait_days=14)
    first = newest(world)
    world.settings(rounding="unit")
    takes_back(world, first)
    assert (world.program.rules.wait_days, world.program.rules.rounding) == (0, "unit")


def test_a_draft_that_was_activated_is_no_draft_again(database: str) -> None:
    world = World.create(active=False)
    programs.activate(world.shop.id)
    assert newest(world, "program").obstacle == "was_draft"
    made = [one for one in versions.listed(world.shop) if one.entry.verb == "create"]
    assert {(one.entry.noun, one.obstacle) for one in made} == {("program", "set_up"), ("shop", "set_up")}


def test_figures_of_a_tier_that_is_gone_do_not_return(world: World) -> None:
    gold = world.tier("Gold", 500)
    own = {gold.id: {"points": 30, "per": "1"}}
    world.order_rule(handle="order", by_tier=own)
    rules.save_rule(world.shop, "order", by_tier=None)
    tiers.remove(world.shop, gold.id, None)
    assert newest(world, "earning_rule").obstacle == "tier_gone"


def test_a_name_that_was_given_away_meanwhile_is_refused(world: World) -> None:
    gold = world.tier("Gold", 500)
    tiers.remove(world.shop, gold.id, None)
    deleted = newest(world, "tier")
    world.tier("Gold", 700)
    with pytest.raises(TierTaken):
        takes_back(world, deleted)
    assert [tier.required_points for tier in tiers.listed(world.shop.id)] == [700]


def test_a_rule_that_changed_and_was_deleted_cannot_be_edited_back(world: World) -> None:
    gold = world.tier("Gold", 500)
    tiers.change(world.shop, gold.id, None, benefits="More")
    edited = newest(world, "tier")
    tiers.remove(world.shop, gold.id, None)
    assert versions.need(world.shop, edited.entry.id).obstacle == "gone"


def test_no_booked_row_changes(world: World) -> None:
    world.order_rule(handle="order")
    ann = world.member()
    ann.orders("20.00")
    edit_of(world)
    rows = [vars(row)["__data__"] for row in ledger.history(world.shop.id, ann.account.id, limit=100)]
    takes_back(world, newest(world, "earning_rule"))
    assert [vars(row)["__data__"] for row in ledger.history(world.shop.id, ann.account.id, limit=100)] == rows
    ann.orders("20.00")
    assert ann.balance == 400


def test_the_list_has_only_the_program_and_goes_on_where_it_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "PAGE", 3)
    world.member().is_given(100)
    shop = shops.by_id(world.shop.id)
    shop.name = "Another name"
    shop.save(only=[Shop.name])
    for days in range(5):
        with clock.at(NOON + timedelta(days=days // 2)):  # some at one moment
            world.settings(wait_days=days + 1)
    other = World.create(name="Other")
    with clock.at(NOON + timedelta(days=9)):
        other.settings(wait_days=99)
    seen: list[AuditEntry] = []
    while page := versions.listed(world.shop, after_id=seen[-1].id if seen else None):
        assert len(page) <= 3
        seen += [one.entry for one in page]
    every = AuditEntry.of(world.shop).order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc())
    wanted = [one.id for one in every if one.noun in versions.TABLES and one.after != {"name": "Another name"}]
    assert [one.id for one in seen] == wanted
    assert {one.entry.noun for one in versions.listed(world.shop, nouns=("tier",))} == set()
    with pytest.raises(NotFound):
        versions.need(other.shop, seen[0].id)
    audit_log.note(world.shop.id, "sign_in", "staff", "m-1")
    with pytest.raises(NotFound):
        versions.need(world.shop, AuditEntry.of(world.shop).where(AuditEntry.noun == "staff").get().id)


def test_the_log_is_read_by_its_index(world: World) -> None:
    world.settings(wait_days=3)
    if db.on_sqlite():
        plan = db.database.execute_sql(
            'EXPLAIN QUERY PLAN SELECT * FROM "audit_entry" WHERE "shop_id" = ? AND "noun" = ?'
            ' ORDER BY "created_at" DESC, "id" DESC LIMIT 50',
            (world.shop.id, "program"),
        ).fetchall()
        assert [row[-1] for row in plan] == [
            "SEARCH audit_entry USING INDEX audit_entry_shop_id_noun_created_at_id (shop_id=? AND noun=?)"
        ]


def test_a_difference_is_of_one_setting() -> None:
    entry = AuditEntry(
        noun="program",
        before={"name": "A", "settings": {"wait_days": 0, "rounding": "unit"}, "activated_at": None},
        after={"name": "B", "settings": {"wait_days": 3, "rounding": "unit"}, "activated_at": "2026-03-10T12:00:00Z"},
    )
    assert versions.differences(entry) == (Difference("name", "A", "B"), Difference("settings.wait_days", 0, 3))
