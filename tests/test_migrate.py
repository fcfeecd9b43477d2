"""The migrations make what the models say, on both databases."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests.make import World, at_once
from widget_server import clock, db, journal, ledger, migrate, totals
from widget_server.totals import folding


def shape() -> set[tuple[Any, ...]]:
    """Everything the database in use knows of our tables."""
    if db.on_sqlite():
        return {
            fact
            for kind, name, table, sql in list(
                db.database.execute_sql("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'trigger'")
            )
            if sql and not _is_runners(table)
            for fact in _sqlite_facts(kind, name, table, sql)
        }
    columns = db.database.execute_sql(
        "SELECT table_name, column_name, data_type, numeric_precision, numeric_scale, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema = 'public'"
    )
    indexes = db.database.execute_sql(
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    constraints = db.database.execute_sql(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
    )
    return {row for rows in (columns, indexes, constraints) for row in rows if not _is_runners(row[0])}


def _sqlite_facts(kind: str, name: str, table: str, sql: str) -> Iterator[tuple[Any, ...]]:
    """A column that came later stands behind the constraints and has a default: neither makes another table."""
    yield table, kind, name, re.sub(r"\s+", "", sql) if kind == "index" else sql.count("STRICT")
    if kind == "table":
        for _, column, type_, not_null, _, key in db.database.execute_sql(f'PRAGMA table_info("{table}")'):
            yield table, column, type_, not_null, key
        for check in re.findall(r"CHECK \(.*?\)(?=,\s|\)|$)", re.sub(r"\s+", " ", sql)):
            yield table, check
        yield table, *sorted(re.findall(r'REFERENCES "?(\w+)"?', sql))


def _is_runners(table: str) -> bool:
    """The runner of migrations keeps a list of its own."""
    return table.strip('"') not in {model._meta.table_name for model in migrate.TABLES}


def test_migrations_make_what_the_models_say(database: str) -> None:
    migrated = shape()
    assert {table._meta.table_name for table in migrate.TABLES} <= {row[0] for row in migrated}
    with db.atomic():
        for table in reversed(migrate.TABLES):
            db.database.execute_sql(f'DROP TABLE "{table._meta.table_name}"')
        for statement in db.ddl(migrate.TABLES):
            db.database.execute_sql(statement)
    assert shape() == migrated


def test_a_migrated_database_has_nothing_pending(database: str) -> None:
    assert migrate.pending() == []
    assert migrate.upgrade() == []


def test_what_is_pending_is_named_and_runs_once(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Two servers start at once after an update."""
    (tmp_path / "steps").mkdir()
    for step in migrate.MIGRATIONS.glob("0*.py"):
        (tmp_path / "steps" / step.name).write_text(step.read_text())
    (tmp_path / "steps" / "9999_shelf.py").write_text(
        'def up(migrator, db):\n    db.execute_sql("CREATE TABLE shelf (id TEXT NOT NULL PRIMARY KEY)")\n'
    )
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "steps")
    assert migrate.pending() == ["9999_shelf"]
    ran = at_once(*[migrate.upgrade] * 3) if not db.on_sqlite() else [migrate.upgrade(), migrate.upgrade()]
    assert sorted(ran) == [[]] * (len(ran) - 1) + [["9999_shelf"]]
    assert migrate.pending() == []
    assert Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).status()


@pytest.mark.parametrize("says", ["INDEXES_ONLY = True\n", ""])
def test_a_migration_of_indexes_leaves_journal_and_totals_as_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str
) -> None:
    """Reading every row to fill them again stops a large shop for minutes; another migration may need just that."""
    world.member("ann@example.com").is_given(100)
    before = {(row.name, row.at): row.amount for row in totals.QuarterTotal.everywhere()}
    totals.QuarterTotal.delete().execute()
    steps = shutil.copytree(migrate.MIGRATIONS, tmp_path / "steps")
    (steps / "9999_later.py").write_text(
        f'{says}def up(migrator, db):\n    db.execute_sql(\'CREATE INDEX "later" ON "coupon" ("shop_id", "id")\')\n'
    )
    monkeypatch.setattr(migrate, "MIGRATIONS", steps)
    assert migrate.upgrade() == ["9999_later"]
    filled = {(row.name, row.at): row.amount for row in totals.QuarterTotal.everywhere()}
    assert filled == ({} if says else before)
    totals.fill()


