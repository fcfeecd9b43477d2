"""How often, and how much, one rule gives one customer (acceptance 24)."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, World, at_once, day, refund, state, tries
from widget_server import clock
from widget_server.loyalty.earning import actions, caps, orders, rules
from widget_server.loyalty.earning.caps import Budget
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.shops import Shop


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms(points_per_day=100), [60, 40, 0, 60, 40, 60]),
        (Terms(points_per_month=200), [60, 60, 60, 20, 0, 60]),
        (Terms(points_ever=100), [60, 40, 0, 0, 0, 0]),
        (Terms(times_per_day=1), [60, 0, 0, 60, 0, 60]),
        (Terms(times_per_month=2), [60, 60, 0, 0, 0, 60]),
        (Terms(times_per_year=4), [60, 60, 60, 60, 0, 0]),
        (Terms(times_ever=1), [60, 0, 0, 0, 0, 0]),
        (Terms(points_per_day=100, times_per_month=3), [60, 40, 0, 60, 0, 60]),
    ],
)
def test_caps_hold_by_the_shops_days_and_months(
    world: World, terms: Terms, expected: list[int]
) -> None:  # acceptance 24
    """Three purchases and reviews on 30 March, two on the 31st, one late at night: in Berlin that is April."""
    world.order_rule(10, terms=terms)
    world.rule("review", points=60, terms=terms)
    moments = [*[day("03-30", hour) for hour in (8, 9, 10)], *[day("03-31", hour) for hour in (8, 9)], day("03-31", 23)]
    ann, bob = world.member(), world.member("bob@example.com")
    reviews = []
    for moment in moments:
        with clock.at(moment):
            ann.orders("6.00")
            reviews.append(bob.does("review"))
    given_points = [award.points for award in Award.of(world.shop).order_by(Award.event_at)]
    assert given_points == expected
    assert reviews == expected


@pytest.mark.parametrize("delivered", list(itertools.permutations(range(3))))
def test_caps_fill_in_the_order_in_which_orders_were_placed(
    world: World, delivered: tuple[int, ...]
) -> None:  # acceptance 24
    world.order_rule(10, terms=Terms(points_per_day=250))
    ann = world.member()
    with clock.at(NOON):
        for number in delivered:
            ann.orders("10.00", id=f"o{number}", placed_at=NOON - timedelta(hours=3 - number))
        assert world.given_by_order() == {"o0": 100, "o1": 100, "o2": 50}
        # a refund frees the cap for the others
        ann.orders("10.00", id="o0", placed_at=NOON - timedelta(hours=3), refunds=(refund("10.00"),))
    assert world.given_by_order() == {"o1": 100, "o2": 100}
    assert ann.balance == 200


def test_caps_hold_in_parallel(world: World) -> None:  # acceptance 24
    world.order_rule(10, terms=Terms(points_per_day=500))
    world.rule("review", points=10, terms=Terms(times_per_month=1))
    world.rule("visit", points=3)
    ann = world.member()
    customer, person = ann.customer, ann.person
    told = [state(id=f"o{number}") for number in range(8)]
    results = at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in told])
    assert len(set(results)) == 8
    assert ann.balance == 500
    reviews = at_once(*[lambda n=n: ann.does("review", f"r{n}") for n in range(8)])
    assert sorted(reviews) == [0] * 7 + [10]
    visits = at_once(*[lambda: actions.visit(world.shop, customer)] * 8)
    assert sorted(visits) == [0] * 7 + [3]


def test_a_new_cap_counts_what_was_given_before_it(world: World) -> None:  # acceptance 24, 59
    rule = world.order_rule(10)
    ann = world.member()
    with clock.at(NOON):
        ann.orders("20.00")
        rules.save_rule(world.shop, rule.handle, settings=Terms(points_per_day=250).as_json())
        ann.orders("20.00")
    assert ann.balance == 250


limits = st.none() | st.integers(1, 60)
any_caps = st.builds(
    Terms,
    points_per_day=limits,
    points_per_month=limits,
    points_ever=limits,
    times_per_day=limits,
    times_per_month=limits,
    times_per_year=limits,
    times_ever=limits,
)
given_before = st.lists(st.tuples(st.integers(0, 24 * 800), st.integers(1, 40)), max_size=25).map(sorted)


@tries(200)
@given(any_caps, given_before)
def test_what_lies_before_the_widest_cap_does_not_matter(terms: Terms, earlier: list[tuple[int, int]]) -> None:
    """Counting from `since` gives what counting everything gives."""
    shop, now = Shop(timezone="Europe/Berlin"), NOON + timedelta(days=800)
    since = caps.since(terms, now, shop.timezone)
    whole, short = Budget(shop), Budget(shop)
    for hour, points in earlier:
        at = NOON + timedelta(hours=hour)
        whole.take(points, at, terms)
        if since is not None and at >= since:
            short.take(points, at, terms)
    assert short.take(50, now, terms) == whole.take(50, now, terms)
    assert (since is None) == (terms == Terms())
