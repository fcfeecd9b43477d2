"""A migration of each kind, written once, runs on both databases over rows that are there."""

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import peewee
import pytest

from tests.make import World
from tests.test_migrate import shape
from widget_server import db, migrate, migration_steps
from widget_server.db import Bool, Int, Money, Text, UtcDateTime

FIRST = '''
"""A shelf for rewards."""

from widget_server.db import Bool, Bytes, Int, Json, Money, Text, UtcDateTime
from widget_server.migration_steps import create_index, create_table, of_shop


def up(migrator, db):
    create_table(
        "shelf",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "title": Text(index=True),
            "places": Int(),
            "price": Money(null=True),
            "open": Bool(),
            "facts": Json(),
            "picture": Bytes(null=True),
            "made_at": UtcDateTime(),
        },
        indexes=[(("shop_id", "title"), True)],
        checks=["places > 0"],
    )
    create_table(
        "shelf_place",
        {"shelf_id": Text(), "number": Int(), "shop_id": of_shop()},
        primary_key=("shelf_id", "number"),
        clustered=True,
        refuses=("UPDATE", "DELETE"),
    )
    create_table("shelf_draft", {"id": Text(primary_key=True)})
'''

SECOND = '''
"""Shelves have a width, and may be empty."""

from datetime import UTC, datetime
from decimal import Decimal

from widget_server.db import Bool, Bytes, Int, Json, Money, Text, UtcDateTime
from widget_server.migration_steps import (
    add_column, change_table, create_index, drop_column, drop_index, drop_table, execute, of_shop, refuse, rename_column
)


def up(migrator, db):
    add_column("shelf", "width", Money(), for_rows_there=Decimal("1.50"))
    add_column("shelf", "seen_at", UtcDateTime(), for_rows_there=datetime(2026, 1, 2, tzinfo=UTC))
    add_column("shelf", "hidden", Bool(), for_rows_there=False)
    add_column("shelf", "note", Text(), for_rows_there="it's new")
    add_column("shelf", "weight", Int(null=True))
    rename_column("shelf", "facts", "words")
    drop_index("shelf_title")
    drop_column("shelf", "picture")
    drop_table("shelf_draft")
    execute('UPDATE "shelf" SET "weight" = ? WHERE "places" > ?', 7, 1)
    change_table(
        "shelf",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "title": Text(),
            "places": Int(),
            "price": Money(null=True),
            "open": Bool(),
            "words": Json(),
            "made_at": UtcDateTime(),
            "width": Money(),
            "seen_at": UtcDateTime(),
            "hidden": Bool(),
            "note": Text(),
            "weight": Int(null=True),
        },
        checks=["places >= 0"],
    )
    create_index("shelf", "shop_id", "title", unique=True)
    create_index("shelf", "shop_id", "weight", where='"weight" IS NOT NULL', name="shelf_weighed")
    refuse("shelf", "DELETE", keys=[("id",), ("shop_id", "title")])
'''


class Shelf(migration_steps._Sketch):
    """What the table is in the end, as a model would say it."""

    id = Text(primary_key=True)
    shop_id = migration_steps.of_shop()
    title = Text()
    places = Int()
    price = Money(null=True)
    open = Bool()
    words = db.Json()
    made_at = UtcDateTime()
    width = Money()
    seen_at = UtcDateTime()
    hidden = Bool()
    note = Text()
    weight = Int(null=True)

    class Meta:
        table_name = "shelf"
        refuses = ("DELETE",)
        indexes = ((("shop_id", "title"), True),)
        constraints = [peewee.Check("places >= 0")]


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the migrations there are, to which a test adds its own."""
    folder = tmp_path / "steps"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    return folder


def _row(table: str) -> dict[str, Any]:
    cursor = db.database.execute_sql(f'SELECT * FROM "{table}"')
    names = [one[0] for one in cursor.description]
    return dict(zip(names, cursor.fetchone(), strict=True))


def test_a_migration_of_each_kind_is_written_once(world: World, steps: Path) -> None:
    (steps / "9998_shelves.py").write_text(FIRST)
    assert migrate.upgrade() == ["9998_shelves"]
    made_at, kept = datetime(2026, 3, 1, 12, tzinfo=UTC), UtcDateTime().db_value
    facts = ("s1", world.shop.id, "Cups", 3, Money().db_value("2.50"), Bool().db_value(True), "{}", kept(made_at))
    names = ("id", "shop_id", "title", "places", "price", "open", "facts", "made_at")
    listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    migration_steps.execute(f'INSERT INTO "shelf" ({listed}) VALUES ({marks})', *facts)
    migration_steps.execute('INSERT INTO "shelf_place" VALUES (?, ?, ?)', "s1", 1, world.shop.id)
    with pytest.raises(peewee.IntegrityError), db.atomic():
        migration_steps.execute('UPDATE "shelf_place" SET "number" = 2')
    with pytest.raises(peewee.IntegrityError), db.atomic():
        migration_steps.execute('UPDATE "shelf" SET "places" = 0')

    (steps / "9999_widths.py").write_text(SECOND)
    assert migrate.upgrade() == ["9999_widths"]
    (shelf,) = Shelf.select()
    assert vars(shelf)["__data__"] == {
        "id": "s1",
        "shop_id": world.shop.id,
        "title": "Cups",
        "places": 3,
        "price": Decimal("2.50"),
        "open": True,
        "words": {},
        "made_at": made_at,
        "width": Decimal("1.50"),
        "seen_at": datetime(2026, 1, 2, tzinfo=UTC),
        "hidden": False,
        "note": "it's new",
        "weight": 7,
    }
    with db.atomic():
        migration_steps.execute('UPDATE "shelf" SET "places" = 0')
    for refused in ('DELETE FROM "shelf"', 'UPDATE "shelf" SET "places" = -1', 'UPDATE "shelf" SET "note" = NULL'):
        with pytest.raises(peewee.IntegrityError), db.atomic():
            migration_steps.execute(refused)
    assert not db.database.table_exists("shelf_draft")
    assert not db.database.table_exists("shelf_before")


def test_what_it_makes_is_what_the_models_statements_make(
    world: World, steps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "TABLES", [*migrate.TABLES, Shelf])
    for number, text in enumerate((FIRST, SECOND), start=9998):
        (steps / f"{number}_shelf.py").write_text(text)
    migrate.upgrade()
    migrated = {fact for fact in shape() if "shelf_weighed" not in fact}
    migration_steps.drop_table("shelf")
    for statement in db.ddl([Shelf]):
        migration_steps.execute(statement)
    assert shape() == migrated


def test_what_a_step_cannot_do_is_said(world: World) -> None:
    with pytest.raises(ValueError, match="the rows that are there"):
        migration_steps.add_column("reward", "weight", Int())
    with pytest.raises(ValueError, match="primary key"):
        migration_steps.create_table("shelf", {"title": Text()})
    with pytest.raises(ValueError, match="counts its rows"):
        migration_steps.change_table("message", {"number": db.Serial()})
    with pytest.raises(peewee.PeeweeException), db.atomic():
        migration_steps.change_table("shop", {"id": Text(primary_key=True)})
    assert world.shop.id