def test_a_migration_that_says_so_changes_indexes_only() -> None:
    for step in migrate.MIGRATIONS.glob("0*.py"):
        code = step.read_text("utf-8")
        if "INDEXES_ONLY" in code:
            called = {node.func.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)}  # type: ignore[attr-defined]
            assert called <= {"create_index", "drop_index"}, step.name


def test_every_model_is_in_the_list() -> None:
    def below(model: type[db.Table]) -> set[type[db.Table]]:
        return {model}.union(*map(below, model.__subclasses__())) if model.__subclasses__() else {model}

    ours = {model for model in below(db.Table) if model.__module__.startswith("widget_server.")}
    abstract = {db.Table, db.ShopTable, journal.Journaled}
    aliases = {model for model in ours if "Alias" in model.__name__}
    assert ours - abstract - aliases == set(migrate.TABLES)


def test_an_installation_keeps_its_ledger_and_learns_how_old_its_points_are(database: str) -> None:
    """The ledger is rebuilt under a new rule: each row is there again, and accounts with points have a lower bound."""
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target="0002_admin_api")
    at = [f"2026-01-0{day}T10:00:00.000000Z" for day in range(1, 10)]
    _insert("shop", id="s", name="S", embed_key="e", platform="generic", currency="EUR", timezone="UTC", locale="en")
    rows = [("rich", "earn", 30, at[4]), ("rich", "earn", 20, at[2]), ("rich", "redeem", -10, at[5])]
    rows += [("spent", "earn", 5, at[1]), ("spent", "redeem", -5, at[3])]
    for account, balance in (("rich", 40), ("spent", 0)):
        _insert("customer", id=f"c-{account}", shop_id="s", status="visitor")
        _insert("account", id=account, shop_id="s", customer_id=f"c-{account}", balance=balance, earned=balance)
    for number, (account, kind, amount, event_at) in enumerate(rows, start=1):
        facts = {"id": f"t{number}", "shop_id": "s", "account_id": account, "sequence": number, "kind": kind}
        _insert("transaction", **facts, amount=amount, key=f"k{number}", event_at=event_at)
    migrate.upgrade()
    kept = ledger.Transaction.everywhere().order_by(ledger.Transaction.id)
    assert [(row.account_id, row.kind, row.amount, row.event_at) for row in kept] == [
        (account, kind, amount, clock.parse(event_at)) for account, kind, amount, event_at in rows
    ]
    bounds = {account.id: account.unspent_since for account in ledger.Account.everywhere()}
    assert bounds == {"rich": clock.parse(at[2]), "spent": None}


def _start_over() -> None:
    folding.forget_table()
    if db.on_sqlite():
        db.database.execute_sql("PRAGMA foreign_keys = OFF")
        tables = db.database.execute_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        for (table,) in list(tables):
            db.database.execute_sql(f'DROP TABLE "{table}"')
        db.database.execute_sql("PRAGMA foreign_keys = ON")
    else:
        db.database.execute_sql("DROP SCHEMA public CASCADE")
        db.database.execute_sql("CREATE SCHEMA public")


def _insert(table: str, **facts: Any) -> None:
    """A row of an earlier version; columns that must not be empty and are not given have something plain."""
    if db.on_sqlite():
        columns = [(row[1], row[2], row[3]) for row in db.database.execute_sql(f'PRAGMA table_info("{table}")')]
    else:
        told = "SELECT column_name, data_type, is_nullable = 'NO' FROM information_schema.columns WHERE table_name = %s"
        columns = list(db.database.execute_sql(told, (table,)))
    for name, kind, needed in columns:
        if needed and name not in facts:
            plain = {"INTEGER": 0, "bigint": 0, "boolean": False}.get(kind, "{}")
            facts[name] = "2026-01-01T00:00:00.000000Z" if name.endswith("_at") else plain
    names, marks = ", ".join(f'"{name}"' for name in facts), ", ".join([db.database.param] * len(facts))
    db.database.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(facts.values()))
