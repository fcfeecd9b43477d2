"""A change of very many accounts: listed by a job, whatever happens meanwhile, in the memory of a small one."""

import contextlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import PROOFS, Shopper, World, tries
from widget_server import clock, db, jobs, ledger
from widget_server.delivery import endpoints
from widget_server.delivery.outbox import Message
from widget_server.errors import NotEnoughPoints
from widget_server.job_queue import Job
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.imports import stored_files
from widget_server.loyalty.people import selections
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import adjustments, batch_lists, batches
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.points.batch_tables import Batch, BatchItem

FEW, MANY = (2_000, 20_000) if PROOFS else (300, 1_500)
GROWTH_BYTES = 300_000  # 1,200 rows more would take twice as much, if each were kept


def bulk(world: World, key: str = "spring", **facts: Any) -> Batch:
    return selections.bulk_adjust(world.shop, Selection(), source="staff", key=key, **facts)


def settled(batch: Batch) -> Batch:
    """The worker does what is due, also what failed before; the batch as it is then."""
    Job.update(run_at=Job.created_at).execute()
    jobs.run_all()
    return Batch.need(batch.shop_id, Batch.id == batch.id)


@pytest.fixture
def people(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Shopper]:
    """Five members with 100, 200 ... points, who are too many for the transaction that starts a batch."""
    monkeypatch.setattr(batch_lists, "AT_ONCE", 2)
    monkeypatch.setattr(batches, "CHUNK", 2)
    found = [world.member(f"p{number}@example.com") for number in range(5)]
    for number, person in enumerate(found, 1):
        person.is_given(100 * number)
    return found


def test_a_long_list_is_what_was_chosen_at_the_start(world: World, people: list[Shopper]) -> None:
    guest = world.visitor()
    batch = bulk(world, by=10)
    assert (batch.status, batch.total) == ("running", 0)
    world.member("late@example.com").is_given(5)
    assert bulk(world, by=10).id == batch.id  # a repeat reads nothing again
    assert len(stored_files.ids(world.shop.id)) == 1
    done = settled(batch)
    assert (done.status, done.total, done.succeeded) == ("done", 6, 6)
    assert [person.balance for person in people] == [110, 210, 310, 410, 510]
    assert guest.balance == 10
    assert stored_files.ids(world.shop.id) == []
    batches.undo(world.shop, batch.id)
    assert (settled(batch).status, [person.balance for person in people]) == ("undone", [100, 200, 300, 400, 500])


