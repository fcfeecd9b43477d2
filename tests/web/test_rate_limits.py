"""Too many requests are refused, in all threads together, and told when to come back."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.make import NOON, World, at_once, everything_kept
from widget_server import clock
from widget_server.errors import RateLimited
from widget_server.web import rate_limits
from widget_server.web.rate_limits import Hit, limit


def times_allowed(rate: str, *who: str, tries: int) -> int:
    allowed = 0
    for _ in range(tries):
        try:
            limit(rate, *who)
        except RateLimited:
            continue
        allowed += 1
    return allowed


def test_as_many_as_the_rate_says_and_no_more(world: World) -> None:
    with clock.at(NOON):
        assert times_allowed("3 per minute", "code", "ann", tries=10) == 3
        with pytest.raises(RateLimited) as refused:
            limit("3 per minute", "code", "ann")
    assert (refused.value.kind, refused.value.code) == ("rate", "rate_limited")


def test_each_asker_and_each_rate_has_a_count_of_its_own(world: World) -> None:
    with clock.at(NOON):
        assert times_allowed("2 per minute", "code", "ann", tries=5) == 2
        assert times_allowed("2 per minute", "code", "bob", tries=5) == 2
        assert times_allowed("2 per minute", "sign-in", "ann", tries=5) == 2
        assert times_allowed("4 per hour", "code", "ann", tries=5) == 4
        assert times_allowed("2 per minute", "codeann", tries=5) == 2


def test_it_counts_across_threads(world: World) -> None:
    with clock.at(NOON):
        results = at_once(*[partial(times_allowed, "10 per minute", "ann", tries=5) for _ in range(6)])
    assert sum(results) == 10


def test_a_new_window_begins_once_however_many_come_first(world: World) -> None:
    with clock.at(NOON):
        times_allowed("10 per minute", "ann", tries=12)
    with clock.at(NOON + timedelta(minutes=1)):
        results = at_once(*[partial(times_allowed, "10 per minute", "ann", tries=5) for _ in range(6)])
    assert sum(results) == 10


def test_the_refusal_says_when_to_come_back_and_then_it_is_open(world: World) -> None:
    with clock.at(NOON):
        limit("1 per minute", "ann")
    waits = []
    for moment in (NOON, NOON + timedelta(seconds=20.5), NOON + timedelta(seconds=59.999)):
        with clock.at(moment), pytest.raises(RateLimited) as refused:
            limit("1 per minute", "ann")
        waits.append(refused.value.facts["retry_after_seconds"])
    assert waits == [60, 40, 1]
    with clock.at(NOON + timedelta(seconds=20.5) + timedelta(seconds=40)):
        limit("1 per minute", "ann")


def test_refused_requests_do_not_move_the_window(world: World) -> None:
    for second in range(0, 120, 10):
        with clock.at(NOON + timedelta(seconds=second)):
            allowed = times_allowed("1 per minute", "ann", tries=3)
        assert allowed == (1 if second in (0, 60) else 0)


def test_who_asked_is_kept_hashed(world: World) -> None:
    limit("5 per minute", "code", "ann@example.com", "192.0.2.7")
    assert Hit.select().count() == 1
    assert "ann@" not in everything_kept()
    assert "192.0.2.7" not in everything_kept()


def test_windows_that_are_over_are_forgotten(world: World) -> None:
    with clock.at(NOON):
        limit("5 per minute", "ann")
        limit("5 per hour", "ann")
    with clock.at(NOON + timedelta(minutes=1)):
        rate_limits.forget_old()
    assert Hit.select().count() == 1
    with clock.at(datetime(2026, 3, 10, 13, tzinfo=UTC)):
        rate_limits.forget_old()
    assert Hit.select().count() == 0
