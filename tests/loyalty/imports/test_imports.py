"""A file of e-mails and points becomes balances: each row once, or with its reason."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.loyalty.imports.importing import batch_of, figures, imported, parsed, settled, uploaded
from tests.make import PROOFS, Shopper, World, at_once
from tests.workers import killed_in_the_middle, wait_until, worker
from widget_server import clock, db, ledger
from widget_server.errors import AlreadyImported, BadRequest, ImportNotParsed, NotFound
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.imports import imports, stored_files, uploads
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.uploads import Upload
from widget_server.loyalty.people import privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import Adjustment, Annotation


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member()
    ann.is_given(100)
    return ann


@pytest.fixture
def bob(world: World) -> Shopper:
    return world.member("Bob@Example.com")


# The way of a file


def test_a_file_adds_points_to_existing_balances(world: World, ann: Shopper, bob: Shopper) -> None:  # wix-api §1b
    made = parsed(world, "Email,Points\r\nann@example.com,50\r\nBOB@example.COM, 7\r\n")
    assert (made.status, made.header, made.row_count, made.columns) == ("parsed", ["Email", "Points"], 2, [0, 1])
    assert made.sample_rows == [["ann@example.com", "50"], ["BOB@example.COM", "7"]]
    assert [ann.balance, bob.balance] == [100, 0]
    imports.execute(
        world.shop, made.id, source="staff", annotation=Annotation(reason="moved", comment="Welcome!", staff="s1")
    )
    done = settled(made)
    assert figures(done) == ("imported", 2, 2, 0, 0)
    assert [ann.balance, bob.balance] == [150, 7]
    assert not imports.has_error_file(done)
    row = ledger.history(world.shop.id, ann.account.id)[0]
    assert (row.kind, row.cause, row.cause_id) == ("adjust", "adjusted", done.batch_id)
    note = Adjustment.need(world.shop, Adjustment.transaction_id == row.id)
    assert (note.reason, note.comment, note.staff) == ("moved", "Welcome!", "s1")
    assert done.revision == 4  # made, parsed, executed, imported


def test_a_file_sets_balances(world: World, ann: Shopper, bob: Shopper) -> None:
    done = imported(world, "email;points\nann@example.com;30\nbob@example.com;0\n", mode="set")
    assert figures(done) == ("imported", 2, 1, 1, 0)
    assert [ann.balance, bob.balance] == [30, 0]


def test_points_are_taken_too(world: World, ann: Shopper) -> None:
    assert figures(imported(world, "email,points\nann@example.com,-40\n")) == ("imported", 1, 1, 0, 0)
    assert ann.balance == 60


def test_the_template_is_a_file_that_can_be_imported(world: World, ann: Shopper) -> None:
    assert figures(imported(world, imports.TEMPLATE)) == ("imported", 1, 1, 0, 0)
    assert ann.balance == 200


def test_a_thousand_rows_take_several_chunks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 3)
    people = [world.member(f"p{number}@example.com") for number in range(10)]
    lines = "".join(f"p{number}@example.com,{number}\n" for number in range(10))
    assert figures(imported(world, "email,points\n" + lines)) == ("imported", 10, 9, 1, 0)
    assert [person.balance for person in people] == list(range(10))


def test_importing_works_while_the_program_is_a_draft(database: str) -> None:
    """Balances come along before the program is opened."""
    world = World.create(active=False)
    ann = world.member()
    imported(world, imports.TEMPLATE)
    assert ann.balance == 100
    world.books_must_balance()


# Uploading


def test_only_the_shops_own_uploaded_files_become_imports(world: World) -> None:
    other = World.create(name="Other")
    for address in (uploaded(other, "a,b\n").id, uploads.new_upload(world.shop).id, "https://evil.test/f.csv", ""):
        with pytest.raises(BadRequest) as refusal:
            imports.create(world.shop, address)
        assert refusal.value.field == "fileUrl"


def test_the_same_upload_is_the_same_import(world: World) -> None:
    upload = uploaded(world, imports.TEMPLATE)
    ids = {imports.create(world.shop, upload.id).id for _ in range(2)}
    ids |= {made.id for made in at_once(*[lambda: imports.create(world.shop, upload.id)] * 3)}
    assert len(ids) == 1


def test_files_and_samples_go_after_a_month(world: World, ann: Shopper) -> None:
    done = imported(world, "email,points\nann@example.com,5\nbib@example.com,7\n")
    imports.forget_old()
    assert stored_files.ids(world.shop.id) == [Upload.need(world.shop, Upload.id == done.upload_id).file_id]
    with clock.at(clock.now() + timedelta(days=31)):
        imports.forget_old()
    assert stored_files.ids(world.shop.id) == []
    left = settled(done)
    assert (left.sample_rows, left.row_count) == ([], 2)
    assert not imports.has_error_file(left)
    with pytest.raises(NotFound):
        imports.error_file(world.shop, done.id)
    batches.undo(world.shop, done.batch_id)
    settled(done)
    assert ann.balance == 100


def test_whoever_asks_to_be_forgotten_is_forgotten_in_files_too(world: World, ann: Shopper, bob: Shopper) -> None:
    hers = imported(world, "email;points\nANN@example.com;5\nbib@example.com;1\n".encode("utf-16"))
    other = imported(world, "email;points\nbob@example.com;5\n")
    privacy.erase(world.shop, ann.customer)
    gone, kept = settled(hers), settled(other)
    assert (gone.sample_rows, gone.row_count, imports.has_error_file(gone)) == ([], 2, False)
    assert kept.sample_rows == [["bob@example.com", "5"]]
    assert stored_files.ids(world.shop.id) == [Upload.need(world.shop, Upload.id == kept.upload_id).file_id]


def test_an_import_that_needs_a_forgotten_file_fails_and_says_so(world: World, ann: Shopper) -> None:
    made = imports.create(world.shop, uploaded(world, imports.TEMPLATE).id)
    privacy.erase(world.shop, ann.customer)
    failed = settled(made)
    assert (failed.status, failed.parse_error) == ("failed", "The file is gone.")


# Twice, and back


def test_an_import_is_executed_once(world: World, ann: Shopper) -> None:
    made = parsed(world, imports.TEMPLATE)
    results = at_once(*[lambda: imports.execute(world.shop, made.id, source="staff")] * 3)
    assert sorted(type(answer).__name__ for answer in results) == ["Import", "ImportNotParsed", "ImportNotParsed"]
    settled(made)
    assert ann.balance == 200
    with pytest.raises(ImportNotParsed):
        imports.execute(world.shop, made.id, source="staff")


def test_the_same_file_twice_asks(world: World, ann: Shopper) -> None:  # acceptance 56
    first = imported(world, imports.TEMPLATE)
    second = parsed(world, imports.TEMPLATE)
    with pytest.raises(AlreadyImported) as refusal:
        imports.execute(world.shop, second.id, source="staff")
    assert refusal.value.facts == {"import_id": first.id}
    imports.execute(world.shop, second.id, source="staff", again=True)
    settled(second)
    assert ann.balance == 300


def test_an_import_is_undone_and_may_come_again(world: World, ann: Shopper) -> None:
    first = imported(world, imports.TEMPLATE)
    batches.undo(world.shop, first.batch_id)
    assert settled(first).status == "imported"
    assert (batch_of(first).status, ann.balance) == ("undone", 100)
    assert imported(world, imports.TEMPLATE).status == "imported"
    assert ann.balance == 200


def test_a_file_that_is_gone_before_it_is_imported_fails(world: World, ann: Shopper) -> None:
    made = parsed(world, imports.TEMPLATE)
    stored_files.remove(world.shop.id, *stored_files.ids(world.shop.id))
    imports.execute(world.shop, made.id, source="staff")
    done = settled(made)
    assert (done.status, batch_of(done).status, ann.balance) == ("failed", "failed", 100)
    with pytest.raises(NotFound):
        imports.error_file(world.shop, done.id)


PEOPLE = 100_000 if PROOFS else 3000  # the worker is stopped among them


def test_kill_9_in_the_middle_and_the_next_worker_goes_on_exactly(world: World, database: str, tmp_path: Path) -> None:
    moment = clock.now()
    people = [
        db.Row(
            id=db.new_id(),
            shop_id=world.shop.id,
            email_key=f"p{number}@example.com",
            created_at=moment,
            updated_at=moment,
            email_verified=True,
        )
        for number in range(PEOPLE)
    ]
    with db.atomic():
        db.insert_many(Customer, people)
    lines = "".join(f"p{number}@example.com,{number + 1}\n" for number in range(PEOPLE))
    made = parsed(world, "email,points\n" + lines)
    made = imports.execute(world.shop, made.id, source="staff")
    killed_in_the_middle(database, lambda: batch_of(made).succeeded > 0)
    assert batch_of(made).succeeded < PEOPLE
    with worker(database):
        wait_until(lambda: batch_of(made).status == "done")
    assert figures(Import.need(world.shop, Import.id == made.id)) == ("imported", PEOPLE, PEOPLE, 0, 0)
    assert Transaction.of(world.shop).count() == PEOPLE
    balances = sorted(row.balance for row in Account.of(world.shop, Account.balance))
    assert balances == list(range(1, PEOPLE + 1))
