"""Lanes: a costly thing never takes more than its places."""

import threading

import pytest

from tests.make import refused
from widget_server import lanes
from widget_server.errors import Busy
from widget_server.lanes import Lane


def test_one_runs_some_wait_and_the_rest_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, inside, go_on, ran = Lane(at_once=1, waiting=1), threading.Event(), threading.Event(), []

    def run(name: str) -> None:
        with lane.place():
            inside.set()
            go_on.wait(30)
            ran.append(name)

    first = threading.Thread(target=run, args=("first",))
    first.start()
    inside.wait(30)
    second = threading.Thread(target=run, args=("second",))
    second.start()
    while lane._places._value:  # until the second waits
        pass
    no = refused(lambda: lane.place().__enter__(), Busy)
    assert no.facts == {"retry_after_seconds": lanes.RETRY_AFTER_SECONDS}
    go_on.set()
    first.join()
    second.join()
    assert ran == ["first", "second"]
    with lane.place():
        pass


def test_a_lane_that_does_not_move_refuses_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.01)
    lane = Lane(at_once=1, waiting=1)
    with lane.place():
        refused(lambda: lane.place().__enter__(), Busy)
    with lane.place():
        pass
