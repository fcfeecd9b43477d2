"""The database: equal on SQLite and PostgreSQL, all or nothing, every row bound to its shop."""

import io
import queue
import re
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import ModelSelect, fn

from tests.make import NOON, World, at_once, refund, tries
from widget_server import clock, db, jobs, ledger, migrate
from widget_server.db import Bool, Int, Json, Money, ShopTable, Text, UtcDateTime, connections, rows, transactions
from widget_server.errors import NotFound
from widget_server.loyalty.earning import birthdays, order_points, rule_states, rules
from widget_server.loyalty.imports import imports, stored_files, uploads
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import adjustments, awards, batches, expiry, tier_rechecks
from widget_server.loyalty.program import programs
from widget_server.web.rate_limits import Hit


class Shelf(ShopTable):
    """One column of each of our types."""

    id = Text(primary_key=True)
    count = Int(null=True)
    on = Bool(null=True)
    at = UtcDateTime(null=True)
    price = Money(null=True)
    facts = Json(null=True)


@pytest.fixture
def shelf(world: World) -> World:
    """A world with a table of every type of column."""
    for statement in db.ddl([Shelf]):
        db.database.execute_sql(statement)
    return world


def keep(world: World, **facts: Any) -> Shelf:
    """Write a row and read it again."""
    row_id = db.new_id()
    Shelf(id=row_id, shop_id=world.shop.id, **facts).save(force_insert=True)
    return Shelf.need(world.shop, Shelf.id == row_id)


# Types


def test_values_come_back_as_they_were_written(shelf: World) -> None:
    row = keep(shelf, count=2**53 + 1, on=False, at=NOON, price="19.8000", facts={"b": [1, None], "a": "ä"})
    assert (row.count, row.on, row.at, row.price) == (2**53 + 1, False, NOON, Decimal("19.80"))
    assert row.facts == {"a": "ä", "b": [1, None]}
    empty = keep(shelf)
    assert (empty.count, empty.on, empty.at, empty.price, empty.facts) == (None,) * 5


