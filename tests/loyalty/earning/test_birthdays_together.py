"""Birthdays that are paid by a few statements leave exactly what paying one after the other leaves."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.counter import Counter
from tests.make import NOON, Shopper, World, day, tries, undone
from tests.sameness import differences, known_ids, left_behind
from widget_server import clock, db, ledger
from widget_server.delivery import endpoints
from widget_server.ledger import BALANCE_MAX, Account, Cause
from widget_server.loyalty.earning import birthdays
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.people import customers, merging
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tier_grants, tiers
from widget_server.loyalty.program.letter_kinds import SWITCHABLE

TODAY = day("03-10", 1)
BORN = date(1990, 3, 10)


def one_by_one(world: World) -> int:
    """Pays each customer by themselves."""
    rules = list(EarningRule.of(world.shop).where(EarningRule.kind == "birthday"))
    days = [clock.local_date(TODAY, world.shop.timezone) - timedelta(days=back) for back in range(7)]
    found = [(one, day) for day in days for page in birthdays._born_on(world.shop, day) for one in page]
    able = [(one, day) for one, day in found if not one.excluded]
    return sum(birthdays._pay(world.shop, rules, customer, day) for customer, day in able)


@pytest.fixture
def club(world: World) -> World:
    """Everybody has their birthday today or a few days ago; each of them is a case of their own."""
    world.settings(letters=SWITCHABLE)
    with clock.at(day("2025-01-01")):
        world.tier("Silver", 100)
        world.tier("Gold", 220)
        people = {name: world.member(f"{name}@example.com") for name in CASES}
        for number, one in enumerate(people.values()):
            birthdays.tell(one.customer, BORN - timedelta(days=number % 3))
    with clock.at(day("2026-02-01")):
        for number, name in enumerate(CASES[2:]):
            people[name].is_given(15 * number + 1)
        customers.update(people["excluded"].customer, excluded=True)
        customers.update(people["no-mail"].customer, mails_off=["points"])
        _claw_back(people["in-debt"], 90)
        gold = tiers.listed(world.shop.id)[1]
        tier_grants.grant(world.shop, people["granted"].id, gold.id, date(2026, 12, 1))
        Customer.change(world.shop, {Customer.status: "member", **_born()}, Customer.id == world.visitor().id)
    with clock.at(day("2026-03-01")):
        birthdays.tell(people["told-late"].customer, BORN - timedelta(days=3))
    endpoints.create(world.shop.id, url="https://shop.example/hooks")
    endpoints.create(world.shop.id, url="https://shop.example/wix", format="wix")
    return world


CASES = ("plain", "new", "told-late", "excluded", "in-debt", "granted", "no-mail", "nearly-silver", "silver", "full")


def _born() -> dict[Any, Any]:
    return {Customer.birthday: BORN.isoformat(), Customer.birthday_set_at: day("2025-01-01")}


def _claw_back(shopper: Shopper, points: int) -> None:
    shop_id, account_id = shopper.world.shop.id, shopper.account.id
    ledger.claw_back(shop_id, account_id, points, source="job", key="k", cause=Cause("order"), reverses_id=None)


def by_email(world: World, name: str) -> Customer:
    found = Customer.one(world.shop, Customer.email == f"{name}@example.com")
    assert found is not None
    return found


LIMITS = st.sampled_from([Terms(), Terms(points_ever=70), Terms(times_ever=1), Terms(points_per_month=8)])
RULES = st.lists(st.tuples(st.sampled_from([3, 60, 130]), LIMITS, st.booleans(), st.booleans()), max_size=2)


def test_together_is_as_one_by_one_in_every_row(club: World) -> None:
    @tries(12)
    @given(RULES, st.booleans(), st.booleans())
    def holds(rules: list[tuple[int, Terms, bool, bool]], is_merged: bool, was_paid: bool) -> None:
        silver = tiers.listed(club.shop.id)[0]
        with undone():
            with clock.at(day("2025-03-09")):
                for points, terms, for_silver, _ in rules:
                    own = {silver.id: {"points": points + 9}} if for_silver else None
                    club.rule("birthday", points=points, terms=terms, by_tier=own)
                if was_paid:
                    assert one_by_one_of_last_year(club) >= 0
            for rule, (_, terms, _, only_silver) in zip(list(EarningRule.of(club.shop)), rules, strict=True):
                if only_silver:
                    settings = Terms(**{**terms.__dict__, "tier_ids": (silver.id,)}).as_json()
                    EarningRule.change(club.shop, {EarningRule.settings: settings}, EarningRule.id == rule.id)
            full = Account.customer_id == by_email(club, "full").id
            Account.change(
                club.shop, {Account.balance: BALANCE_MAX - 1, Account.adjusted: BALANCE_MAX - 1 - Account.earned}, full
            )
            if is_merged:
                with clock.at(NOON - timedelta(days=20)):
                    merging.merge(club.shop, by_email(club, "new").id, by_email(club, "plain").id)
            known, results = known_ids(), []
            for way in (one_by_one, lambda world: birthdays.pay(world.shop)):
                with undone(), clock.at(TODAY):
                    results.append((way(club), left_behind(known)))
            (paid, alone), (also, together) = results
            assert paid == also
            assert differences(alone, together) == []

    holds()


def one_by_one_of_last_year(world: World) -> int:
    with clock.at(day("2025-03-10", 1)):
        return birthdays.pay(world.shop)


def test_many_are_paid_by_as_many_statements_as_few(world: World) -> None:
    world.settings(letters=SWITCHABLE)
    world.rule("birthday", points=30)
    world.tier("Silver", 20)
    people = [world.member(f"c{number}@example.com").customer for number in range(3 * birthdays.AT_LEAST)]
    counts = []
    for some in (people[:1], people[1 : birthdays.AT_LEAST], people[birthdays.AT_LEAST :]):
        rules = list(EarningRule.of(world.shop))
        with Counter() as counted, db.atomic():
            assert birthdays._pay_together(world.shop, rules, some, BORN.replace(year=2026)) == (len(some), [])
        counts.append(len(counted.statements))
    assert counts[1] == counts[2] < 30  # what is built or made once is in the first
