"""What the night's work reads: no statement of any of its parts looks at a whole shop to find those who are due."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tests import crowd, plans
from tests.counter import Counter
from tests.make import NOON, Shopper, World
from widget_server import clock, db, jobs
from widget_server.ledger import Account
from widget_server.loyalty import books
from widget_server.loyalty.earning import birthdays
from widget_server.loyalty.letters import facts
from widget_server.loyalty.people import sessions
from widget_server.loyalty.points import expiry, tier_rechecks, tiers
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.letter_kinds import SWITCHABLE
from widget_server.loyalty.program.shops import Shop

PARTS: dict[str, tuple[Callable[[Shop], object], str]] = {  # what each does, and a table that it writes or looks at
    "birthdays": (birthdays.pay, 'INSERT INTO "transaction"|"customer"."birthday"|SUBSTR'),
    "expiry": (expiry.expire_due, '"balance" > 0'),
    "reminders": (expiry.remind, '"balance" > 0'),
    "tiers": (lambda shop: sum(tier_rechecks.recheck_slices(shop)), '"t1"."kind" = \'earn\''),
    "tier letters": (facts.remind_of_tiers, '"tier_until" <'),
    "audit": (books.audit_daily, 'FROM "journal"'),
}
# besides what plans.ALLOWED has: the audit's next page of all rows of a table
NEXT_PAGE = r'WHERE "shop_id" = %s AND \("\w+"(, "\w+")*\) > \(%s(, %s)*\) ORDER BY "\w+"(, "\w+")* LIMIT'


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A crowd's shop in which something is due for every part of the night."""
    with clock.at(NOON - timedelta(days=364)):
        made = crowd.shops()[0]
        made.settings(letters=SWITCHABLE, expiry="inactivity", expiry_months=12, expiry_reminder_days=(1,))
        tiers.save_program(made.shop, window_days=365)
        members = [made.member(f"m{number}@example.com") for number in range(4)]
        for one in members:
            one.is_given(100)
            birthdays.tell(one.customer, date(1990, 3, 10))
    with clock.at(NOON - timedelta(days=1)):
        today = clock.local_date(clock.now(), made.shop.timezone)
        shops.note_daily(made.shop, today.isoformat())
        made.shop = shops.by_id(made.shop.id)
    yield made


@pytest.mark.timeout(600)
def test_no_part_of_a_night_looks_at_a_whole_shop(world: World) -> None:
    heard_by: dict[str, dict[str, object]] = {}
    for days in (0, 1, 3):
        for mode in ("inactivity", "age"):
            world.settings(expiry=mode)
            with clock.at(NOON + timedelta(days=days)):
                for name, (act, _) in PARTS.items():
                    with plans.Statements() as heard:
                        act(world.shop)
                    heard_by.setdefault(name, {}).update(heard.heard)
    for name, (_, meant) in PARTS.items():
        assert any(part in sql for sql in heard_by[name] for part in meant.split("|")), name
    assert Account.of(world.shop).where(Account.expired > 0).exists()
    with plans.Statements() as heard, clock.at(NOON):
        jobs.minute()
        sessions.forget_old()
    heard_by["minute"] = heard.heard
    crowd.multiply()
    db.database.execute_sql("ANALYZE")
    found = {
        f"{name}: {sql}": why
        for name, statements in heard_by.items()
        for sql, why in plans.faults(statements).items()
        if not plans.fits(NEXT_PAGE, {sql: ()})
    }
    assert found == {}


# As many statements for many as for few


def members(world: World, count: int, first: int) -> list[Shopper]:
    with clock.at(NOON - timedelta(days=370)):
        people = [world.member(f"n{first + number}@example.com") for number in range(count)]
        for one in people:
            one.is_given(100)
    return people


@pytest.mark.parametrize("mode", ["inactivity", "age"])
def test_an_expiry_takes_as_many_statements_for_many_as_for_few(database: str, mode: str) -> None:
    world, counts = World.create(), []
    world.settings(expiry=mode, expiry_months=12)
    for count in (1, 3, expiry.AT_LEAST):
        members(world, count, 10 * count)
        with clock.at(NOON), Counter() as counted:
            assert expiry.expire_due(world.shop) == count
        counts.append(len(counted.statements))
    assert counts[1] == counts[2] < 40


def test_a_recheck_takes_as_many_statements_for_many_as_for_few(database: str) -> None:
    world, counts = World.create(), []
    with clock.at(NOON - timedelta(days=370)):
        world.settings(letters=SWITCHABLE)
        world.tier("Silver", 50)
    for count in (1, 3, tier_rechecks.AT_LEAST):
        members(world, count, 10 * count)
        with clock.at(NOON), Counter() as counted:
            assert tier_rechecks.recheck_all(world.shop) == count
        counts.append(len(counted.statements))
    assert counts[1] == counts[2] < 40
