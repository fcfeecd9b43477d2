"""An import of many new customers holds up nobody: whoever waits to write is let in between two chunks."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.make import World
from tests.test_serve import until
from widget_server import db, holds, jobs, write_queue
from widget_server.loyalty.imports import imports, listing, uploads
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch

ROWS = 60


@pytest.fixture
def mover(sqlite: Path) -> World:
    """A shop that moves here, and brings its customers."""
    return World.create(name="Moves here")


def brings(mover: World, *, creates_customers: bool = True) -> Batch:
    upload = uploads.new_upload(mover.shop)
    lines = "".join(f"new{number}@example.com,{number + 1}\n" for number in range(ROWS))
    uploads.receive(upload.id, io.BytesIO(b"email,points\n" + lines.encode()))
    made = imports.create(mover.shop, upload.id)
    jobs.run_all()
    made = imports.execute(mover.shop, made.id, source="staff", creates_customers=creates_customers)
    return Batch.need(mover.shop, Batch.id == made.batch_id)


class Neighbour:
    """A shopper of another shop who signs up while the bulk work is in the middle of a group of rows."""

    def __init__(self, world: World, order: list[str]) -> None:
        self.world, self.order = world, order
        self.writers: write_queue.WriteQueue = db.database.obj.writers
        self.thread = threading.Thread(target=self._signs_up)

    def comes(self) -> None:
        """Start, and wait until it stands in the queue behind the bulk work."""
        if not self.thread.ident:
            self.thread.start()
            until(lambda: self.writers.waiting() == 2, "the neighbour waits")

    def _signs_up(self) -> None:
        db.connect()
        with db.atomic():
            self.order.append("neighbour")
        self.world.member("ann@example.com")
        db.disconnect()


@pytest.fixture
def order() -> list[str]:
    """Who wrote, in which order."""
    return []


@pytest.fixture
def neighbour(mover: World, order: list[str]) -> Iterator[Neighbour]:
    found = Neighbour(World.create(), order)
    yield found
    found.thread.join(30)


def watched(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, neighbour: Neighbour, order: list[str]) -> None:
    """Note each group of rows, and let the neighbour come with the first."""
    act = getattr(module, name)

    def noted(*args: Any) -> Any:
        order.append("rows")
        neighbour.comes()
        return act(*args)

    monkeypatch.setattr(module, name, noted)


def is_let_in_between(order: list[str]) -> None:
    assert order.index("neighbour") == 1, order


def all_at_once(monkeypatch: pytest.MonkeyPatch, module: Any, job: str) -> None:
    """One transaction takes all rows, however long it holds the lock."""
    act = getattr(module, job)

    def held(*args: Any) -> None:
        with db.atomic():
            act(*args)

    monkeypatch.setattr(module, job, held)


@pytest.mark.parametrize(("module", "group"), [(listing, "_list_group"), (batches, "_book")])
def test_a_neighbour_is_let_in_between_two_chunks(
    mover: World,
    neighbour: Neighbour,
    order: list[str],
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    group: str,
) -> None:
    batch = brings(mover)
    monkeypatch.setattr(holds, "HOLD_SECONDS", 0)  # each group has used up its time
    monkeypatch.setattr(batches, "AT_LEAST", 5)
    watched(monkeypatch, module, group, neighbour, order)
    jobs.run_all()
    is_let_in_between(order)
    done = Batch.need(mover.shop, Batch.id == batch.id)
    assert (done.status, done.succeeded) == ("done", ROWS)


@pytest.mark.parametrize(("module", "group", "job"), [(listing, "_list_group", "list_rows"), (batches, "_book", "run")])
def test_a_chunk_of_all_rows_lets_nobody_in(
    mover: World,
    neighbour: Neighbour,
    order: list[str],
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    group: str,
    job: str,
) -> None:
    brings(mover)
    monkeypatch.setattr(batches, "AT_LEAST", 5)
    all_at_once(monkeypatch, module, job)
    watched(monkeypatch, module, group, neighbour, order)
    jobs.run_all()
    with pytest.raises(AssertionError):
        is_let_in_between(order)


def test_mails_of_other_shops_do_not_wait_for_bulk_jobs(mover: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's thread for bulk work is at an import; the other one sends a code to sign in with."""
    sent, stop, listing = threading.Event(), threading.Event(), threading.Event()
    brings(mover)
    monkeypatch.setitem(jobs.JOBS, "send_mail", lambda payload: sent.set())
    monkeypatch.setitem(jobs.JOBS, jobs.JobName.LIST_IMPORT, lambda payload: listing.set() or sent.wait(30))
    worker = threading.Thread(target=jobs.work, args=(stop,))
    worker.start()
    try:
        assert listing.wait(30)
        with db.atomic():
            jobs.job_queue.enqueue("send_mail", {})
        assert sent.wait(30)
    finally:  # whatever became of it, no worker outlives its story
        sent.set()
        stop.set()
        worker.join(30)


def test_listing_promises_itself_anew_behind_whoever_waits(
    mover: World, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = brings(mover)
    monkeypatch.setattr(listing, "TURN_SECONDS", -1)
    monkeypatch.setattr(holds, "HOLD_SECONDS", 0)
    monkeypatch.setitem(jobs.JOBS, "send_mail", lambda payload: order.append("mail"))
    list_group = listing._list_group
    monkeypatch.setattr(listing, "_list_group", lambda *words: order.append("rows") or list_group(*words))
    jobs.job_queue.enqueue("send_mail", {})
    jobs.run_all()
    assert order[:3] == ["rows", "mail", "rows"]
    assert Batch.need(mover.shop, Batch.id == batch.id).succeeded == ROWS