def test_listing_that_ends_in_the_middle_goes_on_where_it_was(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, add, calls = bulk(world, by=10), batch_lists.add, list[int]()

    def dies(batch: Batch, lines: Any) -> None:
        calls.append(len(lines))
        if len(calls) == 2:
            raise OSError("the machine stops")
        add(batch, lines)

    monkeypatch.setattr(batch_lists, "add", dies)
    jobs.run_all()
    assert (batch_lists.last_line(batch), Batch.need(world.shop).total) == (2, 0)
    (job,) = Job.select().where(Job.status == "waiting")
    done = settled(batch)
    assert (done.total, done.succeeded, BatchItem.of(world.shop).count()) == (5, 5, 5)
    batches.list_chosen(**job.payload)  # a worker that was thought dead
    assert [person.balance for person in people] == [110, 210, 310, 410, 510]


def test_booking_that_ends_in_the_middle_goes_on_where_it_was(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, post, calls = bulk(world, by=10), ledger.post_many, list[int]()

    def dies(*args: Any, **facts: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("the machine stops")
        return post(*args, **facts)

    monkeypatch.setattr(ledger, "post_many", dies)
    jobs.run_all()
    assert Batch.need(world.shop).reached == 2
    done = settled(batch)
    assert (done.status, done.succeeded) == ("done", 5)
    assert [person.balance for person in people] == [110, 210, 310, 410, 510]


# Many are booked like one


def books(world: World, people: list[Shopper]) -> list[Any]:
    """All that is known of these people's points, without ids and times."""
    found: list[Any] = []
    for person in people:
        rows = Transaction.of(world.shop).where(Transaction.account_id == person.account.id)
        facts = [(row.sequence, row.kind, row.amount, row.balance_after, row.source, row.cause) for row in rows]
        texts = Adjustment.of(world.shop).where(Adjustment.transaction_id.in_([row.id for row in rows]))
        account, types = person.account, Message.of(world.shop).where(Message.subject == person.id)
        columns = ("balance", "earned", "adjusted", "redeemed", "debt", "sequence", "revision", "tier_id", "pending")
        figures = [getattr(account, name) for name in columns]
        said = sorted((text.reason or "", text.comment or "", text.staff or "") for text in texts if text.reason)
        found.append((facts, figures, account.unspent_since is None, said, [message.type for message in types]))
    return found


changes = st.lists(
    st.tuples(st.sampled_from(["by", "to_balance"]), st.integers(-150, 300), st.booleans()), min_size=1, max_size=3
)


def test_many_are_booked_as_one_by_one(world: World) -> None:
    other = World.create(name="One by one")
    both = []
    for one in (world, other):
        endpoints.create(one.shop.id, url="https://hooks.example/points")
        both.append([one.member(f"p{number}@example.com") for number in range(3)])

    @tries(2)
    @given(st.lists(st.integers(1, 200), min_size=3, max_size=3), changes)
    def story(given: list[int], changes: list[tuple[str, int, bool]]) -> None:
        for people in both:
            for person, points in zip(people, given, strict=True):
                person.is_given(points)
        for what, figure, has_text in changes:
            if not figure or (what == "to_balance" and figure < 0):
                continue
            note = Annotation(reason="sale", comment="Hello", staff="s1") if has_text else Annotation()
            key = f"b{next(world.numbers)}"
            settled(bulk(world, key=key, annotation=note, **{what: figure}))
            for person in both[1]:
                with_key = {"source": "staff", "key": f"{key}-{person.id}", "annotation": note}
                with contextlib.suppress(NotEnoughPoints):
                    adjustments.adjust(other.shop, person.account.id, **with_key, **{what: figure})
        assert books(world, both[0]) == books(other, both[1])

    story()


# Memory


def crowd(world: World, count: int) -> None:
    moment = clock.now()
    times = {"shop_id": world.shop.id, "created_at": moment, "updated_at": moment}
    ids = [(db.new_id(), db.new_id()) for _ in range(count)]
    with db.atomic():
        db.insert_many(Customer, [db.Row(id=id, account_id=account, **times) for id, account in ids])
        rows = [db.Row(id=account, customer_id=id, last_activity_at=moment, **times) for id, account in ids]
        db.insert_many(Account, rows)


def peak_of(act: Callable[[], object]) -> int:
    """The memory that Python objects took at most while it ran, in bytes."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_take_no_more_memory_than_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (batch_lists, "AT_ONCE", 100),
        (batches, "AT_LEAST", 100),
        (batches, "CHUNK", 100),  # each transaction is of the same size
        (stored_files, "PIECE_BYTES", 4096),
    ):
        monkeypatch.setattr(module, name, value)
    crowd(world, 200)
    settled(bulk(world, key="warm", by=10))
    peaks = []
    for key, more in (("few", FEW - 200), ("many", MANY - FEW)):
        crowd(world, more)
        made: list[Batch] = []
        listed = peak_of(lambda made=made, key=key: made.append(bulk(world, key=key, by=10)))
        booked = peak_of(jobs.run_all)
        batches.undo(world.shop, made[0].id)
        undone = peak_of(jobs.run_all)
        assert Batch.need(world.shop, Batch.id == made[0].id).status == "undone"
        peaks.append((listed, booked, undone))
    few, many = peaks
    assert all(after - before < GROWTH_BYTES for before, after in zip(few, many, strict=True)), peaks