def test_times_of_any_zone_are_kept_in_utc_to_the_microsecond_and_sort(shelf: World) -> None:
    moment = datetime(2026, 3, 10, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    row = keep(shelf, at=moment)
    assert row.at == moment
    assert row.at.tzinfo is UTC
    keep(shelf, at=moment - timedelta(microseconds=1))
    keep(shelf, at=moment + timedelta(microseconds=1))
    rows = [row.at - moment for row in Shelf.of(shelf.shop).order_by(Shelf.at)]
    assert rows == [timedelta(microseconds=step) for step in (-1, 0, 1)]
    assert Shelf.of(shelf.shop).where(Shelf.at > moment).count() == 1


def test_a_time_of_an_early_year_is_kept_and_sorts(shelf: World) -> None:
    early = [datetime(year, 3, 9, 11, 6, 32, tzinfo=UTC) for year in (1, 124, 999, 1000)]
    for moment in early[::-1]:
        keep(shelf, at=moment)
    assert [row.at for row in Shelf.of(shelf.shop).order_by(Shelf.at)] == early


def test_a_time_without_a_zone_is_refused(shelf: World) -> None:
    with pytest.raises(ValueError, match="naive"):
        keep(shelf, at=NOON.replace(tzinfo=None))


def test_the_hour_that_comes_twice_is_stored_as_two(shelf: World) -> None:
    """Python takes both for equal, and for one key of a cache."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    found = [keep(shelf, at=first.replace(fold=fold)).at for fold in (0, 1)]
    assert found == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]


def test_money_is_exact(shelf: World) -> None:
    @tries(40)
    @given(st.decimals(-(10**12), 10**12, places=4))
    def is_kept(amount: Decimal) -> None:
        assert keep(shelf, price=amount).price == amount

    is_kept()


def test_equal_json_has_one_text() -> None:
    assert db.canonical({"b": Decimal("1.50"), "a": [True, "ä"]}) == '{"a":[true,"ä"],"b":"1.50"}'


# Transactions


def test_what_fails_leaves_nothing(shelf: World) -> None:
    with pytest.raises(ZeroDivisionError), db.atomic():
        keep(shelf, count=1)
        with db.atomic():
            keep(shelf, count=2)
        raise ZeroDivisionError
    assert Shelf.of(shelf.shop).count() == 0


def test_an_inner_failure_that_is_caught_leaves_the_outer_work(shelf: World) -> None:
    with db.atomic():
        keep(shelf, count=1)
        with pytest.raises(ZeroDivisionError), db.atomic():
            keep(shelf, count=2)
            raise ZeroDivisionError
    assert [row.count for row in Shelf.of(shelf.shop)] == [1]


def test_what_was_read_inside_is_still_true_when_it_is_written(shelf: World) -> None:
    """Naive read, then write: the lock makes it safe."""
    row = keep(shelf, count=0)

    def counts() -> None:
        for _ in range(10):
            with db.atomic():
                fresh = db.lock_rows(Shelf.of(shelf.shop).where(Shelf.id == row.id)).get()
                time.sleep(0.0005)
                Shelf.change(shelf.shop, {Shelf.count: fresh.count + 1}, Shelf.id == row.id)

    assert at_once(*[counts] * 6) == [None] * 6
    assert Shelf.need(shelf.shop).count == 60


@pytest.mark.parametrize("apart_seconds", [0, 1])
def test_old_rows_go_some_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch, apart_seconds: int) -> None:
    monkeypatch.setattr(rows, "DELETED_AT_ONCE", 3)
    times = [NOON + timedelta(seconds=number * apart_seconds) for number in range(10)]
    db.insert_many(Hit, [db.Row(key=str(number), count=1, ends_at=at) for number, at in enumerate(times)])
    db.insert_many(Hit, [db.Row(key="young", count=1, ends_at=NOON + timedelta(days=1))])
    db.delete_before(Hit, Hit.ends_at, NOON + timedelta(seconds=20))
    assert [row.key for row in Hit.select()] == ["young"]


def test_a_row_is_inserted_once(shelf: World) -> None:
    values = {"id": "one", "shop_id": shelf.shop.id, "count": 1}
    assert sorted(at_once(*[lambda: db.insert_once(Shelf, values)] * 6)) == [False] * 5 + [True]


def test_many_rows_are_inserted_at_once_with_their_defaults(shelf: World) -> None:
    facts = {"on": True, "at": NOON, "price": Decimal("1.50"), "facts": {"a": 1}}
    rows = [db.Row(id=f"r{count}", shop_id=shelf.shop.id, count=count, **facts) for count in range(2000)]
    db.insert_many(Shelf, rows)
    db.insert_many(
        Shelf, [db.Row(id="r7", shop_id=shelf.shop.id), db.Row(id="new", shop_id=shelf.shop.id)], unless_there=True
    )
    db.insert_many(Shelf, [])
    with pytest.raises(peewee.IntegrityError), db.atomic():
        db.insert_many(Shelf, [db.Row(id="r7", shop_id=shelf.shop.id)])
    row = Shelf.need(shelf.shop, Shelf.id == "r7")
    assert (row.count, row.on, row.at, row.price, row.facts) == (7, True, NOON, Decimal("1.50"), {"a": 1})
    assert Shelf.need(shelf.shop, Shelf.id == "new").count is None
    assert Shelf.of(shelf.shop).count() == 2001


def test_rows_are_found_among_thousands_of_texts(shelf: World) -> None:
    names = ['it\'s "1"', "ä,{}", "%s ?", ""]
    db.insert_many(Shelf, [db.Row(id=name, shop_id=shelf.shop.id, count=1) for name in names])
    wanted = [*names[:3], *(f"x{count}" for count in range(70_000))]
    assert {row.id for row in Shelf.of(shelf.shop).where(db.among(Shelf.id, wanted), Shelf.count == 1)} == set(
        names[:3]
    )
    assert list(Shelf.of(shelf.shop).where(db.among(Shelf.id, []))) == []


def test_connections_are_kept_and_may_be_closed_twice(database: str) -> None:
    db.connect()
    db.disconnect()
    db.disconnect()
    db.connect()
    assert migrate.pending() == []


def test_a_connection_from_a_shops_first_days_learns_that_it_grew(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker measures how tables grow; other threads and processes read that when they open the file anew."""
    if database != "sqlite":
        return  # PostgreSQL's statistics are the same for all connections

    def plan() -> str:
        found = db.among(ledger.Account.id, ["a", "b"])
        sql, values = ledger.Account.of(world.shop).where(found).sql()
        return " ".join(row[3] for row in db.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values))

    for table in ("sqlite_stat1", "sqlite_stat4"):
        db.database.execute_sql(f"DELETE FROM {table}")
    db.disconnect()
    db.connect()
    people = [world.member(f"p{number}@example.com") for number in range(40)]
    assert people and "(shop_id=?)" in plan()
    thread = threading.Thread(target=_measures)
    thread.start()
    thread.join()
    db.connect()
    assert "(shop_id=?)" in plan()  # not at each request
    monkeypatch.setattr(connections, "RENEW_SECONDS", 0)
    with db.atomic():
        db.connect()  # nor within a transaction, which would be lost
        assert db.database.in_transaction()
    db.connect()
    assert "(id=?)" in plan()


