"""An installation is brought up to 0041 while batches are under way: an import begins again from its first account."""

import pytest
from playhouse.migrations import Runner

from tests.test_migrate import _insert, _start_over
from widget_server import db, migrate
from widget_server.loyalty.points.batch_tables import Batch

BEFORE = "0038_nights"


@pytest.mark.parametrize(
    ("kind", "status", "reached", "kept"),
    [("import", "running", 0, 0), ("import", "undoing", 0, 0), ("import", "undone", 5, 2), ("bulk", "undoing", 5, 2)],
)
def test_an_import_under_way_begins_again(database: str, kind: str, status: str, reached: int, kept: int) -> None:
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target=BEFORE)
    facts = {"name": "S", "platform": "generic", "currency": "EUR", "timezone": "Europe/Berlin", "locale": "en"}
    _insert("shop", id="s", embed_key="e", **facts)
    _insert(
        "batch", id="b", shop_id="s", kind=kind, mode="add", status=status, source="staff", key="k", reached=5, kept=2
    )
    migrate.upgrade()
    batch = Batch.need("s", Batch.id == "b")
    assert (batch.reached, batch.reached_account, batch.kept) == (reached, "", kept)
