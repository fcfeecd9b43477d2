"""Each row of a file is booked, or has its reason; and who is meant by an address."""

import csv
import io
from typing import Any

import pytest

from tests.loyalty.imports.importing import batch_of, figures, imported, parsed, reasons, settled
from tests.make import Shopper, World
from widget_server import jobs, ledger
from widget_server.job_queue import TRIES_MAX, Job
from widget_server.loyalty.imports import imports, listing, problems
from widget_server.loyalty.people import privacy, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import batches


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member()
    ann.is_given(100)
    return ann


@pytest.fixture
def bob(world: World) -> Shopper:
    return world.member("Bob@Example.com")


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
    assert table[0] == ["Name", "E-Mail", "Points", "problem"]
    assert table[1] == ["Nobody", "nobody@example.com", "5", "No customer has this e-mail address."]
    assert table[5][:3] == ["'=cmd", "x@example.com", "1,000"]
    assert table[7] == ["Short", "", "", problems.REASONS["email_invalid"]]
    assert len(table) == 11


def test_every_code_has_its_words() -> None:
    assert all(words.endswith(".") for words in problems.REASONS.values())


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
    thief = recognition.recognise(world.shop.id, Person(external_id="c-1", email="ann@example.com"))
    imported(world, "email,points\nann@example.com,9\n")
    assert ann.balance == 109
    assert ledger.account_of(world.shop.id, thief.id) is None


def test_whoever_registered_with_a_guests_address_gets_none_of_her_points(world: World) -> None:  # contracts §5
    guest = world.visitor("guest@example.com")
    thief = recognition.recognise(world.shop.id, Person(external_id="c-1", email="guest@example.com"))
    imported(world, "email,points\nguest@example.com,9\n")
    assert guest.balance == 9
    assert ledger.account_of(world.shop.id, thief.id) is None


def test_the_only_one_registered_with_an_address_is_meant(world: World) -> None:
    one = recognition.recognise(world.shop.id, Person(external_id="c-1", email="cem@example.com"))
    imported(world, "email,points\ncem@example.com,9\n")
    assert Shopper(world, one.id, "").balance == 9


def test_two_registered_with_one_address_are_not_told_apart_by_guessing(world: World) -> None:
    for name in ("c-1", "c-2"):
        recognition.recognise(world.shop.id, Person(external_id=name, email="cem@example.com"))
    done = imported(world, "email,points\ncem@example.com,9\n", creates_customers=True)
    assert reasons(done, world) == {2: "email_ambiguous"}


def test_people_who_are_gone_are_unknown(world: World, ann: Shopper) -> None:
    other = World.create(name="Other")
    other.member("zoe@example.com")
    privacy.erase(world.shop, ann.customer)
    done = imported(world, "email,points\nann@example.com,5\nzoe@example.com,5\n")
    assert reasons(done, world) == {2: "email_unknown", 3: "email_unknown"}


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
    listing.list_rows(batch_of(settled(made)).id)
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
