"""A file of e-mails and points becomes balances: each row once, or with its reason."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.make import SECRET, Shopper, World, at_once
from widget_server import clock, config, db, jobs, ledger
from widget_server.errors import (
    AlreadyImported,
    BadRequest,
    FileTooLarge,
    ImportColumnsUnknown,
    ImportNotParsed,
    NotFound,
    UploadGone,
)
from widget_server.job_queue import TRIES_MAX, Job
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.people import customers, privacy
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import batches, imports, stored_files
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.points.batches import Batch
from widget_server.loyalty.points.imports import Import, Upload


def uploaded(world: World, content: str | bytes) -> Upload:
    """Staff send a file to an address they asked for."""
    upload = imports.new_upload(world.shop)
    data = content if isinstance(content, bytes) else content.encode()
    return imports.receive(upload.id, io.BytesIO(data))


def content_of(upload: Upload) -> bytes:
    with stored_files.opened(upload.shop_id, str(upload.file_id)) as file:
        return file.read()


def parsed(world: World, content: str | bytes) -> Import:
    """The file is there and was read."""
    made = imports.create(world.shop, f"https://widget.test/uploads/{uploaded(world, content).id}?x=1", file_name="f")
    assert made.status == "parsing"
    return settled(made)


def settled(made: Import) -> Import:
    """The worker does what is due; the import as it is then."""
    jobs.run_all()
    return Import.need(made.shop_id, Import.id == made.id)


def imported(world: World, content: str | bytes, **facts: Any) -> Import:
    """The whole way."""
    made = parsed(world, content)
    assert imports.execute(world.shop, made.id, source="staff", **facts).status == "importing"
    return settled(made)


def batch_of(made: Import) -> Batch:
    return Batch.need(made.shop_id, Batch.id == made.batch_id)


def figures(made: Import) -> tuple[str, int, int, int, int]:
    """Status, and of the rows how many there were: in all, booked, skipped, failed."""
    batch = batch_of(made)
    return made.status, batch.total, batch.succeeded, batch.skipped, batch.failed


def reasons(made: Import, world: World) -> dict[int, str]:
    """Why rows failed, by their number."""
    return {item.line: item.code for item in batches.errors(world.shop, made.batch_id)}


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
        world.shop, made.id, source="staff", said=Annotation(reason="moved", comment="Welcome!", staff="s1")
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


# Rows that cannot be imported


def test_each_row_that_fails_has_its_reason(world: World, ann: Shopper, bob: Shopper) -> None:
    rows = [
        "Name;E-Mail;Points",
        "Ann;ann@example.com;5",
        "Nobody;nobody@example.com;5",
        "Typo;ann@example;5",
        "Ann again;ANN@example.com;6",
        "Bob;bob@example.com;-1",
        "=cmd;x@example.com;1,000",
        "None;y@example.com;",
        "Short",
        "Much;z@example.com;1000000001",
        "Text;w@example.com;ten",
        "Decimal;v@example.com;1.5",
    ]
    done = imported(world, "\n".join(rows))
    assert figures(done) == ("imported", 11, 1, 0, 10)
    assert reasons(done, world) == {
        3: "email_unknown",
        4: "email_invalid",
        5: "email_twice",
        6: "not_enough_points",
        7: "points_invalid",
        8: "points_invalid",
        9: "email_invalid",
        10: "points_out_of_range",
        11: "points_invalid",
        12: "points_invalid",
    }
    assert ann.balance == 105
    assert imports.has_error_file(done)
    text = "".join(imports.error_file(world.shop, done.id))
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert table[0] == ["Name", "E-Mail", "Points", "reason"]
    assert table[1] == ["Nobody", "nobody@example.com", "5", "No customer has this e-mail address."]
    assert table[5][:3] == ["'=cmd", "x@example.com", "1,000"]
    assert table[7] == ["Short", "", "", imports.REASONS["email_invalid"]]
    assert len(table) == 11


def test_every_code_has_its_words() -> None:
    assert all(words.endswith(".") for words in imports.REASONS.values())


def test_the_error_file_mended_is_imported_next(world: World, ann: Shopper, bob: Shopper) -> None:
    done = imported(world, "email,points\nann@example.com,5\nbib@example.com,7\n")
    text = "".join(imports.error_file(world.shop, done.id))
    assert figures(imported(world, text.replace("bib", "bob"))) == ("imported", 1, 1, 0, 0)
    assert [ann.balance, bob.balance] == [105, 7]


@pytest.mark.parametrize("value", ["12", "+12", "12.0", "12,00", " 12 "])
def test_whole_numbers_as_programs_write_them(world: World, ann: Shopper, value: str) -> None:
    imported(world, f'email,points\nann@example.com,"{value}"\n')
    assert ann.balance == 112


def test_a_balance_cannot_be_set_below_zero(world: World, ann: Shopper) -> None:
    done = imported(world, "email,points\nann@example.com,-1\n", mode="set")
    assert reasons(done, world) == {2: "balance_negative"}


# Who is meant


def test_unknown_people_are_made_when_a_shop_moves_here(world: World) -> None:
    done = imported(world, "email,points\nNew@Example.com,70\n", creates_customers=True)
    assert figures(done) == ("imported", 1, 1, 0, 0)
    new = Customer.need(world.shop, Customer.email_key == "new@example.com")
    assert (new.status, new.email_verified) == ("visitor", False)
    assert world.member("new@example.com").balance == 70


def test_a_guest_of_the_shop_gets_an_account(world: World) -> None:
    guest = world.visitor("guest@example.com")
    assert ledger.account_of(world.shop.id, guest.id) is None
    imported(world, "email,points\nguest@example.com,9\n")
    assert guest.balance == 9


def test_the_certain_owner_comes_before_whoever_typed_the_address(world: World, ann: Shopper) -> None:
    thief = customers.recognise(world.shop.id, Person(external_id="c-1", email="ann@example.com"))
    imported(world, "email,points\nann@example.com,9\n")
    assert ann.balance == 109
    assert ledger.account_of(world.shop.id, thief.id) is None


def test_whoever_registered_with_a_guests_address_gets_none_of_her_points(world: World) -> None:  # contracts §5
    guest = world.visitor("guest@example.com")
    thief = customers.recognise(world.shop.id, Person(external_id="c-1", email="guest@example.com"))
    imported(world, "email,points\nguest@example.com,9\n")
    assert guest.balance == 9
    assert ledger.account_of(world.shop.id, thief.id) is None


def test_the_only_one_registered_with_an_address_is_meant(world: World) -> None:
    one = customers.recognise(world.shop.id, Person(external_id="c-1", email="cem@example.com"))
    imported(world, "email,points\ncem@example.com,9\n")
    assert Shopper(world, one.id, "").balance == 9


def test_two_registered_with_one_address_are_not_told_apart_by_guessing(world: World) -> None:
    for name in ("c-1", "c-2"):
        customers.recognise(world.shop.id, Person(external_id=name, email="cem@example.com"))
    done = imported(world, "email,points\ncem@example.com,9\n", creates_customers=True)
    assert reasons(done, world) == {2: "email_ambiguous"}


def test_people_who_are_gone_are_unknown(world: World, ann: Shopper) -> None:
    other = World.create(name="Other")
    other.member("zoe@example.com")
    privacy.erase(world.shop, ann.customer)
    done = imported(world, "email,points\nann@example.com,5\nzoe@example.com,5\n")
    assert reasons(done, world) == {2: "email_unknown", 3: "email_unknown"}


# What is in a file


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("E-Mail-Adresse;Name;Punkte\na@x.de;A;1\n", [0, 2]),
        ("Balance\tEmail Address\n5\ta@x.de\n", [1, 0]),
        ("Customer,Value\na@x.de,5\nb@x.de,6\n", [0, 1]),
        ("Address,Email,Points\nRoad 1,a@x.de,5\n", [1, 2]),
        ("email,points,lifetime points\na@x.de,5,9\n", [0, 1]),
        ("email,a,b\na@x.de,5,9\n", None),
        ("name,points\nAnn,5\n", None),
    ],
)
def test_columns_are_found_by_heading_or_by_what_stands_in_them(
    world: World, content: str, columns: list[int] | None
) -> None:
    assert parsed(world, content).columns == columns


def test_a_file_without_header_is_read_from_its_first_row(world: World, ann: Shopper, bob: Shopper) -> None:
    made = parsed(world, "ann@example.com;5\nbob@example.com;6\n")
    assert (made.header, made.row_count, made.columns) == (["Column 1", "Column 2"], 2, [0, 1])
    imports.execute(world.shop, made.id, source="staff")
    assert figures(settled(made)) == ("imported", 2, 2, 0, 0)
    assert [ann.balance, bob.balance] == [105, 6]


def test_columns_may_be_named(world: World, ann: Shopper) -> None:
    made = parsed(world, "a,b,c\n1,ann@example.com,3\n")
    for columns in (None, (1, 1), (1, -1), (0, 100)):
        with pytest.raises(ImportColumnsUnknown) as refusal:
            imports.execute(world.shop, made.id, source="staff", columns=columns)
        assert refusal.value.field == "headerMappingInfo"
    imports.execute(world.shop, made.id, source="staff", columns=(1, 2))
    assert settled(made).columns == [1, 2]
    assert ann.balance == 103


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"email,points\n", "no row"), (b"PK\x03\x04", "workbook"), (b'a,b\n"x', "Row 2")],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason(world: World, content: bytes, word: str) -> None:
    made = parsed(world, content)
    assert made.status == "failed"
    assert word in made.parse_error
    with pytest.raises(ImportNotParsed) as refusal:
        imports.execute(world.shop, made.id, source="staff")
    assert refusal.value.facts == {"status": "failed"}


def test_samples_are_bounded(world: World) -> None:
    wide = ",".join(f"h{number}" * 900 for number in range(120))
    made = parsed(world, wide + "\n" + ("x" * 2000 + ",") * 120 + "\n" * 3 + "1,2\n" * 10)
    assert len(made.header) == 100
    assert [len(row) for row in made.sample_rows] == [20, 2, 2, 2, 2]
    assert max(len(value) for row in [made.header, *made.sample_rows] for value in row) == 1000
    assert made.row_count == 11


# Uploading


def test_an_address_takes_one_file(world: World) -> None:
    upload = uploaded(world, "a,b\n")
    assert content_of(upload) == b"a,b\n"
    with pytest.raises(UploadGone):
        imports.receive(upload.id, io.BytesIO(b"other"))
    assert content_of(upload) == b"a,b\n"
    for name in ("nonsense", "../loyalty.db", ""):
        with pytest.raises(UploadGone):
            imports.receive(name, io.BytesIO(b"x"))


def test_two_files_for_one_address_at_once_leave_one(world: World) -> None:
    upload = imports.new_upload(world.shop)
    sent = [f"file {number}".encode() for number in range(4)]
    results = at_once(*[lambda data=data: imports.receive(upload.id, io.BytesIO(data)) for data in sent])
    (kept,) = [answer for answer in results if isinstance(answer, Upload)]
    assert len([answer for answer in results if isinstance(answer, UploadGone)]) == 3
    assert sent[results.index(kept)] == content_of(kept)


def test_an_address_is_good_for_an_hour(world: World) -> None:
    upload = imports.new_upload(world.shop)
    with clock.at(clock.now() + timedelta(minutes=61)), pytest.raises(UploadGone):
        imports.receive(upload.id, io.BytesIO(b"x"))


def test_a_file_has_10_megabytes_at_most(world: World) -> None:
    upload = imports.new_upload(world.shop)
    with pytest.raises(FileTooLarge):
        imports.receive(upload.id, io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)))
    assert stored_files.ids(world.shop.id) == []
    assert imports.receive(upload.id, io.BytesIO(b"x" * (10 * 1024 * 1024))).size == 10 * 1024 * 1024


def test_only_the_shops_own_uploaded_files_become_imports(world: World) -> None:
    other = World.create(name="Other")
    for address in (uploaded(other, "a,b\n").id, imports.new_upload(world.shop).id, "https://evil.test/f.csv", ""):
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


def test_a_worker_that_dies_while_it_lists_goes_on(
    world: World, ann: Shopper, bob: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CHUNK", 1)
    made = parsed(world, "email,points\nann@example.com,5\nann@example.com,5\nbob@example.com,6\n")
    imports.execute(world.shop, made.id, source="staff")
    with monkeypatch.context() as patch:
        calls = iter(range(9))

        def dies(*args: Any) -> Any:
            if next(calls) == 2:
                raise SystemExit
            return {}

        patch.setattr(ledger, "open_accounts", lambda shop, ids: dies() or opened(shop, ids))
        with pytest.raises(SystemExit):
            jobs.run_all()
    Job.update(run_at=Job.created_at).execute()  # its lease runs out
    assert figures(settled(made)) == ("imported", 3, 2, 0, 1)
    assert [ann.balance, bob.balance] == [105, 6]
    imports.list_rows(batch_of(settled(made)).id)
    assert figures(settled(made)) == ("imported", 3, 2, 0, 1)


opened = ledger.open_accounts


def test_an_import_whose_listing_fails_for_good_has_failed(
    world: World, ann: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = parsed(world, imports.TEMPLATE)
    imports.execute(world.shop, made.id, source="staff")
    Job.update(tries=TRIES_MAX, run_at=Job.created_at).execute()
    jobs.run_all()
    jobs.every_minute()
    failed = settled(made)
    assert (failed.status, batch_of(failed).status, ann.balance) == ("failed", "failed", 100)


PEOPLE = 6000
WAIT_SECONDS = 60


def worker(url: str) -> subprocess.Popen[bytes]:
    """A worker of its own, as an operator starts it."""
    facts = {"DATABASE_URL": url, "WIDGET_SECRET_KEY": SECRET, "WIDGET_INSTANCE": str(config.current().instance)}
    names = {**facts, "WIDGET_BASE_URL": "http://widget.localhost:8000"}
    return subprocess.Popen([sys.executable, "-m", "widget_server.cli", "worker"], env={**os.environ, **names})


def wait_for(made: Import, enough: Any) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not enough():
        assert time.monotonic() < end, figures(made)
        time.sleep(0.005)


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
    first = worker(database)
    try:
        wait_for(made, lambda: batch_of(made).succeeded)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert batch_of(made).succeeded < PEOPLE
    Job.update(run_at=Job.created_at).execute()  # its lease runs out
    second = worker(database)
    try:
        wait_for(made, lambda: batch_of(made).status == "done")
    finally:
        second.terminate()
        second.wait()
    assert figures(Import.need(world.shop, Import.id == made.id)) == ("imported", PEOPLE, PEOPLE, 0, 0)
    assert Transaction.of(world.shop).count() == PEOPLE
    balances = sorted(row.balance for row in Account.of(world.shop, Account.balance))
    assert balances == list(range(1, PEOPLE + 1))
