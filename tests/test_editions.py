"""Rows of a shop's program that are kept in memory are never older than those of the database."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.counter import Counter
from tests.make import NOON, World
from widget_server import clock, db, editions
from widget_server.editions import Edition
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shop_of_request
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Reward


def edition(world: World) -> int:
    return Edition.need(world.shop).number


@pytest.fixture
def lively(world: World) -> World:
    """A shop with a row of each table of a program."""
    world.order_rule(10)
    world.tier("Silver", 100)
    world.reward(cost=100)
    world.refer()
    campaigns.save_campaign(world.shop, "Week", multiplier=Decimal(2), starts_at=NOON, ends_at=NOON.replace(year=2030))
    return world


def test_a_program_that_does_not_change_is_read_once(lively: World) -> None:
    shop = lively.shop

    def reads() -> list[object]:
        return [
            programs.of(shop.id).name,
            [one.id for one in tiers.listed(shop.id)],
            tiers.program_of(shop.id) is not None,
            [one.id for one in rules.listed(shop, None, None)],
            rules.campaign_multiplier(shop, clock.now()),
            [one.id for one in rewards.listed(shop)],
            referral_programs.program_of(shop) is not None,
        ]

    first = reads()
    with Counter() as counter:
        assert reads() == first
    assert all('FROM "edition"' in sql for sql in counter.statements) and len(counter.statements) == 7
    shop_of_request.by_embed_key(shop.embed_key)  # a request of the widget: it comes with the edition
    with Counter() as counter:
        assert reads() == first
    assert counter.statements == []


@pytest.mark.parametrize("table", editions.TABLES)
def test_a_change_of_any_row_by_anybody_is_another_edition(lively: World, table: str) -> None:
    """Also a change by another program, and a row that goes or comes."""
    seen = {edition(lively)}

    def changes(sql: str) -> None:
        db.database.execute_sql(sql)
        assert edition(lively) not in seen
        seen.add(edition(lively))

    changes(f'UPDATE "{table}" SET "id" = "id"')
    with db.atomic():
        db.database.execute_sql(f'CREATE TEMP TABLE kept_row AS SELECT * FROM "{table}"')
        changes(f'DELETE FROM "{table}"')
        changes(f'INSERT INTO "{table}" SELECT * FROM kept_row')
        db.database.execute_sql("DROP TABLE kept_row")


def test_what_another_thread_changes_is_read_at_once(lively: World) -> None:
    shop = lively.shop
    assert [one.cost_points for one in rewards.listed(shop)] == [100]

    def change() -> None:
        db.connect()
        Reward.change(shop, {Reward.cost_points: 250})
        db.disconnect()

    other = threading.Thread(target=change)
    other.start()
    other.join()
    assert [one.cost_points for one in rewards.listed(shop)] == [250]


def test_what_was_rolled_back_was_never_kept(lively: World) -> None:
    shop = lively.shop

    def change_and_look(error: type[Exception]) -> None:
        with db.atomic():
            Reward.change(shop, {Reward.cost_points: 999})
            assert [one.cost_points for one in rewards.listed(shop)] == [999]
            raise error

    rewards.listed(shop)
    with pytest.raises(KeyError):
        change_and_look(KeyError)
    assert [one.cost_points for one in rewards.listed(shop)] == [100]


def test_a_transaction_uses_kept_rows_until_it_changes_them(lively: World) -> None:
    shop = lively.shop
    kept = rewards.listed(shop)[0]
    with db.atomic():
        with Counter() as counter:
            assert rewards.listed(shop)[0] is kept
        assert len(counter.statements) == 1
        Reward.change(shop, {Reward.cost_points: 700})
        assert [one.cost_points for one in rewards.listed(shop)] == [700]
    assert [one.cost_points for one in rewards.listed(shop)] == [700]


def test_a_noted_edition_is_over_with_the_next_transaction(lively: World) -> None:
    shop = lively.shop
    shop_of_request.by_embed_key(shop.embed_key)
    assert [one.cost_points for one in rewards.listed(shop)] == [100]
    Reward.change(shop, {Reward.cost_points: 300})
    assert [one.cost_points for one in rewards.listed(shop)] == [100]  # still the same request
    with db.atomic():
        pass
    assert [one.cost_points for one in rewards.listed(shop)] == [300]


@pytest.mark.parametrize(
    "row",
    [
        lambda world: programs.of(world.shop.id),
        lambda world: tiers.listed(world.shop.id)[0],
        lambda world: rules.listed(world.shop, None, None)[0],
        lambda world: rewards.listed(world.shop)[0],
    ],
)
def test_a_row_that_is_kept_cannot_be_changed_but_its_copy_can(lively: World, row: Callable[[World], db.Table]) -> None:
    one = row(lively)
    with pytest.raises(TypeError):
        one.revision = 7  # type: ignore[attr-defined]
    copy = editions.changeable(one)
    copy.revision = 7  # type: ignore[attr-defined]
    assert row(lively).revision == one.revision != 7  # type: ignore[attr-defined]


def test_each_shop_has_its_own(lively: World) -> None:
    other = World.create(name="Other")
    other.reward(cost=5)
    before = edition(lively)
    assert [one.cost_points for one in rewards.listed(other.shop)] == [5]
    Reward.change(other.shop, {Reward.cost_points: 6})
    assert [one.cost_points for one in rewards.listed(other.shop)] == [6]
    assert [one.cost_points for one in rewards.listed(lively.shop)] == [100]
    assert edition(lively) == before


def test_few_shops_are_kept_at_once(lively: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "SHOPS_MAX", 1)
    other = World.create(name="Other")
    for _ in range(2):
        for world in (lively, other):
            assert programs.of(world.shop.id).shop_id == world.shop.id


def test_a_shop_without_an_edition_is_read_each_time_until_it_has_one(lively: World) -> None:
    Edition.remove(lively.shop)
    assert [one.cost_points for one in rewards.listed(lively.shop)] == [100]
    Reward.change(lively.shop, {Reward.cost_points: 40})
    assert [one.cost_points for one in rewards.listed(lively.shop)] == [40]
    editions.install()
    assert edition(lively)
