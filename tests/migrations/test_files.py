"""An installation is brought up to 0013: what erasures of earlier versions left goes too."""

import json
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from tests.test_migrate import _insert, _start_over
from widget_server import db, migrate
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.orders import Order

THEN = "2026-03-01T10:00:00.000000Z"
LINE = {"id": "1", "product_id": "p1", "name": "Mug for Rosamund"}


@pytest.fixture
def earlier(database: str) -> None:
    """Two customers with an order each, one of whom was erased; who they were is in free pages still."""
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target="0011_deliveries")
    _insert("shop", id="s", name="S", embed_key="e", platform="generic", currency="EUR", timezone="UTC", locale="en")
    state = json.dumps({"lines": [LINE], "held": [{"lines": [LINE]}], "children": {"9": {"lines": [LINE]}}})
    for id, erased_at in (("ann", THEN), ("bob", None)):
        _insert("customer", id=id, shop_id="s", status="visitor", erased_at=erased_at)
        facts = {"platform": "generic", "number": "1", "status": "paid", "placed_at": THEN}
        _insert("order", id=f"of-{id}", shop_id="s", external_id=id, customer_id=id, state=state, **facts)
    for actor in ("customer", "server", "api_key"):
        _insert("audit_entry", id=actor, shop_id="s", actor=actor, address="192.0.2.1", verb="v", noun="n")


def test_orders_of_the_erased_lose_their_words_and_those_of_others_keep_them(earlier: None) -> None:
    migrate.upgrade()
    rows = {row.id: row.state for row in Order.of("s")}
    names = {
        id: {line["name"] for part in (state, *state["held"], *state["children"].values()) for line in part["lines"]}
        for id, state in rows.items()
    }
    assert names == {"of-ann": {""}, "of-bob": {"Mug for Rosamund"}}


def test_the_audit_log_keeps_addresses_of_staff_alone_and_stays_closed(earlier: None) -> None:
    migrate.upgrade()
    assert {row.id: row.address for row in AuditEntry.of("s")} == {
        "customer": None,
        "server": None,
        "api_key": "192.0.2.1",
    }
    with pytest.raises(Exception, match="never changed"), db.atomic():
        db.database.execute_sql("UPDATE audit_entry SET verb = 'w'")


def test_what_was_deleted_before_is_written_over(sqlite: Path) -> None:
    def left() -> bool:
        return any(b"nickel" in path.read_bytes() for path in sqlite.parent.iterdir() if path.is_file())

    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target="0011_deliveries")
    db.database.execute_sql("PRAGMA secure_delete = 0")
    _insert("shop", id="s", name="S", embed_key="e", platform="generic", currency="EUR", timezone="UTC", locale="en")
    for number in range(20):
        _insert("customer", id=str(number), shop_id="s", status="visitor", notes="allergic to nickel " * 50)
    db.database.execute_sql("DELETE FROM customer")
    db.empty_log()
    assert left()
    migrate.upgrade()
    assert not left()
