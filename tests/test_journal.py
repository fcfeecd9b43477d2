"""Each row that matters has an entry, and the entries cannot be rewritten without the server's key."""

from typing import Any

import peewee
import pytest
from playhouse.migrations import Runner

from tests.attacks.test_tampering import sql
from tests.make import Shopper, World, at_once
from tests.plans import Statements
from widget_server import db, journal, ledger, migrate
from widget_server.db import Row
from widget_server.journal import ALTERED, REMOVED, Journal, changes, states
from widget_server.ledger import Account
from widget_server.loyalty import books
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon


def entries(world: World, after: int = 0) -> list[tuple[str, str]]:
    """Table and subject of each entry behind a number, in order."""
    rows = Journal.of(world.shop, Journal.subject_table, Journal.subject).where(Journal.number > after)
    return list(rows.order_by(Journal.number).tuples())


def last(world: World) -> int:
    return journal.last_of(world.shop.id)[0]


@pytest.fixture
def ann(world: World) -> Shopper:
    member = world.member()
    member.is_given(500)
    return member


@pytest.fixture
def indebted(world: World, ann: Shopper) -> Shopper:
    ledger.claw_back(
        world.shop.id, ann.account.id, 700, source="job", key="back", cause=ledger.Cause("story"), reverses_id=None
    )
    return ann


# What refuses to be changed


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "transaction" SET amount = amount + 1',
        'DELETE FROM "transaction"',
        "UPDATE debt SET amount = amount + 1",
        "DELETE FROM debt",
        "UPDATE journal SET state = ''",
        "DELETE FROM journal",
        "DELETE FROM account",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_is_booked(indebted: Shopper, statement: str) -> None:
    with pytest.raises(peewee.IntegrityError, match="is refused"):
        db.database.execute_sql(statement)


@pytest.mark.parametrize("table", ["transaction", "debt", "journal"])
def test_nor_can_a_row_be_replaced_or_the_table_emptied(indebted: Shopper, table: str) -> None:
    statement = f'INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}"' if db.on_sqlite() else f'TRUNCATE "{table}"'
    with pytest.raises(peewee.IntegrityError, match="is refused"):
        db.database.execute_sql(statement)


def test_behind_the_one_door_all_is_refused_again(ann: Shopper) -> None:
    with journal.rewriting():
        db.database.execute_sql('UPDATE "transaction" SET cause = cause')
    with pytest.raises(peewee.IntegrityError, match="is refused"):
        db.database.execute_sql('UPDATE "transaction" SET cause = cause')


# What is noted


def test_a_transaction_has_one_entry_for_each_row_it_changed(world: World, ann: Shopper) -> None:
    before = last(world)
    with db.atomic():
        ann.is_given(5)
        ann.is_given(6)
        ledger.note_activity(world.shop.id, ann.account.id)
    (account,) = [subject for table, subject in entries(world, before) if table == "account"]
    assert account == ann.account.id


def test_a_part_that_was_rolled_back_leaves_the_entry_of_the_row_as_it_is(world: World, ann: Shopper) -> None:
    before = last(world)
    with db.atomic():
        ann.is_given(5)
        with pytest.raises(ZeroDivisionError), db.atomic():
            ann.is_given(6)
            ann.redeems(world.reward(cost=100))
            raise ZeroDivisionError
    assert {table for table, _ in entries(world, before)} == {"account", "adjustment"}
    with pytest.raises(ZeroDivisionError), db.atomic():
        ann.is_given(7)
        raise ZeroDivisionError
    assert list(books.audit()) == []
    assert ann.balance == 505


def test_what_is_written_outside_of_a_transaction_is_noted_too(world: World, ann: Shopper) -> None:
    before = last(world)
    Account.change(world.shop, {Account.tier_points: 3}, Account.id == ann.account.id)
    assert entries(world, before) == [("account", ann.account.id)]


def test_a_row_that_this_server_deletes_is_no_finding(world: World, ann: Shopper) -> None:
    world.order_rule(10)
    order = ann.orders("10.00")
    award = Award.need(world.shop, Award.order_id == order.id)
    with journal.rewriting():
        Award.remove(world.shop, Award.id == award.id)
        newest = Journal.of(world.shop).where(Journal.subject == award.id).order_by(Journal.number.desc()).first()
    assert newest is not None
    assert list(journal.audit_rows(world.shop.id)) == []
    again = Row(**award.__data__)
    db.insert_many(Award, [again])
    assert list(journal.audit_rows(world.shop.id)) == []


def test_a_merge_and_an_erasure_leave_clean_books(world: World, indebted: Shopper) -> None:
    """Ann owes 200; as somebody else she had points, words beside them and a coupon."""
    other = world.member("other@example.com")
    said = adjustments.Annotation(reason="moved", comment="hello")
    adjustments.adjust(world.shop, other.account.id, source="staff", key="a", by=300, annotation=said)
    other.redeems(world.reward(cost=50))
    merging.merge(world.shop, other.id, indebted.id)
    assert (indebted.balance, indebted.debt) == (50, 0)
    assert list(books.audit()) == []
    privacy.erase(world.shop, indebted.customer)
    assert list(books.audit()) == []