def _measures() -> None:
    db.connect()
    migrate.measure()
    db.disconnect()


def test_only_two_kinds_of_database_are_known() -> None:
    with pytest.raises(ValueError, match="mysql"):
        db.open_database("mysql://localhost/x")


def test_the_sqlite_in_use_keeps_its_commits(database: str) -> None:
    assert db.sqlite_weakness() is None


def test_an_old_sqlite_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    db.open_database(f"sqlite:///{tmp_path / 'x.db'}")
    versions = {(3, 40, 1): False, (3, 44, 6): True, (3, 50, 7): True, (3, 51, 2): False, (3, 51, 3): True}
    for version, fine in versions.items():
        monkeypatch.setattr(db.database.obj, "server_version", version)
        weakness = db.sqlite_weakness()
        assert (weakness is None) is fine
        assert fine or ".".join(map(str, version)) in str(weakness)


# Every query is bound to its shop (acceptance 9)


def test_a_shop_sees_its_own_rows_only(shelf: World) -> None:  # acceptance 9
    other = World.create()
    mine, theirs = keep(shelf, count=1), keep(other, count=2)
    assert [row.id for row in Shelf.of(shelf.shop)] == [mine.id]
    assert Shelf.one(shelf.shop, Shelf.id == theirs.id) is None
    with pytest.raises(NotFound):
        Shelf.need(shelf.shop, Shelf.id == theirs.id)
    assert Shelf.change(shelf.shop, {Shelf.count: 9}, Shelf.id == theirs.id) == 0
    assert Shelf.remove(shelf.shop, Shelf.id == theirs.id) == 0
    assert Shelf.remove(shelf.shop) == 1
    assert [row.count for row in Shelf.everywhere()] == [2]


@pytest.mark.parametrize("table", migrate.TABLES, ids=lambda table: table._meta.table_name)
def test_whole_rows_are_asked_for_in_peewee_s_own_words(shelf: World, table: type[db.Table]) -> None:
    """All columns are named at once, which nothing but the clock may notice."""
    first = table._meta.sorted_fields[0]
    theirs = ModelSelect(table, table._meta.sorted_fields, is_default=True)
    for query in (
        lambda rows: rows.where(first == "a").order_by(first.desc()).limit(3),
        lambda rows: rows.where(first.in_(rows)),
        lambda rows: rows.select(first),
        lambda rows: rows.select_extend(fn.COUNT(first)),
        lambda rows: rows.join(Shelf, on=(Shelf.id == first)).where(Shelf.count == 5),
        lambda rows: rows | rows,
    ):
        assert query(table.select()).sql() == query(theirs).sql()


STATEMENT = re.compile(r'^(?:SELECT .*? FROM|UPDATE|DELETE FROM) "(\w+)"', re.DOTALL)


