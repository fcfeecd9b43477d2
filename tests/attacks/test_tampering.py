"""Somebody with SQL, but without the server's key, edits the books: the audit names each row that was touched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import peewee
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from tests.make import World, line, proof, refund
from widget_server import clock, db, idempotency, journal, ledger
from widget_server.db import Bool, Int, Json, Money, UtcDateTime
from widget_server.journal import auditing, states
from widget_server.ledger import Account, Debt, Transaction
from widget_server.loyalty import books
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.rewards import checkout
from widget_server.loyalty.rewards.coupons import Coupon


def a_lively_shop(world: World) -> None:
    """Two members with every kind of row: debts, awards that wait, coupons, words, closed days, answers, a referral."""
    world.order_rule(10)
    world.refer()
    world.settings(coupon_after_cancel="points")
    reward = world.reward(cost=100)
    ann = world.member("ann@example.com")
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    with clock.at(clock.now() - timedelta(days=5)):
        for shopper in (ann, bob):
            shopper.is_given(400)
            shopper.orders("40.00")
        order = ann.orders("60.00")
    waiting = bob.orders("30.00", status="placed")
    assert waiting.id
    coupon = ann.redeems(reward, key="buy")
    ann.redeems(world.reward(cost=800))
    ann.orders(id=order.external_id, lines=(line("60.00"),), refunds=(refund("60.00"),))
    ann.redeems(reward) if ann.balance >= 100 else None
    bob.orders("20.00", coupon_codes=(bob.redeems(reward).code,))
    checkout.apply(world.shop, bob.customer, "c-1", key="c-1", source="admin", reward_id=reward.id)
    said = Annotation(reason="complained", comment="sorry", staff="kim")
    adjustments.adjust(world.shop, bob.account.id, source="staff", key="words", by=25, annotation=said)
    idempotency.run_once(world.shop.id, "widget", "k1", {"a": 1}, lambda: {"code": coupon.code})


@pytest.fixture
def shop(world: World) -> World:
    a_lively_shop(world)
    assert list(books.audit()) == []
    return world


@contextmanager
def sql() -> Iterator[Callable[..., Any]]:
    """What somebody does who owns the database: nothing refuses, and all is as before when the block ends."""
    with db.database.atomic() as opened:
        for table in (journal.Journal, Account, Transaction, Debt):
            for guard in db.guards(table):
                db.database.execute_sql(guard.drop)
        if db.on_sqlite():
            db.database.execute_sql("PRAGMA defer_foreign_keys = ON")
        else:
            db.database.execute_sql("SET LOCAL session_replication_role = replica")

        def run(statement: str, *values: Any) -> Any:
            return db.database.execute_sql(statement.replace("?", db.database.param), values)

        try:
            yield run
        finally:
            opened.rollback()


TABLES = [*journal.covered(), Transaction, journal.Journal]


def named(table: Any, row: dict[str, Any]) -> str:
    """How a finding about this row begins."""
    if table is Transaction:
        return f"account {row['account_id']}: "
    if table is journal.Journal:
        return f"journal {row['shop_id']} {row['number']}: "
    key = tuple(row[name] for name in states.key_names(table))
    return f"{table._meta.table_name} {journal.subject_of(key)}: "


def rows_of(run: Callable[..., Any], table: Any) -> list[dict[str, Any]]:
    """All rows, as the database has them."""
    names = [field.column_name for field in table._meta.sorted_fields]
    columns = ", ".join(f'"{name}"' for name in names)
    order = ", ".join(f'"{field.column_name}"' for field in table._meta.get_primary_keys())
    found = run(f'SELECT {columns} FROM "{table._meta.table_name}" ORDER BY {order}').fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def where(table: Any, row: dict[str, Any]) -> tuple[str, list[Any]]:
    names = [field.column_name for field in table._meta.get_primary_keys()]
    return " AND ".join(f'"{name}" = ?' for name in names), [row[name] for name in names]


def another(field: Any, value: Any, others: list[Any], data: Any) -> Any:
    """Another value for the column; now and then one that cannot be read."""
    if isinstance(field, UtcDateTime | Json | Money) and data.draw(st.integers(0, 4)) == 0:
        return "infinity" if isinstance(field, UtcDateTime) else "NaN"
    if isinstance(field, Bool):
        return (not value) if not db.on_sqlite() else 1 - int(value or 0)
    if isinstance(field, UtcDateTime):
        moved = (field.python_value(value) or clock.now()) + timedelta(seconds=data.draw(st.integers(1, 10**6)))
        return field.db_value(moved)
    if isinstance(field, Money):
        return field.db_value((Decimal(value) if value is not None else 0) + data.draw(st.integers(1, 9)))
    if isinstance(field, Int):
        return (value or 0) + data.draw(st.sampled_from((-7, -1, 1, 5, 1000)))
    if isinstance(field, Json):
        return '{"other":1}'
    if db.on_sqlite() and data.draw(st.integers(0, 5)) == 0:
        return b"\xff"  # no UTF-8
    different = sorted({one for one in others if one not in (None, value)})
    return data.draw(st.sampled_from([*different, f"{value}x"]))


def change(run: Callable[..., Any], data: Any) -> str:
    """One column of one row has another value."""
    table = data.draw(st.sampled_from(TABLES))
    rows = rows_of(run, table)
    row = data.draw(st.sampled_from(rows))
    field = data.draw(st.sampled_from(table._meta.sorted_fields))
    name = field.column_name
    if table is journal.Journal and name == "shop_id" and is_last(row):
        reject()  # it leaves its shop's journal: the same as gone
    value = another(field, row[name], [one[name] for one in rows], data)
    condition, key = where(table, row)
    place = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
    run(f'UPDATE "{table._meta.table_name}" SET "{name}" = {place} WHERE {condition}', value, *key)
    return named(table, row)


def is_last(entry: dict[str, Any]) -> bool:
    """Whether it is the newest entry of its shop's journal."""
    return bool(entry["number"] == journal.last_of(entry["shop_id"])[0])


