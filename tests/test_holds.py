"""Bulk work lets go of the write lock when its time is over, whatever a row costs."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import proof
from widget_server import holds


class Clock:
    """A clock that only work moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def held(costs: list[float], largest: int = 500) -> tuple[int, float]:
    """How many items a transaction gets done, and for how long it holds the lock, in seconds."""
    clock, done = Clock(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holds, "time", clock)
        for group in holds.groups(costs, largest=largest):
            clock.now += sum(group)
            done += len(group)
    return done, clock.now - 1000.0


@proof(200)
@given(st.lists(st.sampled_from([0.0001, 0.001, 0.004, 0.02]), max_size=600))
def test_rows_of_any_cost_come_in_order_and_each_transaction_gets_on(costs: list[float]) -> None:
    seen, left = 0, costs
    while left:
        done, _ = held(left)
        assert done > 0
        seen, left = seen + done, left[done:]
    assert seen == len(costs)


@pytest.mark.parametrize("cost", [0.00001, 0.0001, 0.001, 0.005, 0.009])
def test_it_ends_in_time_however_much_there_is(cost: float) -> None:
    done, seconds = held([cost] * 5000)
    assert seconds <= holds.HOLD_SECONDS + cost
    assert done == 5000 or seconds >= 0.8 * holds.HOLD_SECONDS  # and makes use of it


def test_rows_that_become_dear_end_it_too() -> None:
    done, seconds = held([0.0001] * 200 + [0.005] * 1000, largest=8)
    assert done < 220
    assert seconds <= holds.HOLD_SECONDS + 8 * 0.005


def test_it_reads_the_machines_own_clock() -> None:
    began = time.monotonic()
    for _ in holds.groups(range(10**9), largest=10**6):
        time.sleep(0.002)
    assert time.monotonic() - began < 60


def paced(costs: list[float], pages: list[int]) -> list[float]:
    """For how many seconds each transaction holds the lock, over lists of these lengths."""
    clock, pace, spent, done = Clock(), holds.Pace(smallest=2, largest=200), list[float](), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holds, "time", clock)
        for length in pages:
            for some in pace.slices(costs[done : done + length]):
                began = clock.now
                with pace.measured(len(some)):
                    clock.now += 0.002 + sum(some)
                spent.append(clock.now - began)
            done += length
    return spent


def test_a_short_list_does_not_make_the_next_transaction_too_long() -> None:
    spent = paced([0.001] * 1000, [7] * 20 + [200] * 4)
    assert max(spent) <= holds.HOLD_SECONDS
    assert max(spent) >= holds.AIM * holds.HOLD_SECONDS / 2  # and the time is made use of


@pytest.mark.parametrize("dearer", [1.0, 1.3, 1.6])
def test_rows_that_cost_somewhat_more_than_those_before_end_in_time_too(dearer: float) -> None:
    assert max(paced([0.0005] * 500 + [0.0005 * dearer] * 500, [200] * 5)) <= holds.HOLD_SECONDS
