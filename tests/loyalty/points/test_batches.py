"""Many accounts change at once: everybody once, whatever happens, and all of it can be undone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.counter import Counter
from tests.make import Shopper, World, at_once, tries
from widget_server import db, jobs, ledger
from widget_server.errors import BadRequest, BatchUnfinished, KeyReused, NotFound
from widget_server.job_queue import TRIES_MAX, Job
from widget_server.ledger import Account, Cause, Move, Transaction
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.points.batch_tables import Batch


def everybody(world: World) -> Any:
    """A query that finds each account of the shop."""
    return Account.of(world.shop, Account.id)


def bulk(world: World, key: str = "spring", accounts: Any = None, **facts: Any) -> Batch:
    """Staff change many balances."""
    chosen = everybody(world) if accounts is None else accounts
    return batches.bulk_adjust(world.shop, chosen, source="staff", key=key, **facts)


def settled(batch: Batch) -> Batch:
    """The worker does what is due; the batch as it is then."""
    jobs.run_all()
    return Batch.need(batch.shop_id, Batch.id == batch.id)


def figures(batch: Batch) -> tuple[str, int, int, int, int]:
    """Status, and how many there were: in all, booked, skipped, failed."""
    return batch.status, batch.total, batch.succeeded, batch.skipped, batch.failed


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Three members with 100, 200 and 300 points."""
    found = [world.member(f"{name}@example.com") for name in ("ann", "bob", "cem")]
    for number, person in enumerate(found, 1):
        person.is_given(100 * number)
    return found


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    monkeypatch.setattr(batches, "TURN_SECONDS", 0.0)  # one chunk for each job


# Booking (acceptance 54)


def test_everybody_gets_points_with_both_texts(world: World, people: list[Shopper], small_chunks: None) -> None:
    batch = bulk(
        world, by=50, annotation=Annotation(reason="spring sale went badly", comment="Happy spring!", staff="s1")
    )
    assert figures(batch) == ("running", 3, 0, 0, 0)
    assert [person.balance for person in people] == [100, 200, 300]
    assert figures(settled(batch)) == ("done", 3, 3, 0, 0)
    assert [person.balance for person in people] == [150, 250, 350]
    for person in people:
        (row, _) = ledger.history(world.shop.id, person.account.id)
        assert (row.kind, row.cause, row.cause_id, row.key) == ("adjust", "adjusted", batch.id, f"batch:{batch.id}")
        note = Adjustment.need(world.shop, Adjustment.transaction_id == row.id)
        assert (note.reason, note.comment, note.staff) == ("spring sale went badly", "Happy spring!", "s1")
        assert "sale" not in db.canonical(row.snapshot)
        assert person.account.adjusted == 50


def test_a_balance_is_set_for_many(world: World, people: list[Shopper]) -> None:
    batch = settled(bulk(world, to_balance=200, by=7))
    assert figures(batch) == ("done", 3, 2, 1, 0)
    assert [person.balance for person in people] == [200, 200, 200]


def test_who_has_too_little_is_listed_and_keeps_all(world: World, people: list[Shopper], small_chunks: None) -> None:
    batch = settled(bulk(world, by=-150))
    assert figures(batch) == ("done", 3, 2, 0, 1)
    assert [person.balance for person in people] == [100, 50, 150]
    (item,) = batches.errors(world.shop, batch.id)
    assert (item.account_id, item.code) == (people[0].account.id, "not_enough_points")
    assert item.code in batches.REASONS
    assert batches.errors(world.shop, batch.id, after_line=item.line) == []


def test_the_choice_is_frozen_when_it_starts(world: World, people: list[Shopper]) -> None:
    rich = everybody(world).where(Account.balance >= 200)
    batch = bulk(world, by=10, accounts=rich)
    people[0].is_given(500)
    world.member("dora@example.com").is_given(900)
    assert figures(settled(batch)) == ("done", 2, 2, 0, 0)
    assert [person.balance for person in people] == [600, 210, 310]


def test_a_list_of_accounts_serves_and_another_shops_are_not_touched(world: World, people: list[Shopper]) -> None:
    other = World.create(name="Other")
    stranger = other.member("zoe@example.com")
    stranger.is_given(5)
    batch = bulk(world, by=10, accounts=[people[0].account.id, stranger.account.id, people[0].account.id])
    assert figures(settled(batch)) == ("done", 1, 1, 0, 0)
    assert (people[0].balance, stranger.balance) == (110, 5)
    with pytest.raises(NotFound):
        batches.undo(other.shop, batch.id)
    assert batches.errors(other.shop, batch.id) == []