@pytest.fixture
def unbound(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Statements on a shop's tables that do not say whose rows they mean, but for the few that mean everybody's.

    A row that was just read may be saved by its primary key; that is how models write.
    """
    tables = {table._meta.table_name: table for table in migrate.TABLES if issubclass(table, ShopTable)}
    del tables["total_change"]  # nothing but what the open transaction changed, each row with its shop
    found: list[str] = []
    everybodys: list[str] = []
    everywhere = db.Table.everywhere.__func__  # type: ignore[attr-defined]

    def marked(cls: Any, *columns: Any) -> Any:
        everybodys.append(cls._meta.table_name)
        return everywhere(cls, *columns)

    def hear(event: Any) -> None:
        told = STATEMENT.match(event.sql)
        if told is None or told[1] not in tables:
            return
        conditions = event.sql.partition(" WHERE ")[2]
        if '"shop_id" =' in conditions or '"shop_id" IN' in conditions:
            return
        key = tables[told[1]]._meta.primary_key
        names = getattr(key, "field_names", None) or [key.column_name]
        is_save = event.sql.startswith("UPDATE") and all(f'"{name}" =' in conditions for name in names)
        if told[1] in everybodys:
            everybodys.remove(told[1])
        elif not is_save:
            found.append(event.sql)

    monkeypatch.setattr(db.Table, "everywhere", classmethod(marked))
    db.database.obj.query_hooks.append(hear)
    yield found
    db.database.obj.query_hooks.remove(hear)


def test_every_query_of_a_long_story_names_its_shop(world: World, unbound: list[str]) -> None:  # acceptance 9
    world.order_rule(10)
    world.rule("first_order", points=50)
    world.rule("join", points=100)
    world.rule("visit", points=1, terms=rules.Terms(points_per_month=20))
    world.rule("birthday", points=10)
    world.tier("Silver", 100, "1.5")
    world.refer()
    world.settings(expiry="age", expiry_months=1)
    reward = world.reward(cost=100)
    world.visitor("bob@example.com").orders("10.00")
    ann = world.member()
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    order = bob.orders("40.00")
    coupon = ann.redeems(reward) if ann.balance >= 100 else bob.redeems(reward)
    bob.orders(id=order.external_id, lines=order.merged.lines, refunds=(refund("20.00"),))
    ann.does("visit")
    adjustments.adjust(
        world.shop,
        ann.account.id,
        by=5,
        source="staff",
        key="a",
        annotation=adjustments.Annotation(comment="sorry", staff="s1"),
    )
    birthdays.tell(ann.customer, NOON.date().replace(year=1990))
    rule_states.states(world.shop, ann.customer, ann.account, rules.listed(world.shop, ann.customer, ann.account))
    order_points.quote(world.shop, ann.customer, order.merged)
    expiry.next_expiry(world.shop, world.program, ann.account)
    programs.pause(world.shop.id)
    programs.activate(world.shop.id)
    with clock.at(clock.now() + timedelta(days=60)):
        assert expiry.expire_due(world.shop) == 2
        birthdays.pay(world.shop)
        awards.mature_due()
        tier_rechecks.recheck_all(world.shop)
    everybody = ledger.Account.of(world.shop, ledger.Account.id)
    batch = batches.bulk_adjust(
        world.shop, everybody, by=5, source="staff", key="b", annotation=adjustments.Annotation(comment="sorry")
    )
    jobs.run_all()
    batches.undo(world.shop, batch.id)
    upload = uploads.receive(uploads.new_upload(world.shop).id, io.BytesIO(imports.TEMPLATE.encode()))
    made = imports.create(world.shop, upload.id)
    jobs.run_all()
    imports.execute(world.shop, made.id, source="staff")
    jobs.run_all()
    assert batches.errors(world.shop, batch.id) == []
    assert coupon.code
    assert unbound == []


def test_a_query_that_names_no_shop_is_noticed(world: World, unbound: list[str]) -> None:
    list(rules.EarningRule.select())
    rules.EarningRule.update(position=0).execute()
    rules.EarningRule.delete().execute()
    list(rules.EarningRule.everywhere())
    list(rules.EarningRule.of(world.shop))
    assert len(unbound) == 3


def test_letters_are_translated_alike_on_both_databases(database: str) -> None:
    mark = db.database.param
    for text, letters, others in (("ÜNAL ünal", "Ü", "ü"), ("ΣΑΣ", "ΣΑ", "σα"), ("plain", "É", "é"), (None, "É", "é")):
        ((found,),) = db.database.execute_sql(f"SELECT translate({mark}, {mark}, {mark})", (text, letters, others))
        assert found == (text and text.translate(str.maketrans(letters, others)))


def test_the_log_is_not_written_back_by_each_transaction_of_an_import(sqlite: Path) -> None:
    """Each changes up to a thousand pages: with SQLite's default every commit would wait for that."""
    shop, size = World.create().shop, sqlite.stat().st_size
    pages = 1_500 * 4096
    stored_files.store(shop.id, io.BytesIO(bytes(pages)), bytes_max=pages)
    assert sqlite.stat().st_size == size
    assert db.empty_log() and sqlite.stat().st_size > size + pages


def test_a_statement_is_planned_once_whatever_its_values_are(sqlite: Path) -> None:
    connection, planned = db.database.obj.connection(), list[object]()
    connection.execute("CREATE TABLE lot (id INTEGER PRIMARY KEY, kind TEXT)")
    connection.execute("CREATE INDEX lot_kind ON lot (kind)")
    for number in range(100):
        connection.execute("INSERT INTO lot VALUES (?, ?)", (number, "rare" if number == 7 else "common"))
    connection.execute("ANALYZE")
    db.disconnect()
    db.connect()

    def note(*facts: object) -> int:  # SQLite calls it for what a statement reads, whenever it plans it
        planned.append(facts)
        return 0

    connection = db.database.obj.connection()
    connection.authorizer(note)
    found = {
        kind: connection.execute("SELECT COUNT(*) FROM lot WHERE kind = ?", (kind,)).fetchall()
        for kind in ("common", "rare")
    }
    once = len(planned)
    for kind in ("common", "rare", "none", "common"):
        connection.execute("SELECT COUNT(*) FROM lot WHERE kind = ?", (kind,)).fetchall()
    connection.authorizer(None)
    assert found == {"common": [(99,)], "rare": [(1,)]}
    assert 0 < len(planned) == once


def test_a_long_read_pauses_while_a_thread_of_its_process_writes(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, is_over = queue.Queue[str](), threading.Event()

    def reads() -> None:
        db.give_way()
        said.put("goes on")

    def sleep(seconds: float) -> None:
        said.put("pauses")
        is_over.wait()

    monkeypatch.setattr(transactions, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    with db.atomic():
        reader = threading.Thread(target=reads)
        reader.start()
        assert said.get() == "pauses"
    is_over.set()
    reader.join()
    assert said.get() == "goes on"


def test_nothing_waits_for_a_writer_that_does_not_end(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "GIVE_WAY_SECONDS", 0.0)
    with db.atomic():
        db.give_way()


def test_ordered_ids_sort_by_their_time_and_are_guids(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1_700_000_000_000_000_000 + step * 1_000_000 for step in range(100)])
    monkeypatch.setattr("time.time_ns", lambda: next(times))
    made = [db.new_ordered_id() for _ in range(100)]
    assert made == sorted(made) and len(set(made)) == 100
    for id in made:
        parts = uuid.UUID(id)
        assert (str(parts), parts.version, parts.variant) == (id, 7, uuid.RFC_4122)
    assert int(made[0].replace("-", "")[:12], 16) == 1_700_000_000_000


def test_plain_rows_are_those_that_peewee_makes(world: World) -> None:
    people = [world.member(f"p{number}@example.com") for number in range(2)]
    people[0].is_given(5)
    for table in (Customer, ledger.Transaction, ledger.Account):
        query = table.of(world.shop).order_by(table.created_at)
        found = db.plain_rows(query)
        assert found == list(query.objects(db.Row)) and found
