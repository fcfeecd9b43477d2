"""The daily recheck of tiers: whose points leave the window, many in a transaction, and nobody else."""

from datetime import timedelta

import pytest

from tests.make import NOON, World
from tests.plans import Statements, faults
from widget_server import clock, db, ledger
from widget_server.ledger import Account
from widget_server.loyalty.points import tier_grants, tier_rechecks, tiers
from widget_server.loyalty.program import shops

WINDOW = 30


@pytest.fixture
def club(world: World) -> World:
    with clock.at(NOON):
        tiers.save_program(world.shop, window_days=WINDOW)
        world.tier("Silver", 100)
        world.tier("Gold", 500)
    return world


def day_done(world: World, days: int) -> None:
    """The daily work was done so many days after NOON."""
    day = clock.local_date(NOON + timedelta(days=days), world.shop.timezone)
    shops.note_daily(world.shop, day.isoformat())


def rechecked(world: World) -> int:
    return sum(tier_rechecks.recheck_slices(shops.by_id(world.shop.id)))


def standing(account: Account) -> tuple[object, ...]:
    return account.tier_id, account.tier_points, account.tier_until, account.sequence


def test_only_those_whose_points_left_the_window_are_looked_at(club: World) -> None:
    with clock.at(NOON):
        ann = club.member("ann@example.com")
        ann.is_given(120)
    with clock.at(NOON + timedelta(days=10)):
        bob = club.member("bob@example.com")
        bob.is_given(600)
    day_done(club, WINDOW - 1)
    with clock.at(NOON + timedelta(days=WINDOW)):
        assert rechecked(club) == 1
        assert (ann.account.tier_id, ann.account.tier_points) == (None, 0)
        assert bob.account.tier_points == 600
    day_done(club, WINDOW + 2)
    with clock.at(NOON + timedelta(days=WINDOW + 3)):
        assert rechecked(club) == 0


def test_days_that_were_missed_are_made_up_for(club: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tier_rechecks, "PAGE", 1)
    people = []
    for days in (0, 3, 6):
        with clock.at(NOON + timedelta(days=days)):
            people.append(club.member(f"c{days}@example.com"))
            people[-1].is_given(100)
    day_done(club, WINDOW - 1)
    with clock.at(NOON + timedelta(days=WINDOW + 4)):
        assert rechecked(club) == 2
        assert [one.account.tier_points for one in people] == [0, 0, 100]
    day_done(club, WINDOW + 4)
    with clock.at(NOON + timedelta(days=WINDOW + 20)):
        rechecked(club)
        assert people[2].account.tier_points == 0


def test_a_grant_that_ended_is_rechecked(club: World) -> None:
    silver = tiers.listed(club.shop.id)[0]
    with clock.at(NOON):
        ann = club.member()
        ann.is_given(10)
        tier_grants.grant(club.shop, ann.id, silver.id, clock.local_date(NOON, club.shop.timezone))
    assert ann.account.tier_id == silver.id
    day_done(club, 0)
    with clock.at(NOON + timedelta(days=1)):
        assert rechecked(club) == 1
    assert (ann.account.tier_id, ann.account.granted_until) == (None, None)


def test_many_at_once_get_what_each_gets_alone(club: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Earnings, a debt, a clawback, spending and a second page: points, tier and its end are those of `recheck`."""
    monkeypatch.setattr(tier_rechecks, "PAGE", 2)
    people = []
    for number in range(5):
        with clock.at(NOON + timedelta(days=number)):
            people.append(club.member(f"c{number}@example.com"))
            people[-1].is_given(90 * (number + 1))
            people[-1].is_given(30)
    with clock.at(NOON + timedelta(days=6)):
        reward = club.reward(cost=300)
        people[3].redeems(reward)
        cause, first = ledger.Cause("merged"), ledger.history(club.shop.id, people[4].account.id)[-1].id
        ledger.claw_back(club.shop.id, people[4].account.id, 400, source="job", key="k", cause=cause, reverses_id=first)
        people[3].is_given(70)
    with clock.at(NOON + timedelta(days=WINDOW + 2)):
        for one in people:
            Account.change(club.shop, {"tier_points": 1, "tier_until": None}, Account.id == one.account.id)
        assert tier_rechecks.recheck_all(club.shop) == 5
        found = [standing(one.account) for one in people]
        for one in people:
            tiers.recheck(club.shop, one.account.id)
        assert found == [standing(one.account) for one in people]
    assert len({points for _, points, *_ in found}) > 2


def test_a_second_recheck_writes_nothing(club: World) -> None:
    with clock.at(NOON):
        people = [club.member(f"c{number}@example.com") for number in range(3)]
        for one in people:
            one.is_given(100)
    with clock.at(NOON + timedelta(days=WINDOW)):
        tier_rechecks.recheck_all(club.shop)
        before = [one.account.revision for one in people]
        with Writes() as writes:
            tier_rechecks.recheck_all(club.shop)
    assert writes.count == 0
    assert [one.account.revision for one in people] == before


def test_the_plans_lead_to_those_who_are_due(club: World) -> None:
    with clock.at(NOON):
        club.member().is_given(100)
    day_done(club, WINDOW - 1)
    with clock.at(NOON + timedelta(days=WINDOW)), Statements() as heard:
        rechecked(club)
    leaving = {sql: params for sql, params in heard.heard.items() if 'FROM "transaction"' in sql}
    assert len(leaving) == 2
    assert faults(leaving) == {}
    if db.on_sqlite():
        plans = [str(list(db.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", one))) for sql, one in leaving.items()]
        assert any("transaction_earned" in plan for plan in plans)


class Writes:
    """How many transactions begin inside the block."""

    def __enter__(self) -> "Writes":
        self.count = 0
        self._begin = db.database.obj.begin

        def begin(*arguments: object, **others: object) -> None:
            self.count += 1
            self._begin(*arguments, **others)

        db.database.obj.begin = begin
        return self

    def __exit__(self, *_: object) -> None:
        del db.database.obj.begin