def test_nobody_chosen_is_done_at_once(world: World) -> None:
    assert figures(settled(bulk(world, by=10, accounts=[]))) == ("done", 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "amount"),
        ({"by": 0}, "amount"),
        ({"by": 10**9 + 1}, "amount"),
        ({"to_balance": -1}, "balance"),
        ({"to_balance": 10**9 + 1}, "balance"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(world: World, change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        bulk(world, **change)
    assert refusal.value.field == field
    assert Batch.of(world.shop).count() == 0


def test_adjusting_works_while_the_program_is_a_draft(database: str) -> None:
    world = World.create(active=False)
    ann = world.member()
    settled(bulk(world, by=10))
    assert ann.balance == 10
    world.books_must_balance()


def test_the_same_key_is_the_same_batch(world: World, people: list[Shopper]) -> None:  # acceptance 62
    first = settled(bulk(world, by=10))
    assert settled(bulk(world, by=10)).id == first.id
    assert people[0].balance == 110
    for other in ({"by": 11}, {"to_balance": 10}, {"by": 10, "annotation": Annotation(comment="other")}):
        with pytest.raises(KeyReused):
            bulk(world, **other)


def test_who_was_merged_meanwhile_is_listed(world: World) -> None:
    ann, old = world.member(), world.visitor("old@example.com")
    old.is_given(5)
    account = old.account.id
    batch = bulk(world, by=10)
    merging.merge(world.shop, old.id, ann.id)
    assert figures(settled(batch)) == ("done", 2, 1, 0, 1)
    (item,) = batches.errors(world.shop, batch.id)
    assert (item.account_id, item.code) == (account, "merged")
    assert ann.balance == 15
    assert figures(settled(bulk(world, key="later", by=1))) == ("done", 1, 1, 0, 0)


# A worker dies (kill -9): what was not committed is done again, what was is not


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_worker_that_dies_in_a_chunk_books_nobody_twice(
    world: World, people: list[Shopper], small_chunks: None, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    batch = bulk(world, by=10)
    with monkeypatch.context() as patch:
        count = iter(range(1, 9))
        book = ledger.post_many

        def dies(*args: Any, **facts: Any) -> Any:
            results = book(*args, **facts)
            if next(count) == chunk:
                raise SystemExit
            return results

        patch.setattr(ledger, "post_many", dies)
        try:
            jobs.run_all()
        except SystemExit:
            Job.update(run_at=Job.created_at).execute()  # its lease runs out
    assert figures(settled(batch)) == ("done", 3, 3, 0, 0)
    assert [person.balance for person in people] == [110, 210, 310]


def dies_for_good() -> None:
    """Each try of what waits has failed by now."""
    Job.update(tries=TRIES_MAX, run_at=Job.created_at).execute()
    jobs.every_minute()
    jobs.run_all()
    jobs.every_minute()


def test_what_fails_for_good_can_be_undone_and_undone_again(
    world: World, people: list[Shopper], small_chunks: None
) -> None:
    batch = bulk(world, by=10)
    batches.run(batch.id)
    dies_for_good()
    failed = settled(batch)
    assert figures(failed) == ("failed", 3, 2, 0, 0)
    assert sorted(person.balance for person in people) != [110, 210, 310]
    batches.undo(world.shop, batch.id)
    jobs.every_minute()
    assert Batch.need(world.shop, Batch.id == batch.id).status == "undoing"  # the job that died was another one
    dies_for_good()
    stuck = settled(batch)
    assert (stuck.status, stuck.undone, stuck.kept) == ("undone", 0, 2)
    batches.undo(world.shop, batch.id)
    assert (settled(batch).undone, settled(batch).kept) == (2, 0)
    assert [person.balance for person in people] == [100, 200, 300]


def test_two_workers_with_one_batch_book_it_once(world: World, people: list[Shopper], small_chunks: None) -> None:
    """The first was thought dead: its lease ran out while it worked."""
    batch = bulk(world, by=10)
    at_once(*[lambda: batches.run(batch.id)] * 4)
    assert figures(settled(batch)) == ("done", 3, 3, 0, 0)
    assert [person.balance for person in people] == [110, 210, 310]


def test_many_post_like_one(world: World, people: list[Shopper]) -> None:
    """The chain, the counters and the refusals are those of `post`; what the key booked is answered again."""
    shop = world.shop.id
    with db.atomic():
        accounts = ledger.locked_many(shop, [person.account.id for person in people])
        ordered = [accounts[person.account.id] for person in people]
        moves = [Move(account, -250, line, Cause("story")) for line, account in enumerate(ordered)]
        results = ledger.post_many(shop, moves, source="staff", key="many")
        again = ledger.post_many(shop, moves[2:], source="staff", key="many")
    assert [type(answer).__name__ for answer in results] == ["NotEnoughPoints", "NotEnoughPoints", "Row"]
    assert [row.id for row in again if isinstance(row, db.Row)] == [results[2].id]
    account = people[2].account
    assert (account.balance, account.adjusted, account.sequence, account.revision) == (50, -250, 2, 3)
    assert account.updated_at == account.last_activity_at == results[2].created_at


# Undoing


def test_a_batch_is_undone_row_by_row(world: World, people: list[Shopper], small_chunks: None) -> None:
    batch = settled(bulk(world, to_balance=250))
    undoing = batches.undo(world.shop, batch.id)
    assert undoing.status == "undoing"
    undone = settled(batch)
    assert (undone.status, undone.undone, undone.kept) == ("undone", 3, 0)
    assert [person.balance for person in people] == [100, 200, 300]
    undo, row, _ = ledger.history(world.shop.id, people[0].account.id)
    assert (undo.reverses_id, undo.amount, undo.key) == (row.id, -row.amount, f"undo:{batch.id}")
    assert batches.undo(world.shop, batch.id).status == "undone"
    assert settled(batch).undone == 3
    assert [person.balance for person in people] == [100, 200, 300]


def test_points_that_were_spent_stay_whole_and_are_tried_again(world: World, people: list[Shopper]) -> None:
    reward = world.reward(cost=120)
    batch = settled(bulk(world, by=50))
    people[0].redeems(reward)
    batches.undo(world.shop, batch.id)
    undone = settled(batch)
    assert (undone.status, undone.undone, undone.kept) == ("undone", 2, 1)
    assert [person.balance for person in people] == [30, 200, 300]
    (item,) = batches.errors(world.shop, batch.id)
    assert (item.status, item.code) == ("kept", "not_enough_points")
    people[0].is_given(100)
    batches.undo(world.shop, batch.id)
    assert (settled(batch).undone, settled(batch).kept) == (3, 0)
    assert [person.balance for person in people] == [80, 200, 300]
    assert batches.errors(world.shop, batch.id) == []


def test_a_program_with_negative_balances_undoes_all(world: World, people: list[Shopper]) -> None:
    world.settings(shortfall="negative")
    batch = settled(bulk(world, by=50))
    people[0].redeems(world.reward(cost=120))
    batches.undo(world.shop, batch.id)
    assert (settled(batch).undone, people[0].balance) == (3, -20)


def test_what_is_not_finished_cannot_be_undone(world: World, people: list[Shopper]) -> None:
    batch = bulk(world, by=10)
    with pytest.raises(BatchUnfinished):
        batches.undo(world.shop, batch.id)
    settled(batch)
    batches.undo(world.shop, batch.id)
    with pytest.raises(BatchUnfinished):
        batches.undo(world.shop, batch.id)


def test_undoing_reaches_who_was_merged_since(world: World) -> None:
    ann, old = world.member(), world.visitor("old@example.com")
    old.is_given(5)
    batch = settled(bulk(world, by=10))
    merging.merge(world.shop, old.id, ann.id)
    batches.undo(world.shop, batch.id)
    undone = settled(batch)
    assert (undone.undone, undone.kept, ann.balance) == (2, 0, 5)
    assert list(batches.errors(world.shop, batch.id)) == []
    assert ann.account.adjusted == 0


def test_whoever_asked_to_be_forgotten_is_in_no_batch(world: World, people: list[Shopper]) -> None:
    privacy.erase(world.shop, people[0].customer)
    assert figures(settled(bulk(world, by=10))) == ("done", 2, 2, 0, 0)
    assert Customer.of(world.shop).where(Customer.erased_at.is_null(False)).count() == 1


def test_each_transaction_of_a_booking_reads_nothing_that_it_does_not_need(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_LEAST", 1)
    monkeypatch.setattr(batches, "CHUNK", 1)
    batch = bulk(world, by=10)
    with Counter() as counter:
        batches.run(batch.id)
    assert sum('FROM "batch_item"' in one for one in counter.statements) == len(people) + 1  # so many transactions
    assert not [one for one in counter.statements if 'FROM "program"' in one]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(-300, 300).filter(bool)),
        st.tuples(st.just("set"), st.integers(0, 300)),
        st.tuples(st.just("spend"), st.integers(1, 200)),
        st.tuples(st.just("undo"), st.integers(0, 3)),
    ),
    max_size=8,
)


def test_batches_and_their_undoing_in_any_order_keep_the_books(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    people = [world.member(f"p{number}@example.com") for number in range(3)]

    @tries(15)
    @given(steps)
    def story(steps: list[tuple[str, int]]) -> None:
        made: list[Batch] = []
        for what, figure in steps:
            if what == "spend":
                for person in people:
                    reward = world.reward(cost=figure)
                    if person.balance >= figure:
                        person.redeems(reward)
            elif what == "undo":
                if figure < len(made):
                    batches.undo(world.shop, made[figure].id)
            else:
                change = {"by" if what == "add" else "to_balance": figure}
                made.append(bulk(world, key=f"b{next(world.numbers)}", **change))
            jobs.run_all()
        for batch in made:
            now = settled(batch)
            assert now.succeeded + now.skipped + now.failed == now.total == 3
            assert now.status == "done" or now.undone + now.kept == now.succeeded
            of_batch = Transaction.of(world.shop).where(Transaction.cause_id == batch.id)
            assert of_batch.count() == now.succeeded + now.undone
        assert all(person.balance >= 0 for person in people)
        world.books_must_balance()

    story()