def delete(run: Callable[..., Any], data: Any) -> str:
    """One row is gone."""
    table = data.draw(st.sampled_from(TABLES))
    row = data.draw(st.sampled_from(rows_of(run, table)))
    if table is journal.Journal and is_last(row):
        reject()  # the end of everything: only the anchor knows it (test_an_earlier_database_is_noticed)
    condition, key = where(table, row)
    run(f'DELETE FROM "{table._meta.table_name}" WHERE {condition}', *key)
    return named(table, row)


def insert(run: Callable[..., Any], data: Any) -> str:
    """A row is made in the likeness of another."""
    table = data.draw(st.sampled_from([Coupon, Award, Debt, Adjustment, Account, Transaction, journal.Journal]))
    rows = rows_of(run, table)
    row = dict(data.draw(st.sampled_from(rows)))
    fresh = {"id", "customer_id", "code", "code_key", "transaction_id", "order_id", "key"} & set(row)
    row |= {name: db.new_id() for name in fresh if row[name] is not None or name == "id"}
    for name, own in (("sequence", "account_id"), ("number", "shop_id")):
        if name in row and own in row:
            row[name] = 1 + max(one[name] for one in rows if one[own] == row[own])
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    run(f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({marks})', *row.values())
    return named(table, row)


def cut_tail(run: Callable[..., Any], data: Any) -> str:
    """The last rows of an account are gone, and the account is what it was before them."""
    account = Account.get_by_id(data.draw(st.sampled_from(sorted(one.id for one in Account.everywhere()))))
    kept = data.draw(st.integers(0, account.sequence - 1))
    run('DELETE FROM "transaction" WHERE account_id = ? AND sequence > ?', account.id, kept)
    sums = dict.fromkeys(("earned", "redeemed", "adjusted", "expired"), 0)
    head = ""
    for row in Transaction.everywhere().where(Transaction.account_id == account.id).order_by(Transaction.sequence):
        counter, direction = ledger.COUNTER_OF[row.kind]
        sums[counter] += direction * row.amount
        head = row.digest
    balance = sums["earned"] + sums["adjusted"] - sums["redeemed"] - sums["expired"]
    facts = {**sums, "balance": balance, "sequence": kept, "head": head}
    columns = ", ".join(f'"{name}" = ?' for name in facts)
    run(f"UPDATE account SET {columns} WHERE id = ?", *facts.values(), account.id)
    return f"account {account.id}: "


def drop_account(run: Callable[..., Any], data: Any) -> str:
    """An account is gone with all that is its own."""
    account_id = data.draw(st.sampled_from(sorted(one.id for one in Account.everywhere())))
    for table in ("transaction", "debt", "award"):
        run(f'DELETE FROM "{table}" WHERE account_id = ?', account_id)
    run("DELETE FROM account WHERE id = ?", account_id)
    return f"account {account_id}: "


def exchange_owners(run: Callable[..., Any], data: Any) -> str:
    """Two accounts have each other's owner."""
    one, two = data.draw(st.permutations(sorted(Account.everywhere(), key=lambda account: account.id)))
    for account_id, owner in ((one.id, "nobody"), (two.id, one.customer_id), (one.id, two.customer_id)):
        run("UPDATE account SET customer_id = ? WHERE id = ?", owner, account_id)
    return f"account {data.draw(st.sampled_from((one.id, two.id)))}: "


def forge_with_counter(run: Callable[..., Any], data: Any) -> str:
    """A debt or an award is more than it was, and the account's counter agrees."""
    table, column, counter = data.draw(st.sampled_from((("debt", "amount", "debt"), ("award", "points", "pending"))))
    found = run(f"SELECT id, account_id FROM {table} WHERE {column} > 0 ORDER BY id").fetchall()
    row_id, account_id = data.draw(st.sampled_from(found))
    run(f"UPDATE {table} SET {column} = {column} + 5 WHERE id = ?", row_id)
    run(f"UPDATE account SET {counter} = {counter} + 5 WHERE id = ?", account_id)
    return data.draw(st.sampled_from((f"{table} {row_id}: ", f"account {account_id}: ")))


def forget_entries(run: Callable[..., Any], data: Any) -> str:
    """A row is another one, and the entries that say what it was are gone: the gap is named."""
    entries = [row for row in rows_of(run, journal.Journal) if row["subject_table"] == "coupon"]
    entry = data.draw(st.sampled_from(entries))
    last = journal.last_of(entry["shop_id"])[0]
    mine = [row["number"] for row in entries if row["subject"] == entry["subject"] and row["number"] != last]
    if not mine:
        reject()
    run('UPDATE coupon SET "cost_points" = "cost_points" + 1 WHERE id = ?', entry["subject"])
    run('DELETE FROM journal WHERE subject = ? AND "number" <> ?', entry["subject"], last)
    return f"journal {entry['shop_id']} {mine[0]}: is gone"


KINDS = (change, change, change, delete, insert, cut_tail, drop_account, exchange_owners, forge_with_counter)


def names_each(data: Any) -> None:
    """One random edit, and a line of the audit that begins with what was edited."""
    edit = data.draw(st.sampled_from((*KINDS, forget_entries)))
    with sql() as run:
        try:
            begins = edit(run, data)
        except (peewee.IntegrityError, peewee.DataError):
            reject()  # the database itself refused
        try:
            found = list(books.audit())
        except UnicodeDecodeError as unreadable:  # then it named nothing
            found = [repr(unreadable)]
        assert any(one.startswith(begins) for one in found), (edit.__name__, begins, found)


def test_each_edit_is_named(shop: World) -> None:
    @proof(40, 1000)
    @given(st.data())
    def holds(data: Any) -> None:
        names_each(data)

    holds()
    assert list(books.audit()) == []


@pytest.mark.parametrize("guard", ["judge", "breaks"])
def test_without_either_guard_edits_go_unnoticed(shop: World, guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: rows are not compared with their entries, or entries not with the ones before them."""
    monkeypatch.setattr(auditing, guard, lambda *facts: None)

    @proof(200, 200, derandomize=True)
    @given(st.data())
    def holds(data: Any) -> None:
        names_each(data)

    with pytest.raises(AssertionError):
        holds()
