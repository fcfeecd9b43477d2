"""The link of a member: one code, visits by day, and which of several codes counts (acceptance 40, 41, 45)."""

from datetime import timedelta
from functools import partial

import pytest

from tests.loyalty.referrals.friends import ANN, BOB, code_of
from tests.make import NOON, Shopper, World, at_once
from widget_server import clock, tallies
from widget_server.loyalty.people import customers
from widget_server.loyalty.referrals import links
from widget_server.loyalty.referrals.links import ReferralVisit


@pytest.mark.parametrize(
    ("attribution", "kept", "found", "counts"),
    [
        ("first", None, ["producthunt"], None),
        ("first", None, ["producthunt", "ANN"], "ANN"),
        ("first", "BOB", ["ANN"], "BOB"),
        ("first", "producthunt", ["ann"], "ANN"),
        ("last", "BOB", ["ANN"], "ANN"),
        ("last", "BOB", ["producthunt"], "BOB"),
        ("last", "BOB", [" "], "BOB"),
        ("last", None, [], None),
    ],
)
def test_only_a_members_code_counts_and_a_foreign_word_displaces_none(  # acceptance 41
    world: World, attribution: str, kept: str | None, found: list[str], counts: str | None
) -> None:
    world.refer(attribution=attribution)
    names = {"ANN": code_of(world.member(ANN)), "BOB": code_of(world.member(BOB))}
    names["ann"] = names["ANN"].lower()
    known = kept and names.get(kept, kept)
    code = links.code_that_counts(world.shop, known, [names.get(word, word) for word in found])
    assert code == (counts and names[counts])


def test_without_a_referral_program_no_code_counts(world: World) -> None:
    code = code_of(world.member(ANN))
    assert links.code_that_counts(world.shop, code, [code]) is None


def test_each_member_has_one_stable_code(world: World, ann: Shopper) -> None:  # acceptance 40
    code = code_of(ann)
    assert len(code) == 7
    assert set(code) <= set(customers.CODE_ALPHABET)
    world.member(ANN)
    customers.leave(ann.customer)
    world.vouched("c-1", ANN, verified=True, join=True)
    assert code_of(ann) == code
    assert customers.by_referral_code(world.shop.id, f" {code.lower()} ").id == ann.id
    assert world.visitor().customer.referral_code is None


def test_visits_are_counted_by_day_and_nobody_is_remembered(world: World, ann: Shopper) -> None:  # acceptance 45
    with clock.at(NOON):
        results = at_once(*[partial(links.count_visit, world.shop, code_of(ann).lower()) for _ in range(6)])
        assert {one.id for one in results} == {ann.id}
    with clock.at(NOON + timedelta(hours=11)):  # midnight in Berlin
        links.count_visit(world.shop, code_of(ann))
    tallies.flush()
    days = ReferralVisit.of(world.shop).order_by(ReferralVisit.day)
    assert [(one.day, one.visits) for one in days] == [("2026-03-10", 6), ("2026-03-11", 1)]
    assert links.count_visit(world.shop, "NOBODYS") is None
    assert links.count_visit(World.create().shop, code_of(ann)) is None