def test_shoppers_may_go_on_while_rows_are_compared(world: World) -> None:
    people = [world.member(f"p{number}@example.com") for number in range(3)]

    def goes_on(one: Shopper) -> None:
        for _ in range(10):
            one.is_given(3)

    def audits() -> list[str]:
        found = []
        for _ in range(10):
            found += [*journal.audit_chain(world.shop.id), *journal.audit_rows(world.shop.id)]
        return found

    assert at_once(*[lambda one=one: goes_on(one) for one in people], audits)[-1] == []


# What others change


@pytest.fixture
def tampered_coupon(world: World, ann: Shopper) -> Coupon:
    """A coupon of Ann whose worth somebody changed."""
    coupon = ann.redeems(world.reward(cost=100))
    db.database.execute_sql("UPDATE coupon SET amount = '500.00'")
    return coupon


@pytest.fixture
def unchecked(world: World) -> Any:
    """The story ends with books that do not balance; what is wrong is accepted at its end."""
    yield
    journal.accept(world.shop.id)


def test_a_row_that_others_changed_stays_named_after_the_server_wrote_it(
    world: World, ann: Shopper, unchecked: None, tampered_coupon: Coupon
) -> None:
    coupons.apply(world.shop, ann.customer, tampered_coupon.id)
    found = list(books.audit())
    assert [line.partition(" (")[0] for line in found] == [
        f"coupon {tampered_coupon.id}: was changed before this server wrote it"
    ]
    journal.accept(world.shop.id)
    assert list(books.audit()) == []


def test_the_twin_without_a_look_before_it_is_forgotten(
    world: World, ann: Shopper, tampered_coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "look", lambda *facts: None)
    coupons.apply(world.shop, ann.customer, tampered_coupon.id)
    assert list(books.audit()) == []


def test_a_row_that_others_made_stays_named_after_the_server_wrote_it(
    world: World, ann: Shopper, unchecked: None
) -> None:
    coupon = ann.redeems(world.reward(cost=100))
    names = ", ".join(f'"{field.column_name}"' for field in Coupon._meta.sorted_fields if "code" not in field.name)
    copied = names.replace('"id"', "'forged'", 1)
    db.database.execute_sql(f"INSERT INTO coupon ({names}) SELECT {copied} FROM coupon")
    coupons.apply(world.shop, ann.customer, "forged")
    assert [line.split()[:2] for line in books.audit()] == [["coupon", "forged:"]]
    assert coupon.id != "forged"


def test_an_entry_cannot_be_made_without_the_key(world: World, ann: Shopper) -> None:
    """Somebody gives a row its old state back, and repeats the entry that said so."""
    first = Journal.of(world.shop).where(Journal.subject == ann.account.id).order_by(Journal.number).first()
    number = last(world) + 1
    with sql() as run:
        run(
            "INSERT INTO journal SELECT shop_id, ?, subject_table, subject, state, created_at, digest FROM journal"
            ' WHERE "number" = ?',
            number,
            first.number,
        )
        assert list(journal.audit_chain(world.shop.id)) == [
            f"journal {world.shop.id} {number}: was changed, or not written by this server"
        ]


def test_states_are_words_of_no_row(database: str) -> None:
    assert len({ALTERED, REMOVED, journal.hash_of([])}) == 3


# Earlier installations


def test_an_upgrade_takes_the_rows_that_are_there(world: World, ann: Shopper) -> None:
    ann.redeems(world.reward(cost=100))
    for table in (journal.Journal, Account, ledger.Transaction, ledger.Debt):
        for guard in db.guards(table):
            db.database.execute_sql(guard.drop)
    for statement in (
        'DROP TABLE "journal"',
        'DROP TABLE "books_mark"',
        "DELETE FROM schema_migration WHERE name = '0008_journal'",
    ):
        db.database.execute_sql(statement)
    assert migrate.upgrade() == ["0008_journal"]
    assert {"account", "coupon", "adjustment"} <= {table for table, _ in entries(world)}
    assert list(books.audit()) == []
    assert Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).status()


def test_a_column_that_comes_later_changes_no_state(
    world: World, ann: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a row holds by default is no part of its state; another value is."""
    columns = states._columns(Account)
    row = db.database.execute_sql(f"{states._selecting(Account, db.on_sqlite(), False)}").fetchone()
    state = states.state_of(Account, row)
    monkeypatch.setattr(states, "_columns", lambda table: (*columns, ("note", None, None), ("count", None, 0)))
    monkeypatch.setattr(states, "_written", states._written.__wrapped__)
    assert states.state_of(Account, (*row, None, 0)) == state
    assert states.state_of(Account, (*row, "x", 0)) != state
    assert states.state_of(Account, (*row, None, 1)) != state


def test_the_newest_entry_of_a_row_is_found_by_its_index_without_statistics_too(world: World, ann: Shopper) -> None:
    with Statements() as heard:
        ann.is_given(5)
    newest = 'ORDER BY "number" DESC'
    of_row = {sql: one for sql, one in heard.heard.items() if newest in sql and '"subject" = ' in sql}
    if db.on_sqlite():
        assert of_row
        db.database.execute_sql("DROP TABLE IF EXISTS sqlite_stat1")
        for sql, params in of_row.items():
            ((*_, plan),) = db.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
            assert "(shop_id=? AND subject_table=? AND subject=?)" in plan
