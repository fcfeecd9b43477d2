"""The rows of a file are booked in the order of accounts, each once, whatever happens meanwhile."""

from typing import Any

import pytest

from tests.counter import Counter
from tests.loyalty.imports.importing import batch_of, figures, parsed, settled
from tests.make import Shopper, World, at_once
from widget_server import jobs, ledger
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.imports import imports
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points import batch_lines, batches
from widget_server.loyalty.points.batch_tables import Batch, BatchItem

PEOPLE = 6
STATEMENTS_MAX = 40  # of a transaction, however many lines it has


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Members in the order of their accounts."""
    found = [world.member(f"p{number}@example.com") for number in range(PEOPLE)]
    for person in found:
        person.is_given(100)
    return sorted(found, key=lambda person: str(person.account.id))


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines a transaction, four that are sorted together, one transaction a job."""
    monkeypatch.setattr(batches, "AT_LEAST", 2)
    monkeypatch.setattr(batches, "CHUNK", 2)
    monkeypatch.setattr(batches, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(batch_lines, "AT_ONCE", 4)


def started(world: World, people: list[Shopper]) -> Import:
    """An import whose rows are in the opposite order of the accounts, and are all listed."""
    rows = "".join(f"{person.customer.email_key},10\n" for person in reversed(people))
    return listed(world, f"email,points\n{rows}")


def listed(world: World, content: str) -> Import:
    """An import whose rows are all listed, and not booked."""
    made = imports.execute(world.shop, parsed(world, content).id, source="staff", again=True)
    booking = Job.name == JobName.RUN_BATCH
    while not Job.select().where(booking).exists():
        assert jobs.run_next(~booking)
    return made


def balances(people: list[Shopper]) -> list[int]:
    return [person.balance for person in people]


def test_lines_are_booked_and_undone_in_the_order_of_accounts(
    world: World, people: list[Shopper], small_steps: None
) -> None:
    made = started(world, people)
    batches.run(str(made.batch_id))
    batches.run(str(made.batch_id))
    assert balances(people) == [110, 110, 110, 110, 100, 100]
    batch = batch_of(made)
    assert (batch.reached_account, batch.succeeded) == (people[3].account.id, 4)
    assert figures(settled(made)) == ("imported", PEOPLE, PEOPLE, 0, 0)
    batches.undo(world.shop, made.batch_id)
    batches.run(str(made.batch_id))
    assert balances(people) == [100, 100, 110, 110, 110, 110]
    settled(made)
    assert (balances(people), batch_of(made).undone) == ([100] * PEOPLE, PEOPLE)
    assert list(ledger.audit()) == []


def test_several_workers_with_one_import_book_it_once(world: World, people: list[Shopper], small_steps: None) -> None:
    """Each sorted lines that others booked meanwhile."""
    made = started(world, people)
    at_once(*[lambda: batches.run(str(made.batch_id))] * 4)
    assert figures(settled(made)) == ("imported", PEOPLE, PEOPLE, 0, 0)
    assert balances(people) == [110] * PEOPLE


def test_a_worker_that_dies_books_nobody_twice(
    world: World, people: list[Shopper], small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, post, calls = started(world, people), ledger.post_many, list[int]()

    def dies(*args: Any, **facts: Any) -> Any:
        returned = post(*args, **facts)
        calls.append(1)
        if len(calls) == 2:
            raise OSError("the machine stops")
        return returned

    monkeypatch.setattr(ledger, "post_many", dies)
    settled(made)
    assert batch_of(made).succeeded == 2
    Job.update(run_at=Job.created_at).execute()  # its lease runs out
    assert figures(settled(made)) == ("imported", PEOPLE, PEOPLE, 0, 0)
    assert balances(people) == [110] * PEOPLE


def test_what_is_kept_is_looked_at_once_in_each_undoing(world: World, people: list[Shopper], small_steps: None) -> None:
    made = started(world, people)
    settled(made)
    for person in people[:3]:
        person.redeems(world.reward(cost=105))
    batches.undo(world.shop, made.batch_id)
    settled(made)
    batch: Batch = batch_of(made)
    assert (batch.status, batch.undone, batch.kept) == ("undone", 3, 3)
    assert [item.status for item in BatchItem.of(world.shop).order_by(BatchItem.line)] == ["undone"] * 3 + ["kept"] * 3
    people[0].is_given(100)
    batches.undo(world.shop, made.batch_id)
    settled(made)
    assert (batch_of(made).undone, batch_of(made).kept) == (4, 2)


def test_a_transaction_of_many_lines_runs_no_more_statements_than_one_of_few(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is done for all lines of a transaction together."""
    for person in (world.member(f"p{number}@example.com") for number in range(40)):
        person.is_given(100)
    for undoes in (False, True):
        counted = []
        for first, size in ((0, 5), (5, 35)):
            for name in ("AT_LEAST", "CHUNK"):
                monkeypatch.setattr(batches, name, size)
            rows = "".join(f"p{number}@example.com,7\n" for number in range(first, first + size))
            made = listed(world, f"email,points\n{rows}")
            if undoes:
                settled(made)
                batches.undo(world.shop, made.batch_id)
            with Counter() as counter:
                batches.run(str(made.batch_id))
            assert batch_of(made).status == ("undone" if undoes else "done")
            counted.append(len(counter.statements))
        assert counted[0] == counted[1] <= STATEMENTS_MAX, counter.statements
