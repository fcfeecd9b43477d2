"""Whoever wants to write first writes first: in all threads and processes together."""

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import World, at_once, proof, refused
from tests.test_serve import until
from widget_server import db, write_queue
from widget_server.db import engines
from widget_server.write_queue import TurnNotReached, WriteQueue


class OtherProcess:
    """Writers of another process (tests/waiting_writers.py)."""

    def __init__(self, path: Path) -> None:
        words = [sys.executable, "-m", "tests.waiting_writers", str(path)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.served: dict[int, int] = {}

    def tell(self, act: str, number: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{act} {number}\n")

    def until_said(self, word: str, number: int) -> None:
        """Read what it says, up to this."""
        assert self.process.stdout
        for line in self.process.stdout:
            said, of, *rest = line.split()
            if said == "served":
                self.served[int(of)] = int(rest[0])
            if (said, int(of)) == (word, number):
                return
        raise AssertionError("the other process ended")

    def dies(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def __enter__(self) -> "OtherProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "loyalty.db-queue"


@pytest.fixture
def other(file: Path) -> Iterator[OtherProcess]:
    with OtherProcess(file) as process:
        yield process


@pytest.fixture
def queue(file: Path) -> Iterator[WriteQueue]:
    made = WriteQueue(file)
    yield made
    made.close()


def served_in_order(queue: WriteQueue, other: OtherProcess, arrivals: list[bool]) -> None:
    """While somebody writes, others arrive one after the other, here (True) or there; then all are served."""
    served: dict[int, int] = {}

    def write(number: int) -> None:
        place = queue.enter(30)
        served[number] = time.monotonic_ns()
        queue.leave(place)

    other.served.clear()
    holder, threads = queue.enter(30), []
    for number, is_here in enumerate(arrivals):
        if is_here:
            before = queue.waiting()
            threads.append(threading.Thread(target=write, args=(number,)))
            threads[-1].start()
            while queue.waiting() == before and number not in served:
                time.sleep(0.0002)
        else:
            other.tell("enter", number)
            other.until_said("arrived", number)
    queue.leave(holder)
    for thread in threads:
        thread.join(30)
    for number, is_here in enumerate(arrivals):
        if not is_here and number not in other.served:
            other.until_said("served", number)
    when = {**served, **other.served}
    assert sorted(when, key=lambda number: when[number]) == list(range(len(arrivals)))


ARRIVALS = st.lists(st.booleans(), min_size=2, max_size=8)


def test_the_order_of_arrival_is_the_order_of_service(queue: WriteQueue, other: OtherProcess) -> None:
    @proof(25, 500)
    @given(ARRIVALS)
    def holds(arrivals: list[bool]) -> None:
        served_in_order(queue, other, arrivals)

    holds()


def test_without_a_look_at_the_other_process_the_order_is_lost(
    queue: WriteQueue, other: OtherProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteQueue, "_is_turn", lambda self, place: True)

    @proof(25, 25, derandomize=True, database=None)
    @given(ARRIVALS)
    def holds(arrivals: list[bool]) -> None:
        served_in_order(queue, other, arrivals)

    with pytest.raises((AssertionError, BaseExceptionGroup)):
        holds()


def test_threads_and_processes_never_write_at_the_same_time(queue: WriteQueue, other: OtherProcess) -> None:
    other.tell("hold", 1)
    other.until_said("served", 1)
    refused(lambda: queue.enter(0.05), TurnNotReached)
    other.tell("leave", 1)
    queue.leave(queue.enter(30))


def test_a_process_that_dies_lets_the_next_one_go(queue: WriteQueue, other: OtherProcess) -> None:
    other.tell("hold", 1)
    other.until_said("served", 1)
    other.dies()
    queue.leave(queue.enter(30))


def test_who_dies_while_waiting_is_passed_over(queue: WriteQueue, other: OtherProcess, file: Path) -> None:
    holder = queue.enter(30)
    with OtherProcess(file) as third:
        other.tell("enter", 1)
        other.until_said("arrived", 1)
        third.tell("enter", 2)
        third.until_said("arrived", 2)
        other.dies()
        time.sleep(0.1)
        left_at = time.monotonic_ns()
        queue.leave(holder)
        third.until_said("served", 2)
        assert third.served[2] > left_at  # the death of whoever was before it did not make it its turn


def test_who_waits_too_long_gives_up_the_place_and_nobody_elses(queue: WriteQueue) -> None:
    holder, order = queue.enter(30), list[str]()

    def patient() -> None:
        place = queue.enter(30)
        order.append("patient")
        queue.leave(place)

    def impatient() -> None:
        refused(lambda: queue.enter(0.05), TurnNotReached)
        order.append("impatient")

    threads = [threading.Thread(target=impatient), threading.Thread(target=patient)]
    for count, thread in enumerate(threads, 2):
        thread.start()
        until(lambda count=count: queue.waiting() == count or order, "the next one waits")  # type: ignore[misc]
    until(lambda: order == ["impatient"], "patience ends")
    queue.leave(holder)
    threads[1].join(30)
    assert order == ["impatient", "patient"]
    assert queue.waiting() == 0


def test_without_its_file_the_order_holds_in_the_process(tmp_path: Path) -> None:
    queue = WriteQueue(tmp_path / "missing" / "loyalty.db-queue")
    place = queue.enter(1)
    refused(lambda: queue.enter(0.01), TurnNotReached)
    queue.leave(place)
    queue.leave(queue.enter(1))


def test_a_file_system_without_locks_costs_the_order_of_processes_alone(
    queue: WriteQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*words: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(write_queue.fcntl, "lockf", no_locks)
    place = queue.enter(1)
    refused(lambda: queue.enter(0.01), TurnNotReached)
    queue.leave(place)


def test_one_file_has_one_queue_in_a_process(tmp_path: Path) -> None:
    one = write_queue.of(tmp_path / "a.db")
    assert write_queue.of(tmp_path / "a.db") is one
    assert write_queue.of(tmp_path / "b.db") is not one


# In front of the database


def test_every_way_to_write_waits_for_its_turn(sqlite: Path) -> None:
    world = World.create()
    writers = db.database.obj.writers
    ways: list[Any] = [
        lambda: db.atomic().__enter__(),
        world.member,
        lambda: db.database.execute_sql("UPDATE shop SET name = name"),
        lambda: db.execute_many("UPDATE shop SET name = ?", [("Fern",)]),
    ]
    place = writers.enter(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "PATIENCE_SECONDS", 0.05)
        assert [type(no) for no in at_once(*ways)] == [TurnNotReached] * len(ways)
    writers.leave(place)
    world.member()
    assert writers.waiting() == 0


def test_reads_wait_for_nobody(sqlite: Path) -> None:
    world = World.create()
    with db.atomic():
        world.member()
        (name,) = at_once(lambda: [row.name for row in type(world.shop).everywhere()])
    assert name == ["Fjord & Fern"]
