"""What is done with the customers whom staff selected: a change of their points, tried first, and a file of them."""

import csv
import io
from typing import Any

import pytest

from tests.make import Shopper, World, refused
from widget_server import jobs, ledger
from widget_server.errors import BadRequest
from widget_server.ledger import BALANCE_MAX, Account
from widget_server.loyalty.people import customer_edits, customers, directory, merging, privacy, selections
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.people.directory_filters import Filter, Order
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.points.batch_tables import Batch, BatchItem

ALL = Selection()


def starts(world: World, selection: Selection, **facts: Any) -> Batch:
    return selections.bulk_adjust(world.shop, selection, source="staff", key=f"b{next(world.numbers)}", **facts)


def settled(batch: Batch) -> Batch:
    """The worker does what is due; the batch as it is then."""
    jobs.run_all()
    return Batch.need(batch.shop_id, Batch.id == batch.id)


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest without an account."""
    ann, bo = world.member("ann@example.com", name="Ann"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


# Whom a change reaches


def test_all_who_match_are_those_at_the_moment_of_the_start(world: World, people: list[Shopper]) -> None:
    ann, bo, _ = people
    batch = starts(world, Selection(chosen=Filter(balance_min=200)), by=10)
    ann.is_given(900)
    assert (settled(batch).total, ann.balance, bo.balance) == (1, 1000, 310)


def test_the_selected_rows_are_changed_and_no_others(world: World, people: list[Shopper]) -> None:
    ann, bo, guest = people
    other = World.create(name="Other").member("zoe@example.com")
    done = settled(starts(world, Selection((ann.id, guest.id, other.id, ann.id)), by=10))
    assert (done.status, done.total, done.succeeded) == ("done", 2, 2)
    assert [one.balance for one in (ann, bo, guest, other)] == [110, 300, 10, 0]


def test_a_text_selects_all_whom_it_finds_not_only_those_who_are_shown(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FOUND_MAX", 1)
    for number in range(3):
        customer_edits.create(world.shop.id, Person(name=f"Ann {number}"))
    assert selections.count(world.shop, Selection(chosen=Filter(text="ann"))) == 4
    assert settled(starts(world, Selection(chosen=Filter(text="ann")), by=1)).succeeded == 4


def test_whoever_has_no_account_gets_one_with_the_points(world: World, people: list[Shopper]) -> None:
    *_, guest = people
    batch = starts(world, ALL, by=7, annotation=Annotation(reason="spring", comment="Enjoy"))
    assert (batch.total, ledger.account_of(world.shop.id, guest.id)) == (3, None)
    assert settled(batch).succeeded == 3
    assert (guest.balance, guest.customer.account_id) == (7, guest.account.id)
    batches.undo(world.shop, batch.id)
    assert (settled(batch).undone, [one.balance for one in people]) == (3, [100, 300, 0])


def test_nobody_gets_an_account_without_points(world: World, people: list[Shopper]) -> None:
    *_, guest = people
    assert settled(starts(world, ALL, by=-10)).total == 2
    assert settled(starts(world, ALL, to_balance=0)).total == 2
    assert ledger.account_of(world.shop.id, guest.id) is None


def test_whoever_is_gone_before_their_turn_gets_no_account(world: World, people: list[Shopper]) -> None:
    ann, _, guest = people
    second = world.visitor("second@example.com")
    batch = starts(world, ALL, by=5)
    merging.merge(world.shop, guest.id, ann.id)
    privacy.erase(world.shop, second.customer)
    done = settled(batch)
    assert (done.total, done.succeeded, done.failed) == (4, 2, 2)
    assert {item.code for item in batches.errors(world.shop, batch.id)} == {"merged", "erased"}
    assert {"merged", "erased"} <= set(batches.REASONS)
    assert (ledger.account_of(world.shop.id, guest.id), ann.balance) == (None, 105)


def test_a_crash_between_two_chunks_opens_and_books_once(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    guests = [people[2], *(world.visitor(f"g{number}@example.com") for number in range(4))]
    batch = starts(world, ALL, by=5)
    batches.run(batch.id)
    batches.run(batch.id)  # a second worker with the same job
    done = settled(batch)
    assert (done.status, done.total, done.succeeded) == ("done", 7, 7)
    assert [one.balance for one in guests] == [5] * 5
    assert Account.of(world.shop).count() == 7
    assert BatchItem.of(world.shop).where(BatchItem.account_id.is_null()).count() == 0


def test_a_person_is_forgotten_in_the_texts_of_a_change_of_them_alone(world: World, people: list[Shopper]) -> None:
    guest = people[2]
    batch = starts(world, Selection((guest.id,)), by=5, annotation=Annotation(reason="the one with the dog"))
    privacy.erase(world.shop, guest.customer)
    assert Batch.need(world.shop, Batch.id == batch.id).reason is None


# Trying first


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"by": 10}, (3, 3, 30, 0, 0, 1, 0)),
        ({"by": -100}, (3, 2, -200, 0, 0, 0, 1)),
        ({"by": -101}, (3, 1, -101, 1, 0, 0, 1)),
        ({"to_balance": 300}, (3, 2, 500, 0, 1, 1, 0)),
        ({"to_balance": 0}, (3, 2, -400, 0, 0, 0, 1)),
    ],
)
def test_a_dry_run_tells_what_the_change_then_does(
    world: World, people: list[Shopper], change: dict[str, int], expected: tuple[int, ...]
) -> None:
    told = selections.dry_run(world.shop, ALL, **change)
    figures = (told.customers, told.changed, told.points, told.below_zero, told.unchanged, told.opened, told.left_out)
    assert figures == expected
    before = sum(one.balance for one in people)
    done = settled(starts(world, ALL, **change))
    assert (done.succeeded, done.failed, done.skipped) == (told.changed, told.below_zero, told.unchanged)
    assert sum(one.balance for one in people) - before == told.points


def test_a_dry_run_names_the_poorest_and_changes_nothing(world: World, people: list[Shopper]) -> None:
    ann, bo, _ = people
    told = selections.dry_run(world.shop, ALL, by=-500)
    assert (told.below_zero, told.first_below_zero) == (2, [ann.id, bo.id])
    assert [one.balance for one in people] == [100, 300, 0]
    assert Batch.of(world.shop).count() == 0


def test_a_balance_that_no_account_can_hold_is_told_apart(world: World, people: list[Shopper]) -> None:
    ann, _, _ = people
    Account.change(
        world.shop, {Account.balance: BALANCE_MAX, Account.earned: BALANCE_MAX}, Account.customer_id == ann.id
    )
    told = selections.dry_run(world.shop, Selection((ann.id,)), by=5)
    assert (told.too_large, told.changed) == (1, 0)
    Account.change(world.shop, {Account.balance: 100, Account.earned: 100}, Account.customer_id == ann.id)


@pytest.mark.parametrize("change", [{}, {"by": 0}, {"by": 10**9 + 1}, {"to_balance": -1}])
def test_no_change_of_points_is_refused_by_its_field(world: World, change: dict[str, int]) -> None:
    field = "balance" if "to_balance" in change else "amount"
    assert refused(lambda: selections.dry_run(world.shop, ALL, **change), BadRequest).field == field
    assert refused(lambda: starts(world, ALL, **change), BadRequest).field == field


@pytest.mark.parametrize("ids", [(), tuple(str(number) for number in range(1_001))])
def test_a_selection_has_some_rows_and_not_too_many(ids: tuple[str, ...]) -> None:
    assert refused(lambda: Selection(ids), BadRequest).field == "ids"


# The file


def exported(world: World, selection: Selection, order: Order | None = None) -> list[dict[str, str]]:
    text = "".join(selections.export(world.shop, selection, order or Order("name", "up")))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_file_has_a_row_for_each_customer_in_the_order(
    world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "EXPORTED_AT_ONCE", 2)
    rows = exported(world, ALL)
    assert [row["name"] for row in rows] == ["Ann", "Bo", ""]
    assert [(row["points"], row["status"]) for row in rows] == [("100", "member"), ("300", "member"), ("", "visitor")]
    assert (rows[2]["email"], rows[0]["customer_id"]) == ("guest@example.com", people[0].id)
    assert [row["name"] for row in exported(world, ALL, Order("balance", "down"))] == ["Bo", "Ann", ""]
    assert [row["name"] for row in exported(world, Selection((people[1].id,)))] == ["Bo"]
    assert [row["name"] for row in exported(world, Selection(chosen=Filter(text="bo")))] == ["Bo"]
    assert [row["name"] for row in exported(world, Selection(chosen=Filter(balance_max=100)))] == ["Ann"]


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_no_cell_is_a_formula(world: World, name: str) -> None:
    customer_edits.create(world.shop.id, Person(name=name))
    customer_edits.edit(world.shop.id, exported(world, ALL)[0]["customer_id"], labels=[name])
    (row,) = exported(world, ALL)
    assert (row["name"], row["labels"]) == (f"'{name}", f"'{name}")


def test_the_names_of_tiers_are_in_the_file(world: World) -> None:
    world.tier("Fern", 10)
    world.order_rule()
    world.member(name="Ann").orders("20.00")
    assert [row["tier"] for row in exported(world, ALL)] == ["Fern"]
    assert customers.by_id(world.shop.id, exported(world, ALL)[0]["customer_id"]).name == "Ann"
